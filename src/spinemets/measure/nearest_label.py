"""The label that lies nearest to a voxel."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

REACH = 3
"""Voxels within which labels are looked for one by one; further away by a transform of the whole array."""


def nearest_labels(labels: NDArray[np.uint8], index: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Label of the labelled voxel nearest to each voxel asked for, itself included.

    Of several as near, the one that comes first along the last axis, then along the second, then along the first:
    what `scipy.ndimage.distance_transform_edt` finds, without the distances of voxels that nobody asks for.

    Parameters
    ----------
    labels : (I, J, K) ndarray of uint8
        0 where there is none; at least one voxel has one.
    index : (N, 3) ndarray of int
        Voxels; those beyond the array are taken to its edge first.

    Returns
    -------
    (N,) ndarray of uint8
        Above 0.

    Examples
    --------
    >>> labels = np.zeros((4, 4, 4), np.uint8)
    >>> labels[0], labels[3] = 1, 2
    >>> nearest_labels(labels, np.array([[0, 1, 1], [1, 2, 2], [2, 0, 0], [9, 3, 3]]))
    array([1, 1, 2, 2], dtype=uint8)
    """
    inside = np.clip(index, 0, np.array(labels.shape) - 1)
    padded = np.pad(labels, REACH)
    place = np.ravel_multi_index(tuple((inside + REACH).T), padded.shape)
    flat = padded.ravel()
    found = flat[place]
    left = np.flatnonzero(found == 0)
    for step in _NEAR @ (padded.shape[1] * padded.shape[2], padded.shape[2], 1):
        if len(left) == 0:
            return found
        found[left] = flat[place[left] + step]
        left = left[found[left] == 0]
    if len(left) > 0:
        at = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
        found[left] = labels[tuple(at[(slice(None), *inside[left].T)])]
    return found


def _steps_by_distance() -> NDArray[np.int64]:
    """(M, 3) steps to all voxels within `REACH`, the nearest first; of those as near, in the order of ties."""
    steps = np.array(list(itertools.product(range(-REACH, REACH + 1), repeat=3)))
    squared = (steps**2).sum(axis=1)
    order = np.lexsort((*steps.T, squared))
    return steps[order][(squared[order] > 0) & (squared[order] <= REACH**2)]


_NEAR = _steps_by_distance()
