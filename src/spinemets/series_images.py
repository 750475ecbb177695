"""What each series of a study is used for: segmented, measured under the masks of another, or compared with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spinemets.errors import GeometryMismatchError
from spinemets.findings import NotAssessed, Reason
from spinemets.formats.dicom_suv import NO_SUV
from spinemets.spine_signs import SpineImages
from spinemets.volume import Series, Study, Volume, require_same_grid

SEGMENTED_ROLES = ("ct",)
"""Roles that a shipped network segments."""
MARROW_ROLES = (
    "t1", "t2", "stir", "dwi_b0", "dwi_high", "adc", "in_phase", "out_phase", "water", "fat", "t1_gd", "t1_fs",
    "prior_adc",
)  # fmt: skip
"""Roles that marrow is measured on, under masks of another series in the same coordinates."""
BESIDE_CT_ROLES = ("prior_ct", "pet", "spect", "ct_myelogram")
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


def spine_images(every: Sequence[Series]) -> SpineImages:
    """Series by what they are used for; the first is that of the masks."""
    by_role = {one.role: one for one in reversed(every)}
    return SpineImages(
        ct=every[0].volume if every[0].role in SEGMENTED_ROLES else None,
        mr={role: one.volume for role, one in by_role.items() if role in MARROW_ROLES},
        prior_ct=by_role["prior_ct"].volume if "prior_ct" in by_role else None,
        pet=_suv(by_role["pet"]) if "pet" in by_role else None,
        spect=by_role["spect"].volume if "spect" in by_role else None,
        myelogram=by_role["ct_myelogram"].volume if "ct_myelogram" in by_role else None,
    )


def image_flags(every: Sequence[Series]) -> tuple[str, ...]:
    """What was taken for granted of series that are measured together."""
    flags = []
    if len(every) > 1 and all(one.volume.frame_of_reference is None for one in every):
        flags.append(ONE_EXAMINATION)
    if any(one.role == "pet" and not one.instances for one in every):
        flags.append(TAKEN_AS_SUV)
    return tuple(flags)


def _suv(pet: Series) -> Volume | NotAssessed:
    """A PET in SUV, or why it is none."""
    if NO_SUV in pet.flags or float(np.percentile(pet.volume.array, 99.9)) > LARGEST_SUV:
        return UNKNOWN_UPTAKE
    return pet.volume


def shares_world(home: Series, other: Series) -> bool:
    """Whether two series lie in the same world coordinates.

    By their frames of reference; where no file states one, MR series that were given together are taken for one
    examination, and so are a CT with an earlier one, a PET and a SPECT, CT and MR never.
    """
    frames = (home.volume.frame_of_reference, other.volume.frame_of_reference)
    if home is other:
        return True
    if frames == (None, None):
        one_kind = home.role in MARROW_ROLES and other.role in MARROW_ROLES
        return one_kind or (home.role in SEGMENTED_ROLES and other.role in BESIDE_CT_ROLES)
    return frames[0] == frames[1]


def lies_on(series: Series, mask: Volume) -> bool:
    """Whether a mask lies on the grid of a series."""
    try:
        require_same_grid(series.volume, mask)
    except GeometryMismatchError:
        return False
    return True


def require_grid_of_some_series(study: Study, name: str, mask: Volume) -> None:
    """Raise `GeometryMismatchError` unless the mask lies on the grid of one of the series."""
    if not any(lies_on(series, mask) for series in study.series):
        require_same_grid(study.series[0].volume, mask, mask_name=f"the {name} mask")


def series_of_spine(study: Study, given: Mapping[str, Volume]) -> Series | None:
    """The series on whose grid the vertebra mask lies, CT before MR; None without a mask."""
    if "vertebrae" not in given:
        return None
    fitting = [series for series in study.series if lies_on(series, given["vertebrae"])]
    return min(fitting, key=lambda series: series.role not in SEGMENTED_ROLES)


def is_beside(series: Series, home: Series) -> bool:
    """Whether something is measured on a series under the masks of another."""
    roles = (*MARROW_ROLES, *(BESIDE_CT_ROLES if home.role in SEGMENTED_ROLES else ("pet", "spect")))
    return series is not home and series.role in roles and shares_world(home, series)


def why_left_out(series: Series, home: Series | None) -> str:
    """Why a series that no network segments and that lies beside no mask is not used."""
    if home is not None and series.role in (*MARROW_ROLES, *BESIDE_CT_ROLES):
        return f"it is not stated to lie in the same coordinates as {home.name}, to which the vertebra mask belongs"
    return f"no network of this version reads the role {series.role}"
