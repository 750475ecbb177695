"""Where the back of a body begins and ends, as seen from the canal: at its corners, however its endplates lean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.measure.body_surface import ends_along

INSIDE_MM, FORWARD_PERCENTILE = (2.0, 6.0), 90
"""Endplates are looked at this far in front of where the wall lies least far back (ours)."""
BEHIND_MM, CLEAR_SHARE = 3.0, 0.12
"""A line that meets bone which, so much deeper, ends within this share of its height of it, may have passed over or
under the body and have met an endplate that leans: by up to 20 degrees in the neck (ours)."""
NEAR_MM = 4.0
"""A corner lies at most so far above or below the endplate in front of it: its rim, and 6 mm at 20 degrees (ours)."""
TURN = 0.75
"""At its corner a wall turns to the front by so much more for each millimetre up, 37 degrees, than further in. Real
corners are rounded over 2 to 3 mm; with 0.5 the wall of a bulge that is 10 mm deep ends too soon, with 1 the rounding
counts for wall and a line between the corners lies up to 1 mm too far in front (ours)."""
FURTHER_IN_MM = (3.0, 8.0)
"""Further in is this far from the endplate (ours)."""
LEAST_FURTHER_IN = 3
"""With no more places than this further in, a wall counts as upright there (ours)."""
HALF_WINDOW = 2
"""The wall is averaged over this many lines to either side: 5 mm, as heights are (`clinical.md` §1.5)."""


def wall_ends(
    bone: NDArray[np.float32],
    places: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    wall: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(R,) heights of the lower and of the upper corner of a body at its back; NaN where they were not met.

    Near the endplate they are where the wall turns to the front. The height of the endplate itself does not tell, since
    lines beyond the corner meet an endplate that leans, further and further in front, as though it were wall.

    Parameters
    ----------
    bone : (R, F, U) ndarray of float32
        Share of bone.
    places : (R,), (F,), (U,) ndarray
        Where, mm to the right, the front and up.
    wall : (R, U) ndarray
        Place of the first bone in front of the canal, NaN where there is none.
    """
    right, front, up = places
    bottom, top = ends_along(bone, up)
    back = _least_far_back(wall, front, up, bottom, top)
    depth = front[None, :] - back[:, None]
    inside = (depth >= INSIDE_MM[0]) & (depth <= INSIDE_MM[1])
    found = []
    for sign, end in ((-1, bottom), (1, top)):
        corners = np.full(len(right), np.nan)
        heights = np.where(inside, end, np.nan)
        met = np.isfinite(heights).any(axis=1)
        if met.any():
            endplate = np.nanmedian(heights[met], axis=1)
            corners[met] = _corners(wall[met], sign * (up - endplate[:, None]), up)
        found.append(_smoothed(corners))
    return found[0], found[1]


def _corners(wall: NDArray[np.float64], beyond: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) height at which each line (N, U) of the wall turns to the front, NaN where no wall is near the endplate.

    `beyond` (N, U) is how far its places lie beyond the endplate.
    """
    known = np.isfinite(wall)
    near = known & (np.abs(beyond) <= NEAR_MM)
    inner = known & (beyond >= -FURTHER_IN_MM[1]) & (beyond <= -FURTHER_IN_MM[0])
    turn = np.maximum(_slopes(wall, beyond, inner), 0.0) + TURN
    at = np.where(near, beyond - wall / turn[:, None], -np.inf).argmax(axis=1)
    return np.where(near.any(axis=1), up[at], np.nan)


def _slopes(wall: NDArray[np.float64], beyond: NDArray[np.float64], inner: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) slope of the straight line of least squares through the places of each line that are `inner`, 0 for few."""
    count = np.maximum(inner.sum(axis=1), 1)
    place, back = np.where(inner, beyond, 0.0), np.where(inner, wall, 0.0)
    away = np.where(inner, place - (place.sum(axis=1) / count)[:, None], 0.0)
    spread = (away**2).sum(axis=1)
    fitted = (count > LEAST_FURTHER_IN) & (spread > 0)
    return np.where(fitted, (away * back).sum(axis=1) / np.where(fitted, spread, 1.0), 0.0)


def _smoothed(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R,) the median of each and of those next to it that are known."""
    padded = np.pad(corners, HALF_WINDOW, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * HALF_WINDOW + 1)
    known = np.isfinite(corners)
    smooth = np.full(len(corners), np.nan)
    if known.any():
        smooth[known] = np.nanmedian(windows[known], axis=1)
    return smooth


def _least_far_back(
    wall: NDArray[np.float64],
    front: NDArray[np.float64],
    up: NDArray[np.float64],
    bottom: NDArray[np.float64],
    top: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(R,) place of the wall where it lies least far back, a tenth of its rows left out; NaN where none was met.

    Only of lines that meet the back of the body: seen a little deeper, bone goes on above and below them.
    """
    step = front[1] - front[0]
    known = np.isfinite(wall)
    deeper = np.clip(np.rint((np.where(known, wall, front[0]) + BEHIND_MM - front[0]) / step), 0, len(front) - 1)
    lines = np.arange(len(wall))[:, None]
    low, high = bottom[lines, deeper.astype(int)], top[lines, deeper.astype(int)]
    clear = np.minimum(up[None, :] - low, high - up[None, :]) > CLEAR_SHARE * (high - low)
    met = [row[on] for row, on in zip(wall, known & clear, strict=True)]
    return np.array([np.percentile(row, FORWARD_PERCENTILE) if len(row) else np.nan for row in met])
