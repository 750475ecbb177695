"""One image series: its spine found or taken from a mask, and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError
from spinemets.findings import NotAssessed, Reason
from spinemets.inference.segment import SpineModels, SpineSegmentation, segment_spine
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.spine import Spine
from spinemets.vertebra_assessment import SpineAssessment, assess_vertebrae, unmeasured
from spinemets.volume import Series, Volume, require_same_grid

Pain = Literal["mechanical", "occasional", "none", "unknown"]
Answer = Literal["yes", "no", "unknown"]
Malignancy = Literal["known", "suspected", "no", "unknown"]
Progress = Callable[[str, float], None]

UNMEASURED = NotAssessed(
    Reason.NOT_TRAINED_FOR,
    "this network outlines vertebrae too coarsely to be measured on; give a checked mask with --vertebrae",
)
"""Stands for heights, lesions and scores where no vertebra mask was given: a wrong outline makes a false fracture."""
SEGMENTED_ROLES = ("ct",)
"""Roles that a shipped network segments."""


@dataclass(frozen=True)
class Clinical:
    """What an image cannot show and somebody has to say; unknown is the default of everything.

    Attributes
    ----------
    pain : str
        ``mechanical``, ``occasional``, ``none`` or ``unknown``.
    pain_by : str or None
        Who said so, and when.
    treated, bone_metastasis : str
        ``yes``, ``no`` or ``unknown``.
    malignancy : str
        ``known``, ``suspected``, ``no`` or ``unknown``.
    """

    pain: Pain = "unknown"
    pain_by: str | None = None
    treated: Answer = "unknown"
    malignancy: Malignancy = "unknown"
    bone_metastasis: Answer = "unknown"

    @property
    def flags(self) -> list[str]:
        """``pain_source_not_stated`` where pain was given without its source."""
        return ["pain_source_not_stated"] if self.pain != "unknown" and not self.pain_by else []


@dataclass(frozen=True)
class SeriesResult:
    """What was found on one series.

    Attributes
    ----------
    series : Series
        The image.
    vertebrae : Volume
        VerSe ids on its grid.
    subregions : Volume or None
        `Subregion` labels on its grid.
    spine : Spine
        The vertebrae.
    findings : SpineAssessment
        What was measured and scored at each.
    seconds : mapping
        Time that each stage took; empty for a mask that was given.
    """

    series: Series
    vertebrae: Volume
    subregions: Volume | None
    spine: Spine
    findings: SpineAssessment
    seconds: Mapping[str, float] = field(default_factory=dict)


def examine_series(
    series: Series,
    given: Mapping[str, Volume],
    models: SpineModels | None,
    clinical: Clinical,
    anchor: tuple[Level, np.ndarray] | None,
    progress: Progress | None,
) -> SeriesResult:
    """What the networks, or the masks that replace them, find on a series, with its measurements.

    Raises
    ------
    StudyError
        If there is no spine, or a mask lies on another grid.
    """
    if "vertebrae" in given:
        return series_from_masks(series, given, clinical)
    found: SpineSegmentation = segment_spine(
        series.volume, models or SpineModels.load(), anchor=anchor, report=progress
    )
    subregions = _given(series, given, "subregions") or found.subregions
    findings = unmeasured(found.spine, UNMEASURED)
    return SeriesResult(series, found.vertebrae, subregions, found.spine, findings, found.seconds)


def series_from_masks(series: Series, given: Mapping[str, Volume], clinical: Clinical) -> SeriesResult:
    """What the masks say, without a network; ``vertebrae`` must be among them."""
    vertebrae = _given(series, given, "vertebrae")
    assert vertebrae is not None
    subregions, spine = _given(series, given, "subregions"), spine_from_mask(vertebrae)
    findings = _measured(series, given, vertebrae, subregions, spine, clinical)
    return SeriesResult(series, vertebrae, subregions, spine, findings)


def _measured(
    series: Series,
    given: Mapping[str, Volume],
    vertebrae: Volume,
    subregions: Volume | None,
    spine: Spine,
    clinical: Clinical,
) -> SpineAssessment:
    lesions = given.get("lesions")
    if lesions is not None and not lies_on(series, lesions):
        lesions = None  # it belongs to another series of the study
    ct = series.volume if series.role in SEGMENTED_ROLES else None
    return assess_vertebrae(
        spine, vertebrae, subregions, lesions=lesions, ct=ct, pain=clinical.pain, treated=clinical.treated
    )


def _given(series: Series, given: Mapping[str, Volume], name: str) -> Volume | None:
    if name not in given:
        return None
    require_same_grid(series.volume, given[name], mask_name=f"the {name} mask")
    return given[name]


def lies_on(series: Series, mask: Volume) -> bool:
    """Whether a mask lies on the grid of a series."""
    try:
        require_same_grid(series.volume, mask)
    except GeometryMismatchError:
        return False
    return True
