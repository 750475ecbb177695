"""Slices on a fine grid: the part of a slice that is looked at, and its masks and signal with smaller pixels."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FINE_MM = 0.2
"""Edge of the pixels on which everything in the canal is measured (ours)."""
SMOOTHING_PX = 0.5
"""Standard deviation, in pixels of the image, of the smoothing of a mask before its edge is taken (ours)."""
MARGIN_MM = 4.0
"""Room round what is looked at (ours)."""


def box_round(mask: NDArray[np.bool_], in_plane_mm: NDArray[np.float64]) -> NDArray[np.int64]:
    """(2, 2) first pixel and the one after the last along either axis of the box round a mask, with `MARGIN_MM`.

    Where the mask lies near the edge of the image the box reaches beyond it.

    Parameters
    ----------
    mask : (U, V) ndarray of bool
        Not empty.
    in_plane_mm : (2,) ndarray
        Edges of a pixel.
    """
    places = [np.flatnonzero(profile) for profile in (mask.any(axis=1), mask.any(axis=0))]
    reach = np.ceil(MARGIN_MM / in_plane_mm).astype(int)
    return np.array([[at[0] - more, at[-1] + more + 1] for at, more in zip(places, reach, strict=True)])


def cropped(
    plane: NDArray[np.generic], box: NDArray[np.int64], beyond: Literal["constant", "edge"] = "constant"
) -> NDArray[np.generic]:
    """The pixels of a box; beyond the image nothing, or with ``edge`` what its outermost pixels show."""
    ends = np.clip(box, 0, np.array(plane.shape)[:, None])
    inside = plane[ends[0, 0] : ends[0, 1], ends[1, 0] : ends[1, 1]]
    return np.pad(inside, np.abs(box - ends), mode=beyond)


def lies_on_edge(plane: NDArray[np.bool_]) -> bool:
    """Whether a mask holds a pixel of the outermost row or column of the image."""
    return bool(plane[[0, -1]].any() or plane[:, [0, -1]].any())


def fine_mask(plane: NDArray[np.generic], in_plane_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """A mask on the fine grid, its edge where the smoothed mask is one half."""
    if not plane.any():
        return np.zeros(_fine_shape(plane.shape, in_plane_mm), dtype=bool)
    smooth = ndimage.gaussian_filter(plane.astype(np.float32), SMOOTHING_PX, mode="constant")
    return fine_signal(smooth, in_plane_mm) >= 0.5


def fine_signal(plane: NDArray[np.generic], in_plane_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    """Signal on the fine grid, linear between pixels."""
    rows, columns = _fine_shape(plane.shape, in_plane_mm)
    at = [((np.arange(n) + 0.5) * FINE_MM / mm - 0.5) for n, mm in zip((rows, columns), in_plane_mm, strict=True)]
    grid = np.stack(np.meshgrid(*at, indexing="ij"))
    return ndimage.map_coordinates(plane.astype(np.float32), grid, order=1, mode="nearest", output=np.float32)


def _fine_shape(shape: tuple[int, ...], in_plane_mm: NDArray[np.float64]) -> tuple[int, int]:
    sizes = np.ceil(np.array(shape) * in_plane_mm / FINE_MM).astype(int)
    return int(sizes[0]), int(sizes[1])
