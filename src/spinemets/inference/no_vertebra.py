"""What looks like a vertebra and is none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import PRESACRAL_LEVELS
from spinemets.inference.instances import END_VOXELS, Instances

LEAST_OF_NEXT = 0.2
"""A highest vertebra wholly in the image has at least this share of the volume of the next (ours; C1 has half as much
bone as C2 or more)."""


def without_skull(found: Instances, beyond: NDArray[np.bool_]) -> tuple[Instances, NDArray[np.bool_]]:
    """Vertebrae without a highest one that is too small for a whole one, and its voxels.

    The condyles of the skull look like the upper half of one more vertebra.

    Parameters
    ----------
    found : Instances
        What look like vertebrae.
    beyond : (I, J, K) ndarray of bool
        Where there is no image. What lies within `END_VOXELS` of it, or of the end of the array, may be the tip of a
        vertebra and stays.
    """
    own = found.labels == 1
    box = ndimage.find_objects(own.astype(np.uint8))
    if len(found.centres) < 2 or not box or own.sum() >= LEAST_OF_NEXT * (found.labels == 2).sum():
        return found, np.zeros_like(own)
    low = [axis.start - END_VOXELS for axis in box[0]]
    high = [axis.stop + END_VOXELS for axis in box[0]]
    clipped = min(low) < 0 or any(end > size for end, size in zip(high, own.shape, strict=True))
    if clipped or beyond[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].any():
        return found, np.zeros_like(own)
    return _without(found, 1), own


def without_surplus(found: Instances) -> tuple[Instances, NDArray[np.bool_]]:
    """Vertebrae without the slightest ones where there are more than anybody has, and the voxels of these."""
    left_out = np.zeros(found.labels.shape, dtype=bool)
    while len(found.centres) > len(PRESACRAL_LEVELS):
        size = np.bincount(found.labels.ravel(), minlength=len(found.centres) + 1)[1:]
        slightest = int(size.argmin()) + 1
        left_out |= found.labels == slightest
        found = _without(found, slightest)
    return found, left_out


def _without(found: Instances, number: int) -> Instances:
    labels = np.where(found.labels == number, 0, found.labels - (found.labels > number))
    return Instances(labels.astype(np.uint8), np.delete(found.centres, number - 1, axis=0))
