"""A strip of axial pictures of the canal: edges of sac, cord and tumour, and where they were measured.

The gap between tumour and cord, the dent in the sac as it would be without tumour, and the CSF left round the cord.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from spinemets.anatomy import Level
from spinemets.formats.canal_locator import draw_locator
from spinemets.formats.drawn_slice import DrawnSlice
from spinemets.formats.grey import MR_PERCENTILES, Window, grey_png
from spinemets.formats.picture import Picture
from spinemets.formats.reformat import sample
from spinemets.formats.rulers import Mark
from spinemets.measure.compression_drawing import SliceDrawing, middle_of_least
from spinemets.measure.fine_grid import SMOOTHING_PX
from spinemets.volume import Volume

Array = NDArray[Any]
_Layers = tuple[list[Mark], list[Mark]]
"""Marks below the edges of the masks, and above them."""

PIXEL_MM = 0.25
HALF_MM = 18.0
"""What is shown to each side of the middle of the sac."""
TOLERANCE_MM = 0.05
NEIGHBOURS = 2
"""Slices shown on each side of the worst one."""
DRAWN = ("sac", "tumour", "cord")
"""Edges of masks from the lowest to the topmost: a cord that tumour touches is not hidden by it."""
LEGEND = {
    "cord": "cord",
    "sac": "thecal sac",
    "undeformed": "sac as it would be without tumour",
    "tumour": "tumour",
    "gap": "gap: tumour to cord, where least",
    "indentation": "dent: how deep tumour lies in that sac",
    "csf": "CSF in the millimetre round the cord, in % of it",
}
"""What each kind of mark is."""


@dataclass(frozen=True)
class CanalStrip:
    """Axial pictures of one site, from head to foot, the worst slice marked by its number, and where they lie."""

    title: str
    worst: int
    pictures: tuple[tuple[int, Picture], ...]
    locator: Picture

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """Kinds of marks that are drawn on any of them, and what each is."""
        drawn = {mark.kind for _, picture in self.pictures for mark in picture.marks}
        return tuple((kind, said) for kind, said in LEGEND.items() if kind in drawn)


def draw_canal_strip(
    title: str,
    masks: Mapping[str, Volume],
    axis: int,
    worst: int,
    image: Volume | None = None,
    slices: Mapping[int, DrawnSlice] | None = None,
    bodies_mm: Mapping[Level, Array] | None = None,
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
    slices : mapping of int to DrawnSlice, optional
        What was measured by slice. The gap is drawn where the two edges are nearest.
    bodies_mm : mapping of Level to (3,) ndarray, optional
        Middles of vertebral bodies in the same world, named beside the sagittal picture.
    """
    grid = masks["sac"]
    count = grid.shape[axis]
    shown = [n for n in range(worst - NEIGHBOURS, worst + NEIGHBOURS + 1) if 0 <= n < count]
    directions = grid.affine[:3, :3] / grid.spacing_mm
    if directions[2, axis] > 0:
        shown.reverse()
    window = None if image is None else _window(image, masks["sac"])
    told = slices or {}
    pictures = tuple((n, _picture(masks, axis, n, image, window, told.get(n, DrawnSlice()))) for n in shown)
    locator = draw_locator(masks, axis, worst, shown, image, window, bodies_mm or {})
    return CanalStrip(title, worst, pictures, locator)


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
    told: DrawnSlice,
) -> Picture:
    sac = np.argwhere(masks["sac"].array)
    here = sac[sac[:, axis] == number]
    middle_mm = masks["sac"].world((here if len(here) else sac).mean(axis=0))
    sheet = slice_sheet(masks["sac"], axis, number, middle_mm)
    grey = np.zeros(sheet.shape[:2], np.uint8)
    if image is not None and window is not None:
        grey = window.grey(sample(image, sheet, fill=window.black))
    edges = {kind: _edges(mask, axis, number, sheet) for kind, mask in masks.items()}
    marks = [_closed(edge, kind) for kind in sorted(edges, key=DRAWN.index) for edge in edges[kind]]
    if told.drawing is not None:
        below, above = _measured(told, told.drawing, masks["sac"], axis, sheet)
        marks = [*below, *marks, *above]
    if told.gap_mm is not None and edges.get("tumour") and edges.get("cord"):
        marks.append(_gap(np.concatenate(edges["tumour"]), np.concatenate(edges["cord"]), told.gap_mm))
    return Picture(
        png=grey_png(grey),
        width_mm=sheet.shape[1] * PIXEL_MM,
        height_mm=sheet.shape[0] * PIXEL_MM,
        outlines=(),
        letters=("R", "L", "A", "P"),
        caption=f"slice {number}, {told.text}",
        marks=tuple(marks),
    )


