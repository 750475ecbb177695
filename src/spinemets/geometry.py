"""Grids in the patient, and how values get from one to another.

Nothing here knows what an image shows. World is RAS+ millimetres throughout.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.block_mean import block_mean
from spinemets.errors import StudyError
from spinemets.label_boxes import Box, label_boxes
from spinemets.orientation import closest_axes
from spinemets.separable import DRIFT, runs_along, sample_along_axes
from spinemets.volume import Volume


@dataclass(frozen=True)
class Grid:
    """Where voxels lie, without their values.

    Attributes
    ----------
    shape : (3,) tuple of int
        Number of voxels along I, J, K.
    affine : (4, 4) ndarray
        From voxel index to world RAS+ millimetres.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """(3,) distance between voxel centres, mm."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    @classmethod
    def of(cls, volume: Volume) -> Grid:
        """The grid of a volume."""
        return cls(volume.shape, volume.affine)


def corners_mm(shape: tuple[int, ...], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """(8, 3) world positions of the outer corners of a grid: half a voxel beyond the centres."""
    ends = [(-0.5, n - 0.5) for n in shape]
    corners = np.array(list(itertools.product(*ends)))
    return corners @ affine[:3, :3].T + affine[:3, 3]


def world_aligned_grid(lower_mm: NDArray[np.float64], upper_mm: NDArray[np.float64], spacing_mm: float) -> Grid:
    """The isotropic RAS+ grid whose voxels fill the box from `lower_mm` to `upper_mm`.

    Parameters
    ----------
    lower_mm, upper_mm : (3,) ndarray
        Opposite corners of the box, world mm; the last voxel may stand out by less than one spacing.
    spacing_mm : float
        Edge of a voxel, mm.
    """
    size = np.asarray(upper_mm) - np.asarray(lower_mm)
    if (size <= 0).any() or spacing_mm <= 0:
        raise StudyError(f"a grid needs a positive extent and spacing, got {size} mm at {spacing_mm} mm")
    shape = np.maximum(np.ceil(size / spacing_mm - 1e-6), 1).astype(int)
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = np.asarray(lower_mm) + spacing_mm / 2
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def covering_grid(volume: Volume, spacing_mm: float) -> Grid:
    """The smallest RAS+ grid of `spacing_mm` that covers all of `volume`."""
    corners = corners_mm(volume.shape, volume.affine)
    return world_aligned_grid(corners.min(axis=0), corners.max(axis=0), spacing_mm)


def crop(volume: Volume, start: Any, stop: Any) -> Volume:
    """The part of a volume from index `start` up to, not including, `stop`; a view, same world positions."""
    start = np.clip(np.asarray(start, dtype=int), 0, volume.shape)
    stop = np.clip(np.asarray(stop, dtype=int), start, volume.shape)
    affine = volume.affine.copy()
    affine[:3, 3] = volume.world(start)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    return Volume(volume.array[i, j, k], affine, volume.frame_of_reference)


def index_box(volume: Volume, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and one-past-last index of `volume` needed to cover `grid`, one voxel to spare."""
    index = volume.index(corners_mm(grid.shape, grid.affine))
    start = np.clip(np.floor(index.min(axis=0)).astype(int) - 1, 0, volume.shape)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 2, start, volume.shape)
    return start, stop


