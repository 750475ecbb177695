"""The lesion voxels that belong to one vertebra."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spinemets.anatomy import Level
from spinemets.geometry import crop
from spinemets.measure.lesion_pieces import NEAR_MM
from spinemets.volume import Volume


def own_lesion(level: Level, lesions: Volume, vertebrae: Volume) -> Volume | None:
    """Lesion labels of one vertebra, cut out with what lies near it; None where the mask does not hold the vertebra.

    A voxel belongs to the vertebra that is nearest to it, within `NEAR_MM`.

    Parameters
    ----------
    level : Level
        The vertebra.
    lesions, vertebrae : Volume
        Lesion labels and VerSe ids on one grid.
    """
    boxes = ndimage.find_objects(vertebrae.array.astype(np.uint8, copy=False), max_label=level.verse_id)
    box = boxes[level.verse_id - 1] if len(boxes) >= level.verse_id else None
    if box is None:
        return None
    margin = np.ceil((NEAR_MM + 2) / vertebrae.spacing_mm).astype(int)
    start, stop = np.array([axis.start for axis in box]) - margin, np.array([axis.stop for axis in box]) + margin
    spots, ids = crop(lesions, start, stop), crop(vertebrae, start, stop).array
    distance, nearest = ndimage.distance_transform_edt(ids == 0, sampling=vertebrae.spacing_mm, return_indices=True)
    owner = ids[tuple(nearest)]
    return spots.with_array(np.where((owner == level.verse_id) & (distance <= NEAR_MM), spots.array, 0))
