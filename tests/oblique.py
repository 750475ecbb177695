"""Grids as scanners make them: anisotropic, oblique, permuted and flipped."""

import numpy as np
from scipy.spatial.transform import Rotation

from spinemets.geometry import Grid
from spinemets.volume import Volume


def oblique_affine(
    spacing_mm=(0.7, 1.1, 2.5), angles_deg=(10, -20, 15), axes=(0, 1, 2), signs=(1, 1, 1), origin_mm=(12, -34, 56)
):
    """Voxel axis ``n`` runs along world axis ``axes[n]`` in the sense of ``signs[n]``, then all is turned."""
    turn = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.eye(3)[:, list(axes)] * np.array(signs) * np.array(spacing_mm)
    affine[:3, 3] = origin_mm
    return affine


STORED = (
    {"axes": (0, 1, 2), "signs": (1, 1, 1)},
    {"axes": (0, 1, 2), "signs": (-1, -1, 1)},
    {"axes": (1, 2, 0), "signs": (-1, 1, -1)},
    {"axes": (2, 0, 1), "signs": (1, -1, -1)},
)
"""Ways in which the same patient may lie in an array."""


def centred_affine(shape, centre_mm=(0, 0, 0), **options):
    """An oblique affine whose array has its middle at `centre_mm`."""
    affine = oblique_affine(**options, origin_mm=(0, 0, 0))
    affine[:3, 3] = np.asarray(centre_mm) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def world_of(grid):
    """(I, J, K, 3) world position of every voxel centre."""
    index = np.stack(np.indices(grid.shape), axis=-1)
    return index @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def painted(shape, affine, function, dtype=np.float32):
    """A volume whose voxels hold `function` of their world x, y and z."""
    x, y, z = np.moveaxis(world_of(Grid(shape, affine)), -1, 0)
    return Volume(function(x, y, z).astype(dtype), affine)