def _block_starts(
    volume: Volume, grid: Grid, factors: NDArray[np.int64], start: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(3,) first voxel of the first block, at most `start` and perhaps negative.

    A block lies round the middle point of the grid as exactly as voxels allow, so that what comes out depends on
    neither the order in which the voxels are stored nor where an image was cut.
    """
    middle = np.round((np.array(grid.shape) - 1) / 2 + 0.25 * _senses(grid.affine))
    first = volume.index(grid.affine[:3, :3] @ middle + grid.affine[:3, 3]) - (factors - 1) / 2
    phase = np.round(first + 1e-3 * _senses(volume.affine)).astype(np.int64)  # of two as near, one in the world
    return start - (start - phase) % factors


def _senses(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) +1 for each voxel axis that grows with the world axis it is closest to, -1 where it runs against it."""
    axes, signs = closest_axes(affine)
    result = np.zeros(3)
    result[list(axes)] = signs
    return result


def resample(
    volume: Volume, grid: Grid, *, order: int = 1, fill: float = 0.0, antialias: bool = True
) -> NDArray[np.float32]:
    """Values of `volume` at the points of `grid`.

    Parameters
    ----------
    volume : Volume
        The source; need not be aligned with `grid` in any way.
    grid : Grid
        Where values are wanted.
    order : int
        0 for labels (nearest voxel), 1 for images (trilinear).
    fill : float
        Value outside the source. A voxel has an extent: up to its outer face it is what it is, not half mixed
        with nothing.
    antialias : bool
        Average the source over whole blocks first where it is at least twice as fine as `grid`.

    Returns
    -------
    (I, J, K) ndarray of float32
        Values on `grid`; for ``order=0`` the labels, exactly.
    """
    start, stop = index_box(volume, grid)
    if (stop <= start).any():
        return np.full(grid.shape, fill, dtype=np.float32)
    factors = _block_factors(volume, grid) if antialias and order > 0 else np.ones(3, dtype=int)
    start, stop = np.maximum(start + 1 - factors, 0), np.minimum(stop + factors - 1, volume.shape)
    first = _block_starts(volume, grid, factors, start)
    last = first + -(-(stop - first) // factors) * factors
    lead = np.where(first < 0, first + factors, 0)
    i, j, k = ((int(f), int(n)) for f, n in zip(factors, lead, strict=True))
    part = crop(volume, np.maximum(first, 0), last)
    source = block_mean(part, (i[0], j[0], k[0]), (i[1], j[1], k[1]))
    to_source = np.linalg.inv(source.affine) @ grid.affine
    array = source.array
    if runs_along(to_source[:3, :3], grid.shape):
        values = sample_along_axes(array, to_source[:3, :3], to_source[:3, 3], grid.shape, order=order)
    else:
        if array.dtype not in (np.float32, np.float64, np.int16, np.uint8):
            array = array.astype(np.float32)
        values = ndimage.affine_transform(
            array,
            to_source[:3, :3],
            offset=to_source[:3, 3],
            output_shape=grid.shape,
            output=np.float32,
            order=order,
            mode="nearest",
        )
    for beyond in points_beyond(volume, grid):
        np.copyto(values, np.float32(fill), where=beyond)
    return values


def points_beyond(volume: Volume, grid: Grid) -> Iterator[NDArray[np.bool_]]:
    """Where the points of `grid` lie beyond the outer faces of `volume`, one axis of it after the other.

    Arrays that broadcast to the shape of `grid`; axes along which none does are left out.
    """
    to_volume = np.linalg.inv(volume.affine) @ grid.affine
    for along, size in enumerate(volume.shape):
        index = np.full((1, 1, 1), to_volume[along, 3])
        for axis, count in enumerate(grid.shape):
            if abs(to_volume[along, axis]) * count >= DRIFT:
                step = np.ones(3, dtype=int)
                step[axis] = count
                index = index + (to_volume[along, axis] * np.arange(count)).reshape(step)
        beyond = (index < -0.5 - DRIFT) | (index > size - 0.5 + DRIFT)
        if beyond.any():
            yield beyond


def _block_factors(volume: Volume, grid: Grid) -> NDArray[np.int64]:
    """(3,) how many voxels of `volume` fit into one of `grid` along I, J, K of `volume`, at least 1."""
    share = np.abs(np.linalg.inv(grid.affine[:3, :3]) @ volume.affine[:3, :3]).max(axis=0)
    return np.maximum(np.floor(1 / np.maximum(share, 1e-6) + 1e-3), 1).astype(np.int64)


def resample_labels(volume: Volume, grid: Grid, boxes: Sequence[Box | None] | None = None) -> NDArray[np.uint8]:
    """Labels of `volume` at the points of `grid`, with smooth surfaces where the source is coarse.

    Each label is interpolated trilinearly as a share of the voxel; the largest share wins, background
    included. Labels must lie in 0 to 255. `boxes` are those of `label_boxes`, where they are known already.
    """
    best = np.full(grid.shape, 0.0, dtype=np.float32)
    result = np.zeros(grid.shape, dtype=np.uint8)
    occupied = np.zeros(grid.shape, dtype=np.float32)
    known = label_boxes(volume.array.astype(np.uint8, copy=False)) if boxes is None else boxes
    for label, where in enumerate(known, start=1):
        if where is None:
            continue
        part = crop(volume, [axis.start - 1 for axis in where], [axis.stop + 1 for axis in where])
        target = _subgrid(grid, corners_mm(part.shape, part.affine))
        if target is None:
            continue
        box, local = target
        share = resample(part.with_array((part.array == label).astype(np.float32)), local)
        occupied[box] += share
        wins = share > best[box]
        best[box] = np.where(wins, share, best[box])
        result[box] = np.where(wins, label, result[box])
    result[occupied < 0.5] = 0
    return result


def _subgrid(grid: Grid, points_mm: NDArray[np.float64]) -> tuple[tuple[slice, slice, slice], Grid] | None:
    """The part of a grid that covers points, as slices and as a grid; None where they do not meet."""
    index = (points_mm - grid.affine[:3, 3]) @ np.linalg.inv(grid.affine[:3, :3]).T
    start = np.clip(np.floor(index.min(axis=0)).astype(int), 0, grid.shape)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, start, grid.shape)
    if (stop <= start).any():
        return None
    affine = grid.affine.copy()
    affine[:3, 3] = grid.affine[:3, :3] @ start + grid.affine[:3, 3]
    i, j, k = (slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    size = stop - start
    return (i, j, k), Grid((int(size[0]), int(size[1]), int(size[2])), affine)
