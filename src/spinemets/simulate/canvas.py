"""Where shapes become voxels: a grid of labels, and unions of shapes drawn into it.

A bone is drawn as a `Field`, a signed distance over a box. The canvas remembers the
distance to the nearest bone so that two bones never touch: each gives way until the
gap asked for (a joint space) lies between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinemets.geometry import Grid
from spinemets.simulate.implicit import Array, Shape, joined, smooth_minimum
from spinemets.simulate.roughness import Roughness
from spinemets.simulate.tissues import Tissue

FAR_MM = 60.0
"""Distance given to points that no shape was asked about."""

MARGIN_MM = 4.0
"""How far beyond a shape its distance is still worked out; more than any joint gap."""

Box = tuple[slice, slice, slice]


@dataclass
class Canvas:
    """Labels under construction on a grid with RAS+ axes.

    Attributes
    ----------
    grid : Grid
        Voxel axes run along world x, y and z.
    tissue, vertebra, subregion : (I, J, K) ndarray of uint8
        As in `LabelledAnatomy`.
    bone_mm : (I, J, K) ndarray of float16
        Signed distance to the nearest bone drawn so far, at most `FAR_MM`.
    """

    grid: Grid
    tissue: NDArray[np.uint8] = field(init=False)
    vertebra: NDArray[np.uint8] = field(init=False)
    subregion: NDArray[np.uint8] = field(init=False)
    bone_mm: NDArray[np.float16] = field(init=False)

    def __post_init__(self) -> None:
        shape = self.grid.shape
        self.tissue = np.zeros(shape, np.uint8)
        self.vertebra = np.zeros(shape, np.uint8)
        self.subregion = np.zeros(shape, np.uint8)
        self.bone_mm = np.full(shape, FAR_MM, np.float16)

    def box(self, lower: Array, upper: Array) -> Box | None:
        """Index slices of the voxels between two world corners; None if there are none."""
        step = np.diag(self.grid.affine)[:3]
        start = np.ceil((lower - self.grid.affine[:3, 3]) / step).astype(int)
        stop = np.floor((upper - self.grid.affine[:3, 3]) / step).astype(int) + 1
        start, stop = np.maximum(start, 0), np.minimum(stop, self.grid.shape)
        if (stop <= start).any():
            return None
        return (slice(start[0], stop[0]), slice(start[1], stop[1]), slice(start[2], stop[2]))

    def axes(self, box: Box) -> tuple[Array, Array, Array]:
        """World x, y and z of the voxels of a box, as arrays that broadcast to its shape."""
        lines = [
            (np.arange(part.start, part.stop) * self.grid.affine[n, n] + self.grid.affine[n, 3]).astype(np.float32)
            for n, part in enumerate(box)
        ]
        return lines[0][:, None, None], lines[1][None, :, None], lines[2][None, None, :]

    def paint(
        self, shapes: Sequence[Shape], tissue: Tissue, *, over: Sequence[int] | None = None, grow_mm: float = 0.0
    ) -> None:
        """Give the inside of each shape, in world mm, to `tissue`.

        `over` names the only tissues that may be replaced; a positive `grow_mm` swells the shapes.
        """
        for shape in shapes:
            lower, upper = shape.bounds()
            box = self.box(lower - grow_mm, upper + grow_mm)
            if box is None:
                continue
            inside = np.broadcast_to(shape.distance(*self.axes(box)) < grow_mm, self.tissue[box].shape)
            if over is not None:
                inside = inside & np.isin(self.tissue[box], np.array(over, np.uint8))
            self.tissue[box][inside] = tissue


class Field:
    """The union of shapes over a box of a canvas, in a frame of its own.

    Parameters
    ----------
    canvas : Canvas
        Where it will be drawn.
    shapes : sequence of Shape
        All that will be added, to know the extent; in the frame of the field.
    origin, axes : (3,), (3, 3) ndarray
        The frame: world position of its origin, its unit vectors as rows.
    """

    def __init__(
        self, canvas: Canvas, shapes: Sequence[Shape], origin: Array | None = None, axes: Array | None = None
    ) -> None:
        self.canvas = canvas
        self.origin = np.zeros(3) if origin is None else origin
        self.rotation = np.eye(3) if axes is None else axes
        self.box = canvas.box(*self._world_box(*joined(shapes))) if shapes else None
        shape = () if self.box is None else canvas.tissue[self.box].shape
        self.distance = np.full(shape, FAR_MM, np.float32)
        self.part = np.zeros(shape, np.uint8)

    def _world_box(self, lower: Array, upper: Array) -> tuple[Array, Array]:
        ends = np.array(np.meshgrid(*zip(lower - MARGIN_MM, upper + MARGIN_MM, strict=True))).reshape(3, -1).T
        world = ends @ self.rotation + self.origin
        return world.min(axis=0), world.max(axis=0)

    def _within(self, shape: Shape) -> tuple[Box, tuple[Array, Array, Array]] | None:
        """The part of the field's box a shape can reach, and coordinates there in the field's frame."""
        box = self.canvas.box(*self._world_box(*shape.bounds()))
        if box is None or self.box is None:
            return None
        both = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(box, self.box, strict=True)]
        if any(part.stop <= part.start for part in both):
            return None
        x, y, z = self.canvas.axes((both[0], both[1], both[2]))
        rows, (ox, oy, oz) = self.rotation.astype(np.float32), self.origin
        u, v, w = (x - ox).astype(np.float32), (y - oy).astype(np.float32), (z - oz).astype(np.float32)
        along = [row[0] * u + row[1] * v + row[2] * w for row in rows]
        start = [slice(part.start - own.start, part.stop - own.start) for part, own in zip(both, self.box, strict=True)]
        return (start[0], start[1], start[2]), (along[0], along[1], along[2])

    def add(self, shape: Shape, part: int = 0, *, blend_mm: float = 1.5) -> None:
        """Join a shape on; where it is the nearest so far, the voxel belongs to `part`."""
        found = self._within(shape)
        if found is None:
            return
        box, points = found
        own = shape.distance(*points)
        near = self.distance[box]
        self.part[box] = np.where(own < near, part, self.part[box])
        self.distance[box] = smooth_minimum(near, own, blend_mm)

    def claim(self, shape: Shape, part: int) -> None:
        """Join a shape on; all that lies in it belongs to `part`, whatever else lies there."""
        self.add(shape, part)
        found = self._within(shape)
        if found is not None:
            box, points = found
            self.part[box] = np.where(shape.distance(*points) < 0, part, self.part[box])

    def carve(self, shape: Shape) -> None:
        """Take a shape away."""
        found = self._within(shape)
        if found is not None:
            box, points = found
            self.distance[box] = np.maximum(self.distance[box], -shape.distance(*points))

    def roughen(self, roughness: Roughness) -> None:
        """Move the surface in and out a little, so that no shape is perfect."""
        if self.box is None:
            return
        near = np.nonzero(np.abs(self.distance) < MARGIN_MM)
        lines = [axis.ravel() for axis in self.canvas.axes(self.box)]
        points = [line[index] for line, index in zip(lines, near, strict=True)]
        self.distance[near] += roughness(points[0], points[1], points[2])

    def fill(self, tissue: Tissue, *, spare: Sequence[int] = ()) -> None:
        """Give the inside to a soft tissue, except where the canvas has one of `spare`."""
        if self.box is not None:
            inside = (self.distance < 0) & ~np.isin(self.canvas.tissue[self.box], np.array(spare, np.uint8))
            self.canvas.tissue[self.box][inside] = tissue

    def draw(
        self,
        tissue_of_part: Mapping[int, Tissue],
        *,
        vertebra: int = 0,
        gap_mm: float = 1.2,
        subregions: bool = False,
        spare: Sequence[int] = (),
        firm: int | None = None,
    ) -> None:
        """Give the inside to the canvas, at least `gap_mm` from every bone drawn before.

        Parts not in `tissue_of_part` have the tissue of part 0; only the part `firm` takes voxels of `spare`.
        """
        if self.box is None:
            return
        canvas, box = self.canvas, self.box
        other = canvas.bone_mm[box].astype(np.float32)
        inside = (self.distance < 0) & (self.distance < other - gap_mm)
        spared = np.isin(canvas.tissue[box], np.array(spare, np.uint8))
        inside &= ~spared if firm is None else ~spared | (self.part == firm)
        give_way = (other < 0) & (other > self.distance - gap_mm)
        canvas.tissue[box][give_way] = Tissue.MUSCLE
        canvas.vertebra[box][give_way] = 0
        canvas.subregion[box][give_way] = 0
        table = np.array([tissue_of_part.get(n, tissue_of_part.get(0, 0)) for n in range(256)], np.uint8)
        canvas.tissue[box][inside] = table[self.part[inside]]
        canvas.vertebra[box][inside] = vertebra
        canvas.subregion[box][inside] = self.part[inside] if subregions else 0
        canvas.bone_mm[box] = np.minimum(other, self.distance)


def draw_bone(
    canvas: Canvas, shapes: Sequence[Shape], tissue: Tissue, roughness: Roughness, *, gap_mm: float = 1.2
) -> None:
    """Draw the union of shapes, in world mm, as one bone of `tissue`."""
    whole = Field(canvas, shapes)
    for shape in shapes:
        whole.add(shape)
    whole.roughen(roughness)
    whole.draw({0: tissue}, gap_mm=gap_mm)
