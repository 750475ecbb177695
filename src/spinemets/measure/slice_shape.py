"""Place, size and shape of a mask within a slice of the canal, on its fine grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from spinemets.measure.fine_grid import FINE_MM

EDGE_SMOOTHING = 1.0
"""Standard deviation, in fine pixels, of the smoothing of a mask before points of its edge are taken (ours)."""


def centroid(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(2,) middle of a mask, fine pixels."""
    return np.argwhere(mask).mean(axis=0)


def area_mm2(mask: NDArray[np.bool_]) -> float:
    """Area of a mask on the fine grid, mm²."""
    return float(mask.sum()) * FINE_MM**2


def thickness_mm(mask: NDArray[np.bool_]) -> float:
    """Diameter of the largest circle within a mask on the fine grid, mm; 0 of an empty one."""
    return 2 * float(ndimage.distance_transform_edt(mask).max()) * FINE_MM if mask.any() else 0.0


def signed_distance_mm(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance to the edge of a mask on the fine grid, mm, negative inside."""
    outside = ndimage.distance_transform_edt(~mask)
    inside = ndimage.distance_transform_edt(mask)
    return (np.where(mask, 0.5 - inside, outside - 0.5)) * FINE_MM


def core_of(mask: NDArray[np.bool_], depth_mm: float) -> NDArray[np.bool_]:
    """(U, V) the part of a mask on the fine grid that lies deeper than `depth_mm` below its edge.

    As `signed_distance_mm` tells it, within the box of the mask alone.
    """
    core = np.zeros(mask.shape, dtype=bool)
    for box in ndimage.find_objects(mask.view(np.uint8)):
        near = tuple(slice(max(axis.start - 1, 0), axis.stop + 1) for axis in box)
        core[near] = ndimage.distance_transform_edt(mask[near]) > depth_mm / FINE_MM + 0.5
    return core


def diameters_mm(mask: NDArray[np.bool_], to_front: NDArray[np.float64]) -> tuple[float, float]:
    """Anteroposterior and transverse diameter of a mask from its second moments: 4 standard deviations.

    The diameter of an ellipse exactly; a bounding box of 0.5 mm pixels gave 17 % compression for a true 28 %.

    Parameters
    ----------
    mask : (U, V) ndarray of bool
        On the fine grid.
    to_front : (2,) ndarray
        Unit vector to the patient's front within a slice.

    Raises
    ------
    ValueError
        If the mask is empty: what is not there has no diameter, and none of 0 either.
    """
    if not mask.any():
        raise ValueError("an empty mask has no diameter; leave out slices without a cord")
    points = np.argwhere(mask) * FINE_MM
    points = points - points.mean(axis=0)
    front, side = points @ to_front, points @ np.array([-to_front[1], to_front[0]])
    pixel = FINE_MM**2 / 12
    return float(4 * np.sqrt(front.var() + pixel)), float(4 * np.sqrt(side.var() + pixel))


def edge_points_mm(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N, 2) points of the edge of a mask, mm from the middle of the first fine pixel; none where it is empty.

    The edge is where the mask, smoothed by `EDGE_SMOOTHING`, is one half: between the middles of pixels, so that steps
    of the grid do not move it nearer to what lies beside it. Of a speck that smoothing leaves nothing of, its pixels.
    """
    smooth = ndimage.gaussian_filter(mask.astype(np.float64), EDGE_SMOOTHING, mode="constant")
    lines = find_contours(smooth, 0.5)
    points = np.concatenate(lines) if lines else np.argwhere(mask)
    return np.asarray(points * FINE_MM, dtype=np.float64)


def solidity(mask: NDArray[np.bool_]) -> float:
    """Area of a mask by that of its convex hull; 1 where it has no dent."""
    from scipy.spatial import ConvexHull

    edge = mask & ~ndimage.binary_erosion(mask)
    points = np.argwhere(edge)
    if len(points) < 8:
        return 1.0
    corners = np.vstack([points + offset for offset in ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5))])
    return min(float(mask.sum() / ConvexHull(corners).volume), 1.0)
