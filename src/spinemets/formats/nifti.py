"""NIfTI-1 and NIfTI-2 files, bare or gzipped, to volumes.

The header is judged as it was written, before nibabel sees it: nibabel turns a spacing
of zero into 1 mm and allocates whatever the header claims.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import StudyError
from spinemets.formats.affines import require_plausible_affine, require_plausible_spacing
from spinemets.formats.memory import require_fits_memory, require_three_dimensions
from spinemets.formats.values import require_finite, rescaled
from spinemets.volume import Volume

NIFTI_SUFFIXES = (".nii", ".nii.gz")

FORMS_AGREE_MM = 1.0
"""sform and qform that place a corner further apart than this are flagged."""

_GZIP_MAX_RATIO = 1032  # what deflate can gain at most: a file that claims more is cut short
_UNIT_MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # xyzt_units: metre, millimetre, micrometre; 0, unknown, is taken as mm


def _raw_header(path: Path) -> Any:
    """The nibabel header object of `path` with nothing put right in it."""
    from nibabel import nifti1, nifti2

    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if gzipped else path.open("rb") as stream:
            block = stream.read(540)
    except (OSError, EOFError, zlib.error) as error:
        raise StudyError(f"{path.name}: the file cannot be read ({type(error).__name__}); copy it again") from error
    if len(block) < 348:
        raise StudyError(f"{path.name}: {len(block)} bytes are too few for a NIfTI header; the file is truncated")
    sizes = {int.from_bytes(block[:4], "little"), int.from_bytes(block[:4], "big")}
    if 540 in sizes and len(block) == 540:
        return _unchecked(nifti2.Nifti2Header, block)
    if 348 in sizes and block[344:347] in (b"n+1", b"ni1"):
        return _unchecked(nifti1.Nifti1Header, block[:348])
    raise StudyError(f"{path.name}: not a NIfTI file, whatever its name says; give NIfTI, MHA, NRRD or DICOM")


def _unchecked(header_class: Any, block: bytes) -> Any:
    return header_class(block, check=False)


def _stated_shape(header: Any, name: str) -> tuple[int, int, int]:
    dimensions = int(header["dim"][0])
    if not 1 <= dimensions <= 7:
        raise StudyError(f"{name}: the header states {dimensions} dimensions, 3 are needed; the header is damaged")
    return require_three_dimensions([int(n) for n in header["dim"][1 : dimensions + 1]], name)


def _require_whole(path: Path, header: Any, shape: tuple[int, int, int]) -> None:
    """Raise `StudyError` if the file is too short for the voxels that its header announces."""
    needed = math.prod(shape) * int(header["bitpix"]) // 8
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    size = path.stat().st_size
    held = size * _GZIP_MAX_RATIO if gzipped else size - int(header["vox_offset"])
    if held < needed:
        raise StudyError(
            f"{path.name}: the file is truncated, its header announces {needed} bytes of voxels and at most "
            f"{max(held, 0)} are there; copy it again"
        )


def _unit_mm(header: Any) -> float:
    return _UNIT_MM.get(int(header["xyzt_units"]) & 7, 1.0)


def _affine(header: Any, name: str) -> NDArray[np.float64]:
    """Voxel to RAS+ millimetres: the sform where it has a code, else the qform."""
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        raise StudyError(
            f"{name}: neither sform nor qform has a code, so left and right are unknown; write the orientation"
        )
    try:
        affine = np.array(header.get_best_affine(), dtype=np.float64)
    except ValueError as error:
        raise StudyError(f"{name}: the qform is not a rotation; correct the header") from error
    affine[:3] *= _unit_mm(header)
    require_plausible_affine(affine, name)
    return affine


def _doubts(header: Any, shape: tuple[int, int, int]) -> tuple[str, ...]:
    """``sform_qform_disagree`` if both are coded and place a corner differently, or the qform is no rotation."""
    if int(header["sform_code"]) == 0 or int(header["qform_code"]) == 0:
        return ()
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(3, -1)
    try:
        difference = (header.get_sform() - header.get_qform())[:3] * _unit_mm(header)
    except ValueError:
        return ("sform_qform_disagree",)
    apart_mm = np.linalg.norm(difference @ np.vstack([corners, np.ones(8)]), axis=0).max()
    return ("sform_qform_disagree",) if apart_mm > FORMS_AGREE_MM else ()


def _voxels(path: Path, name: str) -> NDArray[Any]:
    import nibabel

    try:
        image: Any = nibabel.load(path, mmap=False)
        proxy = image.dataobj
        stored = np.asarray(proxy.get_unscaled())
    except (OSError, EOFError, ValueError, zlib.error, nibabel.filebasedimages.ImageFileError) as error:
        raise StudyError(f"{name}: the file is truncated or damaged; copy it again") from error
    return rescaled(stored.reshape(stored.shape[:3]), float(proxy.slope), float(proxy.inter))


def read_nifti(path: Path) -> tuple[Volume, tuple[str, ...]]:
    """The volume in a NIfTI file, and flags on what is doubtful in its header.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``. Trailing axes of length 1 are dropped.

    Returns
    -------
    volume : Volume
        Array in stored order with the file's own scaling applied; no frame of reference.
    flags : tuple of str
        ``sform_qform_disagree`` (the sform is used).

    Raises
    ------
    StudyError
        If the file is truncated, not a 3-D scalar volume, has an unbelievable spacing, no
        orientation or a singular affine, is larger than the memory, or holds NaN.
    """
    name = path.name
    header = _raw_header(path)
    shape = _stated_shape(header, name)
    dtype = header.get_data_dtype() if int(header["datatype"]) in header._data_type_codes else np.dtype("V1")
    if dtype.kind not in "iuf":
        raise StudyError(f"{name}: voxels of data type {int(header['datatype'])}, integers or floats are needed")
    require_fits_memory(shape, max(dtype.itemsize, 4), name)
    require_plausible_spacing(header["pixdim"][1:4] * _unit_mm(header), name)
    affine = _affine(header, name)
    _require_whole(path, header, shape)
    array = _voxels(path, name)
    require_finite(array, name)
    return Volume(array, affine), _doubts(header, shape)
