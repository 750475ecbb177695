"""From masks of cord, sac and tumour to an ESCC grade, or to the reason why there is none."""

from __future__ import annotations

from typing import Any

from spinemets.anatomy import Level
from spinemets.escc_masks import EsccMasks, require_usable
from spinemets.escc_slices import natural_changes, slice_measures, slice_row
from spinemets.measure.canal_edge import with_edge_by_signal
from spinemets.measure.canal_reference import SliceReference, slice_references, worst_kind
from spinemets.measure.canal_roots import cord_extent, with_tumour, without_cord
from spinemets.measure.canal_sites import tumour_zones
from spinemets.measure.canal_slices import CanalStack, canal_stack
from spinemets.measure.canal_taper import LARGEST_TILT_DEG
from spinemets.measure.compression_drawing import SliceDrawing, slice_drawing
from spinemets.measure.cord_compression import SliceCompression, csf_signal, slice_compression
from spinemets.measure.fine_grid import FINE_MM
from spinemets.rules.escc import EsccGrade, escc
from spinemets.rules.escc_answer import NOT_CLEARANCE, escc_answer
from spinemets.rules.escc_cauda import BELOW_CONUS, AtTumour, at_tumour, given_cord, with_place
from spinemets.rules.escc_slice import HIGH_2_3, HIGH_FROM_1C, EsccThresholds, Grade, has_tumour
from spinemets.rules.escc_taper import ONE_SIDED, widened

LARGEST_PIXEL_MM, LARGEST_SLICE_MM = 0.8, 4.0
"""Coarser or thicker is not an axial T2 that a grade can be read from (`clinical.md` §2.1, [D])."""
ROUNDING = 1e-3


def assess_escc(
    masks: EsccMasks,
    *,
    level: Level | None = None,
    bone_metastasis: str = "unknown",
    other_compression: str | None = None,
    zone: frozenset[int] | None = None,
) -> dict[str, Any]:
    """The answer of ``spinemets escc``.

    Parameters
    ----------
    masks : EsccMasks
        Of one stack.
    level : Level, optional
        Of the tumour.
    bone_metastasis : {"yes", "no", "unknown"}
        Whether one is established.
    other_compression : str, optional
        What else presses on the sac.
    zone : frozenset of int, optional
        Indices of the slices that are graded, as of `escc_zones`; all without it.

    Raises
    ------
    StudyError
        If a mask lies on another grid, holds nothing, or contradicts another.
    """
    require_usable(masks)
    stack = _stack(masks)
    refusal = _refusal(stack, zone)
    if refusal is not None:
        return escc_answer(level, status="not_assessable", reason=refusal)
    place: AtTumour | None = given_cord(_in(zone, with_tumour(stack)), _drawn(stack), level)
    if masks.by_network:
        stack, place = _cord_and_place(stack, level, zone)
        stack = with_edge_by_signal(stack)
    answer = _assessed(stack, level, bone_metastasis, other_compression, zone)
    return answer if place is None else with_place(answer, place)


def escc_zones(masks: EsccMasks) -> tuple[frozenset[int], ...]:
    """Slices of each of several tumours that lie apart in one stack, by index; none where one site is all there is."""
    return tumour_zones(_stack(masks), EsccThresholds().tumour_mm)


def _in(zone: frozenset[int] | None, indices: frozenset[int]) -> frozenset[int]:
    return indices if zone is None else indices & zone


def escc_drawings(
    masks: EsccMasks, level: Level | None = None, zone: frozenset[int] | None = None
) -> dict[int, SliceDrawing]:
    """Where each slice with tumour was measured, by its index; none where there is nothing to compare them with.

    Parameters
    ----------
    masks : EsccMasks
        As `assess_escc` took them.
    level, zone : Level and frozenset of int, optional
        Likewise.
    """
    stack = _stack(masks)
    if masks.by_network:
        stack = with_edge_by_signal(_cord_and_place(stack, level, zone)[0])
    references = slice_references(stack, level)
    limit = csf_signal(stack)
    drawn = [one for one in stack.slices if one.index in _in(zone, frozenset(references))]
    return {one.index: slice_drawing(one, references[one.index], stack, limit) for one in drawn}


def _stack(masks: EsccMasks) -> CanalStack:
    """The slices, with the tumour within the bony canal alone where that is known."""
    epidural = masks.epidural
    if masks.canal is not None:
        epidural = epidural.with_array((epidural.array > 0) & (masks.canal.array > 0))
    return canal_stack(masks.cord, masks.sac, epidural, masks.t2)


def _cord_and_place(
    stack: CanalStack, level: Level | None, zone: frozenset[int] | None
) -> tuple[CanalStack, AtTumour | None]:
    """A stack without what is drawn as cord where none runs for sure, and what lies beside the tumour of a zone.

    Slices with tumour keep what is drawn unless roots lie there.
    """
    extent, tumour = cord_extent(stack), with_tumour(stack)
    own = _in(zone, tumour)
    place = at_tumour(own, doubtful=extent.doubtful, roots=extent.roots, drawn=_drawn(stack), level=level)
    unsure = (extent.roots | extent.doubtful) - tumour
    return without_cord(stack, unsure | own if place is AtTumour.ROOTS else unsure), place


