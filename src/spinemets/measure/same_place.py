"""Whether two images of one patient lie on one another at a vertebra."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.findings import NotAssessed, Reason

STEP_MM = 1.0
"""Edge of a voxel of the grid that both are given on."""
ALIKE_FROM = 0.7
"""Two images of one kind that lie on one another have at least this correlation round a vertebra (ours)."""


def displacement(
    now: NDArray[np.float32], before: NDArray[np.float32], around: NDArray[np.bool_], most_mm: float
) -> NotAssessed | None:
    """Why two images do not lie on one another; None where they do.

    Parameters
    ----------
    now, before : (I, J, K) ndarray
        Both on one grid of `STEP_MM`; NaN where an image shows nothing.
    around : (I, J, K) ndarray of bool
        Where they are compared.
    most_mm : float
        How far apart they may lie: moved by twice as much along an axis, they must not be more alike.
    """

    def alike(moved: NDArray[np.float32]) -> float:
        known = around & np.isfinite(now) & np.isfinite(moved)
        return float(np.corrcoef(now[known], moved[known])[0, 1]) if known.any() else 0.0

    as_given, aside = alike(before), round(2 * most_mm / STEP_MM)
    if not as_given >= ALIKE_FROM:
        return NotAssessed(Reason.MOTION, f"the two images do not lie on one another (correlation {as_given:.2f})")
    if any(alike(np.roll(before, step, axis)) > as_given for axis in range(3) for step in (-aside, aside)):
        detail = f"the two images lie more than {most_mm:g} mm apart at the vertebra; register them first"
        return NotAssessed(Reason.MOTION, detail)
    return None
