"""Epidural spinal cord compression on axial T2.

Bilsky MH et al. Reliability analysis of the epidural spinal cord compression scale.
J Neurosurg Spine 2010;13(3):324-328. The grades are words; the millimetres that stand for them here are ours
(`clinical.md` §2.3) and are printed with the result. Authors differ on two edges, and both readings are given: whether
1c is high grade (Hallinan 2022 says so, the review does not), and whether a displaced cord is a compressed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from spinemets.rules.escc_edges import half_pixel_off, pairs, perturbed
from spinemets.rules.escc_slice import (
    HIGH_2_3,
    EsccThresholds,
    Grade,
    SliceMeasures,
    cord_is_flattened,
    csf_is_visible,
    grade_slice,
    grades_between,
    sac_is_deformed,
)

LEAST_SHARE = 0.05
"""A grade with at least this share of the perturbed gradings is possible (ours: the tail of a 90 % interval)."""
DRAWS = 400
THRESHOLD_SPREAD = 0.20
"""Thresholds are perturbed by up to this fraction either way (`clinical.md` §2.3)."""


@dataclass(frozen=True)
class EsccGrade:
    """The grade of one site.

    Attributes
    ----------
    grade : Grade
        Of the worst slice.
    possible : tuple of Grade
        Every grade that the pixels, the thresholds and a single slice leave open, ascending and without a gap: where
        a lower and a higher one are possible, those between them are.
    worst : int
        Index of the worst slice.
    by_slice : tuple of (int, Grade)
        Of every slice.
    distribution : mapping of Grade to float
        Share of the perturbed gradings.
    sac_deformed : bool
        In the worst slice.
    flags : tuple of str
        ``single_slice``, ``displacement_without_deformation``, ``no_csf_without_compression``,
        ``half_pixel_changes_grade``: with one edge half a pixel further in or out the grade would be another, of the
        slices as they are or of the means of adjacent ones, which are off by less than the worst of many slices is.
    """

    grade: Grade
    possible: tuple[Grade, ...]
    worst: int
    by_slice: tuple[tuple[int, Grade], ...]
    distribution: dict[Grade, float]
    sac_deformed: bool
    flags: tuple[str, ...]


def escc(
    slices: Sequence[SliceMeasures],
    *,
    pixel_mm: float,
    limits: EsccThresholds | None = None,
    reference_is_sure: bool = True,
    seed: int = 0,
) -> EsccGrade:
    """Grade of the slices of one site.

    Parameters
    ----------
    slices : sequence of SliceMeasures
        In the order of the stack; at least one.
    pixel_mm : float
        Edge of a pixel: edges are perturbed by up to half of it.
    limits : EsccThresholds, optional
        Where one grade becomes the next.
    reference_is_sure : bool
        False where healthy people stand in for the patient's own slices: 1a and 1b, 1c and 2 then both stay possible.
    seed : int
        Of the perturbation.

    Raises
    ------
    ValueError
        If there is no slice.
    """
    if not slices:
        raise ValueError("no slice to grade")
    limits = limits or EsccThresholds()
    graded = [grade_slice(one, limits, pixel_mm=pixel_mm) for one in slices]
    number = max(range(len(slices)), key=lambda n: (graded[n].rank, _severity(slices[n], graded[n])))
    worst, grade = slices[number], graded[number]
    shares = _distribution(slices, limits, pixel_mm, seed)
    possible = {grade, *(one for one, share in shares.items() if share >= LEAST_SHARE), *_confirmed(slices, graded)}
    flags = _flags(slices, graded, number, limits)
    if _half_pixel_grades(slices, limits, pixel_mm) | _half_pixel_grades(pairs(slices), limits, pixel_mm) != {grade}:
        flags.append("half_pixel_changes_grade")
    if "no_csf_without_compression" in flags:
        possible |= {Grade.G1C, Grade.G2, Grade.G3}
    if "displacement_without_deformation" in flags:
        possible.add(Grade.G1C)
    if not reference_is_sure:
        for pair in ({Grade.G1A, Grade.G1B}, {Grade.G1C, Grade.G2}):
            possible |= pair if grade in pair else set()
    return EsccGrade(
        grade,
        grades_between(possible),
        worst.index,
        tuple((one.index, own) for one, own in zip(slices, graded, strict=True)),
        shares,
        sac_is_deformed(worst, limits),
        tuple(flags),
    )


def _severity(one: SliceMeasures, grade: Grade) -> float:
    """Orders slices of the same grade: more compression first, then a narrower gap, then a deeper dent in the sac.

    Where the sac is not deformed, the slice with the most tumour; where the cord is not touched, what it has lost says
    nothing.
    """
    if grade.rank <= Grade.G1A.rank:
        return one.tumour_mm2
    loss = 0.0 if grade is Grade.G1B else max(one.mscc or 0.0, one.cord_loss or 0.0)
    return 10 * loss - (one.gap_mm if one.gap_mm is not None else 5.0) + one.indentation_mm


def _confirmed(slices: Sequence[SliceMeasures], graded: Sequence[Grade]) -> tuple[Grade, ...]:
    """The worst grade that two adjacent slices reach (`clinical.md` §2.3); none where no slices are adjacent.

    The worst of many slices is worse than the truth where edges are off in each by something else.
    """
    pairs = zip(pairwise(slices), pairwise(graded), strict=True)
    reached = [min(both, key=lambda one: one.rank) for (a, b), both in pairs if abs(a.index - b.index) == 1]
    return (max(reached, key=lambda one: one.rank),) if reached else ()


def _flags(slices: Sequence[SliceMeasures], graded: list[Grade], number: int, limits: EsccThresholds) -> list[str]:
    worst, grade = slices[number], graded[number]
    flags = []
    near = [n for n in (number - 1, number + 1) if 0 <= n < len(slices) and abs(slices[n].index - worst.index) == 1]
    if grade is not Grade.G0 and not any(graded[n].rank >= grade.rank for n in near):
        flags.append("single_slice")
    if grade in HIGH_2_3 and not cord_is_flattened(worst, limits):
        flags.append("displacement_without_deformation")
    if grade is Grade.G1C and not csf_is_visible(worst, limits):
        flags.append("no_csf_without_compression")
    return flags


def _distribution(
    slices: Sequence[SliceMeasures], limits: EsccThresholds, pixel_mm: float, seed: int
) -> dict[Grade, float]:
    """Share of each grade when edges move by up to half a pixel and thresholds by up to a fifth."""
    rng = np.random.default_rng(seed)
    counts: Counter[Grade] = Counter()
    for _ in range(DRAWS):
        moved = rng.uniform(-0.5, 0.5, 3) * pixel_mm
        factor = rng.uniform(1 - THRESHOLD_SPREAD, 1 + THRESHOLD_SPREAD, len(fields(EsccThresholds)))
        drawn = EsccThresholds(*(getattr(limits, f.name) * x for f, x in zip(fields(limits), factor, strict=True)))
        grades = [grade_slice(perturbed(one, *moved), drawn, pixel_mm=pixel_mm) for one in slices]
        counts[max(grades, key=lambda one: one.rank)] += 1
    return {grade: round(counts[grade] / DRAWS, 4) for grade in Grade if counts[grade]}


def _half_pixel_grades(slices: Sequence[SliceMeasures], limits: EsccThresholds, pixel_mm: float) -> set[Grade]:
    """The grades that a site has with the edge of one mask, or the cord itself, half a pixel to either side.

    A gap is taken as it is here, without the pixel that `grade_slice` allows it where the cord has lost its shape:
    where that pixel decides between 1b and 2, half a pixel does too.
    """
    found: set[Grade] = set()
    if not slices:
        return found
    for edge in ("tumour", "sac", "cord", "shift"):
        for step in (-pixel_mm / 2, pixel_mm / 2):
            moved = [half_pixel_off(one, edge, step) for one in slices]
            grades = [grade_slice(one, limits) for one in moved]
            found.add(max(grades, key=lambda one: one.rank))
    return found
