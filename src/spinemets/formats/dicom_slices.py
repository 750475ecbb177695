"""Slices: one frame of one file with its place in the patient, before they are stacked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import StudyError
from spinemets.formats.dicom_attributes import UNREADABLE, Attributes, frame_attributes
from spinemets.formats.dicom_files import DicomFile
from spinemets.formats.dicom_nm import nm_frames

PARALLEL = 1e-3
"""Direction cosines of two slices that differ by at most this are one orientation: 0.06 degrees."""

UNIT = 1e-2
"""Direction cosines may miss unit length and a right angle by at most this."""


@dataclass(frozen=True)
class Slice:
    """One plane of pixels.

    Attributes
    ----------
    path : Path
        The file.
    frame : int
        Number of the frame in the file, from 0.
    attributes : Attributes
        What the file says of this frame.
    position_mm : (3,) ndarray
        Centre of the first pixel, world LPS+ mm.
    along_row, along_column : (3,) ndarray
        Unit vectors, LPS+: the way in which the column index grows, and the row index.
    pixel_spacing_mm : (2,) tuple of float
        Distance between columns, and between rows.
    shape : (2,) tuple of int
        Number of columns, and of rows.
    """

    path: Path
    frame: int
    attributes: Attributes
    position_mm: NDArray[np.float64]
    along_row: NDArray[np.float64]
    along_column: NDArray[np.float64]
    pixel_spacing_mm: tuple[float, float]
    shape: tuple[int, int]

    @property
    def normal(self) -> NDArray[np.float64]:
        """(3,) unit vector, LPS+, that completes row and column to a right-handed system."""
        return np.cross(self.along_row, self.along_column)

    def is_parallel_to(self, other: Slice) -> bool:
        """Whether both have the same rows and columns, orientation and pixel spacing."""
        return (
            self.shape == other.shape
            and np.abs(self.along_row - other.along_row).max() <= PARALLEL
            and np.abs(self.along_column - other.along_column).max() <= PARALLEL
            and np.allclose(self.pixel_spacing_mm, other.pixel_spacing_mm, rtol=1e-3)
        )


def frames_of(file: DicomFile) -> list[Attributes]:
    """Attributes of each frame of a file; one for a classic image.

    Raises
    ------
    StudyError
        If there are several frames and nothing that places them, or their numbers disagree.
    """
    count = int(file.attributes.number("NumberOfFrames") or 1)
    groups = len(file.attributes.get("PerFrameFunctionalGroupsSequence") or [])
    if file.attributes.text("Modality").upper() == "NM":
        return nm_frames(file.header, count)
    if not groups and count == 1:
        return [file.attributes]
    if groups != count:
        raise StudyError(f"{count} frames and {groups} descriptions of where a frame lies; as many are needed")
    try:
        return [frame_attributes(file.header, frame) for frame in range(count)]
    except UNREADABLE as error:
        raise StudyError(f"the descriptions of where its frames lie are damaged ({type(error).__name__})") from error


def slice_of(path: Path, frame: int, attributes: Attributes) -> Slice:
    """The slice of one frame.

    Raises
    ------
    StudyError
        If the frame does not say where it lies, or in a way that cannot be.
    """
    position = attributes.numbers("ImagePositionPatient", 3)
    cosines = attributes.numbers("ImageOrientationPatient", 6)
    spacing = attributes.numbers("PixelSpacing", 2)
    rows, columns = attributes.number("Rows"), attributes.number("Columns")
    wanted = {"position": position, "orientation": cosines, "pixel spacing": spacing, "rows": rows, "columns": columns}
    missing = [name for name, value in wanted.items() if value is None]
    if position is None or cosines is None or spacing is None or rows is None or columns is None:
        raise StudyError(f"its place in the patient is unknown: no {', '.join(missing)}")
    along_row, along_column = np.array(cosines[:3]), np.array(cosines[3:])
    lengths = np.linalg.norm(along_row), np.linalg.norm(along_column)
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(along_row @ along_column)) > UNIT:
        stated = ", ".join(f"{value:g}" for value in cosines)
        raise StudyError(f"its orientation ({stated}) is not two unit vectors at a right angle")
    return Slice(
        path,
        frame,
        attributes,
        np.array(position),
        along_row / lengths[0],
        along_column / lengths[1],
        (spacing[1], spacing[0]),
        (int(columns), int(rows)),
    )
