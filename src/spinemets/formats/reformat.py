"""Curved and tilted pictures through a spine, sampled from an image in any orientation.

A sheet is a picture whose every pixel has a place in the patient: (rows, columns, 3)
world RAS+ mm. Rows run from head to foot or from front to back, columns from the
patient's front to the back, or from the patient's right to the left, as radiologists
look at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

from spinemets.anatomy import Level
from spinemets.volume import Volume

Array = NDArray[Any]

CORE = 0.7
"""The body is taken to be where a voxel is at least this share of the greatest depth below the surface."""

BEYOND_MM = 40.0
"""How far a centreline goes on in the direction of its last two bodies."""

STEEPEST = 0.7
"""The most that it may lean while it does so, mm sideways per mm of height."""

COARSE_MM = 2.0
"""Bodies are sought in the mask at about this spacing."""


@dataclass(frozen=True)
class Centreline:
    """A line through the vertebral bodies as a function of height in the patient.

    Attributes
    ----------
    points_mm : (N, 3) ndarray
        World mm, z strictly increasing; at least two.
    """

    points_mm: Array

    @classmethod
    def through(cls, centres_mm: Array) -> Centreline:
        """The line through (N, 3) body centres, going on straight for `BEYOND_MM` past both ends.

        Of two centres at the same height, the first is kept.
        """
        if len(centres_mm) == 0:
            raise ValueError("a centreline needs at least one body")
        _, first = np.unique(centres_mm[:, 2].round(1), return_index=True)
        points = centres_mm[first]
        return cls(np.vstack([_beyond(points, -1), points, _beyond(points[::-1], 1)]))

    def at(self, height_mm: Array) -> Array:
        """(N, 3) points of the line at (N,) world z; straight down and up beyond its ends."""
        z = self.points_mm[:, 2]
        xy = PchipInterpolator(z, self.points_mm[:, :2])(np.clip(height_mm, z[0], z[-1]))
        return np.column_stack([xy, height_mm])

    def direction(self, height_mm: float, reach_mm: float = 15.0) -> Array:
        """(3,) unit vector along the line towards the head, over `reach_mm` to both sides."""
        below, above = self.at(np.array([height_mm - reach_mm, height_mm + reach_mm]))
        return (above - below) / np.linalg.norm(above - below)


def _beyond(points_mm: Array, sense: int) -> Array:
    """(3,) point `BEYOND_MM` before the first of (N, 3) points, down for ``sense`` -1 and up for +1."""
    slope = np.zeros(2)
    if len(points_mm) > 1:
        rise = points_mm[0] - points_mm[1]
        slope = np.clip(rise[:2] / rise[2], -STEEPEST, STEEPEST)
    return points_mm[0] + sense * BEYOND_MM * np.array([*slope, 1.0])


def body_centres_mm(mask: Volume, levels: tuple[Level, ...]) -> dict[Level, Array]:
    """World position of the middle of each vertebral body, from whole-vertebra labels.

    The body is by far the thickest part of a vertebra, so its centre is where the mask
    is deepest. The atlas has no body: the centroid of its ring is given.

    Parameters
    ----------
    mask : Volume
        VerSe labels; integers.
    levels : tuple of Level
        Levels to look for; one that is not in the mask is left out.
    """
    boxes = ndimage.find_objects(mask.array, max_label=max(level.verse_id for level in levels))
    centres = {}
    for level in levels:
        box = boxes[level.verse_id - 1]
        if box is not None:
            start = np.array([part.start for part in box])
            centres[level] = mask.world(start + _thickest(mask.array[box] == level.verse_id, mask.spacing_mm, level))
    return centres


def _thickest(part: Array, spacing_mm: Array, level: Level) -> Array:
    """(3,) index within `part` of the middle of its core."""
    if level is Level.C1:
        return np.argwhere(part).mean(axis=0)
    step = np.maximum(np.floor(COARSE_MM / spacing_mm), 1).astype(int)
    coarse = np.pad(part[tuple(slice(None, None, int(n)) for n in step)], 1)
    depth_mm = ndimage.distance_transform_edt(coarse, sampling=spacing_mm * step)
    if not depth_mm.any():
        return np.argwhere(part).mean(axis=0)
    return (np.argwhere(depth_mm >= CORE * depth_mm.max()).mean(axis=0) - 1) * step


def sagittal_sheet(line: Centreline, heights_mm: Array, depths_mm: Array) -> Array:
    """(R, C, 3) mid-sagittal sheet: `line` at (R,) world z, spread over (C,) world y."""
    return _sheet(line, heights_mm, depths_mm, axis=1)


def coronal_sheet(line: Centreline, heights_mm: Array, widths_mm: Array) -> Array:
    """(R, C, 3) mid-coronal sheet: `line` at (R,) world z, spread over (C,) world x."""
    return _sheet(line, heights_mm, widths_mm, axis=0)


def _sheet(line: Centreline, heights_mm: Array, spread_mm: Array, axis: int) -> Array:
    sheet = np.repeat(line.at(heights_mm)[:, None, :], len(spread_mm), axis=1)
    sheet[:, :, axis] = spread_mm
    return sheet


def axial_sheet(centre_mm: Array, towards_head: Array, forward_mm: Array, right_mm: Array) -> Array:
    """(R, C, 3) plane across `towards_head` through `centre_mm`.

    `forward_mm` (R,) and `right_mm` (C,) are distances from the centre to the patient's
    front and right within the plane.
    """
    right = np.array([1.0, 0.0, 0.0]) - towards_head[0] * towards_head
    right /= np.linalg.norm(right)
    front = np.cross(towards_head, right)
    return centre_mm + forward_mm[:, None, None] * front + right_mm[None, :, None] * right


def sample(volume: Volume, sheet_mm: Array, *, order: int = 1, fill: float = 0.0) -> Array:
    """(R, C) values of `volume` on a sheet; nearest label for ``order=0``, `fill` outside."""
    index = volume.index(sheet_mm.reshape(-1, 3)).T
    output = volume.array.dtype if order == 0 else np.float32
    values = ndimage.map_coordinates(volume.array, index, output=output, order=order, mode="constant", cval=fill)
    return values.reshape(sheet_mm.shape[:2])


def slab_mean(volume: Volume, sheet_mm: Array, offsets_mm: Array, fill: float) -> Array:
    """(R, C) mean of `volume` over a sheet shifted by each of the (N, 3) offsets."""
    return np.mean([sample(volume, sheet_mm + offset, fill=fill) for offset in offsets_mm], axis=0)
