"""ESCC grade of one slice: the words of the scale, and the millimetres that stand for them here.

Bilsky MH et al. Reliability analysis of the epidural spinal cord compression scale.
J Neurosurg Spine 2010;13(3):324-328. The millimetres are ours (`clinical.md` §2.3) and are printed with the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

SOURCE = "Bilsky 2010, J Neurosurg Spine 13:324-328"


class Grade(str, Enum):
    """ESCC grade, from least to worst."""

    G0 = "0"  # bone only
    G1A = "1a"  # epidural tumour, sac not deformed
    G1B = "1b"  # sac deformed, cord not touched
    G1C = "1c"  # sac deformed, cord touched, not compressed
    G2 = "2"  # cord compressed, CSF visible round it
    G3 = "3"  # cord compressed, no CSF visible

    @property
    def rank(self) -> int:
        """0 for grade 0 to 5 for grade 3."""
        return list(Grade).index(self)


def grades_between(grades: Iterable[Grade]) -> tuple[Grade, ...]:
    """Every grade from the least to the worst of some, ascending; at least one must be given."""
    ranks = [one.rank for one in grades]
    return tuple(Grade)[min(ranks) : max(ranks) + 1]


HIGH_2_3 = frozenset({Grade.G2, Grade.G3})
HIGH_FROM_1C = frozenset({Grade.G1C, Grade.G2, Grade.G3})


@dataclass(frozen=True)
class EsccThresholds:
    """Where one grade becomes the next; all ours (`clinical.md` §2.3), lengths mm, the rest fractions.

    Attributes
    ----------
    tumour_mm2, tumour_mm : float
        Less epidural tissue than this area, or thinner, is none.
    indentation_mm, sac_loss : float
        From either on, the sac is deformed.
    abutment_mm : float
        At most this gap, and the cord is touched.
    mscc, cord_loss, dent, shift_mm : float
        From any of these on, the cord is compressed: loss of a diameter, of area, a dent, displacement.
    csf_ring, csf_pool_mm2, csf_pool_mm : float
        CSF is visible from this share of the ring round the cord on, or in a pool of this area and width.
    """

    tumour_mm2: float = 5.0
    tumour_mm: float = 1.0
    indentation_mm: float = 1.0
    sac_loss: float = 0.10
    abutment_mm: float = 0.5
    mscc: float = 0.10
    cord_loss: float = 0.10
    dent: float = 0.03
    shift_mm: float = 1.0
    csf_ring: float = 0.10
    csf_pool_mm2: float = 3.0
    csf_pool_mm: float = 1.0


DISPLACEMENT_COUNTS = True
"""A cord that is displaced and not flattened is compressed: ours, since sources differ; always flagged."""


@dataclass(frozen=True)
class SliceMeasures:
    """What a grade is decided on in one slice; None where there is no cord.

    Attributes
    ----------
    index : int
        Of the slice.
    tumour_mm2, tumour_mm : float
        Area and thickness of the epidural tumour.
    indentation_mm, sac_loss : float
        Into the undeformed sac, and the fraction of its area that is lost.
    gap_mm : float or None
        Between tumour and cord.
    mscc, cord_loss, dent, shift_mm : float or None
        The larger of the losses of two diameters; loss of area; of convexity; displacement away from the tumour.
    csf_ring : float or None
        Share of the ring round the cord.
    csf_pool_mm2, csf_pool_mm : float
        Largest pool of CSF.
    cord_mm : float or None
        Mean diameter of the cord, to turn an error of its edge into one of its size.
    sac_mm : float
        The same of the sac.
    """

    index: int
    tumour_mm2: float
    tumour_mm: float
    indentation_mm: float
    sac_loss: float
    gap_mm: float | None
    mscc: float | None
    cord_loss: float | None
    dent: float | None
    shift_mm: float | None
    csf_ring: float | None
    csf_pool_mm2: float
    csf_pool_mm: float
    cord_mm: float | None
    sac_mm: float


def has_tumour(one: SliceMeasures, limits: EsccThresholds) -> bool:
    """Whether a slice holds epidural tumour."""
    return one.tumour_mm2 >= limits.tumour_mm2 and one.tumour_mm >= limits.tumour_mm


def sac_is_deformed(one: SliceMeasures, limits: EsccThresholds) -> bool:
    """Whether the sac is deformed."""
    return one.indentation_mm >= limits.indentation_mm or one.sac_loss >= limits.sac_loss


def cord_is_flattened(one: SliceMeasures, limits: EsccThresholds) -> bool:
    """Whether the cord is compressed without regard to its place."""
    parts = ((one.mscc, limits.mscc), (one.cord_loss, limits.cord_loss), (one.dent, limits.dent))
    return any(value is not None and value >= limit for value, limit in parts)


def cord_is_displaced(one: SliceMeasures, limits: EsccThresholds) -> bool:
    """Whether the cord lies away from where it should, on the side away from the tumour."""
    return one.shift_mm is not None and one.shift_mm >= limits.shift_mm


def csf_is_visible(one: SliceMeasures, limits: EsccThresholds) -> bool:
    """Whether CSF is seen round the cord."""
    pool = one.csf_pool_mm2 >= limits.csf_pool_mm2 and one.csf_pool_mm >= limits.csf_pool_mm
    return pool or (one.csf_ring is not None and one.csf_ring >= limits.csf_ring)


def grade_slice(
    one: SliceMeasures,
    limits: EsccThresholds,
    *,
    pixel_mm: float = 0.0,
    displacement_counts: bool = DISPLACEMENT_COUNTS,
) -> Grade:
    """Grade of one slice; where there is no cord, at most 1b.

    A gap of up to a pixel more than `abutment_mm` is no gap where the cord behind it has lost its shape: what presses
    on it is then rather unseen than apart (ours).
    """
    if not has_tumour(one, limits):
        return Grade.G0
    if not sac_is_deformed(one, limits):
        return Grade.G1A
    unseen = pixel_mm if cord_is_flattened(one, limits) else 0.0
    if one.gap_mm is None or one.gap_mm > limits.abutment_mm + unseen:
        return Grade.G1B
    compressed = cord_is_flattened(one, limits) or (displacement_counts and cord_is_displaced(one, limits))
    if not compressed:
        return Grade.G1C
    return Grade.G2 if csf_is_visible(one, limits) else Grade.G3
