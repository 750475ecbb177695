"""Takes away the crumbs that rasterising leaves: specks of bone, and vertebrae that touch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.simulate.canvas import Canvas
from spinemets.simulate.tissues import Tissue

SPECK_MM3 = 80.0
"""A piece of a vertebra smaller than this, apart from the rest, is not real."""


def part_vertebrae(canvas: Canvas) -> None:
    """Give to muscle every voxel of a vertebra that shares a face with a vertebra of a higher number."""
    ids = canvas.vertebra
    touching = np.zeros(ids.shape, bool)
    for axis in range(3):
        low: list[slice] = [slice(None)] * 3
        high: list[slice] = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        first, second = ids[tuple(low)], ids[tuple(high)]
        differ = (first != second) & (first > 0) & (second > 0)
        touching[tuple(low)] |= differ & (first < second)
        touching[tuple(high)] |= differ & (second < first)
    clear(canvas, touching)


def drop_specks(canvas: Canvas) -> None:
    """Give to muscle every loose piece of a vertebra of less than `SPECK_MM3`."""
    smallest = SPECK_MM3 / float(canvas.grid.spacing_mm.prod())
    for number, box in enumerate(ndimage.find_objects(canvas.vertebra), start=1):
        if box is None:
            continue
        pieces, count = ndimage.label(canvas.vertebra[box] == number)
        if count < 2:
            continue
        sizes = np.bincount(pieces.ravel())
        small = np.isin(pieces, np.nonzero(sizes < smallest)[0])
        crumbs = small & (pieces > 0)
        for labels, background in ((canvas.tissue, Tissue.MUSCLE), (canvas.vertebra, 0), (canvas.subregion, 0)):
            labels[box][crumbs] = background


def clear(canvas: Canvas, where: NDArray[np.bool_]) -> None:
    """Make bone muscle."""
    canvas.tissue[where] = Tissue.MUSCLE
    canvas.vertebra[where] = 0
    canvas.subregion[where] = 0
