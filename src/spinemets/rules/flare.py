"""Osteoblastic flare: bone that heals grows denser, and that is no progression.

The review (Montoya-Bordón 2023, l.256-262): a sclerotic rim round a lesion that was lytic, or sclerotic lesions not
seen before, with other signs of partial response to treatment. It gives no number; 100 HU is ours (`clinical.md` §1.7,
X13). Without a stated response the sign is left open, and sclerosis alone is never called progression.
"""

from __future__ import annotations

from typing import Literal

from spinemets.findings import Finding, NotApplicable, NotAssessed, Reason
from spinemets.rules.presence import Presence, Sign, any_of, at_least

SOURCE = "the review, l.256-262; number ours"
RISE_HU = 100.0
"""Rise of a rim, or of bone that was not sclerotic, at least."""


def denser(rise: Finding) -> Sign:
    """Whether bone became denser by enough to count; nothing new is not denser."""
    if rise == NotApplicable("no_new_sclerotic_lesion"):
        return Presence.ABSENT
    return at_least(rise, RISE_HU)


def possible_flare(rim_rise: Finding, new_rise: Finding, partial_response: Literal["yes", "no", "unknown"]) -> Sign:
    """Whether denser bone may be a flare.

    Parameters
    ----------
    rim_rise, new_rise : Finding
        Rise round a lesion, and within one that was not sclerotic, HU.
    partial_response : str
        Whether other signs show a partial response, as a clinician states it.

    Raises
    ------
    ValueError
        If `partial_response` is none of ``yes``, ``no`` and ``unknown``.
    """
    if partial_response not in ("yes", "no", "unknown"):
        raise ValueError(f"partial_response must be yes, no or unknown, got '{partial_response}'")
    if partial_response == "unknown":
        detail = "a flare is told from response to treatment, and nobody stated one; denser bone is no progression"
        return NotAssessed(Reason.NOT_STATED, detail)
    if partial_response == "no":
        return Presence.ABSENT
    return any_of(denser(rim_rise), denser(new_rise))
