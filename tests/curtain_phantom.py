"""Sac, cord and tumour of a straight canal whose layer of tumour has a known thickness at every place across it."""

import numpy as np
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.geometry import Grid
from spinemets.volume import Volume

AXES = Rotation.from_euler("xyz", (4, -3, 5), degrees=True).as_matrix().T
"""The canal's right, front and up as rows."""
FRONT = AXES[1]
HALF_WIDTH, HALF_DEPTH = 7.2, 6.3
LENGTH_MM = 20.0


def folds(peak_mm, midline_mm, left_mm=None):
    """Thickness with peaks 3.5 mm to both sides of the midline."""

    def thickness(right):
        high = np.where(right > 0, peak_mm, peak_mm if left_mm is None else left_mm)
        wave = np.sin(np.pi * np.clip(right, -7, 7) / 7) ** 2
        return np.where(np.abs(right) < 3.5, midline_mm + (high - midline_mm) * wave, high * wave)

    return thickness


def even(thickness_mm):
    """The same thickness everywhere."""
    return lambda right: np.full_like(right, thickness_mm)


def hump(thickness_mm):
    """Thickest in the midline."""
    return lambda right: thickness_mm * np.cos(np.pi * np.clip(right, -7, 7) / 14) ** 2


def canal(thickness, pixel_mm=0.4, slice_mm=3.5, stored=0, angles=(3, -2, 6), length_mm=LENGTH_MM, behind=False):
    """``cord``, ``sac`` and ``tumour`` as volumes; tumour takes from the front (or back) of an elliptical sac."""
    options = STORED[stored]
    along = options["axes"].index(2)
    spacing, shape = np.full(3, pixel_mm), [int(24 / pixel_mm)] * 3
    spacing[along], shape[along] = slice_mm, int(90 / slice_mm)
    affine = centred_affine(tuple(shape), spacing_mm=tuple(spacing), angles_deg=angles, **options)
    right, front, up = np.moveaxis(world_of(Grid(tuple(shape), affine)) @ AXES.T, -1, 0)
    front = -front if behind else front
    dura = (right / HALF_WIDTH) ** 2 + (front / HALF_DEPTH) ** 2 < 1
    edge = HALF_DEPTH * np.sqrt(np.clip(1 - (right / HALF_WIDTH) ** 2, 0, None))
    tumour = dura & (front > edge - thickness(right)) & (np.abs(up) < length_mm / 2)
    cord = (right / 3.0) ** 2 + ((front + 2.0) / 2.2) ** 2 < 1
    masks = {"cord": cord, "sac": dura & ~tumour, "tumour": tumour & ~cord}
    return {name: Volume(mask.astype(np.uint8), affine) for name, mask in masks.items()}


def spindle(masks, centre_mm, radius_mm):
    """An ellipsoid three times as long as wide, in the canal's own right, front and up, on the grid of the masks."""
    grid = masks["sac"]
    local = (world_of(Grid(grid.shape, grid.affine)) @ AXES.T - np.asarray(centre_mm, dtype=float)) / (1, 1, 3)
    return (local**2).sum(axis=-1) < radius_mm**2
