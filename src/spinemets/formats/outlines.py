"""Outlines of vertebrae and lesions on a picture, as paths in millimetres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LEVEL_OF_VERSE_ID, LesionLabel, Level
from spinemets.formats.reformat import sample
from spinemets.formats.rulers import Mark
from spinemets.geometry import crop
from spinemets.spine import Spine
from spinemets.volume import Volume

Array = NDArray[Any]

TOLERANCE_MM = 0.15
"""Outlines may leave the mask by this much for the sake of a small file."""

NEAR_MM = 6.0
"""The ends of an outline are sought this far above and below a height."""

SMALLEST_MM2 = 4.0
"""Smaller specks are not drawn."""


@dataclass(frozen=True)
class Outline:
    """The closed edge of one part of a vertebra on a picture.

    Attributes
    ----------
    level : Level
        Whose edge it is.
    points_mm : (N, 2) ndarray
        x to the right and y down, mm from the top left corner of the picture.
    partly_visible : bool
        The end of the image cuts through the vertebra.
    """

    level: Level
    points_mm: Array
    partly_visible: bool

    @property
    def area_mm2(self) -> float:
        """Area inside the edge, mm²."""
        x, y = self.points_mm.T
        return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)

    def ends_mm(self, y_mm: float) -> tuple[float, float]:
        """Its left and right end near the height `y_mm`; its outermost ends where it does not reach there."""
        along = np.linspace(0, 1, 20, endpoint=False)[:, None, None]
        edge_mm = self.points_mm + along * (np.roll(self.points_mm, -1, axis=0) - self.points_mm)
        x, y = edge_mm.reshape(-1, 2).T
        near = np.abs(y - y_mm) < NEAR_MM
        reached = x[near] if near.any() else x
        return float(reached.min()), float(reached.max())

    @property
    def path(self) -> str:
        """The edge as the ``d`` of an SVG path."""
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.points_mm) + "Z"


def outlines(mask: Volume, sheet_mm: Array, pixel_mm: float, spine: Spine) -> tuple[Outline, ...]:
    """Edges of every vertebra of `spine` that a sheet cuts.

    Parameters
    ----------
    mask : Volume
        VerSe labels.
    sheet_mm : (R, C, 3) ndarray
        World position of every pixel.
    pixel_mm : float
        Size of a pixel on the picture.
    spine : Spine
        Which labels to draw, and which of them are cut by the end of the image.
    """
    labels = sample(mask, sheet_mm, order=0)
    boxes = ndimage.find_objects(labels, max_label=max(LEVEL_OF_VERSE_ID))
    found = []
    for vertebra in spine.vertebrae:
        box = boxes[vertebra.level.verse_id - 1]
        if box is not None:
            edges = _edges(mask, sheet_mm, box, vertebra.level.verse_id)
            found += [Outline(vertebra.level, edge * pixel_mm, vertebra.partly_visible) for edge in edges]
    return tuple(outline for outline in found if outline.area_mm2 >= SMALLEST_MM2)


def lesion_outlines(lesions: Volume, sheet_mm: Array, pixel_mm: float) -> tuple[Mark, ...]:
    """Edges of every kind of lesion that a sheet cuts, as marks of the kinds ``lytic`` and ``blastic``."""
    labels = sample(lesions, sheet_mm, order=0)
    marks = []
    for label, box in enumerate(ndimage.find_objects(labels, max_label=max(LesionLabel)), start=1):
        if box is not None:
            kind = LesionLabel(label).name.lower()
            edges = _edges(lesions, sheet_mm, box, label)
            marks += [Mark(edge * pixel_mm, kind, f"{kind} lesion", closed=True) for edge in edges]
    return tuple(marks)


def _edges(mask: Volume, sheet_mm: Array, box: tuple[slice, slice], label: int) -> Iterator[Array]:
    """(N, 2) edges in pixels, x then y, where half of the interpolated mask is `label`."""
    from skimage.measure import approximate_polygon, find_contours

    around = tuple(slice(max(part.start - 4, 0), part.stop + 4) for part in box)
    part_mm = sheet_mm[around]
    corner = np.array([around[1].start, around[0].start])
    index = mask.index(part_mm.reshape(-1, 3))
    near = crop(mask, np.floor(index.min(axis=0)) - 1, np.ceil(index.max(axis=0)) + 2)
    share = sample(near.with_array((near.array == label).astype(np.float32)), part_mm)
    pixel_mm = float(np.linalg.norm(sheet_mm[1, 0] - sheet_mm[0, 0]))
    for edge in find_contours(np.pad(share, 1), 0.5):
        simple = approximate_polygon(edge, TOLERANCE_MM / pixel_mm)
        yield simple[:, ::-1] - 1 + corner + 0.5
