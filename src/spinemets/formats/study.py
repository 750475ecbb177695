"""Any input that a user can give to a `Study` of one patient."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spinemets.errors import StudyError
from spinemets.formats.archive import unpack
from spinemets.formats.itk_formats import ITK_SUFFIXES, read_itk
from spinemets.formats.nifti import NIFTI_SUFFIXES, read_nifti
from spinemets.volume import ROLES, LeftOut, Series, Study, Volume

AIR_HU = -500
"""A file of whole numbers that holds this or less is CT: it shows air, and no MR signal is so negative."""

_IMAGE_SUFFIXES = NIFTI_SUFFIXES + ITK_SUFFIXES
_WANTED = "a DICOM folder or zip, or NIfTI, MHA, MHD or NRRD files"


@dataclass(frozen=True)
class _Given:
    """One input as typed: a path, and the role that was named with it."""

    path: Path
    role: str | None


def read_study(inputs: str | Path | Sequence[str | Path]) -> Study:
    """The images of one patient, each with its role.

    Parameters
    ----------
    inputs : path, or sequence of paths
        DICOM folders (nested or not), zips and files, and NIfTI, MHA, MHD or NRRD files.
        Each may be written ``role=path`` with one of `spinemets.volume.ROLES`; a bare
        NIfTI, MHA or NRRD file must be CT or be called like its role (``t2.nii.gz``).

    Returns
    -------
    Study
        At least one series, each role once but axial T2. Files unpacked from a zip stay on disk as long
        as any `Series.instances` refers to them.

    Raises
    ------
    StudyError
        One sentence on the first thing that is wrong, or, when no series can be used, on why.
    """
    given = [_parsed(item) for item in ([inputs] if isinstance(inputs, str | Path) else inputs)]
    if not given:
        raise StudyError(f"no input was given; give {_WANTED}")
    series, left_out = _collected(given)
    _require_usable(series, left_out)
    return Study(tuple(series), tuple(left_out), is_dicom=any(s.instances for s in series))


def read_mask(path: str | Path) -> Volume:
    """A mask of integer labels.

    Parameters
    ----------
    path : str or Path
        NIfTI, MHA, MHD or NRRD. Whole numbers stored as floats are accepted.

    Returns
    -------
    Volume
        Labels of 0 or more, of an integer type.

    Raises
    ------
    StudyError
        If the file is not a sound volume, or a value is negative or not whole.
    """
    path = Path(path)
    if not path.exists():
        raise StudyError(f"{path.name}: no such file; give a mask as NIfTI, MHA or NRRD")
    if path.is_dir() or not _is_image_file(path):
        raise StudyError(f"{path.name}: not a mask that can be read; give it as NIfTI, MHA, MHD or NRRD")
    volume, _ = _read_volume(path)
    array = volume.array
    if array.dtype.kind == "f":
        rounded = np.rint(array)
        if not np.array_equal(rounded, array):
            value = array[rounded != array].flat[0]
            raise StudyError(f"{path.name}: a mask needs whole numbers, it holds {value:.6g}; threshold it first")
        array = rounded.astype(np.int32)
    if array.min() < 0:
        raise StudyError(f"{path.name}: a mask needs labels of 0 or more, it holds {array.min()}")
    return volume.with_array(array)


def _collected(given: list[_Given]) -> tuple[list[Series], list[LeftOut]]:
    """Series of every input, image files first, then all DICOM together."""
    series: list[Series] = []
    left_out: list[LeftOut] = []
    dicom: list[tuple[str | None, list[Path]]] = []
    for item in given:
        if _is_image_file(item.path) and not item.path.is_dir():
            series.append(_series_of_file(item.path, item.role))
            continue
        files = _files_in(item.path)
        if _any_dicom(files):
            dicom.append((item.role, files))
        else:
            found, rejected = _series_of_folder(files, item)
            series += found
            left_out += rejected
    if dicom:
        study = _read_dicom(dicom)
        series += study.series
        left_out += study.left_out
    return series, left_out


def _parsed(item: str | Path) -> _Given:
    """``role=path`` taken apart; the path must exist."""
    name, separator, rest = str(item).partition("=")
    if not str(item) or (separator and not rest):
        raise StudyError(f"'{item}' names no file; give {_WANTED}")
    if separator and not Path(item).exists():
        if name not in ROLES:
            raise StudyError(f"unknown role '{name}'; it must be one of {', '.join(ROLES)}")
        given = _Given(Path(rest), name)
    else:
        given = _Given(Path(item), None)
    if not given.path.exists():
        raise StudyError(f"{given.path.name or given.path}: no such file or folder; give {_WANTED}")
    return given


def _is_image_file(path: Path) -> bool:
    return path.name.lower().endswith(_IMAGE_SUFFIXES)


def _files_in(path: Path) -> list[Path]:
    """Files of a folder at any depth, of a zip, or the file itself; hidden ones are passed over."""
    if path.is_dir():
        walked = sorted(Path(folder) / file for folder, _, files in os.walk(path) for file in files)
        files = [file for file in walked if file.is_file()]
    elif path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        files = unpack(path)
    else:
        files = [path]
    files = [file for file in files if not file.name.startswith(".")]
    if not files:
        raise StudyError(f"the folder or zip holds no files; give {_WANTED}")
    return files


def _any_dicom(files: Iterable[Path]) -> bool:
    from spinemets.formats.dicom_files import DICOM_SUFFIXES, looks_like_dicom

    return any(file.suffix.lower() in DICOM_SUFFIXES or looks_like_dicom(file) for file in files)


def _read_dicom(given: list[tuple[str | None, list[Path]]]) -> Study:
    """One study from all DICOM inputs; those without a role are read as one folder."""
    from spinemets.formats.dicom import DicomInput, read_dicom

    together = tuple(path for role, files in given if role is None for path in files)
    named = [DicomInput(tuple(files), role) for role, files in given if role is not None]
    return read_dicom([*([DicomInput(together)] if together else []), *named])


def _series_of_folder(files: list[Path], given: _Given) -> tuple[list[Series], list[LeftOut]]:
    """NIfTI, MHA and NRRD files of a folder without DICOM; those without a role are left out."""
    images = [file for file in files if _is_image_file(file)]
    if not images:
        count = f"{len(files)} file{'s' * (len(files) > 1)}"
        raise StudyError(f"no image among {count}; give {_WANTED}")
    if given.role is not None and len(images) > 1:
        raise StudyError(f"the folder holds {len(images)} images for the role {given.role}; name each file")
    series: list[Series] = []
    left_out: list[LeftOut] = []
    for file in images:
        try:
            series.append(_series_of_file(file, given.role))
        except StudyError as error:
            left_out.append(LeftOut(file.name, str(error)))
    return series, left_out


def _series_of_file(path: Path, role: str | None) -> Series:
    volume, flags = _read_volume(path)
    return Series(role or _role_of_file(path, volume), volume, name=path.name, flags=flags)


def _read_volume(path: Path) -> tuple[Volume, tuple[str, ...]]:
    if path.name.lower().endswith(NIFTI_SUFFIXES):
        return read_nifti(path)
    return read_itk(path), ()


def _role_of_file(path: Path, volume: Volume) -> str:
    """The role that a file is called by, or ``ct`` where its values are those of CT."""
    stem = path.name.lower().split(".")[0]
    if stem in ROLES:
        return stem
    array = volume.array
    if array.min() <= AIR_HU and (array.dtype.kind in "iu" or bool((np.rint(array) == array).all())):
        return "ct"
    raise StudyError(f"{path.name}: its contrast cannot be told from the file; name the role, e.g. t2={path.name}")


def _require_usable(series: list[Series], left_out: list[LeftOut]) -> None:
    """Raise `StudyError` unless there is a series, and one at most for each role but those of `SEVERAL_TIMES`."""
    from spinemets.formats.dicom_choice import SEVERAL_TIMES

    if not series:
        reasons = list(dict.fromkeys(item.reason for item in left_out))
        shown = "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if len(reasons) > 3 else "")
        raise StudyError(f"no image series can be used: {shown}")
    single = Counter(s.role for s in series if s.role not in SEVERAL_TIMES)
    role, count = max(single.items(), key=lambda item: item[1], default=("", 0))
    if count > 1:
        raise StudyError(f"{count} inputs have the role {role}, one is needed; name another role or leave one out")
