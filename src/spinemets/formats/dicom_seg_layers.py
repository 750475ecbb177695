"""Many segments that may overlap, in little memory, as one binary DICOM segmentation.

highdicom takes either a label map, in which segments cannot overlap, or one array with
an axis of segments: 3 GB for a chest CT with twenty vertebrae and their bodies. So
segments are painted into as few label maps as their overlap needs, each map becomes a
segmentation, and their frames are joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import GeometryMismatchError

if TYPE_CHECKING:
    from pydicom import Dataset


class Layers:
    """Label maps, each free of overlap, that together hold every segment.

    Parameters
    ----------
    shape : (3,) tuple of int
        Number of voxels along I, J, K of the series.

    Attributes
    ----------
    maps : list of (K, J, I) ndarray of uint8 or uint16
        Frames, rows, columns; every value is the number of a segment.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self.maps: list[NDArray[Any]] = []

    def paint(self, number: int, mask: NDArray[Any], start: tuple[int, int, int]) -> None:
        """Add segment `number` where `mask`, a box of the grid from index `start`, is not zero."""
        stop = tuple(a + n for a, n in zip(start, mask.shape, strict=True))
        if min(start) < 0 or any(b > n for b, n in zip(stop, self.shape, strict=True)):
            raise GeometryMismatchError(f"a mask from voxel {start} to {stop} leaves the series of {self.shape}")
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))[::-1]
        inside = mask.transpose(2, 1, 0) != 0
        if number == 256:
            self.maps = [layer.astype(np.uint16) for layer in self.maps]
        for layer in self.maps:
            if not layer[box][inside].any():
                layer[box][inside] = number
                return
        self.maps.append(np.zeros(self.shape[::-1], np.uint8 if number < 256 else np.uint16))
        self.maps[-1][box][inside] = number


def join(parts: list[Dataset]) -> Dataset:
    """The first of several binary segmentations with the frames of all of them.

    They must differ in their frames only. Frames keep their order, layer by layer; the
    second dimension index counts the slices of all layers along their normal.
    """
    joined = parts[0]
    pixels = joined.Rows * joined.Columns
    joined.PixelData = _join_bits([(part.PixelData, int(part.NumberOfFrames) * pixels) for part in parts])
    joined.NumberOfFrames = sum(int(part.NumberOfFrames) for part in parts)
    joined.PerFrameFunctionalGroupsSequence = [
        frame for part in parts for frame in part.PerFrameFunctionalGroupsSequence
    ]
    joined.SegmentsOverlap = "YES" if len(parts) > 1 else "NO"
    _number_slices(joined)
    return joined


def _join_bits(parts: list[tuple[bytes, int]]) -> bytes:
    """Bit strings, first pixel in the lowest bit, one after the other; padded to an even number of bytes.

    Parameters
    ----------
    parts : list of (bytes, int)
        Packed bits and how many of them count.
    """
    if len(parts) == 1:
        return parts[0][0]
    joined, length = 0, 0
    for packed, bits in parts:
        used = int.from_bytes(packed, "little") & ((1 << bits) - 1)
        joined |= used << length
        length += bits
    return joined.to_bytes((length + 15) // 16 * 2, "little")


def _number_slices(seg: Dataset) -> None:
    """Let the second dimension index of every frame count the distinct slices of all frames."""
    orientation = seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient
    normal = np.cross(orientation[:3], orientation[3:])
    frames = seg.PerFrameFunctionalGroupsSequence
    along_mm = np.array([frame.PlanePositionSequence[0].ImagePositionPatient for frame in frames], dtype=float) @ normal
    _, order = np.unique(along_mm.round(4), return_inverse=True)
    for frame, position in zip(frames, order, strict=True):
        content = frame.FrameContentSequence[0]
        content.DimensionIndexValues = [content.DimensionIndexValues[0], int(position) + 1]
