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
_LAST_FORM_CODE = 5  # scanner, aligned, Talairach, MNI, template; anything beyond is damage
_UNIT_MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # xyzt_units: metre, millimetre, micrometre; 0, unknown, is taken as mm


def _opened(path: Path) -> Any:
    return gzip.open(path, "rb") if _is_gzipped(path) else path.open("rb")


def _is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _raw_header(path: Path) -> Any:
    """The nibabel header object of `path` with nothing put right in it."""
    from nibabel import nifti1, nifti2

    try:
        with _opened(path) as stream:
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


def _offset(header: Any) -> int:
    """First byte of the voxels; writers that leave it 0 mean the end of the header."""
    end = int(header["sizeof_hdr"]) + 4
    stated = float(header["vox_offset"])
    return max(int(stated), end) if math.isfinite(stated) else end


def _require_whole(path: Path, header: Any, shape: tuple[int, int, int]) -> None:
    """Raise `StudyError` if the file is too short for the voxels that its header announces."""
    needed = math.prod(shape) * int(header["bitpix"]) // 8
    size = path.stat().st_size
    held = size * _GZIP_MAX_RATIO if _is_gzipped(path) else size - _offset(header)
    if held < needed:
        raise StudyError(
            f"{path.name}: the file is truncated, its header announces {needed} bytes of voxels and at most "
            f"{max(held, 0)} are there; copy it again"
        )


def _is_coded(header: Any, field: str) -> bool:
    return 1 <= int(header[field]) <= _LAST_FORM_CODE


def _unit_mm(header: Any) -> float:
    return _UNIT_MM.get(int(header["xyzt_units"]) & 7, 1.0)


def _affine(header: Any, name: str) -> NDArray[np.float64]:
    """Voxel to RAS+ millimetres: the sform where it has a code, else the qform."""
    if not _is_coded(header, "sform_code") and not _is_coded(header, "qform_code"):
        raise StudyError(
            f"{name}: neither sform nor qform has a code, so left and right are unknown; write the orientation"
        )
    try:
        form = header.get_sform() if _is_coded(header, "sform_code") else header.get_qform()
        affine = np.array(form, dtype=np.float64)
    except ValueError as error:
        raise StudyError(f"{name}: the qform is not a rotation; correct the header") from error
    affine[:3] *= _unit_mm(header)
    require_plausible_affine(affine, name)
    return affine


def _flags(header: Any, shape: tuple[int, int, int]) -> tuple[str, ...]:
    """``sform_qform_disagree`` if both are coded and place a corner differently, or the qform is no rotation."""
    if not _is_coded(header, "sform_code") or not _is_coded(header, "qform_code"):
        return ()
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(3, -1)
    try:
        difference = (header.get_sform() - header.get_qform()).astype(np.float64)[:3] * _unit_mm(header)
    except ValueError:
        return ("sform_qform_disagree",)
    apart_mm = np.linalg.norm(difference @ np.vstack([corners, np.ones(8)]), axis=0).max()
    return ("sform_qform_disagree",) if apart_mm > FORMS_AGREE_MM else ()


def _voxels(path: Path, header: Any, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    stored = np.empty(math.prod(shape), dtype)
    waiting = stored.data.cast("B")
    try:
        with _opened(path) as stream:
            stream.seek(_offset(header))
            while waiting and (count := stream.readinto(waiting)):
                waiting = waiting[count:]
    except (OSError, EOFError, zlib.error) as error:
        raise StudyError(f"{path.name}: the file is truncated or damaged; copy it again") from error
    if waiting:
        raise StudyError(f"{path.name}: the file is truncated, {len(waiting)} bytes are missing; copy it again")
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not math.isfinite(slope) or slope == 0:  # the standard's way of saying that there is no scaling
        slope, intercept = 1.0, 0.0
    if not math.isfinite(intercept):
        raise StudyError(f"{path.name}: the header scales by {slope:g} and shifts by {intercept}; correct the header")
    return rescaled(stored.reshape(shape, order="F"), slope, intercept)


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
    require_plausible_spacing(header["pixdim"][1:4].astype(np.float64) * _unit_mm(header), name)
    affine = _affine(header, name)
    _require_whole(path, header, shape)
    array = _voxels(path, header, shape, dtype)
    require_finite(array, name)
    return Volume(array, affine), _flags(header, shape)
