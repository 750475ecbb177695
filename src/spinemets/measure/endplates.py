"""Planes through the endplates of a body, and its corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import BodySurface, ends_along
from spinemets.measure.heights import BodyHeights

CORE_SHARE = 0.8
"""Planes are fitted within this share of half the width and depth: rims and osteophytes are left out (ours)."""
LEAST_POINTS = 12
DEPTH_MM, DEPTH_VOXELS = 2.5, 1.0
"""The outline of an endplate is that of the body so far below it, parallel to it: its rim is rounded (ours)."""
HALF_STRIP_MM = 2.5
"""Corners are means over this distance to either side, as heights are."""


@dataclass(frozen=True, eq=False)
class Endplate:
    """One endplate.

    Attributes
    ----------
    centre_mm : (3,) ndarray
        The middle of its outline, world mm.
    normal : (3,) ndarray
        Unit normal of the plane through them, towards the head.
    front_mm, back_mm : (3,) ndarray
        Where the plane meets the front and the back of its outline in the middle: its corners.
    """

    centre_mm: NDArray[np.float64]
    normal: NDArray[np.float64]
    front_mm: NDArray[np.float64]
    back_mm: NDArray[np.float64]


def endplate(surface: BodySurface, heights: BodyHeights, *, upper: bool) -> Endplate | None:
    """The upper or lower endplate of a body, or None where too little of it was found."""
    ends_mm = [heights.ends_mm[side].mean(axis=0) for side in ("left", "right")]
    middle = surface.axes.coordinates(np.mean(ends_mm, axis=0)[None])[0, :2]
    flat = core_plane(surface, middle, (heights.width_mm, heights.depth_mm), upper=upper)
    outline = None if flat is None else _outline(surface, flat, upper)
    if flat is None or outline is None:
        return None
    left, right, back, front = outline
    return on_plane(surface.axes, flat, (left + right) / 2, (back, front))


def core_plane(
    surface: BodySurface, middle: NDArray[np.float64], size_mm: tuple[float, float], *, upper: bool
) -> NDArray[np.float64] | None:
    """(3,) plane, as `plane` gives it, through the core of an endplate; None where too little of it was found.

    Parameters
    ----------
    surface : BodySurface
        The body.
    middle : (2,) ndarray
        To the right and front, of the endplate.
    size_mm : (float, float)
        Its width and depth.
    upper : bool
        Which endplate.
    """
    right = np.abs(surface.right_mm - middle[0]) <= CORE_SHARE * size_mm[0] / 2
    front = np.abs(surface.front_mm - middle[1]) <= CORE_SHARE * size_mm[1] / 2
    points = surface.axes.coordinates(surface.points_mm(upper, right[:, None] & front[None, :]))
    return plane(points) if len(points) >= LEAST_POINTS else None


def on_plane(axes: VertebraAxes, flat: NDArray[np.float64], across_mm: float, ends_mm: tuple[float, float]) -> Endplate:
    """The endplate on a plane, (3,) as `plane` gives it, that reaches from its back to its front `across_mm` right."""
    back, front = ends_mm
    places = np.array([[across_mm, along] for along in ((back + front) / 2, front, back)])
    centre_mm, front_mm, back_mm = axes.world(np.column_stack([places, places @ flat[:2] + flat[2]]))
    normal = np.array([-flat[0], -flat[1], 1.0])
    return Endplate(centre_mm, normal / np.linalg.norm(normal) @ axes.rows, front_mm, back_mm)


def _outline(surface: BodySurface, flat: NDArray[np.float64], upper: bool) -> tuple[float, float, float, float] | None:
    """Left, right, back and front end of an endplate through its own middle; None where it has none.

    Taken from the body itself, not from its axes: these lean where a vertebra has slipped.
    """
    depth = max(DEPTH_MM, DEPTH_VOXELS * surface.voxel_up_mm)
    places = np.stack(np.meshgrid(surface.right_mm, surface.front_mm, indexing="ij"), axis=-1)
    share = surface.share_at(places @ flat[:2] + flat[2] + (-depth if upper else depth))
    inside = share >= 0.5
    if inside.sum() < LEAST_POINTS:
        return None
    middle_right, middle_front = places[inside].mean(axis=0)
    across = np.abs(surface.right_mm - middle_right) <= HALF_STRIP_MM
    along = np.abs(surface.front_mm - middle_front) <= HALF_STRIP_MM
    back, front = _ends_of_rows(share[across], surface.front_mm)
    left, right = _ends_of_rows(share[:, along].T, surface.right_mm)
    ends = (left, right, back, front)
    return None if np.isnan(ends).any() else ends


def _ends_of_rows(share: NDArray[np.float32], place_mm: NDArray[np.float64]) -> tuple[float, float]:
    """Mean over the rows of where each first and last crosses one half; NaN where none does."""
    first, last = ends_along(share[:, None, :], place_mm)
    known = np.isfinite(first)
    if not known.any():
        return np.nan, np.nan
    return float(first[known].mean()), float(last[known].mean())


def plane(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) slopes to the right and front, and level, of a plane through (N, 3) points, far ones left out once."""
    keep = np.ones(len(points), dtype=bool)
    solution = np.zeros(3)
    for _ in range(2):
        design = np.column_stack([points[keep, 0], points[keep, 1], np.ones(keep.sum())])
        solution, *_ = np.linalg.lstsq(design, points[keep, 2], rcond=None)
        residual = points[:, 2] - np.column_stack([points[:, :2], np.ones(len(points))]) @ solution
        keep = np.abs(residual) <= max(2.0 * float(residual[keep].std()), 0.5)
    return np.asarray(solution)