def _measured(told: DrawnSlice, drawing: SliceDrawing, grid: Volume, axis: int, sheet: Array) -> _Layers:
    """CSF and the sac as it would be, below the edges of the masks, and above them the dent."""
    fine = drawing.stack.fine_at(np.delete(grid.index(sheet.reshape(-1, 3)), axis, axis=1)).T
    far = float(np.abs(drawing.sac_mm).max())
    wall, csf = (
        ndimage.map_coordinates(values, fine, order=1, mode="constant", cval=beyond).reshape(sheet.shape[:2])
        for values, beyond in ((drawing.sac_mm, far), (drawing.csf.astype(np.float32), 0.0))
    )
    pools = _contours(csf, 0.5)
    share = "" if told.csf is None else f" in {100 * told.csf:.0f} % of the millimetre round the cord"
    below = [Mark(_one_line(pools), "csf", f"CSF{share}", closed=True)] if pools else []
    below += [_closed(edge, "undeformed", "sac as it would be without tumour") for edge in _contours(-wall, 0.0)]
    if drawing.dent is None or told.dent_mm is None:
        return below, []
    ends = _on_sheet(drawing.stack.index_at(drawing.dent), grid, axis, sheet)
    return below, [Mark(ends, "indentation", f"tumour {told.dent_mm:.1f} mm deep in the sac as it would be")]


def _one_line(loops: Sequence[Array]) -> Array:
    """Closed lines as one, joined by ways that are gone there and back, so that filling leaves out holes."""
    there = [np.concatenate([loop, loop[:1]]) for loop in loops]
    return np.concatenate([*there, *(loop[:1] for loop in reversed(loops[:-1]))])


def _on_sheet(index: Array, grid: Volume, axis: int, sheet: Array) -> Array:
    """(N, 2) mm to the right and down from the corner of a sheet, of indices along the in-plane axes."""
    corner, right, down = sheet[0, 0], (sheet[0, 1] - sheet[0, 0]) / PIXEL_MM, (sheet[1, 0] - sheet[0, 0]) / PIXEL_MM
    whole = np.insert(np.asarray(index, dtype=np.float64), axis, grid.index(corner[None])[0, axis], axis=1)
    return (grid.world(whole) - corner) @ np.stack([right, down], axis=1) + PIXEL_MM / 2


def _edges(mask: Volume, axis: int, number: int, sheet: Array) -> Sequence[Array]:
    """(N, 2) points of every edge of a mask in one slice as it is measured, mm to the right and down on the sheet."""
    plane = np.take(mask.array, number, axis=axis) > 0
    if not plane.any():
        return ()
    smooth = ndimage.gaussian_filter(plane.astype(np.float32), SMOOTHING_PX, mode="constant")
    index = np.delete(mask.index(sheet.reshape(-1, 3)), axis, axis=1).T
    share = ndimage.map_coordinates(smooth, index, order=1, mode="constant")
    return _contours(share.reshape(sheet.shape[:2]), 0.5)


def _contours(values: Array, level: float) -> list[Array]:
    """(N, 2) points of every line where the values of a sheet reach a level, mm from its corner; closed at its rim."""
    from skimage.measure import find_contours

    edges = find_contours(np.pad(values, 1, constant_values=min(float(values.min()), level - 1)), level)
    return [(edge[:, ::-1] - 0.5) * PIXEL_MM for edge in edges]


def _closed(edge: Array, kind: str, text: str = "") -> Mark:
    from skimage.measure import approximate_polygon

    line = approximate_polygon(edge[:, ::-1], TOLERANCE_MM)[:, ::-1]
    return Mark(line, kind, text or kind.replace("_", " "), closed=True)


def _gap(tumour: Array, cord: Array, gap_mm: float) -> Mark:
    """A line from tumour to cord where their edges are nearest, with the gap that was measured."""
    start = middle_of_least(tumour, cKDTree(cord).query(tumour)[0] / PIXEL_MM)
    end = cord[np.linalg.norm(cord - start, axis=1).argmin()]
    return Mark(np.stack([start, end]), "gap", f"gap between tumour and cord {gap_mm:.1f} mm")


def _window(image: Volume, sac: Volume) -> Window:
    near = ndimage.binary_dilation(sac.array > 0, iterations=4)
    black, white = (float(value) for value in np.percentile(image.array[near], MR_PERCENTILES))
    return Window(black, max(white, black + 1e-6), "window from the signal near the sac")
