"""From masks to what is said of every vertebra: measured first, then put to the published rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from spinemets.alignment_assessment import alignment_reading, measured_bends
from spinemets.anatomy import Level
from spinemets.body_assessment import MeasuredBodies, cropped_to_spine, measurable, measured_bodies, widened
from spinemets.errors import StudyError
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason, VertebraFindings
from spinemets.fracture_assessment import MeasuredBody
from spinemets.lesion_scoring import score_lesions
from spinemets.measure.alignment import LocalAlignment, local_alignment
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.bends import LocalBends
from spinemets.measure.height_reference import HeightLoss, height_losses
from spinemets.measure.heights import BodyHeights
from spinemets.measure.lesions import Lesion, lesions_by_level
from spinemets.measure.outline_error import OutlineError
from spinemets.measure.vertebra_regions import FROM_NETWORK, FROM_PARTITION, VertebraRegions, vertebra_regions
from spinemets.report import VERTEBRA_SECTIONS
from spinemets.rules.sins import SinsScore, governing
from spinemets.spine import Spine, Vertebra
from spinemets.spine_signs import SpineImages, SpineMasks, Treatment, spine_signs
from spinemets.trust import Trust
from spinemets.vertebra_findings import vertebra_findings, wall_word
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
    trust: Trust = Trust(),
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
    trust : Trust
        How far the masks are to be believed.
    """
    vertebrae, subregions, lesions, ct = cropped_to_spine(vertebrae, subregions, lesions, images.ct)
    images = replace(images, ct=ct)
    bones = trust.outline.without_crumbs(vertebrae, spine)
    try:
        regions = vertebra_regions(bones, subregions)
    except StudyError as error:
        return unmeasured(spine, _without_parts(error, partitioned=subregions is None, outline=trust.outline))
    if not trust.outline.draws_parts:
        regions = replace(regions, source=FROM_NETWORK)
    found = None
    if lesions is not None:
        every = lesions_by_level(lesions, vertebrae, regions.labels, ct)
        found = {level: trust.lesions(own) for level, own in every.items()}
    measured = _measured(spine, bones, regions, found, trust)
    signs, flags = spine_signs(SpineMasks(bones, regions, lesions), images, measured.beside, treatment)
    every_level = [_scored(vertebra, measured, signs, pain) for vertebra in spine.vertebrae]
    scores = {own.level: score for own, score in every_level if score is not None}
    torn = (f"{level}_in_far_pieces" for level, own in regions.axes.items() if own.in_far_pieces)
    flags = (*(("regions_by_canal_partition",) if regions.source == FROM_PARTITION else ()), *torn, *flags)
    vertebra_by_vertebra = tuple(own for own, _ in every_level)
    return SpineAssessment(vertebra_by_vertebra, measured.heights, _governing(scores, lesions), flags, regions.axes)


@dataclass(frozen=True, eq=False)
class _Measured:
    """What was measured of a spine, before it is put to the rules; `beside` is what signs are read beside."""

    regions: VertebraRegions
    bodies: MeasuredBodies
    beside: Mapping[Level, MeasuredBody]
    heights: Mapping[Level, BodyHeights]
    losses: Mapping[Level, HeightLoss]
    alignment: Mapping[Level, LocalAlignment]
    bends: Mapping[Level, LocalBends]
    lesions: Mapping[Level, tuple[Lesion, ...]] | None
    blind_levels: Mapping[Level, NotAssessed]
    is_coarse: bool

    def lesions_at(self, level: Level) -> tuple[Lesion, ...] | NotAssessed | None:
        """Those of a level, or why none would have been seen there; None where nobody looked for any."""
        if self.lesions is None:
            return None
        return self.blind_levels.get(level) or self.lesions.get(level, ())


