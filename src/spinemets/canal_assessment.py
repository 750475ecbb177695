"""Epidural compression in a study: which series the masks lie on, its grade, and at which level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spinemets.anatomy import CanalLabel, Level
from spinemets.canal_levels import AMBIGUOUS, CanalLevels, SliceLevel
from spinemets.epidural_signs import EPIDURAL, epidural_signs
from spinemets.escc_assessment import assess_escc, escc_drawings, escc_zones
from spinemets.escc_masks import EsccMasks, require_usable
from spinemets.findings import NotAssessed, Reason, Section
from spinemets.inference.card import ModelCard
from spinemets.inference.segment import Anchor
from spinemets.measure.canal_slices import stack_axis
from spinemets.measure.compression_drawing import SliceDrawing
from spinemets.rules.escc_readings import SUSPECTED
from spinemets.rules.escc_slice import Grade
from spinemets.series_assessment import Clinical, SeriesResult
from spinemets.series_images import given_on, lies_on
from spinemets.volume import Series, Study, Volume

AXIAL_ROLE = "t2_axial"
TO_FRONT = np.array([0.0, 1.0, 0.0])
"""The patient's front in the world, where no vertebra tells its own."""


@dataclass(frozen=True)
class CanalResult:
    """What was found of the canal.

    Attributes
    ----------
    series : Series
        The image that the masks lie on.
    masks : EsccMasks
        Cord, sac and tumour.
    section : Section
        The ESCC section of the report: the sites, the worst first.
    axis : int
        Voxel axis that the slices lie across.
    signs : tuple of mapping
        What shape and place of the tumour say, of each site; of a section without sites one that says why none does.
    seen : frozenset of Level
        Levels at whose height the sac was outlined; empty where that cannot be told.
    cards : tuple of ModelCard
        The network that made the masks, if one did.
    drawings : mapping of int to SliceDrawing
        Where each slice with tumour was measured.
    zones : tuple of frozenset of int
        Indices of the slices of each site; empty where one site has all.
    """

    series: Series
    masks: EsccMasks
    section: Section
    axis: int
    signs: tuple[Mapping[str, Any], ...]
    seen: frozenset[Level] = frozenset()
    cards: tuple[ModelCard, ...] = ()
    drawings: Mapping[int, SliceDrawing] = field(default_factory=dict)
    zones: tuple[frozenset[int], ...] = ()

    @property
    def by_level(self) -> Mapping[str, Mapping[str, Any]]:
        """Signs by the level of their site, of sites whose level is known; of two at one level those of the worse."""
        sites = () if isinstance(self.section, NotAssessed) else self.section
        named = [(site["level"], signs) for site, signs in zip(sites, self.signs, strict=True)] if sites else []
        return {level: signs for level, signs in reversed(named) if level is not None}

    @property
    def governing(self) -> Any:
        """The level of the worst site, or why there is none."""
        if isinstance(self.section, NotAssessed):
            return self.section
        site = self.section[0]
        if site["grade"] is None:
            return NotAssessed(
                Reason.RESOLUTION if "resolution" in str(site["reason"]) else Reason.NO_REFERENCE, str(site["reason"])
            )
        if site["level"] is None:
            return NotAssessed(Reason.LEVEL_AMBIGUOUS, site["level_unknown"])
        return site["level"]

    @property
    def labels(self) -> Volume:
        """`CanalLabel` values on the grid of the series."""
        labels = np.zeros(self.masks.sac.shape, np.uint8)
        labels[self.masks.epidural.array > 0] = CanalLabel.EPIDURAL_TUMOUR
        labels[self.masks.sac.array > 0] = CanalLabel.THECAL_SAC
        labels[self.masks.cord.array > 0] = CanalLabel.CORD
        return self.masks.sac.with_array(labels)


def series_of_masks(study: Study, mask: Volume) -> Series:
    """The series that a mask of the canal belongs to: of those on its grid an axial T2 before any other."""
    fitting = [one for one in study.series if lies_on(one, mask)]
    return min(fitting, key=lambda one: one.role != AXIAL_ROLE)


def assess_canal(
    study: Study,
    given: Mapping[str, Volume],
    results: Sequence[SeriesResult],
    clinical: Clinical,
    *,
    by_network: bool = False,
    anchor: Anchor | None = None,
) -> CanalResult:
    """The ESCC grade of the masks ``cord``, ``sac`` and ``epidural``, read on the series that they lie on.

    Parameters
    ----------
    study : Study
        One of its series has the grid of the masks.
    given : mapping of str to Volume
        The masks, and perhaps ``canal``.
    results : sequence of SeriesResult
        Tell the level, as `CanalLevels` says, and whether there is a lesion; without any the site has no level.
    clinical : Clinical
        Whether a bone metastasis is established.
    by_network : bool
        Whether a network drew the masks.
    anchor : (Level, (3,) ndarray), optional
        A known level and a point of it, world mm.

    Raises
    ------
    StudyError
        If the masks contradict one another.
    """
    series = series_of_masks(study, given["sac"])
    masks = _masks_on(series, given, by_network)
    axis = stack_axis(masks.cord if masks.cord.array.any() else masks.sac)
    if series.role != AXIAL_ROLE:
        detail = f"a grade is read on axial T2; the masks of the canal lie on a series of the role {series.role}"
        absent = NotAssessed(Reason.MISSING_SEQUENCE, detail)
        return CanalResult(series, masks, absent, axis, (dict.fromkeys(EPIDURAL, absent),))
    return _graded(masks, axis, CanalLevels(series, results, anchor), established(clinical, results))


