"""The verdict on the cause of a fracture, from a probability and its interval. Every limit here is ours."""

from __future__ import annotations

from enum import Enum

METASTATIC_FROM, OSTEOPOROTIC_TO = 0.80, 0.20
"""A probability of metastasis from here on, or down to here, is a verdict (ours) ..."""
UNDECIDED_AT = 0.50
"""... if its 90 % interval lies on the same side of this (ours)."""
DEFAULT_PRIOR = 0.50
"""Share of metastatic fractures among those that are asked about (ours): as many of either, which states no opinion. It
depends on who is examined, and no published share fits every hospital; give your own."""
SOURCE = "limits ours: metastatic from 0.80, osteoporotic to 0.20, the 90 % interval on the same side of 0.50"


class Verdict(str, Enum):
    """What a fracture is taken for."""

    OSTEOPOROTIC = "osteoporotic"
    METASTATIC = "metastatic"
    BOTH = "both"
    INDETERMINATE = "indeterminate"


def verdict(p_metastatic: float, low: float, high: float, *, has_lesion: bool | None) -> Verdict:
    """The verdict on a fracture.

    Parameters
    ----------
    p_metastatic, low, high : float
        Probability that a metastasis made the body collapse, and its interval.
    has_lesion : bool or None
        Whether a lesion mask shows a lesion in the same vertebra; None without a mask. ``both`` is an osteoporotic
        fracture of a vertebra that bears a lesion (ours).

    Raises
    ------
    ValueError
        If the three are not in order within [0, 1].
    """
    if not 0.0 <= low <= p_metastatic <= high <= 1.0:
        raise ValueError(f"a probability must lie in its interval within [0, 1], got {p_metastatic} in [{low}, {high}]")
    if p_metastatic >= METASTATIC_FROM and low > UNDECIDED_AT:
        return Verdict.METASTATIC
    if p_metastatic <= OSTEOPOROTIC_TO and high < UNDECIDED_AT:
        return Verdict.BOTH if has_lesion else Verdict.OSTEOPOROTIC
    return Verdict.INDETERMINATE