def _drawn(stack: CanalStack) -> frozenset[int]:
    return frozenset(one.index for one in stack.slices if one.cord.any())


def _assessed(
    stack: CanalStack,
    level: Level | None,
    bone_metastasis: str,
    other_compression: str | None,
    zone: frozenset[int] | None,
) -> dict[str, Any]:
    tumour = _in(zone, with_tumour(stack))
    references = {index: one for index, one in slice_references(stack, level).items() if index in tumour}
    flags = ["non_tumour_compression"] if other_compression else []
    if not tumour:
        return _without_tumour(stack, level, bone_metastasis, flags)
    if references.keys() != tumour:
        reason = (
            "no_reference: no slice far enough from tumour shows a whole sac from which the canal can be followed "
            "to the tumour, and no healthy values are known"
        )
        return escc_answer(level, status="not_assessable", reason=reason, flags=flags)
    threshold = csf_signal(stack)
    measured = [
        slice_compression(one, references[one.index], stack, threshold) for one in stack.slices if one.index in tumour
    ]
    flags += [ONE_SIDED] if worst_kind(references.values()) == "one_sided" else []
    return _graded(measured, references, stack, level, bone_metastasis, flags)


def _refusal(stack: CanalStack, zone: frozenset[int] | None) -> str | None:
    if stack.pixel_mm > LARGEST_PIXEL_MM + ROUNDING:
        return f"resolution: pixels of {stack.pixel_mm:.2f} mm; at most {LARGEST_PIXEL_MM:g} mm can be graded"
    if stack.slice_mm > LARGEST_SLICE_MM + ROUNDING:
        return f"resolution: slices {stack.slice_mm:.1f} mm apart; at most {LARGEST_SLICE_MM:g} mm can be graded"
    if stack.tilt_deg > LARGEST_TILT_DEG:
        most = f"at most {LARGEST_TILT_DEG:g}° can be graded"
        return f"not_axial: slices are tilted by {stack.tilt_deg:.0f}° from the cord; {most}"
    least = EsccThresholds().tumour_mm2
    bare = _in(zone, frozenset(index for index, area in stack.tumour_without_sac_mm2.items() if area >= least))
    if bare:
        return f"missing_mask: tumour and no sac in slice {_listed(bare)}; a complete block is not excluded"
    ill = (one for one in stack.slices if one.cut and one.tumour.sum() * FINE_MM**2 >= least)
    cut = _in(zone, frozenset(one.index for one in ill))
    if cut:
        return f"out_of_field: the edge of the image cuts the sac beside tumour in slice {_listed(cut)}"
    return None


def _listed(indices: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(indices)))


def _without_tumour(stack: CanalStack, level: Level | None, bone_metastasis: str, flags: list[str]) -> dict[str, Any]:
    if bone_metastasis != "yes":
        return escc_answer(level, status="not_assessable", reason=NOT_CLEARANCE, flags=flags)
    if not any(one.cord.any() for one in stack.slices):
        return escc_answer(level, status="not_applicable_below_conus", reason="no cord in any slice", flags=flags)
    return escc_answer(
        level,
        status="graded",
        grade="0",
        possible_grades=["0"],
        high_grade_2_3=False,
        high_grade_from_1c=False,
        sac_deformed=False,
        distribution={"0": 1.0},
        flags=flags,
    )


def _graded(
    measured: list[SliceCompression],
    references: dict[int, SliceReference],
    stack: CanalStack,
    level: Level | None,
    bone_metastasis: str,
    flags: list[str],
) -> dict[str, Any]:
    limits, kind = EsccThresholds(), worst_kind(references.values())
    spans = {index: one.span for index, one in references.items()}
    slices = [slice_measures(one) for one in measured]
    found = escc(slices, pixel_mm=stack.pixel_mm, limits=limits, reference_is_sure=kind != "population")
    changes = [natural_changes(spans[one.index]) for one in slices]
    found = widened(found, slices, changes, pixel_mm=stack.pixel_mm, limits=limits)
    rows = [slice_row(one, dict(found.by_slice)[one.index], spans[one.index], stack.pixel_mm) for one in measured]
    shared = {"slices": rows, "reference": kind, "flags": [*found.flags, *flags], "sac_deformed": found.sac_deformed}
    with_tumour = [one for one in slices if has_tumour(one, limits)]
    if with_tumour and all(one.gap_mm is None for one in with_tumour):
        return escc_answer(level, status="not_applicable_below_conus", reason=BELOW_CONUS, slice=found.worst, **shared)
    if found.grade is Grade.G0 and bone_metastasis != "yes":
        return escc_answer(level, status="not_assessable", reason=NOT_CLEARANCE, **shared)
    return escc_answer(
        level,
        status="graded",
        grade=found.grade.value,
        possible_grades=[grade.value for grade in found.possible],
        slice=found.worst,
        high_grade_2_3=_all_or_none(found, HIGH_2_3),
        high_grade_from_1c=_all_or_none(found, HIGH_FROM_1C),
        distribution={grade.value: share for grade, share in found.distribution.items()},
        **shared,
    )


def _all_or_none(found: EsccGrade, high: frozenset[Grade]) -> bool | None:
    """Whether every possible grade is high (True) or none is (False), else None."""
    answers = {grade in high for grade in found.possible}
    return answers.pop() if len(answers) == 1 else None
