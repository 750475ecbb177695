"""Planes through the endplates of a body, and its corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.measure.body_surface import BodySurface
from spinemets.measure.heights import BodyHeights

CORE_SHARE = 0.8
"""Planes are fitted within this share of half the width and depth: rims and osteophytes are left out (ours)."""
LEAST_POINTS = 12


@dataclass(frozen=True, eq=False)
class Endplate:
    """One endplate.

    Attributes
    ----------
    centre_mm : (3,) ndarray
        Mean of its points, world mm.
    normal : (3,) ndarray
        Unit normal of the plane through them, towards the head.
    front_mm, back_mm : (3,) ndarray
        Where the plane meets the front and the back of the body in its mid-plane: its corners.
    """

    centre_mm: NDArray[np.float64]
    normal: NDArray[np.float64]
    front_mm: NDArray[np.float64]
    back_mm: NDArray[np.float64]


def endplate(surface: BodySurface, heights: BodyHeights, *, upper: bool) -> Endplate | None:
    """The upper or lower endplate of a body, or None where too little of it was found."""
    axes = surface.axes
    middle = axes.coordinates(
        np.mean([heights.ends_mm["left"].mean(axis=0), heights.ends_mm["right"].mean(axis=0)], axis=0)[None]
    )[0]
    right = np.abs(surface.right_mm - middle[0]) <= CORE_SHARE * heights.width_mm / 2
    front = np.abs(surface.front_mm - middle[1]) <= CORE_SHARE * heights.depth_mm / 2
    points = axes.coordinates(surface.points_mm(upper, right[:, None] & front[None, :]))
    if len(points) < LEAST_POINTS:
        return None
    slope_right, slope_front, level = _plane(points)
    normal = np.array([-slope_right, -slope_front, 1.0])
    ends = [
        np.array([middle[0], middle[1] + part, level + slope_right * middle[0] + slope_front * (middle[1] + part)])
        for part in (heights.depth_mm / 2, -heights.depth_mm / 2)
    ]
    front_mm, back_mm = axes.world(np.array(ends))
    return Endplate(axes.world(points).mean(axis=0), normal / np.linalg.norm(normal) @ axes.rows, front_mm, back_mm)


def _plane(points: NDArray[np.float64]) -> tuple[float, float, float]:
    """Slopes and level of the plane through (N, 3) points, those far from it left out once."""
    keep = np.ones(len(points), dtype=bool)
    solution = np.zeros(3)
    for _ in range(2):
        design = np.column_stack([points[keep, 0], points[keep, 1], np.ones(keep.sum())])
        solution, *_ = np.linalg.lstsq(design, points[keep, 2], rcond=None)
        residual = points[:, 2] - np.column_stack([points[:, :2], np.ones(len(points))]) @ solution
        keep = np.abs(residual) <= max(2.0 * float(residual[keep].std()), 0.5)
    return float(solution[0]), float(solution[1]), float(solution[2])
