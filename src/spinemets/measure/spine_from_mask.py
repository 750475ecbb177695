"""The spine as a vertebra mask from elsewhere has it: its names are taken as read."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spinemets.anatomy import LEVEL_OF_VERSE_ID
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.spine import Spine, Vertebra
from spinemets.volume import Volume

FLAG = "levels_from_mask"
"""Set on a spine whose levels were given and not found."""


def spine_from_mask(mask: Volume) -> Spine:
    """The vertebrae of a mask of VerSe ids, each with probability 1.

    Raises
    ------
    StudyError
        If a label is no VerSe id of a vertebra or the sacrum.
    NoSpineFoundError
        If the mask is empty.
    """
    beyond = next((int(end) for end in (mask.array.min(), mask.array.max()) if not 0 <= end <= 255), None)
    if beyond is not None:
        raise StudyError(f"vertebra labels must be VerSe ids from 1 to 28, got {beyond}")
    vertebrae = []
    labels = mask.array.astype(np.uint8)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        if number not in LEVEL_OF_VERSE_ID:
            raise StudyError(f"vertebra label {number} is no VerSe id; 1-7 C, 8-19 T, 20-25 L, 26 sacrum, 28 T13")
        index = np.argwhere(labels[box] == number) + [axis.start for axis in box]
        cut = (index.min(axis=0) == 0).any() or (index.max(axis=0) == np.array(mask.shape) - 1).any()
        volume_ml = len(index) * mask.voxel_volume_mm3 / 1000
        centroid = mask.world(index.mean(axis=0))
        vertebrae.append(Vertebra(LEVEL_OF_VERSE_ID[number], 1.0, (), bool(cut), centroid, volume_ml))
    if not vertebrae:
        raise NoSpineFoundError("no spine found: the vertebra mask is empty")
    vertebrae.sort(key=lambda vertebra: vertebra.level.order)
    return Spine(tuple(vertebrae), level_ambiguous=False, flags=(FLAG,))
