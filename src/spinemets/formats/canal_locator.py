"""Where axial slices of the canal lie: a sagittal picture through the sac, reformatted from the slices themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.formats.grey import Window, grey_png
from spinemets.formats.picture import Name, Picture
from spinemets.formats.reformat import sample
from spinemets.formats.rulers import Mark
from spinemets.volume import Volume

Array = NDArray[Any]

PIXEL_MM = 0.5
HALF_DEPTH_MM, HALF_HEIGHT_MM = 22.0, 55.0
"""What is shown in front of and behind the sac, and above and below the worst slice, where the stack goes so far."""
EDGES = ("sac", "tumour", "cord")
WORST, SHOWN = "slice worst", "slice"
"""Classes of the lines."""


def sagittal_sheet(sac: Volume, axis: int, worst: int) -> Array:
    """(R, C, 3) positions of pixels from head to foot and from front to back, along the middle of the sac.

    From side to side the sheet follows the sac, so that a bent canal does not leave it; its depth is that of the worst
    slice throughout, so that a kyphosis shows.

    Parameters
    ----------
    sac : Volume
        Binary; the worst slice need not hold it.
    axis : int
        Voxel axis that the slices lie across.
    worst : int
        Index of the slice that decides.
    """
    directions = (sac.affine[:3, :3] / sac.spacing_mm).T
    first, second = (directions[n] for n in range(3) if n != axis)
    to_front, to_side = (first, second) if abs(first[1]) > abs(second[1]) else (second, first)
    to_front, to_head = to_front * np.sign(to_front[1]), _to_head(sac, axis)
    index = np.argwhere(sac.array > 0)
    numbers = np.unique(index[:, axis])
    middles = np.array([sac.world(index[index[:, axis] == number].mean(axis=0)) for number in numbers])
    centre = middles[int(np.abs(numbers - worst).argmin())]
    heights, sides = (middles - centre) @ to_head, (middles - centre) @ to_side
    order = np.argsort(heights)
    step = float(sac.spacing_mm[axis])
    ends = [(sac.world(_along(sac, centre, axis, number)) - centre) @ to_head for number in (0, sac.shape[axis] - 1)]
    lowest, highest = max(min(ends) - step / 2, -HALF_HEIGHT_MM), min(max(ends) + step / 2, HALF_HEIGHT_MM)
    rows = np.arange(highest - PIXEL_MM / 2, lowest, -PIXEL_MM)
    columns = np.arange(HALF_DEPTH_MM - PIXEL_MM / 2, -HALF_DEPTH_MM, -PIXEL_MM)
    aside = np.interp(rows, heights[order], sides[order])
    line = centre + rows[:, None] * to_head + aside[:, None] * to_side
    return np.asarray(line[:, None] + columns[None, :, None] * to_front)


def draw_locator(
    masks: Mapping[str, Volume],
    axis: int,
    worst: int,
    shown: Sequence[int],
    image: Volume | None,
    window: Window | None,
    bodies_mm: Mapping[Level, Array],
) -> Picture:
    """The picture, with a line for every slice that is shown beside it.

    Parameters
    ----------
    masks : mapping of str to Volume
        ``cord``, ``sac`` and ``tumour`` (or some of them), binary, on one grid.
    axis : int
        Voxel axis that the slices lie across.
    worst : int
        Index of the slice that decides.
    shown : sequence of int
        Indices of all slices with a line.
    image : Volume or None
        Axial T2 on the same grid.
    window : Window or None
        Of the image.
    bodies_mm : mapping of Level to (3,) ndarray
        Middles of vertebral bodies in the same world, whose names stand at their heights.
    """
    sac = masks["sac"]
    sheet = sagittal_sheet(sac, axis, worst)
    grey = np.zeros(sheet.shape[:2], np.uint8)
    if image is not None and window is not None:
        grey = window.grey(sample(image, sheet, fill=window.black))
    marks = [
        Mark(edge, kind, kind, closed=True)
        for kind in EDGES
        if kind in masks
        for edge in _edges(sample(masks[kind].with_array(masks[kind].array.astype(np.float32)), sheet))
    ]
    rows, columns = sheet.shape[:2]
    width, height = columns * PIXEL_MM, rows * PIXEL_MM
    to_head = _to_head(sac, axis)

    def down_mm(point: Array) -> float:
        return float((sheet[0, columns // 2] - point) @ to_head + PIXEL_MM / 2)

    for number in sorted(shown, key=lambda one: one == worst):
        at = down_mm(sac.world(_along(sac, sheet[rows // 2, columns // 2], axis, number)))
        line = np.array([[0.0, at], [width, at]])
        marks.append(Mark(line, WORST if number == worst else SHOWN, f"slice {number}"))
    heights = {level: down_mm(np.asarray(point)) for level, point in bodies_mm.items()}
    names = tuple(Name(str(level), 1.0, at, level) for level, at in heights.items() if 2.0 < at < height - 2.0)
    caption = "sagittal through the sac, from these slices"
    return Picture(grey_png(grey), width, height, (), ("A", "P", "H", "F"), caption, names, marks=tuple(marks))


def _to_head(grid: Volume, axis: int) -> Array:
    """(3,) unit vector across the slices that points to the head."""
    across = grid.affine[:3, axis] / grid.spacing_mm[axis]
    return np.asarray(across * np.sign(across[2]))


def _along(grid: Volume, point: Array, axis: int, number: int) -> Array:
    """Voxel index of the place in one slice that lies at the in-plane position of a point."""
    index = np.array(grid.index(point[None])[0], dtype=np.float64)
    index[axis] = number
    return index


def _edges(values: Array) -> list[Array]:
    """(N, 2) points of the lines where a sheet reaches a half, mm to the right and down from its corner."""
    from skimage.measure import find_contours

    return [(edge[:, ::-1] - 0.5) * PIXEL_MM for edge in find_contours(np.pad(values, 1), 0.5)]
