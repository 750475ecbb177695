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
from spinemets.measure.slice_shape import core_of, signed_distance_mm

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
    near = _near(one.cord)
    cord = _edge_by_signal(one.cord[near], one.sac[near], one.image[near])
    if cord is None:
        return one
    whole = np.zeros_like(one.cord)
    whole[near] = cord
    return replace(one, cord=whole)


def _near(cord: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The box round a cord that holds all CSF compared with it, and as much more as its distances need."""
    margin = int(np.ceil((POOL_MM + 2 * REACH_MM + 4 * SMOOTHING_MM) / FINE_MM))
    (box,) = ndimage.find_objects(cord.view(np.uint8))
    return tuple(slice(max(axis.start - margin, 0), axis.stop + margin) for axis in box)


def _edge_by_signal(
    cord: NDArray[np.bool_], sac: NDArray[np.bool_], image: NDArray[np.float32]
) -> NDArray[np.bool_] | None:
    """The cord by signal; None where it is not told from CSF."""
    from_cord, in_sac = signed_distance_mm(cord), core_of(sac, REACH_MM)
    core = from_cord < -REACH_MM
    fluid = (from_cord > REACH_MM) & (from_cord < POOL_MM) & in_sac
    if core.sum() < LEAST_PIXELS or fluid.sum() < LEAST_PIXELS:
        return None
    cord_signal, csf_signal = float(np.median(image[core])), float(np.median(image[fluid]))
    if csf_signal < LEAST_CONTRAST * cord_signal:
        return None
    open_to_csf = (np.abs(from_cord) <= REACH_MM) & in_sac & _beside(fluid, 2 * REACH_MM)
    dark = image < (cord_signal + csf_signal) / 2
    return _whole((cord & ~open_to_csf) | (open_to_csf & dark))


def _beside(fluid: NDArray[np.bool_], reach_mm: float) -> NDArray[np.bool_]:
    return np.asarray(ndimage.distance_transform_edt(~fluid) <= reach_mm / FINE_MM + 0.5)


def _whole(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(mask)
    whole = mask if count < 2 else pieces == int(np.bincount(pieces.ravel())[1:].argmax()) + 1
    filled = ndimage.binary_fill_holes(whole).astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(filled, SMOOTHING_MM / FINE_MM) >= 0.5)
