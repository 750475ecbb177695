"""Headers of DICOM files: found by what is in a file, never by its name; whole; of one patient.

Nothing here puts a path, a name or an identifier into a message.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from spinemets.errors import StudyError

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")

_DEFER_BYTES = 2048  # private headers and pixels stay in the file until somebody asks
_DICOMDIR = "1.2.840.10008.1.3.10"
_IMAGE_CLASSES = tuple(f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "2.1", "2.2", "4", "4.1", "4.4", "128", "130"))
_PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_READ_ERRORS = (OSError, EOFError, ValueError, TypeError, KeyError, AttributeError, NotImplementedError)


@dataclass(frozen=True)
class DicomFile:
    """One file and its header.

    Attributes
    ----------
    path : Path
        Where the pixels are.
    header : Dataset
        All attributes; large values are read from the file when asked for.
    truncated : bool
        The file ends before its pixels do.
    """

    path: Path
    header: Dataset
    truncated: bool = False

    @property
    def series_key(self) -> tuple[str, ...]:
        """What the files of one series share: the Series Instance UID, in its absence the best there is."""
        uid = str(self.header.get("SeriesInstanceUID") or "")
        if uid:
            return (uid,)
        return tuple(str(self.header.get(k) or "") for k in ("Modality", "SeriesNumber", "SeriesDescription"))


def looks_like_dicom(path: Path) -> bool:
    """Whether a file begins like DICOM, with or without the preamble of 128 bytes."""
    with path.open("rb") as file:
        start = file.read(132)
    if start[128:] == b"DICM":
        return True
    first_tag_is_early = start[0:2] in (b"\x08\x00", b"\x02\x00") and start[3:4] == b"\x00"
    length = int.from_bytes(start[4:8], "little")
    return len(start) == 132 and first_tag_is_early and (start[4:6].isalpha() or length <= 64)


def read_headers(paths: Iterable[Path]) -> list[DicomFile]:
    """Headers of the DICOM files among `paths`; other files are passed over.

    Raises
    ------
    StudyError
        If a file ends so early that the series it belongs to cannot be told.
    """
    files = []
    for path in paths:
        if looks_like_dicom(path):
            file = _read_header(path)
            if file.header.get("SOPClassUID") != _DICOMDIR:
                files.append(file)
        elif path.suffix.lower() in DICOM_SUFFIXES:
            raise _cut_short()
    return files


def _cut_short() -> StudyError:
    return StudyError("a DICOM file is truncated or damaged before its series is named; copy the study again")


def _read_header(path: Path) -> DicomFile:
    # pydicom quotes odd values, a name among them, in its warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header: Any = dcmread(path, force=True, defer_size=_DEFER_BYTES)
            deflated = header.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
            if deflated:
                header = dcmread(path, force=True)
            if not header.get("SOPClassUID"):  # emptied by some anonymisers
                header.SOPClassUID = header.file_meta.get("MediaStorageSOPClassUID", "")
            file = DicomFile(path, header, not deflated and _lacks_pixels(path, header))
        except _READ_ERRORS as error:
            raise _cut_short() from error
    if header.SOPClassUID != _DICOMDIR and "SeriesInstanceUID" not in header and "Rows" not in header:
        raise _cut_short()
    return file


def _lacks_pixels(path: Path, header: Dataset) -> bool:
    """Whether an image has no pixel data, or less than the element says."""
    keyword = next((k for k in _PIXEL_KEYWORDS if k in header), None)
    if keyword is None:
        return "Rows" in header or str(header.get("SOPClassUID")) in _IMAGE_CLASSES
    element: Any = header.get_item(keyword)
    if not isinstance(element, RawDataElement) or element.length == 0xFFFFFFFF:
        return False
    return path.stat().st_size < element.value_tell + element.length


def require_one_patient(files: list[DicomFile]) -> None:
    """Raise `StudyError` if the files are of more than one patient.

    Patient ID decides; where one of two is empty, name or birth date.
    """
    patients = {_patient(file.header) for file in files}
    apart = [pair for pair in itertools.combinations(patients, 2) if _differ(*pair)]
    if apart:
        count = len({patient for pair in apart for patient in pair})
        raise StudyError(f"the input holds images of {count} patients, one is needed; give one patient at a time")


def _patient(header: Dataset) -> tuple[str, str, str]:
    identifier, name, born = (str(header.get(k) or "") for k in ("PatientID", "PatientName", "PatientBirthDate"))
    return identifier.strip(), name.strip(" ^").upper(), born.strip()


def _differ(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    if one[0] and other[0]:
        return one[0] != other[0]
    return any(a and b and a != b for a, b in zip(one[1:], other[1:], strict=True))
