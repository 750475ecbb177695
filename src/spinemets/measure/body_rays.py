"""Rays from the middle of a body outwards through its wall, at right angles to its axis.

Along them the cortex is looked for, and the soft tissue beside it measured. Where disease has eaten the wall away the
outline is carried on from its surroundings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.measure.body_view import BodyView

ANGLES = 72
STEP_MM = 0.5
REACH_MM = 56.0
HEIGHT_SHARE = (0.2, 0.8)
"""Rays start between these shares of the body's height: the endplates are no wall (ours)."""
SMOOTH_DEG, SMOOTH_MM = 45.0, 5.0
"""A wall that lies further in than the median of its surroundings of this size is put there (ours)."""
JOINED_MM = 4.0
"""A ray that meets another part of the vertebra this soon beyond the wall has no wall of its own (ours)."""


class Sector(str, Enum):
    """Quarter of the wall of a body."""

    ANTERIOR = "anterior"
    LEFT = "left"
    RIGHT = "right"
    POSTERIOR = "posterior"


@dataclass(frozen=True, eq=False)
class BodyRays:
    """Rays through the wall of a body.

    Attributes
    ----------
    angle_deg : (A,) ndarray
        Of each ray: 0 to the front, 90 to the patient's right.
    up_mm : (U,) ndarray
        Height above the body's centre.
    wall_mm : (A, U) ndarray
        Distance of the wall from the middle; NaN where there is none.
    free : (A, U) ndarray of bool
        Where the wall borders on no other part of the vertebra.
    distance_mm : (D,) ndarray
        Places along each ray.
    hu : (A, U, D) ndarray
        CT along it, NaN beyond the image.
    bone : (A, U, D) ndarray of bool
        Any vertebra.
    area_mm2 : (A, U) ndarray
        Of the wall that a ray stands for.
    """

    angle_deg: NDArray[np.float64]
    up_mm: NDArray[np.float64]
    wall_mm: NDArray[np.float64]
    free: NDArray[np.bool_]
    distance_mm: NDArray[np.float64]
    hu: NDArray[np.float32]
    bone: NDArray[np.bool_]
    area_mm2: NDArray[np.float64]

    def sector(self, sector: Sector) -> NDArray[np.bool_]:
        """(A,) rays of a quarter of the wall."""
        middle = {Sector.ANTERIOR: 0.0, Sector.RIGHT: 90.0, Sector.POSTERIOR: 180.0, Sector.LEFT: 270.0}[sector]
        return np.abs((self.angle_deg - middle + 180) % 360 - 180) <= 45.0


def body_rays(view: BodyView) -> BodyRays | None:
    """Rays through the wall of a body; None where the body is too low or too thin to have one."""
    rows = np.flatnonzero(view.body.any(axis=(0, 1)))
    if len(rows) < 6:
        return None
    low, high = rows[0], rows[-1]
    height = high - low + 1
    levels = np.arange(low + round(HEIGHT_SHARE[0] * height), low + round(HEIGHT_SHARE[1] * height))
    middle = np.argwhere(view.body[:, :, levels].any(axis=2)).mean(axis=0)
    angle = np.arange(ANGLES) * 360.0 / ANGLES
    distance = np.arange(0, REACH_MM, STEP_MM)
    at = _places(view, middle, angle, levels, distance)
    body = _sampled(view.body, at) >= 0.5
    wall = _wall(body, distance)
    if not np.isfinite(wall).mean() > 0.5:
        return None
    wall = _carried_on(wall)
    bone = _sampled(view.body | view.posterior | view.others, at) >= 0.5
    joined = _sampled(view.posterior | view.others, at) >= 0.5
    beyond = (distance > wall[:, :, None]) & (distance < wall[:, :, None] + JOINED_MM)
    free = np.isfinite(wall) & ~(joined & beyond).any(axis=2)
    hu = ndimage.map_coordinates(view.hu, at, order=1, mode="constant", cval=np.nan, output=np.float32)
    step_up = float(view.up_mm[1] - view.up_mm[0])
    area = np.nan_to_num(wall) * np.radians(360.0 / ANGLES) * step_up
    return BodyRays(angle, view.up_mm[levels], wall, free, distance, hu, bone, area)


def _places(
    view: BodyView,
    middle: NDArray[np.float64],
    angle: NDArray[np.float64],
    levels: NDArray[np.int64],
    distance: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(3, A, U, D) indices in the view."""
    step = float(view.right_mm[1] - view.right_mm[0])
    radians = np.radians(angle)[:, None, None]
    right = middle[0] + np.sin(radians) * distance / step
    front = middle[1] + np.cos(radians) * distance / step
    full = np.broadcast_shapes(right.shape, (1, len(levels), 1))
    up = np.broadcast_to(levels[None, :, None], full)
    return np.stack([np.broadcast_to(right, full), np.broadcast_to(front, full), up]).astype(np.float32)


def _sampled(mask: NDArray[np.bool_], at: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(ndimage.map_coordinates(mask.astype(np.float32), at, order=1, output=np.float32))


def _wall(body: NDArray[np.bool_], distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(A, U) distance of the last place inside the body."""
    last = body.shape[2] - 1 - body[:, :, ::-1].argmax(axis=2)
    return np.where(body.any(axis=2), distance[last] + STEP_MM / 2, np.nan)


def _carried_on(wall: NDArray[np.float64]) -> NDArray[np.float64]:
    """The wall, never further in than the median of its surroundings."""
    size = (round(SMOOTH_DEG * ANGLES / 360) // 2 * 2 + 1, round(SMOOTH_MM) // 2 * 2 + 1)
    known = np.where(np.isfinite(wall), wall, np.nanmedian(wall))
    turn = size[0] // 2
    around = np.pad(known, ((turn, turn), (0, 0)), mode="wrap")
    usual = ndimage.median_filter(around, size, mode="nearest")[turn:-turn]
    return np.maximum(known, usual)
