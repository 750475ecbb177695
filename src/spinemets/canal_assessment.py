"""Epidural compression in a study: which series the masks lie on, its grade, and at which level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spinemets.anatomy import CanalLabel, Level
from spinemets.canal_levels import AMBIGUOUS, CanalLevels, SliceLevel
from spinemets.epidural_signs import EPIDURAL, epidural_signs
from spinemets.escc_assessment import EsccMasks, assess_escc, escc_drawings
from spinemets.findings import NotAssessed, Reason, Section, VertebraFindings
from spinemets.inference.card import ModelCard
from spinemets.measure.canal_slices import stack_axis
from spinemets.measure.compression_drawing import SliceDrawing
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
        The ESCC section of the report.
    axis : int
        Voxel axis that the slices lie across.
    signs : mapping of str
        What shape and place of the tumour say.
    seen : frozenset of Level
        Levels at whose height the sac was outlined; empty where that cannot be told.
    cards : tuple of ModelCard
        The network that made the masks, if one did.
    drawings : mapping of int to SliceDrawing
        Where each slice with tumour was measured.
    """

    series: Series
    masks: EsccMasks
    section: Section
    axis: int
    signs: Mapping[str, Any]
    seen: frozenset[Level] = frozenset()
    cards: tuple[ModelCard, ...] = ()
    drawings: Mapping[int, SliceDrawing] = field(default_factory=dict)

    @property
    def level(self) -> str | None:
        """The level of the site, where there is a site and its level is known."""
        return None if isinstance(self.section, NotAssessed) else self.section[0]["level"]

    @property
    def governing(self) -> Any:
        """The level of the site, or why there is none."""
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
        return CanalResult(series, masks, absent, axis, dict.fromkeys(EPIDURAL, absent))
    return _graded(masks, axis, CanalLevels(series, results), established(clinical, results))


def _masks_on(series: Series, given: Mapping[str, Volume], by_network: bool) -> EsccMasks:
    """What a grade is read from on a series, its signal and the bony canal where they are there."""
    t2 = series.volume if series.role == AXIAL_ROLE else None
    return EsccMasks(given["cord"], given["sac"], given["epidural"], t2, given_on(series, given, "canal"), by_network)


def _graded(masks: EsccMasks, axis: int, levels: CanalLevels, bone_metastasis: str) -> CanalResult:
    """The site of an axial T2, at the level that vertebrae in the same coordinates tell."""
    series, inside = levels.series, masks.sac.with_array((masks.sac.array > 0) | (masks.cord.array > 0))
    about = levels.at(inside, axis, _most_tumour(masks.epidural, axis))
    level = about.level if isinstance(about, SliceLevel) else None
    answer = assess_escc(masks, level=level, bone_metastasis=bone_metastasis)
    drawings = escc_drawings(masks, level) if answer["slices"] else {}
    answer |= {"series": series.name} | ({"series_uid": series.uid} if series.uid else {})
    named = levels.at(inside, axis, answer["slice"])
    answer |= _told(named, answer["flags"])
    front = named.front if isinstance(named, SliceLevel) else None
    signs = epidural_signs(masks, TO_FRONT if front is None else front)
    return CanalResult(series, masks, (answer,), axis, signs, levels.seen(inside), drawings=drawings)


def _told(named: SliceLevel | NotAssessed, flags: list[str]) -> dict[str, Any]:
    """The level of a site with the series that names it, or why nothing does."""
    if isinstance(named, NotAssessed):
        return {"level": None, "level_unknown": named.detail}
    flags = [*flags, AMBIGUOUS] if named.result.spine.level_ambiguous else flags
    return {"level": str(named.level), "level_by": named.result.series.name, "flags": flags}


def established(clinical: Clinical, results: Sequence[SeriesResult]) -> str:
    """Whether a bone metastasis is established: said so, or a lesion was found on some series."""
    known = [own.lesions for result in results for own in result.findings.vertebrae]
    found = any(own for own in known if isinstance(own, tuple))
    return "yes" if clinical.bone_metastasis == "unknown" and found else clinical.bone_metastasis


def with_canal_signs(
    findings: Sequence[VertebraFindings], canals: Sequence[CanalResult]
) -> tuple[VertebraFindings, ...]:
    """Findings with the signs of tumour in the canal at its level, and why there are none elsewhere.

    A level without other signs gets a table of its own only where the tumour is. Of two series with a site at one
    level the first one tells the signs.
    """
    result = []
    for one in findings:
        own = isinstance(one.signs, Mapping)
        at_tumour = next((canal for canal in canals if canal.level == str(one.level)), None)
        if own or at_tumour is not None:
            found = at_tumour.signs if at_tumour is not None else _without_tumour(one.level, canals)
            one = replace(one, signs={**(one.signs if own else {}), **found})
        result.append(one)
    return tuple(result)


def _without_tumour(level: Level, canals: Sequence[CanalResult]) -> Mapping[str, Any]:
    """What stands for the signs at a level where no tumour was measured in the canal.

    A series that shows the level tells it; without one, the first that says why it does not.
    """
    if not canals:
        reason = NotAssessed(Reason.MISSING_MASK, "there are no masks of cord, sac and tumour on an axial T2")
        return dict.fromkeys(EPIDURAL, reason)
    canal = next((one for one in canals if level in one.seen), canals[0])
    if isinstance(canal.section, NotAssessed):
        return canal.signs
    if not canal.seen:
        detail = "at which level the slices of the canal lie is not known"
        return dict.fromkeys(EPIDURAL, NotAssessed(Reason.LEVEL_AMBIGUOUS, detail))
    if level not in canal.seen:
        reason = NotAssessed(Reason.OUT_OF_FIELD, f"the canal was not outlined at {level}")
        return dict.fromkeys(EPIDURAL, reason)
    if canal.level is None:
        return canal.signs
    return dict.fromkeys(
        EPIDURAL, NotAssessed(Reason.OUT_OF_FIELD, f"the tumour in the canal was read at {canal.level} only")
    )


def _most_tumour(tumour: Volume, axis: int) -> int:
    """The slice with the largest area of tumour, to tell about where healthy people stand in for other slices."""
    return int((np.moveaxis(tumour.array, axis, 0) > 0).sum(axis=(1, 2)).argmax())
