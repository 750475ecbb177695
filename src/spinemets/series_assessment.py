"""One image series: its spine found or taken from a mask, and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
MARROW_ROLES = ("t1", "t2", "stir", "dwi_b0", "dwi_high", "adc", "in_phase", "out_phase", "water", "fat", "t1_gd")
"""Roles that marrow is measured on, under masks of another series of the same examination."""
ONE_EXAMINATION = "same_coordinates_assumed"
"""Flag where no file states a frame of reference and MR series are taken for those of one examination."""


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
    anchor: tuple[Level, np.ndarray] | None,
    progress: Progress | None,
) -> SeriesResult:
    """What the networks find on a series that no vertebra mask is given for.

    Raises
    ------
    StudyError
        If there is no spine.
    """
    found: SpineSegmentation = segment_spine(
        series.volume, models or SpineModels.load(), anchor=anchor, report=progress
    )
    own = given.get("subregions")
    subregions = own if own is not None and lies_on(series, own) else found.subregions
    findings = unmeasured(found.spine, UNMEASURED)
    return SeriesResult(series, found.vertebrae, subregions, found.spine, findings, found.seconds)


def series_from_masks(
    series: Series, given: Mapping[str, Volume], clinical: Clinical, sequences: Mapping[str, Volume] | None = None
) -> SeriesResult:
    """What the masks say, without a network; ``vertebrae`` must be among them.

    Parameters
    ----------
    series : Series
        On whose grid the masks lie.
    given : mapping of str to Volume
        The masks by name.
    clinical : Clinical
        What the images cannot show.
    sequences : mapping of str to Volume, optional
        MR series by role, in the same world coordinates.

    Raises
    ------
    GeometryMismatchError
        If a mask of the spine lies on another grid.
    """
    vertebrae = _given(series, given, "vertebrae")
    assert vertebrae is not None
    subregions, spine = _given(series, given, "subregions"), spine_from_mask(vertebrae)
    findings = _measured(series, given, vertebrae, subregions, spine, clinical, sequences or {})
    return SeriesResult(series, vertebrae, subregions, spine, findings)


def _measured(
    series: Series,
    given: Mapping[str, Volume],
    vertebrae: Volume,
    subregions: Volume | None,
    spine: Spine,
    clinical: Clinical,
    sequences: Mapping[str, Volume],
) -> SpineAssessment:
    lesions = given.get("lesions")
    if lesions is not None and not lies_on(series, lesions):
        lesions = None  # it belongs to another series of the study
    ct = series.volume if series.role in SEGMENTED_ROLES else None
    found = assess_vertebrae(
        spine,
        vertebrae,
        subregions,
        lesions=lesions,
        ct=ct,
        sequences=sequences,
        pain=clinical.pain,
        treated=clinical.treated,
    )
    unstated = len(sequences) > 1 and all(one.frame_of_reference is None for one in sequences.values())
    return replace(found, flags=(*found.flags, ONE_EXAMINATION)) if unstated else found


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


def shares_world(home: Series, other: Series) -> bool:
    """Whether two series lie in the same world coordinates.

    By their frames of reference; where no file states one, MR series that were given together are taken for one
    examination, CT and MR never.
    """
    frames = (home.volume.frame_of_reference, other.volume.frame_of_reference)
    if home is other:
        return True
    if frames == (None, None):
        return home.role in MARROW_ROLES and other.role in MARROW_ROLES
    return frames[0] == frames[1]
