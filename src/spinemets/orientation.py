"""Which way the axes of a volume run through the patient."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from spinemets.volume import Volume


def closest_axes(affine: NDArray[np.float64]) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Which voxel axis runs closest to world x, y and z, and in which sense.

    Returns
    -------
    axes : (3,) tuple of int
        ``axes[w]`` is the voxel axis closest to world axis ``w``; a permutation of 0, 1, 2.
    signs : (3,) tuple of int
        +1 where that voxel axis grows with the world axis, -1 where it runs against it.
    """
    direction = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    best = max(
        itertools.permutations(range(3)),
        key=lambda axes: sum(abs(direction[world, axis]) for world, axis in enumerate(axes)),
    )
    signs = tuple(1 if direction[world, axis] > 0 else -1 for world, axis in enumerate(best))
    return (best[0], best[1], best[2]), (signs[0], signs[1], signs[2])


def to_ras(volume: Volume) -> Volume:
    """The same voxels with axes permuted and flipped to lie closest to RAS+; a view, no interpolation."""
    axes, signs = closest_axes(volume.affine)
    array = volume.array.transpose(axes)[tuple(slice(None, None, sign) for sign in signs)]
    affine = volume.affine.copy()
    last = np.array(volume.shape) - 1
    origin = np.zeros(3)
    for axis, sign in zip(axes, signs, strict=True):
        origin[axis] = 0 if sign > 0 else last[axis]
    affine[:3, :3] = volume.affine[:3, list(axes)] * np.array(signs)
    affine[:3, 3] = volume.world(origin)
    return Volume(array, affine, volume.frame_of_reference)
