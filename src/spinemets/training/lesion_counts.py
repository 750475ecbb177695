"""Lesions found, missed and invented in patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

LEAST_ML = 0.3
"""Smaller predicted pieces are not counted as invented, as in use; smaller remnants of a lesion at the edge of a patch
not as missed (ours)."""
LEAST_OVERLAP = 0.1
"""A lesion is found when so much of it is predicted (ours)."""


def lesion_counts(truth: NDArray[np.bool_], predicted: NDArray[np.bool_], voxel_mm: float) -> tuple[int, int, int]:
    """Lesions, those found among them, and pieces predicted where no lesion is, in one patch.

    Parameters
    ----------
    truth, predicted : (D, H, W) ndarray of bool
        Voxels of any lesion; what touches by a corner is one.
    voxel_mm : float
        Edge of a voxel.
    """
    least = LEAST_ML * 1000 / voxel_mm**3
    corners = np.ones((3, 3, 3))
    pieces, count = ndimage.label(truth, corners)
    numbers = np.arange(1, count + 1)
    size, hit = ndimage.sum_labels(truth, pieces, numbers), ndimage.sum_labels(predicted, pieces, numbers)
    counted = size >= least
    found = counted & (hit >= LEAST_OVERLAP * size)
    others, total = ndimage.label(predicted, corners)
    numbers = np.arange(1, total + 1)
    size, touched = ndimage.sum_labels(predicted, others, numbers), ndimage.sum_labels(truth, others, numbers)
    invented = (size >= least) & (touched == 0)
    return int(counted.sum()), int(found.sum()), int(invented.sum())
