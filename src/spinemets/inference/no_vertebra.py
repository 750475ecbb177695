"""What looks like a vertebra and is none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from spinemets.anatomy import PRESACRAL_LEVELS
from spinemets.inference.instances import END_VOXELS, Instances

LEAST_OF_NEXT = 0.2
"""A highest vertebra wholly in the image has at least this share of the volume of the next (ours; C1 has half as much
bone as C2 or more)."""
DOUBTFUL_OF_NEXT = 0.4
"""With less than this it may be one, and may be a piece of the skull (ours)."""
FROM_CANAL_MM = 35.0
"""The centre of a body lies at most so far from the nearest of the canal (ours: half the depth of L5 in a large adult,
20 mm, and the epidural space behind it)."""
LEAST_CANAL_ML = 2.0
"""With less of the canal found, nothing is measured from it (ours: about the canal of one lumbar vertebra)."""


def without_skull(found: Instances, beyond: NDArray[np.bool_]) -> tuple[Instances, NDArray[np.bool_]]:
    """Vertebrae without highest ones that are too small for whole ones, and the voxels of these.

    The condyles of the skull look like the upper half of one more vertebra, or of two.

    Parameters
    ----------
    found : Instances
        What look like vertebrae.
    beyond : (I, J, K) ndarray of bool
        Where there is no image. What lies within `END_VOXELS` of it, or of the end of the array, may be the tip of a
        vertebra and stays.
    """
    skull = np.zeros(found.labels.shape, dtype=bool)
    while _highest_is_slight(found, beyond, LEAST_OF_NEXT):
        skull |= found.labels == 1
        found = _without(found, 1)
    return found, skull


def highest_is_doubtful(found: Instances, beyond: NDArray[np.bool_]) -> bool:
    """Whether the highest vertebra, wholly in the image, is so small that it may be a piece of the skull."""
    return _highest_is_slight(found, beyond, DOUBTFUL_OF_NEXT)


def _highest_is_slight(found: Instances, beyond: NDArray[np.bool_], share: float) -> bool:
    """Whether the highest piece is wholly in the image and has less than a share of the larger of the next two."""
    size = np.bincount(found.labels.ravel(), minlength=4)[1:4]
    box = ndimage.find_objects((found.labels == 1).astype(np.uint8))
    if len(found.centres) < 2 or not box or size[0] >= share * size[1:].max():
        return False
    low = [axis.start - END_VOXELS for axis in box[0]]
    high = [axis.stop + END_VOXELS for axis in box[0]]
    clipped = min(low) < 0 or any(end > size for end, size in zip(high, found.labels.shape, strict=True))
    return not clipped and not beyond[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].any()


def without_remote(
    found: Instances, canal: NDArray[np.bool_], spacing_mm: float
) -> tuple[Instances, NDArray[np.bool_]]:
    """Vertebrae without what lies far from the canal, such as organs of the pelvis, and the voxels of these.

    Parameters
    ----------
    found : Instances
        What look like vertebrae.
    canal : (I, J, K) ndarray of bool
        The spinal canal.
    spacing_mm : float
        Voxel edge, mm.
    """
    remote = np.zeros(canal.shape, dtype=bool)
    if canal.sum() * spacing_mm**3 / 1000 < LEAST_CANAL_ML:
        return found, remote
    distance, _ = cKDTree(np.argwhere(canal)).query(found.centres)
    for number in reversed(np.flatnonzero(distance * spacing_mm > FROM_CANAL_MM) + 1):
        remote |= found.labels == number
        found = _without(found, int(number))
    return found, remote


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