def _masks_on(series: Series, given: Mapping[str, Volume], by_network: bool) -> EsccMasks:
    """What a grade is read from on a series, its signal and the bony canal where they are there."""
    t2 = series.volume if series.role == AXIAL_ROLE else None
    return EsccMasks(given["cord"], given["sac"], given["epidural"], t2, given_on(series, given, "canal"), by_network)


def _graded(masks: EsccMasks, axis: int, levels: CanalLevels, bone_metastasis: str) -> CanalResult:
    """The sites of an axial T2, each with the level that vertebrae in the same coordinates tell."""
    require_usable(masks)
    inside = masks.sac.with_array((masks.sac.array > 0) | (masks.cord.array > 0))
    zones = escc_zones(masks)
    sites, signs = [], []
    drawings: dict[int, SliceDrawing] = {}
    for zone in zones or (None,):
        own = replace(masks, epidural=_within(masks.epidural, axis, zone))
        about = levels.at(inside, axis, _most_tumour(own.epidural, axis))
        level = about.level if isinstance(about, SliceLevel) else None
        answer = assess_escc(masks, level=level, bone_metastasis=bone_metastasis, zone=zone)
        drawings |= escc_drawings(masks, level, zone) if answer["slices"] else {}
        named = levels.at(inside, axis, answer["slice"])
        sites.append(answer | _of_series(levels.series) | _told(named, answer["flags"]))
        front = named.front if isinstance(named, SliceLevel) else None
        signs.append(epidural_signs(own, TO_FRONT if front is None else front))
    result = CanalResult(
        levels.series, masks, tuple(sites), axis, tuple(signs), levels.seen(inside), (), drawings, zones
    )
    return worst_site_first(result)


def _within(tumour: Volume, axis: int, zone: frozenset[int] | None) -> Volume:
    """A mask with nothing beyond the slices of a zone."""
    if zone is None:
        return tumour
    kept = np.isin(np.arange(tumour.shape[axis]), list(zone))
    shape = [1, 1, 1]
    shape[axis] = len(kept)
    return tumour.with_array(np.where(kept.reshape(shape), tumour.array, 0))


def _of_series(series: Series) -> dict[str, Any]:
    return {"series": series.name} | ({"series_uid": series.uid} if series.uid else {})


def worst_site_first(canal: CanalResult) -> CanalResult:
    """The same with its sites in the order of the report; see `severity`."""
    if not canal.zones or isinstance(canal.section, NotAssessed):
        return canal
    order = sorted(range(len(canal.section)), key=lambda n: severity(canal.section[n]), reverse=True)
    section, signs = tuple(canal.section[n] for n in order), tuple(canal.signs[n] for n in order)
    return replace(canal, section=section, signs=signs, zones=tuple(canal.zones[n] for n in order))


def severity(site: Mapping[str, Any]) -> tuple[int, int, int]:
    """What sites are ordered by: grades 1a to 3, then suspicion and what has no grade, grade 0 last.

    What could not be graded stands before what shows nothing, so that it is not taken for clear as well.
    """
    ranks = [Grade(one).rank for one in site["possible_grades"]]
    if site["grade"] not in (None, Grade.G0.value):
        return (3, Grade(site["grade"]).rank, max(ranks))
    if site["sac_deformed"] or SUSPECTED in site["flags"] or any(ranks):
        return (2, 0, max(ranks, default=0))
    return (1 if site["grade"] is None else 0, 0, 0)


def _told(named: SliceLevel | NotAssessed, flags: list[str]) -> dict[str, Any]:
    """The level of a site with the series that names it, or why nothing does."""
    if isinstance(named, NotAssessed):
        return {"level": None, "level_unknown": named.detail}
    flags = [*flags, AMBIGUOUS] if named.is_ambiguous else flags
    return {"level": str(named.level), "level_by": named.named_by, "flags": flags}


def established(clinical: Clinical, results: Sequence[SeriesResult]) -> str:
    """Whether a bone metastasis is established: said so, or a lesion was found on some series."""
    known = [own.lesions for result in results for own in result.findings.vertebrae]
    found = any(own for own in known if isinstance(own, tuple))
    return "yes" if clinical.bone_metastasis == "unknown" and found else clinical.bone_metastasis


def _most_tumour(tumour: Volume, axis: int) -> int:
    """The slice with the largest area of tumour, to tell about where healthy people stand in for other slices."""
    return int((np.moveaxis(tumour.array, axis, 0) > 0).sum(axis=(1, 2)).argmax())
