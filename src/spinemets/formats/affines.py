"""Affines as file formats state them, and what one must satisfy to be believed.

DICOM, MHA and NRRD place voxels in LPS+ (x to the patient's left, y to the back);
NIfTI and everything of ours is RAS+.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinemets.errors import StudyError

MIN_SPACING_MM = 0.05
"""Finest believable distance between voxels; finer is a unit mistaken (metres, micrometres)."""

MAX_SPACING_MM = 20.0
"""Coarsest believable distance; a vertebral body is 15 to 30 mm high."""

MIN_RELATIVE_VOLUME = 0.05
"""Volume of a voxel over the product of its edges: 1 when square, 0.87 at 30 degrees of gantry tilt, 0 when flat."""


def lps_to_ras(affine: ArrayLike) -> NDArray[np.float64]:
    """(4, 4) affine into RAS+ millimetres from one into LPS+ millimetres; its own inverse."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(affine, dtype=np.float64)


def require_plausible_spacing(spacing_mm: ArrayLike, name: str) -> None:
    """Raise `StudyError` unless every spacing is from `MIN_SPACING_MM` to `MAX_SPACING_MM`."""
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if not (np.isfinite(spacing) & (spacing >= MIN_SPACING_MM) & (spacing <= MAX_SPACING_MM)).all():
        stated = " x ".join(f"{value:.4g}" for value in spacing)
        raise StudyError(
            f"{name}: voxel spacing {stated} mm is not believable, it must be from {MIN_SPACING_MM} to "
            f"{MAX_SPACING_MM:g} mm; correct the header"
        )


def require_plausible_affine(affine: NDArray[np.float64], name: str) -> None:
    """Raise `StudyError` unless `affine` is finite, believably spaced and spans three dimensions."""
    if not np.isfinite(affine).all():
        raise StudyError(f"{name}: the affine holds NaN or infinity; correct the header")
    with np.errstate(over="ignore"):
        spacing_mm = np.linalg.norm(affine[:3, :3], axis=0)
    require_plausible_spacing(spacing_mm, name)
    relative_volume = abs(np.linalg.det(affine[:3, :3])) / float(np.prod(spacing_mm))
    if relative_volume < MIN_RELATIVE_VOLUME:
        raise StudyError(
            f"{name}: the affine is singular, its voxel axes span {relative_volume:.2g} of a voxel's volume "
            f"and at least {MIN_RELATIVE_VOLUME} is needed; correct the header"
        )