def _measured(
    spine: Spine,
    bones: Volume,
    regions: VertebraRegions,
    lesions: Mapping[Level, tuple[Lesion, ...]] | None,
    trust: Trust,
) -> _Measured:
    outline = trust.outline
    bodies = measurable(measured_bodies(spine, bones, regions), spine, outline)
    every = (lesions or {}).items()
    large = {level for level, own in every if any(_at_least(one.body_fraction, LARGE_LESION) for one in own)}
    heights = {level: own for level, own in bodies.heights.items() if isinstance(own, BodyHeights)}
    losses = outline.losses(height_losses(heights, excluded=large))
    told = widened(bodies, outline)
    alignment = outline.alignment(local_alignment(bodies.ends, bodies.cut))
    bends = measured_bends(bodies, losses, outline)
    known = trust.blind_levels, outline.is_coarse
    if outline.unknown is not None:  # marrow is measured inside bodies whose heights are not told
        beside = bodies_beside(replace(told, heights=bodies.heights), losses, lesions, shows_all=trust.shows_all)
        return _Measured(regions, told, beside, {}, {}, alignment, bends, lesions, *known)
    beside = bodies_beside(told, losses, lesions, shows_all=trust.shows_all)
    return _Measured(regions, told, beside, heights, losses, alignment, bends, lesions, *known)


def _scored(
    vertebra: Vertebra, measured: _Measured, signs: Mapping[Level, Any], pain: str
) -> tuple[VertebraFindings, SinsScore | None]:
    """What is said of one vertebra, and the score of its lesions, if it has any that can be scored."""
    level = vertebra.level
    own, loss = measured.lesions_at(level), measured.losses.get(level)
    findings = vertebra_findings(level, measured.bodies.heights[level], loss, measured.bodies.walls.get(level), own)
    stands = findings.heights_mm
    if level in measured.alignment:
        stands = {**vars(measured.alignment[level]), **vars(measured.bends[level])}
    findings = replace(findings, alignment=stands, signs=signs.get(level, findings.heights_mm))
    if own is None:
        return findings, None
    if isinstance(own, NotAssessed):
        return replace(findings, sins_case=own, sins=own), None
    aligned = measured.alignment.get(level), measured.bends.get(level)
    reading = alignment_reading(level, *aligned, loss, is_coarse=measured.is_coarse)
    seen = signs.get(level)
    seen = seen if isinstance(seen, Mapping) else None
    return score_lesions(findings, vertebra, own, loss, reading, measured.regions, pain, seen)


def unmeasured(spine: Spine, reason: NotAssessed) -> SpineAssessment:
    """Nothing measured at any level, for the same reason everywhere."""
    absent: dict[str, Any] = {name: reason for name in VERTEBRA_SECTIONS if name != "fracture"}
    return SpineAssessment(tuple(VertebraFindings(level, **absent) for level in spine.levels), {}, reason, ())


def _without_parts(error: StudyError, *, partitioned: bool, outline: OutlineError) -> NotAssessed:
    """Why parts of vertebrae cannot be told; a mask that was given and makes no sense is refused."""
    if partitioned and "foramen" in str(error):
        detail = "fewer than two vertebrae have a closed ring, so parts cannot be told"
        return NotAssessed(Reason.OUT_OF_FIELD, detail)
    if outline.is_coarse:
        return NotAssessed(Reason.RESOLUTION, f"nothing can be measured on the network's outlines: {error}")
    raise error


def bodies_beside(
    bodies: MeasuredBodies,
    losses: Mapping[Level, HeightLoss],
    found: Mapping[Level, tuple[Lesion, ...]] | None,
    *,
    shows_all: bool = True,
) -> dict[Level, MeasuredBody]:
    """What signs are read beside, of every level whose body was measured."""
    return {
        level: MeasuredBody(
            own,
            losses[level],
            bodies.ends.get(level),
            wall_word(bodies.walls[level]),
            None if found is None else found.get(level, ()),
            shows_all,
        )
        for level, own in bodies.heights.items()
        if isinstance(own, BodyHeights) and level in losses and level in bodies.walls
    }


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
