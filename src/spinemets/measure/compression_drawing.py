"""Where a slice was measured, for pictures: the sac as it would be, the deepest point of the tumour in it, CSF left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.measure.canal_reference import SliceReference
from spinemets.measure.canal_slices import CanalSlice, CanalStack
from spinemets.measure.cord_compression import csf_of, ring_of
from spinemets.measure.fine_grid import FINE_MM

Array = NDArray[np.float64]
TIE = 1.5
"""Depths and distances that differ by less than this, in fine pixels, are the same: a line stands amid a flat wall, and
steps in its edge do not turn it aside (ours)."""


@dataclass(frozen=True, eq=False)
class SliceDrawing:
    """One slice with tumour.

    Attributes
    ----------
    sac_mm : (U, V) ndarray
        Signed distance to the edge of the sac as slices without tumour have it, mm, negative inside.
    csf : (U, V) ndarray of bool
        CSF in the ring round the cord in which it is looked for; nothing where there is no cord.
    dent : (2, 2) ndarray or None
        From the wall of that sac to the deepest point of the tumour in it, fine pixels; None where none is in it.
    stack : CanalStack
        Tells where fine pixels lie in the volume.
    """

    sac_mm: Array
    csf: NDArray[np.bool_]
    dent: Array | None
    stack: CanalStack


def slice_drawing(
    one: CanalSlice, reference: SliceReference, stack: CanalStack, csf_from: float | None
) -> SliceDrawing:
    """What is drawn on a slice, from what it is measured by.

    Parameters
    ----------
    one : CanalSlice
        With tumour.
    reference : SliceReference
        The same slice without tumour.
    stack : CanalStack
        For the places of fine pixels.
    csf_from : float or None
        T2 signal from which fluid is CSF.
    """
    csf = csf_of(one, csf_from) & ring_of(one.cord) if one.cord.any() else np.zeros_like(one.cord)
    return SliceDrawing(reference.sac_mm, csf, _dent(one.tumour, reference.sac_mm), stack)


def _dent(tumour: NDArray[np.bool_], sac_mm: Array) -> Array | None:
    """From the nearest point of the wall to the deepest pixel of the tumour."""
    inside = sac_mm < 0
    if not (tumour & inside).any():
        return None
    held = np.argwhere(tumour)
    deepest = middle_of_least(held, sac_mm[tumour] / FINE_MM)
    wall = np.argwhere(ndimage.binary_dilation(inside) & ~inside)
    return np.array([middle_of_least(wall, np.linalg.norm(wall - deepest, axis=1)), deepest], dtype=np.float64)


def middle_of_least(points: NDArray[Any], values: Array, within: float = TIE) -> NDArray[Any]:
    """(2,) the point of least value; of points that share it nearly, the one amid them.

    Parameters
    ----------
    points : (N, 2) ndarray
        At least one.
    values : (N,) ndarray
        Of the points.
    within : float
        Values so much larger than the least one are taken for the same.
    """
    least = points[values <= values.min() + within]
    return np.asarray(least[np.linalg.norm(least - least.mean(axis=0), axis=1).argmin()])
