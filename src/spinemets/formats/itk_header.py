"""The text headers of MHA, MHD and NRRD files, judged before SimpleITK allocates what they claim."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import StudyError

META_SUFFIXES = (".mha", ".mhd")
NRRD_SUFFIXES = (".nrrd",)

_MAX_HEADER_BYTES = 2**16
_NRRD_SPACES = ("left-posterior-superior", "lps", "right-anterior-superior", "ras")
_META_BYTES = {
    "MET_CHAR": 1,
    "MET_UCHAR": 1,
    "MET_SHORT": 2,
    "MET_USHORT": 2,
    "MET_INT": 4,
    "MET_UINT": 4,
    "MET_LONG": 4,
    "MET_ULONG": 4,
    "MET_LONG_LONG": 8,
    "MET_ULONG_LONG": 8,
    "MET_FLOAT": 4,
    "MET_DOUBLE": 8,
}


@dataclass(frozen=True)
class ItkHeader:
    """What a header says before it is believed.

    Attributes
    ----------
    shape : tuple of int
        Voxels per axis, of any length.
    steps_mm : (3, 3) ndarray or None
        Column n is the step along voxel axis n in the file's own world; None where the
        header gives no orientation. Meaningless unless `shape` has three axes.
    spacing_mm : tuple of float
        Distance between voxels per axis.
    missing_bytes : int
        Bytes of voxels that are announced and not in the file; 0 where that cannot be told.
    """

    shape: tuple[int, ...]
    steps_mm: NDArray[np.float64] | None
    spacing_mm: tuple[float, ...]
    missing_bytes: int


def read_itk_header(path: Path) -> ItkHeader:
    """The header of an ``.mha``, ``.mhd`` or ``.nrrd`` file, by its suffix."""
    with path.open("rb") as file:
        start = file.read(_MAX_HEADER_BYTES)
    try:
        return _meta(path, start) if path.suffix.lower() in META_SUFFIXES else _nrrd(path, start)
    except (KeyError, ValueError, IndexError, OSError) as error:
        kind = path.suffix.lower()[1:].upper()
        raise StudyError(f"{path.name}: the {kind} header is damaged or incomplete ({error})") from error


def _meta(path: Path, start: bytes) -> ItkHeader:
    fields: dict[str, str] = {}
    read = 0
    for line in start.split(b"\n"):
        read += len(line) + 1
        key, _, value = line.decode("latin-1").partition("=")
        fields[key.strip()] = value.strip()
        if key.strip() == "ElementDataFile":
            break
    shape = tuple(int(n) for n in fields["DimSize"].split())
    if int(fields["NDims"]) != len(shape):
        raise ValueError(f"{len(shape)} sizes for {fields['NDims']} axes")
    spacing = tuple(float(v) for v in fields.get("ElementSpacing", fields.get("ElementSize", "")).split())
    if len(spacing) != len(shape):
        raise ValueError(f"{len(spacing)} spacings for {len(shape)} axes")
    matrix = next((fields[key] for key in ("TransformMatrix", "Rotation", "Orientation") if key in fields), None)
    steps = None
    if matrix is not None and len(shape) == 3:
        steps = np.array([float(v) for v in matrix.split()]).reshape(3, 3).T * np.array(spacing)
    return ItkHeader(shape, steps, spacing, _missing_from_meta(path, fields, read))


def _missing_from_meta(path: Path, fields: dict[str, str], header_bytes: int) -> int:
    """Bytes of voxels announced and not there; the voxels may be in a file of their own beside the header."""
    data_file = fields["ElementDataFile"]
    local = data_file.upper() == "LOCAL"
    if not local and (Path(data_file).name != data_file or data_file == "LIST" or "%" in data_file):
        raise ValueError(f"ElementDataFile = {data_file}; one file beside the header is needed")
    data_path = path if local else path.parent / data_file
    if not data_path.is_file():
        raise ValueError(f"{data_file} is not beside it")
    held = data_path.stat().st_size - (header_bytes if local else 0)
    if fields.get("CompressedData", "False").lower() == "true":
        return max(int(fields.get("CompressedDataSize", 0)) - held, 0)
    voxels = math.prod(int(n) for n in fields["DimSize"].split())
    channels = int(fields.get("ElementNumberOfChannels", 1))
    return max(voxels * channels * _META_BYTES.get(fields["ElementType"], 0) - held, 0)


def _vectors(text: str) -> list[list[float]]:
    """``(1,0,0) (0,1,0)`` to numbers; ``none`` vectors are dropped."""
    return [[float(v) for v in part.strip("() ").split(",")] for part in text.split(") ") if "(" in part]


def _nrrd(path: Path, start: bytes) -> ItkHeader:
    if not start.startswith(b"NRRD"):
        raise ValueError("it does not begin with NRRD")
    head = start.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("latin-1")
    fields = {
        key.strip().lower(): value.strip()
        for key, separator, value in (line.partition(": ") for line in head.splitlines())
        if separator and not key.startswith("#")
    }
    if "data file" in fields or "datafile" in fields:
        raise ValueError("its voxels are in another file; write one .nrrd file")
    shape = tuple(int(n) for n in fields["sizes"].split())
    if int(fields["dimension"]) != len(shape):
        raise ValueError(f"{len(shape)} sizes for {fields['dimension']} axes")
    vectors = _vectors(fields.get("space directions", ""))
    if not vectors:
        spacing = tuple(float(v) for v in fields.get("spacings", "").split())
        return ItkHeader(shape, None, spacing, 0)
    spacing = tuple(float(np.linalg.norm(vector)) for vector in vectors)
    oriented = fields.get("space", "").lower() in _NRRD_SPACES and np.shape(vectors) == (3, 3)
    return ItkHeader(shape, np.array(vectors).T if oriented else None, spacing, 0)
