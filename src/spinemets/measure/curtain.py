"""How thick epidural tumour is in front of the sac, to either side of the midline: the folds of a draped curtain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.findings import Finding, Measured, NotApplicable
from spinemets.measure.canal_slices import CanalSlice, CanalStack
from spinemets.measure.fine_grid import FINE_MM
from spinemets.measure.slice_shape import area_mm2, centroid
from spinemets.volume import Volume

TUMOUR_MM2 = 5.0
"""A slice with less tumour in the canal has none (`clinical.md` §2.3, [D])."""
MIDLINE_MM = 2.0
"""The notch is looked for this far to either side of the midline, the peaks further away (ours)."""
PARAMEDIAN_SHARE = 0.75
"""Peaks are looked for up to this share of half the sac's width: further out its edge falls away, and a layer of even
thickness looks thick from the front (ours)."""
MEAN_OVER_MM = 1.0
"""A thickness is the mean over this width (ours)."""
PEAK_FROM_MM = 1.0
"""Without so much on both sides there is no notch to speak of, and no ratio (ours)."""
LEAST_IN_PLANE = 0.5
"""Of the unit vector to the front, this much lies within a slice across the cord (ours)."""
EDGE_PX = 0.5
"""Half width of the 90 % interval of a thickness, pixels of the image: one surface half a pixel off, or both a little
(ours; set on phantoms)."""


@dataclass(frozen=True)
class SliceCurtain:
    """Tumour in front of the sac in one slice.

    Attributes
    ----------
    index : int
        Of the slice, in stored order.
    lesser_peak_mm : Measured
        Thickness of the thinner of the two paramedian peaks.
    midline_ratio : Finding
        Thickness in the midline by that of the thinner peak; not applicable where a side has hardly any tumour.
    """

    index: int
    lesser_peak_mm: Measured
    midline_ratio: Finding


def front_in_slices(stack: CanalStack, grid: Volume, front: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2,) unit vector to the patient's front along the two in-plane axes of a stack.

    Parameters
    ----------
    stack : CanalStack
        Slices of volumes on `grid`.
    grid : Volume
        For its affine.
    front : (3,) ndarray
        Unit world vector to the patient's front.

    Raises
    ------
    ValueError
        If `front` is no unit vector, or runs along the cord.
    """
    front = np.asarray(front, dtype=np.float64)
    if front.shape != (3,) or not np.isfinite(front).all() or abs(float(np.linalg.norm(front)) - 1) > 1e-3:
        raise ValueError(f"front must be a unit vector of three numbers, got {front.tolist()}")
    directions = np.delete(grid.affine[:3, :3] / grid.spacing_mm, stack.axis, axis=1)
    within = front @ directions
    length = float(np.linalg.norm(within))
    if length < LEAST_IN_PLANE:
        raise ValueError(f"front must point across the cord, got {front.tolist()}, which runs along it")
    return within / length


def curtain(stack: CanalStack, to_front: NDArray[np.float64]) -> tuple[SliceCurtain, ...]:
    """Every slice with tumour in the canal, in stored order.

    Parameters
    ----------
    stack : CanalStack
        Sac and tumour; the tumour holds none of the sac.
    to_front : (2,) ndarray
        Unit vector within a slice.
    """
    with_tumour = [one for one in stack.slices if area_mm2(one.tumour) >= TUMOUR_MM2]
    return tuple(_slice(one, _middle(one, stack), to_front, stack.pixel_mm) for one in with_tumour)


def _middle(one: CanalSlice, stack: CanalStack) -> NDArray[np.float64]:
    """(2,) the middle of the sac as slices without tumour have it, fine pixels; of its own where there are none."""
    free = [other for other in stack.slices if area_mm2(other.tumour) < TUMOUR_MM2 and other.sac.any()]
    if not free:
        return centroid(one.sac)
    heights = np.array([other.height_mm for other in free])
    centres = np.array([centroid(other.sac) for other in free])
    above, below = heights >= one.height_mm, heights <= one.height_mm
    if not (above.any() and below.any()):
        return np.asarray(centres[np.abs(heights - one.height_mm).argmin()])
    order = np.argsort(heights)
    return np.array([np.interp(one.height_mm, heights[order], centres[order, axis]) for axis in (0, 1)])


def _slice(
    one: CanalSlice, middle: NDArray[np.float64], to_front: NDArray[np.float64], pixel_mm: float
) -> SliceCurtain:
    across, thickness = _profile(one, middle, to_front)
    half_width = float(np.ptp(_aside(one.sac, middle, to_front))) / 2
    reach = PARAMEDIAN_SHARE * half_width
    central = thickness[np.abs(across) <= MIDLINE_MM].min()
    sides = [thickness[(sign * across > MIDLINE_MM) & (np.abs(across) <= reach)] for sign in (-1, 1)]
    peak = min(float(side.max()) if len(side) else 0.0 for side in sides)
    error = EDGE_PX * pixel_mm
    lesser = Measured(peak, "mm", max(peak - error, 0.0), peak + error, "thinner of both sides, in front of the sac")
    if peak < PEAK_FROM_MM:
        return SliceCurtain(one.index, lesser, NotApplicable("no_tumour_on_both_sides"))
    low, high = max(central - error, 0.0) / (peak + error), (central + error) / max(peak - error, FINE_MM)
    method = f"thickness within {MIDLINE_MM:g} mm of the midline by the thinner of the peaks beside it"
    return SliceCurtain(one.index, lesser, Measured(float(central / peak), "1", float(low), float(high), method))


def _aside(mask: NDArray[np.bool_], middle: NDArray[np.float64], to_front: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) millimetres to one side of the midline of the pixels of a mask."""
    return (np.argwhere(mask) - middle) @ np.array([-to_front[1], to_front[0]]) * FINE_MM


def _profile(
    one: CanalSlice, middle: NDArray[np.float64], to_front: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places to the side, mm, and the thickness of the tumour in front of the sac there, mm.

    Pixels are put into strips of one pixel's width that run to the front.
    """
    reach = int(np.ceil(np.hypot(*one.sac.shape)))
    sac, tumour = _in_strips(one.sac, middle, to_front), _in_strips(one.tumour, middle, to_front)
    edge = np.full(2 * reach + 1, np.inf)
    edge[np.unique(sac[0]) + reach] = -np.inf
    np.maximum.at(edge, sac[0] + reach, sac[1])
    ahead = tumour[1] > edge[tumour[0] + reach]
    counts = np.bincount(tumour[0][ahead] + reach, minlength=2 * reach + 1).astype(float)
    width = round(MEAN_OVER_MM / FINE_MM)
    mean = np.convolve(counts, np.full(width, 1 / width), mode="same")
    smooth = np.asarray(mean, dtype=np.float64) * FINE_MM
    return np.arange(-reach, reach + 1, dtype=np.float64) * FINE_MM, smooth


def _in_strips(
    mask: NDArray[np.bool_], middle: NDArray[np.float64], to_front: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Strip number, 0 in the midline, and distance to the front, mm, of the pixels of a mask."""
    strip = np.round(_aside(mask, middle, to_front) / FINE_MM).astype(int)
    return strip, (np.argwhere(mask) - middle) @ to_front * FINE_MM
