"""Headers of DICOM files: found by what is in a file, never by its name; whole; of one patient.

Nothing here puts a path, a name or an identifier into a message.
"""

from __future__ import annotations

import itertools
import logging
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from spinemets.errors import StudyError
from spinemets.formats.dicom_attributes import UNREADABLE, Attributes

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")

_DEFER_BYTES = 2048  # private headers and pixels stay in the file until somebody asks
_DICOMDIR = "1.2.840.10008.1.3.10"
_IMAGES = ("2", "2.1", "2.2", "4", "4.1", "4.4", "20", "128", "130")
_IMAGE_CLASSES = tuple(f"1.2.840.10008.5.1.4.1.1.{n}" for n in _IMAGES)
_PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


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
    def attributes(self) -> Attributes:
        """Those of the data set itself, without functional groups."""
        return Attributes(self.header)

    @property
    def series_key(self) -> tuple[str, ...]:
        """What the files of one series share: the Series Instance UID, in its absence the best there is."""
        uid = self.attributes.text("SeriesInstanceUID")
        if uid:
            return (uid,)
        return tuple(self.attributes.text(k) for k in ("Modality", "SeriesNumber", "SeriesDescription"))


def looks_like_dicom(path: Path) -> bool:
    """Whether a file begins like DICOM, with or without the preamble of 128 bytes."""
    with path.open("rb") as file:
        start = file.read(132)
    if start[128:] == b"DICM":
        return True
    first_tag_is_early = start[0:2] in (b"\x08\x00", b"\x02\x00") and start[3:4] == b"\x00"
    length = int.from_bytes(start[4:8], "little")
    return len(start) == 132 and first_tag_is_early and (start[4:6].isalpha() or length <= 64)


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Keep pydicom from warning and logging: it quotes the values that it finds odd, names of patients among them."""
    log = logging.getLogger("pydicom")
    was_disabled = log.disabled
    with warnings.catch_warnings(), disable_value_validation():
        warnings.simplefilter("ignore")
        log.disabled = True
        try:
            yield
        finally:
            log.disabled = was_disabled


def read_headers(paths: Iterable[Path]) -> list[DicomFile]:
    """Headers of the DICOM files among `paths`; other files are passed over.

    Raises
    ------
    StudyError
        If a file ends before its pixels begin, so that it cannot be told what is lost.
    """
    files = []
    for path in paths:
        if looks_like_dicom(path):
            file = _read_header(path)
            if file.attributes.text("SOPClassUID") != _DICOMDIR:
                files.append(file)
        elif path.suffix.lower() in DICOM_SUFFIXES or _is_remnant(path):
            raise _cut_short()
    return files


def _is_remnant(path: Path) -> bool:
    """Whether a file is what is left of a DICOM file that ends within its preamble, perhaps nothing."""
    return path.stat().st_size < 132 and (b"\0" * 128 + b"DICM").startswith(path.read_bytes())


def _cut_short() -> StudyError:
    return StudyError("a DICOM file is truncated or damaged before its pixels begin; copy the study again")


def _read_header(path: Path) -> DicomFile:
    try:
        header: Any = dcmread(path, force=True, defer_size=_DEFER_BYTES)
        deflated = header.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
        if deflated:
            header = dcmread(path, force=True)
        if not header.get("SOPClassUID"):  # emptied by some anonymisers
            header.SOPClassUID = header.file_meta.get("MediaStorageSOPClassUID", "")
        file = DicomFile(path, header, not deflated and _ends_within_pixels(path, header))
    except (*UNREADABLE, zlib.error) as error:
        raise _cut_short() from error
    is_image = "Rows" in header or file.attributes.text("SOPClassUID") in _IMAGE_CLASSES
    is_unnamed = "SeriesInstanceUID" not in header and file.attributes.text("SOPClassUID") != _DICOMDIR
    if not any(keyword in header for keyword in _PIXEL_KEYWORDS) and (is_image or is_unnamed):
        raise _cut_short()
    return file


def _ends_within_pixels(path: Path, header: Dataset) -> bool:
    keyword = next((k for k in _PIXEL_KEYWORDS if k in header), None)
    element: Any = header.get_item(keyword) if keyword else None
    if not isinstance(element, RawDataElement) or element.length == 0xFFFFFFFF:
        return False
    return path.stat().st_size < element.value_tell + element.length


def require_one_patient(files: list[DicomFile]) -> None:
    """Raise `StudyError` if the files are of more than one patient.

    Patient ID decides; where one of two is empty, name or birth date.
    """
    patients = {_patient(file.attributes) for file in files}
    apart = [pair for pair in itertools.combinations(patients, 2) if _differ(*pair)]
    if apart:
        count = len({patient for pair in apart for patient in pair})
        raise StudyError(f"the input holds images of {count} patients, one is needed; give one patient at a time")


def _patient(attributes: Attributes) -> tuple[str, str, str]:
    identifier, name, born = (attributes.text(k) for k in ("PatientID", "PatientName", "PatientBirthDate"))
    return identifier, name.strip(" ^").upper(), born


def _differ(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    if one[0] and other[0]:
        return one[0] != other[0]
    return any(a and b and a != b for a, b in zip(one[1:], other[1:], strict=True))
