"""The ivory vertebra: dense throughout, of the same size and shape, between discs that are preserved.

The review (Montoya-Bordón 2023, l.162-166) gives the words; the numbers are ours (`clinical.md` §1.7, X2). It is seen
in metastasis, Paget's disease, where the bone grows, and lymphoma.
"""

from __future__ import annotations

from collections.abc import Sequence

from spinemets.findings import Finding, Measured
from spinemets.rules.presence import Presence, Sign, all_of, at_least, less_than

SOURCE = "the review, l.162-166; numbers ours"
DENSE_FROM = 0.80
"""Share of the body at least three standard deviations above the reference."""
SIZE_CHANGE = 0.10
DISC_FROM = 0.80
"""Height of both discs as a share of their neighbours'."""


def ivory(dense: Finding, size_change: Sequence[Finding], disc_ratios: Sequence[Finding]) -> Sign:
    """Whether a vertebra is an ivory vertebra.

    Parameters
    ----------
    dense : Finding
        Share of the body that is dense.
    size_change : sequence of Finding
        Change of width, depth … against what its neighbours let expect, as fractions, signed.
    disc_ratios : sequence of Finding
        Heights of the discs above and below by those next to them.
    """
    same_size = [less_than(_magnitude(change), SIZE_CHANGE) for change in size_change]
    return all_of(at_least(dense, DENSE_FROM), *same_size, *(at_least(ratio, DISC_FROM) for ratio in disc_ratios))


def suggests_paget(dense: Finding, size_change: Sequence[Finding]) -> bool:
    """Whether a dense vertebra has surely grown."""
    grown = any(at_least(change, SIZE_CHANGE) is Presence.PRESENT for change in size_change)
    return grown and at_least(dense, DENSE_FROM) is Presence.PRESENT


def _magnitude(change: Finding) -> Finding:
    if not isinstance(change, Measured):
        return change
    ends = sorted((abs(change.low), abs(change.high)))
    low = 0.0 if change.low <= 0 <= change.high else ends[0]
    return Measured(abs(change.value), change.unit, low, ends[1], change.method)
