"""Epidural spinal cord compression on axial T2.

Bilsky MH et al. Reliability analysis of the epidural spinal cord compression scale.
J Neurosurg Spine 2010;13(3):324-328. The grades are words; the millimetres that stand for them here are ours
(`clinical.md` §2.3) and are printed with the result. Authors differ on two edges, and both readings are given: whether
1c is high grade (Hallinan 2022 says so, the review does not), and whether a displaced cord is a compressed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from spinemets.rules.escc_slice import (
    HIGH_2_3,
    EsccThresholds,
    Grade,
    SliceMeasures,
    cord_is_flattened,
    csf_is_visible,
    grade_slice,
    sac_is_deformed,
)

LEAST_SHARE = 0.05
"""A grade with at least this share of the perturbed gradings is possible (ours: the tail of a 90 % interval)."""
DRAWS = 400
REFERENCE_LEFT = 1 / 3
"""The mean edge of the slices that the reference is averaged over moves with the same reader's hand, so that no more of
a random movement is left in what is compared with it (ours)."""
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
        Every grade that the pixels and the thresholds leave open, ascending.
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
        ``half_pixel_changes_grade``: with one edge half a pixel further in or out the grade would be another.
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
    possible = {grade, *(one for one, share in shares.items() if share >= LEAST_SHARE)}
    flags = _flags(slices, graded, number, limits)
    if _half_pixel_grades(slices, limits, pixel_mm) != {grade}:
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
        tuple(sorted(possible, key=lambda one: one.rank)),
        worst.index,
        tuple((one.index, own) for one, own in zip(slices, graded, strict=True)),
        shares,
        sac_is_deformed(worst, limits),
        tuple(flags),
    )


def _severity(one: SliceMeasures, grade: Grade) -> float:
    """Orders slices of the same grade: more compression first, then a narrower gap, then a deeper dent in the sac.

    Where the sac is not deformed, the slice with the most tumour.
    """
    if grade.rank <= Grade.G1A.rank:
        return one.tumour_mm2
    loss = max(one.mscc or 0.0, one.cord_loss or 0.0)
    return 10 * loss - (one.gap_mm if one.gap_mm is not None else 5.0) + one.indentation_mm


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
        grades = [grade_slice(_perturbed(one, *moved), drawn, pixel_mm=pixel_mm) for one in slices]
        counts[max(grades, key=lambda one: one.rank)] += 1
    return {grade: round(counts[grade] / DRAWS, 3) for grade in Grade if counts[grade]}


def _half_pixel_grades(slices: Sequence[SliceMeasures], limits: EsccThresholds, pixel_mm: float) -> set[Grade]:
    """The grades that a site has with the edge of one mask, or the cord itself, half a pixel to either side.

    A gap is taken as it is here, without the pixel that `grade_slice` allows it where the cord has lost its shape:
    where that pixel decides between 1b and 2, half a pixel does too.
    """
    found = set()
    for edge in ("tumour", "sac", "cord", "shift"):
        for step in (-pixel_mm / 2, pixel_mm / 2):
            moved = [_half_pixel_off(one, edge, step) for one in slices]
            grades = [grade_slice(one, limits) for one in moved]
            found.add(max(grades, key=lambda one: one.rank))
    return found


def _half_pixel_off(one: SliceMeasures, edge: str, step: float) -> SliceMeasures:
    """The slice with one edge moved by a signed step of half a pixel, and all that moves with it (ours).

    The wall of the sac goes along with tumour where tumour lies on it. A cord that is pressed flatter loses in one
    diameter, and as large a share of its area. Masks between which no pixel is left may be half a pixel apart before
    an edge is moved, since a film of CSF so thin holds the middle of no pixel.
    """
    moved = _film(_perturbed(one, **{edge: step}), edge, step)
    if edge == "tumour":
        moved = replace(moved, sac_loss=one.sac_loss + _wall_under_tumour(one) * 4 * step / max(one.sac_mm, 1.0))
    if one.gap_mm is None or one.cord_mm is None:
        return moved
    if edge == "cord":
        less = 2 * step / one.cord_mm
        moved = replace(
            moved,
            mscc=None if one.mscc is None else one.mscc - less,
            cord_loss=None if one.cord_loss is None else one.cord_loss - less,
        )
    opens = edge in ("tumour", "cord") and step < 0
    return replace(moved, gap_mm=max(one.gap_mm, -step) - step) if opens else moved


def _wall_under_tumour(one: SliceMeasures) -> float:
    """Share of the wall of the sac that tumour lies on: its length, by area and thickness, round a circular sac."""
    return min(one.tumour_mm2 / max(one.tumour_mm * np.pi * one.sac_mm, 1e-6), 1.0)


def _film(one: SliceMeasures, edge: str, step: float) -> SliceMeasures:
    """The slice with the film of CSF that opens all round where the sac grows or the cord shrinks."""
    opens = {"sac": step, "cord": -step}.get(edge, 0.0) > 0
    return replace(one, csf_ring=1.0) if opens and one.csf_ring is not None else one


def _perturbed(
    one: SliceMeasures,
    tumour: float = 0.0,
    sac: float = 0.0,
    cord: float = 0.0,
    shift: float = 0.0,
) -> SliceMeasures:
    """The slice as it would be with the edge of each mask moved outwards, and the cord moved, by so many mm."""
    changed = replace(
        one,
        tumour_mm2=one.tumour_mm2 * max(1 + 2 * tumour / max(one.tumour_mm, 0.5), 0.0),
        tumour_mm=max(one.tumour_mm + 2 * tumour, 0.0),
        indentation_mm=one.indentation_mm + tumour,
        sac_loss=one.sac_loss - REFERENCE_LEFT * 4 * sac / max(one.sac_mm, 1.0),
        csf_pool_mm2=max(one.csf_pool_mm2 * (1 + (sac - cord) / max(one.csf_pool_mm, 0.5)), 0.0),
        csf_pool_mm=max(one.csf_pool_mm + sac - cord, 0.0),
    )
    if one.gap_mm is None or one.cord_mm is None:
        return changed
    return replace(
        changed,
        gap_mm=max(one.gap_mm - tumour - cord, 0.0),
        mscc=None if one.mscc is None else one.mscc - REFERENCE_LEFT * 2 * cord / one.cord_mm,
        cord_loss=None if one.cord_loss is None else one.cord_loss - REFERENCE_LEFT * 4 * cord / one.cord_mm,
        shift_mm=None if one.shift_mm is None else max(one.shift_mm + shift, 0.0),
    )
