"""Solid shapes as signed distances: negative inside, in millimetres.

Every shape is given and asked in one frame of reference with axes in mm; a shape
that is not a true distance function says so. Coordinates are three arrays that
broadcast against one another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import make_interp_spline

Array = NDArray[np.floating[Any]]
Distance = Callable[[Array, Array, Array], Array]


class Shape(Protocol):
    """Anything with an extent and a signed distance."""

    def bounds(self) -> tuple[Array, Array]:
        """(3,) lower and (3,) upper corner of a box that holds the shape."""

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        """Signed distance at each point, mm."""


def vector(values: ArrayLike) -> NDArray[np.float64]:
    """(3,) float64 array of `values`."""
    return np.asarray(values, dtype=np.float64)


def smooth_maximum(first: Array, second: Array, blend_mm: float) -> Array:
    """The larger of two distances with the crease rounded off over `blend_mm`: an intersection."""
    overlap = np.maximum(blend_mm - np.abs(first - second), 0.0)
    return np.maximum(first, second) + overlap * overlap / (4.0 * blend_mm)


def smooth_minimum(first: Array, second: Array, blend_mm: float) -> Array:
    """The smaller of two distances with the crease filled over `blend_mm`: a union."""
    overlap = np.maximum(blend_mm - np.abs(first - second), 0.0)
    return np.minimum(first, second) - overlap * overlap / (4.0 * blend_mm)


def oval(x: Array, y: Array, half_width: Any, half_depth: Any, power: float = 2.0) -> Array:
    """Radius in an oval as a fraction of the way to its edge: 0 at the centre, 1 on the edge.

    `power` above 2 makes corners; 2 is an ellipse.
    """
    total = np.abs(x / half_width) ** power + np.abs(y / half_depth) ** power
    return total ** (1.0 / power)


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; distances are first-order, exact on the surface.

    Attributes
    ----------
    centre, radii : (3,) array
        Position and half axes, mm.
    axes : (3, 3) array
        Unit vectors of the half axes as rows.
    """

    centre: Array
    radii: Array
    axes: Array | None = None

    def bounds(self) -> tuple[Array, Array]:
        axes = np.eye(3) if self.axes is None else self.axes
        reach = np.sqrt(((axes * vector(self.radii)[:, None]) ** 2).sum(axis=0))
        return vector(self.centre) - reach, vector(self.centre) + reach

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        u, v, w = turned(x, y, z, self.centre, self.axes)
        a, b, c = (float(radius) for radius in self.radii)
        near = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
        slope = np.sqrt((u / a**2) ** 2 + (v / b**2) ** 2 + (w / c**2) ** 2)
        return near * (near - 1.0) / np.maximum(slope, 1e-6)


@dataclass(frozen=True)
class RoundedBox:
    """A box with rounded edges.

    Attributes
    ----------
    centre, half : (3,) array
        Position and half edges, rounding included, mm.
    axes : (3, 3) array
        Unit vectors of the edges as rows.
    rounding_mm : float
        Radius of the edges; at most the smallest half edge.
    """

    centre: Array
    half: Array
    axes: Array | None = None
    rounding_mm: float = 1.0

    def bounds(self) -> tuple[Array, Array]:
        axes = np.eye(3) if self.axes is None else self.axes
        reach = (np.abs(axes) * vector(self.half)[:, None]).sum(axis=0)
        return vector(self.centre) - reach, vector(self.centre) + reach

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        local = turned(x, y, z, self.centre, self.axes)
        u, v, w = (np.abs(p) - (float(h) - self.rounding_mm) for p, h in zip(local, self.half, strict=True))
        outside = np.sqrt(np.maximum(u, 0) ** 2 + np.maximum(v, 0) ** 2 + np.maximum(w, 0) ** 2)
        return outside + np.minimum(np.maximum(np.maximum(u, v), w), 0) - self.rounding_mm


@dataclass(frozen=True)
class Capsule:
    """A rod with round ends between two points, its radius changing evenly.

    Attributes
    ----------
    start, end : (3,) array
        Ends of the axis.
    start_mm, end_mm : float
        Radius at each end.
    stretch : (3,) tuple of float
        How many times wider the section is along each axis of the frame; with a
        stretch other than 1 the distance is a lower bound.
    """

    start: Array
    end: Array
    start_mm: float
    end_mm: float
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def bounds(self) -> tuple[Array, Array]:
        ends = np.array([self.start, self.end], dtype=np.float64)
        radius = np.array([[self.start_mm], [self.end_mm]]) * np.array([self.stretch])
        return (ends - radius).min(axis=0), (ends + radius).max(axis=0)

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        sx, sy, sz = self.stretch
        start = vector(self.start) / self.stretch
        axis = vector(self.end) / self.stretch - start
        u, v, w = x / sx - start[0], y / sy - start[1], z / sz - start[2]
        along = (u * axis[0] + v * axis[1] + w * axis[2]) / max(float(axis @ axis), 1e-9)
        along = np.clip(along, 0.0, 1.0)
        gap = np.sqrt((u - along * axis[0]) ** 2 + (v - along * axis[1]) ** 2 + (w - along * axis[2]) ** 2)
        return gap - (self.start_mm + along * (self.end_mm - self.start_mm))


@dataclass(frozen=True)
class Formula:
    """A shape given by its extent and a function of the coordinates."""

    lower: Array
    upper: Array
    function: Distance

    def bounds(self) -> tuple[Array, Array]:
        return vector(self.lower), vector(self.upper)

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        return self.function(x, y, z)


def tube(points: ArrayLike, radii_mm: ArrayLike, stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> list[Shape]:
    """A rod along (N, 3) points, as N - 1 capsules; `radii_mm` is one number or N."""
    path = np.asarray(points, dtype=np.float64)
    radii = np.broadcast_to(np.asarray(radii_mm, dtype=np.float64), len(path))
    return [Capsule(path[n], path[n + 1], float(radii[n]), float(radii[n + 1]), stretch) for n in range(len(path) - 1)]


def turned(x: Array, y: Array, z: Array, centre: ArrayLike, axes: Array | None) -> tuple[Array, Array, Array]:
    """Coordinates about `centre` along the rows of `axes`."""
    cx, cy, cz = vector(centre)
    u, v, w = x - cx, y - cy, z - cz
    if axes is None:
        return u, v, w
    rows = np.asarray(axes, dtype=np.float32)
    along = [u * row[0] + v * row[1] + w * row[2] for row in rows]
    return along[0], along[1], along[2]


def frame(normal: ArrayLike, up: ArrayLike) -> Array:
    """(3, 3) rows: `normal` made a unit vector, the part of `up` across it, and the third axis."""
    first = vector(normal) / np.linalg.norm(vector(normal))
    second = vector(up) - (vector(up) @ first) * first
    second = second / np.linalg.norm(second)
    return np.array([first, second, np.cross(first, second)])


def spline(points: ArrayLike, count: int) -> Array:
    """(count, 3) points spaced evenly along a smooth curve through (N, 3) `points`."""
    path = np.asarray(points, dtype=np.float64)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    curve = make_interp_spline(length, path, k=min(3, len(path) - 1))
    fine = curve(np.linspace(0, length[-1], 8 * count))
    walked = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    wanted = np.linspace(0, walked[-1], count)
    return np.stack([np.interp(wanted, walked, fine[:, axis]) for axis in range(3)], axis=1)


def joined(shapes: Sequence[Shape]) -> tuple[Array, Array]:
    """Corners of the box that holds all `shapes`."""
    corners = [shape.bounds() for shape in shapes]
    return np.min([low for low, _ in corners], axis=0), np.max([high for _, high in corners], axis=0)
