"""Sampling of an array on a grid whose axes run along its own: one axis after the other, many times faster."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DRIFT = 1e-4
"""Of a voxel; how far off its line the end of a grid's axis may be, to count as running along the array's."""


def runs_along(matrix: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Whether every axis of a grid of `shape` runs along one of the array's, either way, by the (3, 3) `matrix`
    that takes an index of the grid to one of the array.
    """
    source = np.abs(matrix).argmax(axis=0)
    if sorted(source.tolist()) != [0, 1, 2]:
        return False
    aside = np.abs(matrix) * np.array(shape)
    aside[source, range(3)] = 0.0
    return bool((aside < DRIFT).all())


def sample_along_axes(
    array: NDArray[Any],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: tuple[int, int, int],
    *,
    order: int,
) -> NDArray[np.float32]:
    """What `scipy.ndimage.affine_transform` gives with mode ``nearest``, where `runs_along` holds.

    Parameters
    ----------
    array : (A, B, C) ndarray
        The source.
    matrix, offset : (3, 3) and (3,) ndarray
        From an index of the grid to one of the array.
    shape : (I, J, K)
        Of the grid.
    order : int
        0 for the nearest voxel, 1 for trilinear.

    Returns
    -------
    (I, J, K) ndarray of float32
        Values on the grid; beyond the source, those of its outer voxels.
    """
    source = np.abs(matrix).argmax(axis=0)
    shrinks = [shape[axis] / array.shape[source[axis]] for axis in range(3)]
    result = array
    for axis in np.argsort(shrinks):
        along = int(source[axis])
        place = matrix[along, axis] * np.arange(shape[axis]) + offset[along]
        sample = _nearest if order == 0 else _linear
        result = sample(result, along, place)
    return np.ascontiguousarray(result.transpose(source), dtype=np.float32)


def _nearest(array: NDArray[Any], axis: int, place: NDArray[np.float64]) -> NDArray[Any]:
    return _taken(array.astype(np.float32, copy=False), axis, np.floor(place + 0.5).astype(np.int64))


def _linear(array: NDArray[Any], axis: int, place: NDArray[np.float64]) -> NDArray[np.float32]:
    below = np.floor(place).astype(np.int64)
    weight = np.expand_dims((place - below).astype(np.float32), [n for n in range(3) if n != axis])
    low = _taken(array, axis, below)
    high = _taken(array, axis, below + 1)
    high -= low
    high *= weight
    low += high
    return low


def _taken(array: NDArray[Any], axis: int, index: NDArray[np.int64]) -> NDArray[np.float32]:
    """(float32) slices of `array` along an axis, the outer ones beyond its ends."""
    return np.take(array, index, axis=axis, mode="clip").astype(np.float32, copy=False)
