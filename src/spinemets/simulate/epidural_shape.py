"""Closed forms of a cross-section of the canal: ellipses, sectors, and how tumour changes them.

Coordinates are the patient's right and front, mm, from the centre of the sac; angles are radians, 0 to the front and
growing to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.simulate.implicit import oval

Array = NDArray[np.float64]

ANGLES = np.linspace(-np.pi, np.pi, 480, endpoint=False)
"""Of the points of an outline, where a distance or an area is not a closed form."""
ENDS_MM = 6.0
"""Length over which a tumour tapers at either end."""
CANAL_POWER, CANAL_PINCH = 2.2, 0.25
"""Corners of the canal's cross-section, and how much narrower it is behind: those of `simulate.canal`."""


@dataclass(frozen=True)
class Push:
    """Where round the sac a tumour pushes, as a share of its deepest push.

    Attributes
    ----------
    towards : float
        Direction of the middle of the tumour.
    half_angle : float
        Of the sector that it fills; pi is all round.
    plateau : float
        Share of that angle over which it pushes fully.
    lobe : float
        Two sectors that lie so far to either side of the middle; 0 for one.
    ripple : (float, int, float)
        Depth of waves in its edge as a share of the push, how many go round, and their phase.
    """

    towards: float
    half_angle: float
    plateau: float = 0.0
    lobe: float = 0.0
    ripple: tuple[float, int, float] = (0.0, 3, 0.0)

    def aside(self, angle: Array) -> Array:
        """Angle between a direction and the middle of the nearest sector."""
        offset = (angle - self.towards + np.pi) % (2 * np.pi) - np.pi
        return np.abs(np.abs(offset) - self.lobe) if self.lobe else np.abs(offset)

    def within(self, angle: Array) -> NDArray[np.bool_]:
        """Whether a direction lies in a sector."""
        return (self.aside(angle) <= self.half_angle) | (self.half_angle >= np.pi)

    def __call__(self, angle: Array) -> Array:
        """1 at the deepest push, falling smoothly to 0 at the edges of the sector."""
        depth, count, phase = self.ripple
        waves = 1 - depth * (1 + np.sin(count * angle + phase)) / 2
        if self.half_angle >= np.pi:
            return waves
        flat = self.plateau * self.half_angle
        part = np.clip((self.aside(angle) - flat) / (self.half_angle - flat), 0.0, 1.0)
        return np.where(part < 1, np.cos(0.5 * np.pi * part) ** 2 * waves, 0.0)


@dataclass(frozen=True)
class Cord:
    """An ellipse that is flattened along a direction; lengths may be arrays that broadcast with the points asked for.

    Attributes
    ----------
    half_width, half_depth : array or float
        Before it was flattened.
    centre : (x, y)
        Its middle, to the right and to the front.
    towards : (2,) ndarray
        Unit vector of the direction.
    flattening : array or float
        Fraction of the extent along that direction that is lost.
    """

    half_width: Array | float
    half_depth: Array | float
    centre: tuple[Array | float, Array | float]
    towards: Array
    flattening: Array | float

    def outline(self) -> Array:
        """(N, 2) points of the edge."""
        flat = points(ANGLES, 1.0) * np.array([self.half_width, self.half_depth])
        return flat - self.flattening * np.outer(flat @ self.towards, self.towards) + np.array(self.centre)

    def normals(self) -> Array:
        """(N, 2) unit vectors pointing out of the edge, at the points of `outline`."""
        plain = points(ANGLES, 1.0) / np.array([self.half_width, self.half_depth])
        outward = plain + self._unflattened(plain @ self.towards)[:, None] * self.towards
        return outward / np.linalg.norm(outward, axis=1, keepdims=True)

    def radius_at(self, right: Array, front: Array, *, larger_mm: float = 0.0) -> Array:
        """How far from the middle to the edge a point lies: 1 on the edge of a cord larger by `larger_mm` all round."""
        x, y = right - self.centre[0], front - self.centre[1]
        back = self._unflattened(x * self.towards[0] + y * self.towards[1])
        x, y = (x + back * self.towards[0]) / self.half_width, (y + back * self.towards[1]) / self.half_depth
        distance = np.hypot(x, y)
        if larger_mm == 0:
            return distance
        # to first order a level set moves by a length times the slope of what it is a level of
        dx, dy = x / self.half_width, y / self.half_depth
        along = self._unflattened(dx * self.towards[0] + dy * self.towards[1])
        slope = np.hypot(dx + along * self.towards[0], dy + along * self.towards[1]) / np.maximum(distance, 1e-6)
        return distance / (1 + larger_mm * slope)

    def _unflattened(self, along: Array) -> Array:
        return along * (self.flattening / (1 - self.flattening))


def points(angle: Array, radius: Array | float) -> Array:
    """(N, 2) points to the right and to the front."""
    return np.column_stack([np.sin(angle), np.cos(angle)]) * np.reshape(radius, (-1, 1))


def ellipse_radius(angle: Array, half_width: Array | float, half_depth: Array | float) -> Array:
    """Radius of an ellipse in a direction."""
    return 1 / np.hypot(np.sin(angle) / half_width, np.cos(angle) / half_depth)


def in_canal(right: Array, front: Array, half_width: Array | float, half_depth: Array | float) -> NDArray[np.bool_]:
    """Whether points from the centre of the bony canal lie within it; it is narrower behind."""
    pinch = 1.0 - CANAL_PINCH * np.clip(-front / half_depth, 0.0, 1.0)
    return oval(right, front, half_width * pinch, half_depth, CANAL_POWER) < 1.0


def strength_at(up: Array, length_mm: float) -> Array:
    """1 along the tumour, falling smoothly to 0 at its ends."""
    if length_mm <= 0:
        return np.zeros_like(up)
    left = np.clip((length_mm / 2 - np.abs(up)) / ENDS_MM, 0.0, 1.0)
    return left * left * (3 - 2 * left)
