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
"""Roles in HU, whose vertebrae the CT networks outline and whose bone is measured."""
OUTLINED_MR_ROLES = ("t1", "t2", "in_phase", "water", "stir", "t1_gd", "t1_fs", "out_phase", "fat")
"""Roles of MR that a network outlines vertebrae on, where one is shipped; of those in the same coordinates the first
here (ours: bright marrow in a dark cortex first, and what suppresses either last)."""
THIN_MM = 2.0
"""Slices up to so far apart show processes as well as bodies: such a stack goes before a thicker one of any role, and
need not be sagittal (ours)."""
LARGEST_SLICE_MM, LARGEST_PIXEL_MM = 6.0, 2.5
"""Coarser stacks are not outlined (ours)."""
LARGEST_TILT = np.cos(np.radians(45.0))
"""Slices tilted more from the sagittal plane are no sagittal ones."""
LARGEST_FIELD_L = 60.0
"""Larger fields of view are not outlined (ours: no coarse pass narrows them down, and memory grows with them; a
sagittal stack of a whole spine shows half of that at most)."""
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


def given_on(series: Series, given: Mapping[str, Volume], name: str) -> Volume | None:
    """A mask that was given, if it belongs to this series and not to another of the study."""
    mask = given.get(name)
    return mask if mask is not None and lies_on(series, mask) else None


def required_on(series: Series, given: Mapping[str, Volume], name: str) -> Volume | None:
    """A mask that was given, if any; raise `GeometryMismatchError` unless it belongs to this series."""
    if name in given:
        require_same_grid(series.volume, given[name], mask_name=f"the {name} mask")
    return given.get(name)


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


def why_not_outlined(series: Series) -> NotAssessed | None:
    """Why no network outlines vertebrae on an MR of `OUTLINED_MR_ROLES`; None where one may be asked."""
    volume = series.volume
    spacing = volume.spacing_mm
    axis = int(np.argmax(spacing))
    slice_mm, pixel_mm = float(spacing[axis]), float(np.delete(spacing, axis).max())
    first, second = np.delete(volume.affine[:3, :3] / spacing, axis, axis=1).T
    normal = np.cross(first, second)
    if slice_mm > THIN_MM and abs(float(normal[0])) < LARGEST_TILT * np.linalg.norm(normal):
        detail = f"vertebrae are outlined on sagittal MR, and its slices, {slice_mm:.1f} mm apart, are not sagittal"
        return NotAssessed(Reason.MISSING_SEQUENCE, detail)
    if slice_mm > LARGEST_SLICE_MM or pixel_mm > LARGEST_PIXEL_MM:
        limits = f"up to {LARGEST_SLICE_MM:g} mm apart with pixels up to {LARGEST_PIXEL_MM:g} mm are outlined"
        return NotAssessed(Reason.RESOLUTION, f"slices {limits}, these are {slice_mm:.1f} and {pixel_mm:.1f} mm")
    field_l = volume.array.size * volume.voxel_volume_mm3 / 1e6
    if field_l > LARGEST_FIELD_L:
        limit = f"at most {LARGEST_FIELD_L:g} l are looked at; cut it to the spine"
        return NotAssessed(Reason.RESOLUTION, f"its field of view holds {field_l:.0f} l, {limit}")
    return None


def by_preference(some: Sequence[Series], given: Sequence[Volume] = ()) -> list[Series]:
    """MR series of `OUTLINED_MR_ROLES`, the one whose vertebrae a network shall outline first.

    The one that a mask was given for; one with thin slices; by role; the one with finer slices.
    """

    def rank(series: Series) -> tuple[bool, bool, int, float]:
        slice_mm = float(series.volume.spacing_mm.max())
        has_mask = any(lies_on(series, mask) for mask in given)
        return not has_mask, slice_mm > THIN_MM, OUTLINED_MR_ROLES.index(series.role), slice_mm

    return sorted(some, key=rank)


def why_left_out(series: Series, home: Series | None) -> str:
    """Why a series that no network segments and that lies beside no mask is not used."""
    if home is not None and series.role in (*MARROW_ROLES, *BESIDE_CT_ROLES):
        return f"it is not stated to lie in the same coordinates as {home.name}, to which the vertebra mask belongs"
    return f"no network of this version reads the role {series.role}"
