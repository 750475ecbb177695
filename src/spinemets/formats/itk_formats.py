"""MHA, MHD and NRRD files to volumes, through SimpleITK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spinemets.errors import StudyError
from spinemets.formats.affines import lps_to_ras, require_plausible_affine, require_plausible_spacing
from spinemets.formats.itk_header import META_SUFFIXES, NRRD_SUFFIXES, read_itk_header
from spinemets.formats.memory import require_fits_memory, require_three_dimensions
from spinemets.formats.values import narrowed, require_finite
from spinemets.volume import Volume

ITK_SUFFIXES = META_SUFFIXES + NRRD_SUFFIXES

_LARGEST_VOXEL_BYTES = 8


def read_itk(path: Path) -> Volume:
    """The volume in an ``.mha``, ``.mhd`` or ``.nrrd`` file, turned from LPS to RAS.

    Raises
    ------
    StudyError
        If the file is truncated, not a 3-D scalar volume, has an unbelievable spacing, no
        orientation or a singular one, is larger than the memory, or holds NaN.
    """
    _require_sound_header(path)
    import SimpleITK as sitk

    try:
        image: Any = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise StudyError(f"{path.name}: the file is truncated or damaged; copy it again") from error
    if image.GetNumberOfComponentsPerPixel() != 1:
        count = image.GetNumberOfComponentsPerPixel()
        raise StudyError(f"{path.name}: {count} values per voxel, one is needed; a colour image is not assessed")
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    array = narrowed(sitk.GetArrayFromImage(image).transpose(2, 1, 0))
    require_finite(array, path.name)
    return Volume(array, lps_to_ras(affine))


def _require_sound_header(path: Path) -> None:
    header = read_itk_header(path)
    shape = require_three_dimensions(header.shape, path.name)
    require_fits_memory(shape, _LARGEST_VOXEL_BYTES, path.name)
    if header.spacing_mm:
        require_plausible_spacing(header.spacing_mm, path.name)
    if header.steps_mm is None:
        raise StudyError(f"{path.name}: the header gives no orientation in the patient; write it in LPS or RAS")
    affine = np.eye(4)
    affine[:3, :3] = header.steps_mm
    require_plausible_affine(affine, path.name)
    if header.missing_bytes:
        raise StudyError(f"{path.name}: the file is truncated, {header.missing_bytes} bytes are missing; copy it again")
