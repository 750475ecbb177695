"""A strip of axial pictures of the canal with the edges of sac, cord and tumour on them, and the gap to the cord."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from spinemets.formats.grey import MR_PERCENTILES, Window, grey_png
from spinemets.formats.picture import Picture
from spinemets.formats.reformat import sample
from spinemets.formats.rulers import Mark
from spinemets.volume import Volume

Array = NDArray[Any]

PIXEL_MM = 0.25
HALF_MM = 22.0
"""What is shown to each side of the middle of the sac."""
TOLERANCE_MM = 0.05
NEIGHBOURS = 2
"""Slices shown on each side of the worst one."""


@dataclass(frozen=True)
class CanalStrip:
    """Axial pictures of one site, from head to foot, the worst slice marked by its number."""

    title: str
    worst: int
    pictures: tuple[tuple[int, Picture], ...]


def draw_canal_strip(
    title: str,
    masks: Mapping[str, Volume],
    axis: int,
    worst: int,
    image: Volume | None = None,
    gaps_mm: Mapping[int, float | None] | None = None,
) -> CanalStrip:
    """Pictures of the worst slice and its neighbours.

    Parameters
    ----------
    title : str
        What the strip shows.
    masks : mapping of str to Volume
        ``cord``, ``sac`` and ``tumour`` (or some of them), binary, on one grid. The sac must hold voxels.
    axis : int
        Voxel axis that the slices lie across.
    worst : int
        Index of the worst slice along it.
    image : Volume, optional
        Axial T2 on the same grid; without it the edges are drawn on black.
    gaps_mm : mapping of int to float or None, optional
        By slice, how far the tumour was measured to be from the cord: drawn where the two edges are nearest.
    """
    grid = masks["sac"]
    count = grid.shape[axis]
    shown = [n for n in range(worst - NEIGHBOURS, worst + NEIGHBOURS + 1) if 0 <= n < count]
    directions = grid.affine[:3, :3] / grid.spacing_mm
    if directions[2, axis] > 0:
        shown.reverse()
    window = None if image is None else _window(image, masks["sac"])
    gaps = gaps_mm or {}
    pictures = tuple((n, _picture(masks, axis, n, image, window, gaps.get(n))) for n in shown)
    return CanalStrip(title, worst, pictures)


def slice_sheet(grid: Volume, axis: int, number: int, middle_mm: Array) -> Array:
    """(R, C, 3) positions of the pixels of one slice about a point: front first, then the patient's right first."""
    directions = (grid.affine[:3, :3] / grid.spacing_mm).T
    first, second = (directions[n] for n in range(3) if n != axis)
    to_front, to_right = (first, second) if abs(first[1]) > abs(second[1]) else (second, first)
    to_front = to_front * np.sign(to_front[1])
    to_right = to_right * np.sign(to_right[0])
    steps = np.arange(HALF_MM - PIXEL_MM / 2, -HALF_MM, -PIXEL_MM)
    index = grid.index(middle_mm[None])[0]
    index[axis] = number
    in_slice = grid.world(index)
    return in_slice + steps[:, None, None] * to_front + steps[None, :, None] * to_right


def _picture(
    masks: Mapping[str, Volume],
    axis: int,
    number: int,
    image: Volume | None,
    window: Window | None,
    gap_mm: float | None = None,
) -> Picture:
    sac = np.argwhere(masks["sac"].array)
    here = sac[sac[:, axis] == number]
    middle_mm = masks["sac"].world((here if len(here) else sac).mean(axis=0))
    sheet = slice_sheet(masks["sac"], axis, number, middle_mm)
    grey = np.zeros(sheet.shape[:2], np.uint8)
    if image is not None and window is not None:
        grey = window.grey(sample(image, sheet, fill=window.black))
    edges = {kind: _edges(mask, axis, number, sheet) for kind, mask in masks.items()}
    marks = [_closed(edge, kind) for kind, own in edges.items() for edge in own]
    if gap_mm is not None and edges.get("tumour") and edges.get("cord"):
        marks.append(_gap(np.concatenate(edges["tumour"]), np.concatenate(edges["cord"]), gap_mm))
    return Picture(
        png=grey_png(grey),
        width_mm=sheet.shape[1] * PIXEL_MM,
        height_mm=sheet.shape[0] * PIXEL_MM,
        outlines=(),
        letters=("R", "L", "A", "P"),
        caption=f"slice {number}",
        marks=tuple(marks),
    )


def _edges(mask: Volume, axis: int, number: int, sheet: Array) -> Sequence[Array]:
    """(N, 2) points of every edge of a mask in one slice, mm to the right and down from the corner of the sheet."""
    from skimage.measure import find_contours

    plane = np.take(mask.array, [number], axis=axis) > 0
    if not plane.any():
        return ()
    index = mask.index(sheet.reshape(-1, 3)).T
    index[axis] = 0
    share = ndimage.map_coordinates(plane.astype(np.float32), index, order=1, mode="constant")
    edges = find_contours(np.pad(share.reshape(sheet.shape[:2]), 1), 0.5)
    return [(edge[:, ::-1] - 0.5) * PIXEL_MM for edge in edges]


def _closed(edge: Array, kind: str) -> Mark:
    from skimage.measure import approximate_polygon

    return Mark(approximate_polygon(edge[:, ::-1], TOLERANCE_MM)[:, ::-1], kind, kind.replace("_", " "), closed=True)


def _gap(tumour: Array, cord: Array, gap_mm: float) -> Mark:
    """A line from tumour to cord where their edges are nearest, with the gap that was measured."""
    distance, nearest = cKDTree(cord).query(tumour)
    start = int(distance.argmin())
    return Mark(np.stack([tumour[start], cord[nearest[start]]]), "gap", f"gap between tumour and cord {gap_mm:.1f} mm")


def _window(image: Volume, sac: Volume) -> Window:
    near = ndimage.binary_dilation(sac.array > 0, iterations=4)
    black, white = (float(value) for value in np.percentile(image.array[near], MR_PERCENTILES))
    return Window(black, max(white, black + 1e-6), "window from the signal near the sac")
