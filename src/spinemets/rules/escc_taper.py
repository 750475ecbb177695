"""ESCC grades that stay possible because sac and cord change along a healthy canal.

`clinical.md` §2.2: a reference from other slices is only as sure as the cord keeps its size on the way. How far it may
change is an argument; which grades that leaves open is decided here (ours).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from spinemets.rules.escc import EsccGrade
from spinemets.rules.escc_slice import EsccThresholds, SliceMeasures, grade_slice, grades_between

ONE_SIDED, OPEN_BY_TAPER = "one_sided_reference", "grade_open_by_taper"
"""Flags: slices on one side of the tumour alone stand for both; natural change leaves another grade possible."""


@dataclass(frozen=True)
class Change:
    """What sac and cord would naturally be, by their reference.

    Attributes
    ----------
    cord, sac : float
        Factors of the area.
    centre_mm : float
        How far their middle lies towards the tumour.
    """

    cord: float
    sac: float
    centre_mm: float


NONE = Change(1.0, 1.0, 0.0)
LEAST_LEFT = 0.05
"""Of the area of a sac, so that nothing is divided by none (ours)."""


def widened(
    found: EsccGrade,
    slices: Sequence[SliceMeasures],
    changes: Sequence[tuple[Change, Change]],
    *,
    pixel_mm: float,
    limits: EsccThresholds,
) -> EsccGrade:
    """A grade with those that stay possible where the references are as small, or as large, as they can be.

    Cord, sac and their place are changed one at a time: that all of them are at their ends together is unlikely.

    Parameters
    ----------
    found : EsccGrade
        Of the slices with their references as measured.
    slices : sequence of SliceMeasures
        At least one.
    changes : sequence of (Change, Change)
        Smallest and largest for each slice.
    pixel_mm : float
        Edge of a pixel.
    limits : EsccThresholds
        Where one grade becomes the next.
    """
    grades = set()
    for name, end in product(("cord", "sac", "centre_mm"), (0, 1)):
        under = [
            _under(one, replace(NONE, **{name: getattr(change[end], name)}))
            for one, change in zip(slices, changes, strict=True)
        ]
        grades.add(max((grade_slice(one, limits, pixel_mm=pixel_mm) for one in under), key=lambda grade: grade.rank))
    opened = grades - set(found.possible)
    if not opened:
        return found
    possible = grades_between(opened | set(found.possible))
    return replace(found, possible=possible, flags=(*found.flags, OPEN_BY_TAPER))


def _under(one: SliceMeasures, change: Change) -> SliceMeasures:
    """The measures of a slice against a reference that is changed so."""
    wider_mm = one.sac_mm / max(1 - one.sac_loss, LEAST_LEFT) ** 0.5 * (change.sac**0.5 - 1) / 2
    return replace(
        one,
        indentation_mm=one.indentation_mm + wider_mm + change.centre_mm,
        sac_loss=_against(one.sac_loss, change.sac),
        mscc=None if one.mscc is None else _against(one.mscc, change.cord**0.5),
        cord_loss=None if one.cord_loss is None else _against(one.cord_loss, change.cord),
        shift_mm=None if one.shift_mm is None else one.shift_mm + change.centre_mm,
    )


def _against(loss: float, factor: float) -> float:
    """A loss against a reference that is larger by a factor."""
    return 1 - (1 - loss) / factor
