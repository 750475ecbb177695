"""From masks to what is said of every vertebra: measured first, then put to the published rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from spinemets.anatomy import Level, Region
from spinemets.body_assessment import MeasuredBodies, cropped_to_spine, measured_bodies
from spinemets.errors import StudyError
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason, VertebraFindings
from spinemets.fracture_assessment import MeasuredBody
from spinemets.lesion_scoring import score_lesions
from spinemets.measure.alignment import LocalAlignment, local_alignment
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.height_reference import HeightLoss, height_losses
from spinemets.measure.heights import COLUMNS, BodyHeights
from spinemets.measure.lesions import Lesion, lesions_by_level
from spinemets.measure.vertebra_regions import FROM_PARTITION, vertebra_regions
from spinemets.measure.wall_from_canal import WallFromCanal
from spinemets.report import VERTEBRA_SECTIONS
from spinemets.rules.genant import genant_grade
from spinemets.rules.posterior_wall import SHAPE, SOURCE, wall_label
from spinemets.rules.sins import SinsScore, governing
from spinemets.rules.spinal_alignment import AlignmentReading, read_alignment
from spinemets.spine import Spine
from spinemets.spine_signs import SpineImages, SpineMasks, Treatment, spine_signs
from spinemets.volume import Volume

LARGE_LESION = 0.10
"""A body with a lesion that takes more than this share is no reference for others (`clinical.md` §1.5)."""


@dataclass(frozen=True)
class SpineAssessment:
    """What was found at every level, and what is needed to draw it.

    Attributes
    ----------
    vertebrae : tuple of VertebraFindings
        From head to foot.
    heights : mapping of Level to BodyHeights
        With the places of the measured columns.
    governing : Level or NotAssessed
        The level whose SINS governs.
    flags : tuple of str
        ``regions_by_canal_partition`` and the like.
    axes : mapping of Level to VertebraAxes
        Each vertebra's own directions, where they could be told.
    """

    vertebrae: tuple[VertebraFindings, ...]
    heights: Mapping[Level, BodyHeights]
    governing: Level | NotAssessed | NotApplicable
    flags: tuple[str, ...]
    axes: Mapping[Level, VertebraAxes] = field(default_factory=dict)


def assess_vertebrae(
    spine: Spine,
    vertebrae: Volume,
    subregions: Volume | None,
    *,
    lesions: Volume | None = None,
    images: SpineImages = SpineImages(),
    pain: str = "unknown",
    treatment: Treatment = Treatment(),
) -> SpineAssessment:
    """Measurements and scores of every vertebra.

    Parameters
    ----------
    spine : Spine
        The vertebrae and how sure their names are.
    vertebrae : Volume
        VerSe ids.
    subregions : Volume or None
        `Subregion` labels on the same grid; the canal-referenced partition without it.
    lesions : Volume, optional
        `LesionLabel` values on the same grid.
    images : SpineImages, optional
        What the spine is seen on; its CT lies on the same grid.
    pain : str
        As a clinician states it.
    treatment : Treatment
        As a clinician states it.
    """
    vertebrae, subregions, lesions, ct = cropped_to_spine(vertebrae, subregions, lesions, images.ct)
    images = replace(images, ct=ct)
    try:
        regions = vertebra_regions(vertebrae, subregions)
    except StudyError as error:
        if subregions is not None or "foramen" not in str(error):
            raise
        reason = NotAssessed(
            Reason.OUT_OF_FIELD, "fewer than two vertebrae have a closed ring, so parts cannot be told"
        )
        return unmeasured(spine, reason)
    found = {} if lesions is None else lesions_by_level(lesions, vertebrae, regions.labels, ct)
    bodies = measured_bodies(spine, vertebrae, regions)
    heights = bodies.heights
    large = {level for level, own in found.items() if any(_at_least(one.body_fraction, LARGE_LESION) for one in own)}
    losses = height_losses({level: h for level, h in heights.items() if isinstance(h, BodyHeights)}, excluded=large)
    alignment = local_alignment(bodies.ends)
    measured = _bodies(bodies, losses, found if lesions is not None else None)
    signs, flags = spine_signs(SpineMasks(vertebrae, regions, lesions), images, measured, treatment)
    scores: dict[Level, SinsScore] = {}
    result = []
    for vertebra in spine.vertebrae:
        level = vertebra.level
        findings = _findings(level, bodies, losses, found if lesions is not None else None)
        stands = vars(alignment[level]) if level in alignment else findings.heights_mm
        findings = replace(findings, alignment=stands, signs=signs.get(level, findings.heights_mm))
        if lesions is not None:
            reading = _alignment(level, alignment)
            findings, score = score_lesions(
                findings, vertebra, found.get(level, ()), losses.get(level), reading, regions, pain
            )
            if score is not None:
                scores[level] = score
        result.append(findings)
    flags = (*(("regions_by_canal_partition",) if regions.source == FROM_PARTITION else ()), *flags)
    drawn = {level: h for level, h in heights.items() if isinstance(h, BodyHeights)}
    return SpineAssessment(tuple(result), drawn, _governing(scores, lesions), flags, regions.axes)


def unmeasured(spine: Spine, reason: NotAssessed) -> SpineAssessment:
    """Nothing measured at any level, for the same reason everywhere."""
    absent: dict[str, Any] = {name: reason for name in VERTEBRA_SECTIONS if name != "fracture"}
    return SpineAssessment(tuple(VertebraFindings(level, **absent) for level in spine.levels), {}, reason, ())


def _findings(
    level: Level,
    bodies: MeasuredBodies,
    losses: Mapping[Level, HeightLoss],
    lesions: Mapping[Level, tuple[Lesion, ...]] | None,
) -> VertebraFindings:
    own = bodies.heights[level]
    findings = VertebraFindings(level)
    if lesions is not None:
        findings = replace(findings, lesions=tuple(_lesion(one) for one in lesions.get(level, ())))
    if isinstance(own, NotAssessed):
        return replace(findings, heights_mm=own, reference_mm=own, height_loss=own, genant=own, posterior_wall=own)
    loss = losses[level]
    return replace(
        findings,
        heights_mm={name: own.columns[name] for name in COLUMNS},
        reference_mm={name: loss.reference_mm[name] for name in COLUMNS},
        height_loss={**{name: loss.loss[name] for name in COLUMNS}, "max": loss.largest},
        genant=_genant(loss.largest),
        posterior_wall=_wall(bodies.walls[level]),
    )


def _bodies(
    bodies: MeasuredBodies,
    losses: Mapping[Level, HeightLoss],
    found: Mapping[Level, tuple[Lesion, ...]] | None,
) -> dict[Level, MeasuredBody]:
    """What signs are read beside, of every level whose body was measured."""
    return {
        level: MeasuredBody(
            own,
            losses[level],
            bodies.ends.get(level),
            _wall_label(bodies.walls[level]),
            None if found is None else found.get(level, ()),
        )
        for level, own in bodies.heights.items()
        if isinstance(own, BodyHeights) and level in losses and level in bodies.walls
    }


def _wall_label(wall: WallFromCanal) -> str | None:
    label = wall_label(**{name: vars(wall)[name] for name in SHAPE})
    return None if label is None else label.value


def _wall(wall: WallFromCanal) -> dict[str, Any]:
    features = vars(wall)
    label = _wall_label(wall)
    named = {} if label is None else {"label": {"value": label, "method": SOURCE}}
    fragment = {"value": "present" if wall.has_fragment else "absent", "method": "a loose piece of bone in the canal"}
    kept = {name: features[name] for name in (*SHAPE, "canal_encroachment")}
    return {**kept, "fragment_in_canal": fragment, **named}


def _genant(loss: Finding) -> Finding:
    if not isinstance(loss, Measured):
        return loss
    grades = [int(genant_grade(value)) for value in (loss.low, loss.value, loss.high)]
    return Measured(grades[1], "1", grades[0], grades[2], "Genant 1993, of the largest loss of height")


def _lesion(lesion: Lesion) -> dict[str, Any]:
    return {
        "type": lesion.type.value,
        "volume_ml": lesion.volume_ml,
        "mean_hu": lesion.mean_hu,
        "p99_hu": lesion.p99_hu,
        "body_fraction": lesion.body_fraction,
        "regions": {
            name: finding.value if isinstance(finding, Measured) else finding
            for name, finding in lesion.regions.items()
        },
    }


def _alignment(level: Level, alignment: Mapping[Level, LocalAlignment]) -> AlignmentReading:
    if level not in alignment or level.region is Region.SACRAL:
        return AlignmentReading(frozenset(), ())
    own = alignment[level]
    slips = (own.slip_above_mm, own.side_slip_above_mm, own.slip_below_mm, own.side_slip_below_mm)
    angles = (own.kyphosis_change_deg, own.scoliosis_change_deg)
    return read_alignment(level.region, slips, angles, own.scoliosis_deg)


def _at_least(finding: Finding, limit: float) -> bool:
    return isinstance(finding, Measured) and finding.value > limit


def _governing(scores: Mapping[Level, SinsScore], lesions: Volume | None) -> Level | NotAssessed | NotApplicable:
    if lesions is None:
        return NotAssessed(
            Reason.MISSING_MASK, "there is no lesion mask and no network for lesions, so nothing is scored"
        )
    if not scores:
        return NotApplicable("no_lesion")
    levels = list(scores)
    return levels[governing([scores[level] for level in levels])]
