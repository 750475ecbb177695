"""Epidural compression in a study: which series the masks lie on, its grade, and at which level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spinemets.anatomy import CanalLabel, Level
from spinemets.escc_assessment import EsccMasks, assess_escc
from spinemets.findings import NotAssessed, Reason, Section
from spinemets.measure.canal_slices import stack_axis
from spinemets.series_assessment import Clinical, SeriesResult, lies_on
from spinemets.spine import Spine
from spinemets.volume import Series, Study, Volume

AXIAL_ROLE = "t2_axial"
NEAR_MM = 30.0
"""A slice further than this from the centre of every vertebra is at no level that is known (ours)."""


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
    """

    series: Series
    masks: EsccMasks
    section: Section
    axis: int

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
            return NotAssessed(Reason.LEVEL_AMBIGUOUS, "no named vertebra lies near the graded slice")
        return site["level"]

    @property
    def labels(self) -> Volume:
        """`CanalLabel` values on the grid of the series."""
        labels = np.zeros(self.masks.sac.shape, np.uint8)
        labels[self.masks.epidural.array > 0] = CanalLabel.EPIDURAL_TUMOUR
        labels[self.masks.sac.array > 0] = CanalLabel.THECAL_SAC
        labels[self.masks.cord.array > 0] = CanalLabel.CORD
        return self.masks.sac.with_array(labels)


def assess_canal(study: Study, given: Mapping[str, Volume], spine: SeriesResult, clinical: Clinical) -> CanalResult:
    """The ESCC grade of the masks ``cord``, ``sac`` and ``epidural``, read on the series that they lie on.

    Parameters
    ----------
    study : Study
        One of its series has the grid of the masks.
    given : mapping of str to Volume
        The masks, and perhaps ``canal``.
    spine : SeriesResult
        Tells the level, where it shares a frame of reference with that series, and whether there is a lesion.
    clinical : Clinical
        Whether a bone metastasis is established.

    Raises
    ------
    StudyError
        If the masks contradict one another.
    """
    series = next(one for one in study.series if lies_on(one, given["sac"]))
    t2 = series.volume if series.role == AXIAL_ROLE else None
    masks = EsccMasks(given["cord"], given["sac"], given["epidural"], t2, given.get("canal"))
    axis = stack_axis(masks.cord if masks.cord.array.any() else masks.sac)
    if series.role != AXIAL_ROLE:
        detail = f"a grade is read on axial T2; the masks of the canal lie on a series of the role {series.role}"
        return CanalResult(series, masks, NotAssessed(Reason.MISSING_SEQUENCE, detail), axis)
    established = clinical.bone_metastasis
    if established == "unknown" and any(findings.lesions for findings in _with_lesions(spine)):
        established = "yes"
    answer = assess_escc(masks, bone_metastasis=established)
    if answer["slice"] is not None:
        level = _level_at(spine.spine, masks.sac, axis, answer["slice"], _shares_frame(series, spine.series))
        answer["level"] = None if level is None else str(level)
    return CanalResult(series, masks, (answer,), axis)


def _with_lesions(spine: SeriesResult) -> list[Any]:
    return [one for one in spine.findings.vertebrae if isinstance(one.lesions, tuple)]


def _shares_frame(series: Series, other: Series) -> bool:
    frames = series.volume.frame_of_reference, other.volume.frame_of_reference
    return series is other or (None not in frames and frames[0] == frames[1])


def _level_at(spine: Spine, sac: Volume, axis: int, number: int, same_frame: bool) -> Level | None:
    """The vertebra at the height of a slice of the sac, or None where that cannot be told."""
    if not same_frame:
        return None
    index = np.argwhere(sac.array > 0)
    here = index[index[:, axis] == number]
    if not len(here):
        return None
    middle = sac.world(here.mean(axis=0))
    nearest = min(spine.vertebrae, key=lambda vertebra: abs(float(vertebra.centroid_mm[2] - middle[2])))
    return nearest.level if abs(float(nearest.centroid_mm[2] - middle[2])) <= NEAR_MM else None
