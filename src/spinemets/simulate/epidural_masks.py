"""The masks of a straight piece of canal with epidural tumour, on any grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.geometry import Grid
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_shape import Array, strength_at


def epidural_masks(case: EpiduralCase, grid: Grid, *, centre_mm: Array, axes: Array) -> dict[str, NDArray[np.uint8]]:
    """``cord``, ``sac`` (with the cord), ``tumour`` and ``canal`` on a grid.

    Parameters
    ----------
    case : EpiduralCase
        What is there.
    grid : Grid
        Any: oblique, anisotropic, flipped.
    centre_mm : (3,) ndarray
        Middle of the site, world mm.
    axes : (3, 3) ndarray
        The canal's own right, front and up as rows, unit vectors.
    """
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    local = (index @ grid.affine[:3, :3].T + grid.affine[:3, 3] - centre_mm) @ axes.T
    right, front, up = np.moveaxis(local, -1, 0)
    strength = strength_at(up, case.length_mm)
    radius, angle = np.hypot(right, front), np.arctan2(right, front)
    canal = case.in_canal(right, front)
    held = case.cord_where(strength)
    cord = held.radius_at(right, front) < 1
    wrapped = held.radius_at(right, front, larger_mm=case.film_mm) < 1
    sac = (radius < case.pushed_radius(angle, strength)) | wrapped
    tumour = canal & ~sac & case.push.within(angle) & (strength > 0.02)
    masks = {"cord": cord, "sac": sac, "tumour": tumour, "canal": canal}
    return {name: mask.astype(np.uint8) for name, mask in masks.items()}
