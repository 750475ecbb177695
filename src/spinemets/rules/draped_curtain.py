"""The draped curtain: tumour in front of the sac to both sides of the midline, held back in the middle by a ligament.

The review (Montoya-Bordón 2023, l.410-415): tumour in the anterior epidural space that spares the meningovertebral
ligament. It gives no number; those here are ours (`clinical.md` §1.7, X8).
"""

from __future__ import annotations

from collections.abc import Mapping

from spinemets.findings import Finding, NotApplicable
from spinemets.rules.presence import Presence, Sign, all_of, any_of, at_least, more_than, opposite

SOURCE = "the review, l.410-415; numbers ours"
NOTCH_UP_TO = 0.6
"""Thickness in the midline by the thinner peak, at most."""
PEAK_FROM_MM = 2.0
"""Thickness of each peak."""


def slice_curtain(lesser_peak_mm: Finding, midline_ratio: Finding) -> Sign:
    """Whether one slice shows the sign.

    Parameters
    ----------
    lesser_peak_mm : Finding
        Thickness of the thinner of the two peaks beside the midline.
    midline_ratio : Finding
        Thickness in the midline by that of the thinner peak; not applicable where there are no two peaks.
    """
    if isinstance(midline_ratio, NotApplicable):
        return Presence.ABSENT
    notch = opposite(more_than(midline_ratio, NOTCH_UP_TO))
    return all_of(at_least(lesser_peak_mm, PEAK_FROM_MM), notch)


def draped_curtain(slices: Mapping[int, Sign]) -> Sign:
    """Whether two slices next to each other show the sign; one alone is too little to say.

    Parameters
    ----------
    slices : mapping of int to Sign
        Slices with tumour, by their number along the stack; none is not applicable.
    """
    if not slices:
        return NotApplicable("no_epidural_tumour")
    pairs = [all_of(sign, slices[index + 1]) for index, sign in slices.items() if index + 1 in slices]
    sign = any_of(*pairs) if pairs else Presence.ABSENT
    alone = any(one is not Presence.ABSENT for one in slices.values())
    return Presence.AT_THRESHOLD if sign is Presence.ABSENT and alone else sign
