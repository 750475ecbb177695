"""How the middle of the canal runs past a tumour, from slices without tumour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spinemets.measure.canal_slices import CanalSlice
from spinemets.measure.slice_shape import centroid

LEAST_SLICES = 3
"""For a line or a side of a curve to be followed (ours)."""

Sides = tuple[Sequence[CanalSlice], Sequence[CanalSlice]]
"""Slices without tumour below it and above it."""


def centre_curve(away: Sides, near: Sides) -> NDArray[np.float64] | None:
    """(N, 4) coefficients of curves through the centres of sac and cord by height, fine pixels.

    Between averaged slices above and below, a straight line cuts the curve of a neck short by some millimetres, which
    then look like a dent in the sac: a parabola through both. One side alone is carried on in a straight line, since
    slices that are a little tilted move by some millimetres on the way. Where a side has slices, and too few, those
    next to tumour help out on both: tumour may move the middle of the sac there by some tenths of a millimetre, a tilt
    of 15 degrees moves it by a quarter of the way (ours). None where there are too few of them too.

    Parameters
    ----------
    away, near : two sequences of CanalSlice
        Far enough from tumour for a reference, and all of them.
    """
    for sides in (away, near):
        shown = [side for side in sides if side]
        if min(map(len, shown), default=0) >= LEAST_SLICES:
            return _through([one for side in shown for one in side], len(shown))
    every = [*near[0], *near[1]]
    return _through(every, 1) if len(every) >= LEAST_SLICES else None


def _through(slices: Sequence[CanalSlice], degree: int) -> NDArray[np.float64]:
    heights = np.array([one.height_mm for one in slices])
    centres = [[*centroid(one.sac), *centroid(one.cord)] for one in slices]
    return np.polyfit(heights, np.array(centres), degree)
