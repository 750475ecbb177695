"""Images and masks with their place in the patient.

Arrays are indexed ``(I, J, K)`` in stored order, whatever that order is. `affine`
takes voxel indices to world millimetres. The world is RAS+: x grows to the patient's
right, y to the front (anterior), z to the head (superior).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import GeometryMismatchError, StudyError

ROLES = (
    "ct",
    "t1",
    "t2",
    "stir",
    "dwi_b0",
    "dwi_high",
    "adc",
    "in_phase",
    "out_phase",
    "water",
    "fat",
    "t1_gd",
    "t1_fs",
    "t2_axial",
    "prior_ct",
    "prior_adc",
    "pet",
    "spect",
    "ct_myelogram",
)
"""What a series can be to us; anything else is listed in the report and left out."""

SAME_POINT_MM = 0.01
"""Two grids are one grid if no corner is further apart than this."""


@dataclass(frozen=True)
class Volume:
    """A scalar image, or a mask of integer labels, on a regular grid.

    Attributes
    ----------
    array : (I, J, K) ndarray
        Voxel values in stored order: HU for CT, SUV for PET, arbitrary signal for MR, labels for masks.
    affine : (4, 4) ndarray of float64
        From voxel index (centre of voxel) to world RAS+ millimetres.
    frame_of_reference : str or None
        DICOM Frame of Reference UID. None where the format has none (NIfTI): such a
        volume is compared by its grid alone.
    """

    array: NDArray[Any]
    affine: NDArray[np.float64]
    frame_of_reference: str | None = None

    def __post_init__(self) -> None:
        if self.array.ndim != 3:
            raise StudyError(f"expected a 3-D volume, got {self.array.ndim} dimensions {self.array.shape}")
        affine = np.asarray(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise StudyError("the affine must be a finite 4x4 matrix")
        if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise StudyError("the affine is singular: a voxel axis has no length or two are parallel")
        object.__setattr__(self, "affine", affine)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along I, J, K."""
        i, j, k = self.array.shape
        return i, j, k

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """(3,) distance between voxel centres along I, J, K, mm."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel, mm³."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    def world(self, index: Any) -> NDArray[np.float64]:
        """(N, 3) or (3,) voxel indices to world RAS+ millimetres of the same shape."""
        index = np.asarray(index, dtype=np.float64)
        return index @ self.affine[:3, :3].T + self.affine[:3, 3]

    def index(self, world_mm: Any) -> NDArray[np.float64]:
        """(N, 3) or (3,) world RAS+ millimetres to fractional voxel indices of the same shape."""
        world_mm = np.asarray(world_mm, dtype=np.float64)
        return (world_mm - self.affine[:3, 3]) @ np.linalg.inv(self.affine[:3, :3]).T

    def with_array(self, array: NDArray[Any]) -> Volume:
        """The same grid with other values; `array` must have this shape."""
        if array.shape != self.array.shape:
            raise GeometryMismatchError(f"array of shape {array.shape} on a grid of shape {self.array.shape}")
        return replace(self, array=array)


@dataclass(frozen=True)
class Series:
    """One image series of a study, and where it came from.

    Attributes
    ----------
    role : str
        One of `ROLES`.
    volume : Volume
        The image.
    name : str
        File name or series description, for the report. Carries no patient identifier.
    uid : str or None
        DICOM Series Instance UID.
    instances : tuple of Path
        The DICOM files in the order of `volume` axis K; one file for an enhanced
        (multi-frame) image; empty for other formats.
    acquisition : mapping
        Attributes that the report shows (modality, manufacturer's kernel, echo time …).
    flags : tuple of str
        Anything that was put right or is doubtful, e.g. ``gantry_tilt``.
    """

    role: str
    volume: Volume
    name: str = ""
    uid: str | None = None
    instances: tuple[Path, ...] = ()
    acquisition: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise StudyError(f"unknown role '{self.role}'; it must be one of {', '.join(ROLES)}")


@dataclass(frozen=True)
class LeftOut:
    """A series that was found and not used, with the reason."""

    name: str
    reason: str
    uid: str | None = None


@dataclass(frozen=True)
class Study:
    """All that is known of one patient: the series that are used and those that are not."""

    series: tuple[Series, ...]
    left_out: tuple[LeftOut, ...] = ()
    is_dicom: bool = False

    def first(self, role: str) -> Series | None:
        """The first series of `role`, or None."""
        return next((series for series in self.series if series.role == role), None)


def require_same_grid(image: Volume, mask: Volume, *, mask_name: str = "mask") -> None:
    """Raise `GeometryMismatchError` unless both volumes sample the same points.

    Frames of reference are compared only where both state one. Grids are the same when
    they have the same shape and no corner is more than `SAME_POINT_MM` apart.
    """
    if image.shape != mask.shape:
        raise GeometryMismatchError(
            f"{mask_name} has shape {mask.shape}, image has {image.shape}; resample the mask to the image first"
        )
    frames = image.frame_of_reference, mask.frame_of_reference
    if None not in frames and frames[0] != frames[1]:
        raise GeometryMismatchError(
            f"{mask_name} is in frame of reference {frames[1]}, image in {frames[0]}; "
            "register the mask to the image first"
        )
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in image.shape])).reshape(3, -1).T
    apart_mm = float(np.abs(image.world(corners) - mask.world(corners)).max())
    if apart_mm > SAME_POINT_MM:
        raise GeometryMismatchError(
            f"{mask_name} lies on another grid: corners are up to {apart_mm:.3g} mm from those of the image; "
            "resample the mask to the image first"
        )
