"""Signal of a disc on T2 or STIR, by that of the fluid in the canal beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import Grid
from spinemets.measure.disc_contact import disc_distances, disc_grid
from spinemets.measure.endplate_defect import EndplateShape
from spinemets.volume import Volume

MIDDLE = (0.3, 0.7)
"""Shares of its height between which a disc is looked at (ours)."""
CORE_SHARE = 0.6
"""And of half its width and depth (ours)."""
CANAL_RADIUS_MM = 6.0
"""Fluid is looked for so far round the middle of the canal (ours)."""
FLUID_PERCENTILE = (85.0, 92.0, 98.0)
"""Of the signal there, the brightest is fluid: its interval and value (ours)."""
SEEN_FROM = 0.9
"""So much of disc and canal lies within the image (ours)."""


def disc_to_csf(image: Volume, lower_of_above: EndplateShape, upper_of_below: EndplateShape) -> Finding:
    """Mean signal of the middle of a disc by that of the fluid in the canal beside it.

    Parameters
    ----------
    image : Volume
        T2 or STIR in the same world, on any grid.
    lower_of_above, upper_of_below : EndplateShape
        The endplates that face the disc.
    """
    disc = _values(image, _disc_points(lower_of_above, upper_of_below))
    canal = _values(image, _canal_points(lower_of_above, upper_of_below))
    if disc is None or canal is None:
        return NotAssessed(Reason.OUT_OF_FIELD, "the image does not show the disc and the canal beside it")
    low_fluid, fluid, high_fluid = (float(value) for value in np.percentile(canal, FLUID_PERCENTILE))
    if low_fluid <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "nothing in the canal has the signal of fluid")
    mean = float(disc.mean())
    error = 1.64 * float(disc.std()) / np.sqrt(max(len(disc) / 8, 1))
    low, high = max(mean - error, 0.0) / high_fluid, (mean + error) / low_fluid
    return Measured(mean / fluid, "1", low, high, "mean of the disc by the brightest of the canal beside it")


def _disc_points(lower_of_above: EndplateShape, upper_of_below: EndplateShape) -> NDArray[np.float64]:
    """(N, 3) world places in the middle of a disc."""
    grid = disc_grid(lower_of_above, upper_of_below, 0.0)
    below_upper, above_lower = disc_distances(grid, lower_of_above, upper_of_below)
    height = above_lower / np.maximum(above_lower + below_upper, 1e-3)
    index = np.argwhere((height >= MIDDLE[0]) & (height <= MIDDLE[1]) & (above_lower + below_upper > 0))
    middle = (np.array(grid.shape) - 1) / 2
    core = (np.abs(index - middle) <= CORE_SHARE * middle)[:, :2].all(axis=1)
    return _world(grid, index[core])


def _canal_points(lower_of_above: EndplateShape, upper_of_below: EndplateShape) -> NDArray[np.float64]:
    """(N, 3) world places in the canal between the middles of two vertebrae."""
    first, last = lower_of_above.ends.axes, upper_of_below.ends.axes
    along = np.linspace(0, 1, 15)[:, None]
    centres = first.canal_mm + along * (last.canal_mm - first.canal_mm)
    side = np.arange(-CANAL_RADIUS_MM, CANAL_RADIUS_MM + 0.5)
    right, front = (part.ravel() for part in np.meshgrid(side, side, indexing="ij"))
    ring = np.hypot(right, front) <= CANAL_RADIUS_MM
    offsets = right[ring, None] * first.right + front[ring, None] * first.front
    return (centres[:, None] + offsets).reshape(-1, 3)


def _world(grid: Grid, index: NDArray[np.int64]) -> NDArray[np.float64]:
    return index @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def _values(image: Volume, points_mm: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Signal at places; None where too few of them lie in the image."""
    if not len(points_mm):
        return None
    at = image.index(points_mm).T
    inside = ((at >= -0.5) & (at <= np.array(image.shape)[:, None] - 0.5)).all(axis=0)
    if inside.mean() < SEEN_FROM:
        return None
    values = ndimage.map_coordinates(image.array.astype(np.float32), at[:, inside], order=1, mode="nearest")
    return np.asarray(values, dtype=np.float64)
