"""The DICOM files that a series was read from, as what we write refers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import StudyError
from spinemets.formats.dicom_planes import Planes
from spinemets.volume import Series

if TYPE_CHECKING:
    from pydicom import Dataset

SAME_SLICE_MM = 0.1
"""A slice of ours is one of the scanner's when their first pixels are at most this far apart."""

SAME_DIRECTION = 1e-3
"""Largest difference of a direction cosine between slices of one series."""

_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)


IDENTIFIERS = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
"""Without these in every file nothing can refer to it."""


def source_headers(series: Series) -> list[Dataset]:
    """Headers of the files of a series in its order, completed in memory for highdicom.

    De-identified files lack attributes that may be empty but must be there; slices of one
    series may differ in the last digit of their orientation, and some scanners state the
    orientation of an enhanced image frame by frame although all frames share it.

    Raises
    ------
    StudyError
        If the series did not come from DICOM, a file states no identifier or frame of reference, or its
        slices are not parallel.
    """
    from pydicom import dcmread

    if not series.instances:
        raise StudyError(f"series '{series.name}' did not come from DICOM: there is no instance to refer to")
    headers: list[Dataset] = [dcmread(path, stop_before_pixels=True) for path in series.instances]
    for keyword in IDENTIFIERS:
        if any(not header.get(keyword) for header in headers):
            raise StudyError(f"series '{series.name}' states no {keyword}: no DICOM object can refer to it")
    if any(not header.get("FrameOfReferenceUID") for header in headers):
        raise StudyError(f"series '{series.name}' has no Frame of Reference UID: nothing can be placed in it")
    for header in headers:
        _complete(header, Planes.of(series.volume).slice_spacing_mm)
    _share_orientation(headers, series.name)
    return headers


def _complete(header: Dataset, slice_spacing_mm: float) -> None:
    for keyword in _MAY_BE_EMPTY:
        if keyword not in header:
            setattr(header, keyword, None)
    if header.PatientSex not in ("M", "F", "O"):
        header.PatientSex = ""
    if "SharedFunctionalGroupsSequence" in header:
        shared, first = header.SharedFunctionalGroupsSequence[0], header.PerFrameFunctionalGroupsSequence[0]
        for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
            if keyword not in shared and keyword in first:
                setattr(shared, keyword, getattr(first, keyword))
    elif not header.get("SliceThickness"):
        header.SliceThickness = round(slice_spacing_mm, 6)


def _share_orientation(headers: list[Dataset], name: str) -> None:
    """Give every slice the orientation of the first, refusing slices that are not parallel."""
    enhanced = "PerFrameFunctionalGroupsSequence" in headers[0]
    stated = _frame_orientations(headers[0]) if enhanced else [h.ImageOrientationPatient for h in headers]
    cosines = np.array(stated, dtype=np.float64).reshape(-1, 6)
    if cosines.size and np.abs(cosines - cosines[0]).max() > SAME_DIRECTION:
        raise StudyError(f"the slices of series '{name}' are not parallel: no segmentation can refer to them together")
    if not enhanced:
        for header in headers:
            header.ImageOrientationPatient = headers[0].ImageOrientationPatient


def _frame_orientations(header: Dataset) -> list[list[float]]:
    return [
        frame.PlaneOrientationSequence[0].ImageOrientationPatient
        for frame in header.PerFrameFunctionalGroupsSequence
        if "PlaneOrientationSequence" in frame
    ]


def stated_positions(headers: list[Dataset]) -> NDArray[np.float64]:
    """(N, 3) Image Position (Patient) of every slice or frame as the files state it, LPS mm."""
    if "PerFrameFunctionalGroupsSequence" in headers[0]:
        frames = headers[0].PerFrameFunctionalGroupsSequence
        stated = [frame.PlanePositionSequence[0].ImagePositionPatient for frame in frames]
    else:
        stated = [header.ImagePositionPatient for header in headers]
    return np.array(stated, dtype=np.float64)


def positions_of_slices(planes: Planes, headers: list[Dataset]) -> NDArray[np.float64]:
    """(K, 3) position of every slice of ours, LPS mm: that of the file where they are the same.

    An affine is fitted to positions that were rounded, so it misses them by a little; the
    stated ones let a viewer recognise the slice. A resampled volume keeps its own.
    """
    stated = stated_positions(headers)
    apart = np.linalg.norm(planes.positions_mm[:, None] - stated, axis=2)
    if (apart.min(axis=1) > SAME_SLICE_MM).any():
        return planes.positions_mm
    return stated[apart.argmin(axis=1)]
