"""The edge between cord and CSF where the signal is half-way between both, finer than the pixels of an outline.

An outline by pixels is drawn on one side of every pixel that holds a mixture, and by how much depends on what else is
near: beside tumour, with little CSF left, a network drew cords too small by a tenth that it drew too small
by a twentieth elsewhere, which then looks like a loss. CSF is what has at least the signal half-way between cord
and CSF (`clinical.md` §2.1), and that also tells where the cord begins.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.measure.canal_slices import CanalSlice, CanalStack
from spinemets.measure.fine_grid import FINE_MM
from spinemets.measure.slice_shape import signed_distance_mm

REACH_MM = 0.8
"""The edge is sought within this distance of the outline: a pixel (ours)."""
POOL_MM = 2.5
"""CSF whose signal is compared lies within this distance of the cord (ours)."""
LEAST_CONTRAST = 1.3
"""CSF is brighter than the cord by at least this factor where signal can tell them apart (ours)."""
SMOOTHING_MM = 0.6
"""Standard deviation of the smoothing of the edge: roots beside the cord are bumps on it (ours)."""
LEAST_PIXELS = 20
"""On the fine grid: fewer give no signal (ours)."""


def with_edge_by_signal(stack: CanalStack) -> CanalStack:
    """The stack with the edge of the cord set by signal wherever CSF lies beside it; as it was without an image."""
    return replace(stack, slices=tuple(_by_signal(one) for one in stack.slices))


def _by_signal(one: CanalSlice) -> CanalSlice:
    if one.image is None or not one.cord.any():
        return one
    from_cord = signed_distance_mm(one.cord)
    inside = signed_distance_mm(one.sac)
    core = from_cord < -REACH_MM
    fluid = (from_cord > REACH_MM) & (from_cord < POOL_MM) & (inside < -REACH_MM)
    if core.sum() < LEAST_PIXELS or fluid.sum() < LEAST_PIXELS:
        return one
    cord_signal, csf_signal = float(np.median(one.image[core])), float(np.median(one.image[fluid]))
    if csf_signal < LEAST_CONTRAST * cord_signal:
        return one
    open_to_csf = (np.abs(from_cord) <= REACH_MM) & (inside < -REACH_MM) & _beside(fluid, 2 * REACH_MM)
    dark = one.image < (cord_signal + csf_signal) / 2
    cord = _whole((one.cord & ~open_to_csf) | (open_to_csf & dark))
    return replace(one, cord=cord)


def _beside(fluid: NDArray[np.bool_], reach_mm: float) -> NDArray[np.bool_]:
    return np.asarray(signed_distance_mm(fluid) <= reach_mm)


def _whole(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(mask)
    whole = mask if count < 2 else pieces == int(np.bincount(pieces.ravel())[1:].argmax()) + 1
    filled = ndimage.binary_fill_holes(whole).astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(filled, SMOOTHING_MM / FINE_MM) >= 0.5)
