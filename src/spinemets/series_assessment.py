"""One image series: its spine found or taken from a mask, and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError
from spinemets.findings import NotAssessed, Reason
from spinemets.formats.dicom_suv import NO_SUV
from spinemets.inference.segment import SpineModels, SpineSegmentation, segment_spine
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.spine import Spine
from spinemets.spine_signs import SpineImages, Treatment
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
BESIDE_CT_ROLES = ("prior_ct", "pet")
"""Roles that are compared with a CT under its masks: registered to it, or taken on the same table."""
UNKNOWN_UPTAKE = NotAssessed(
    Reason.NO_REFERENCE, "the values of the PET are no SUV, and its files do not state weight, dose and times"
)
LARGEST_SUV = 100.0
"""A PET of which one voxel in a thousand has more is no image of SUV (ours; brain and bladder reach some tens)."""
TAKEN_AS_SUV = "pet_taken_as_suv"
"""Flag where the format of a PET does not state its unit."""
ONE_EXAMINATION = "same_coordinates_assumed"
"""Flag where no file states a frame of reference and series are taken for those of one examination."""


@dataclass(frozen=True)
class Clinical:
    """What an image cannot show and somebody has to say; unknown is the default of everything.

    Attributes
    ----------
    pain : str
        ``mechanical``, ``occasional``, ``none`` or ``unknown``.
    pain_by : str or None
        Who said so, and when.
    treated, bone_metastasis, partial_response : str
        ``yes``, ``no`` or ``unknown``.
    malignancy : str
        ``known``, ``suspected``, ``no`` or ``unknown``.
    """

    pain: Pain = "unknown"
    pain_by: str | None = None
    treated: Answer = "unknown"
    malignancy: Malignancy = "unknown"
    bone_metastasis: Answer = "unknown"
    partial_response: Answer = "unknown"

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
    series: Series, given: Mapping[str, Volume], clinical: Clinical, beside: Sequence[Series] = ()
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
    beside : sequence of Series
        Other series in the same world coordinates, one for each role.

    Raises
    ------
    GeometryMismatchError
        If a mask of the spine lies on another grid.
    """
    vertebrae = _given(series, given, "vertebrae")
    assert vertebrae is not None
    lesions = given.get("lesions")
    if lesions is not None and not lies_on(series, lesions):
        lesions = None  # it belongs to another series of the study
    subregions, spine = _given(series, given, "subregions"), spine_from_mask(vertebrae)
    every = [series, *beside]
    found = assess_vertebrae(
        spine,
        vertebrae,
        subregions,
        lesions=lesions,
        images=_images(every),
        pain=clinical.pain,
        treatment=Treatment(clinical.treated, clinical.partial_response),
    )
    if len(every) > 1 and all(one.volume.frame_of_reference is None for one in every):
        found = replace(found, flags=(*found.flags, ONE_EXAMINATION))
    if any(one.role == "pet" and not one.instances for one in beside):
        found = replace(found, flags=(*found.flags, TAKEN_AS_SUV))
    return SeriesResult(series, vertebrae, subregions, spine, found)


def _images(every: Sequence[Series]) -> SpineImages:
    """Series by what they are used for; the first is that of the masks."""
    by_role = {one.role: one for one in reversed(every)}
    return SpineImages(
        ct=every[0].volume if every[0].role in SEGMENTED_ROLES else None,
        mr={role: one.volume for role, one in by_role.items() if role in MARROW_ROLES},
        prior_ct=by_role["prior_ct"].volume if "prior_ct" in by_role else None,
        pet=_suv(by_role["pet"]) if "pet" in by_role else None,
    )


def _suv(pet: Series) -> Volume | NotAssessed:
    """A PET in SUV, or why it is none."""
    if NO_SUV in pet.flags or float(np.percentile(pet.volume.array, 99.9)) > LARGEST_SUV:
        return UNKNOWN_UPTAKE
    return pet.volume


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
    examination, and so are a CT with an earlier one and with a PET, CT and MR never.
    """
    frames = (home.volume.frame_of_reference, other.volume.frame_of_reference)
    if home is other:
        return True
    if frames == (None, None):
        one_kind = home.role in MARROW_ROLES and other.role in MARROW_ROLES
        return one_kind or (home.role in SEGMENTED_ROLES and other.role in BESIDE_CT_ROLES)
    return frames[0] == frames[1]
