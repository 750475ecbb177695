"""Where the vertebrae of a mask lie in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinemets.anatomy import LEVEL_OF_VERSE_ID, PRESACRAL_LEVELS, Level
from spinemets.label_boxes import Box, label_boxes
from spinemets.volume import Volume


def vertebra_boxes(vertebrae: Volume) -> dict[Level, Box]:
    """The smallest box of voxels round every vertebra of a mask, from head to foot, the sacrum apart."""
    return boxes_by_level(label_boxes(vertebrae.array.astype(np.uint8, copy=False)))


def boxes_by_level(boxes: Sequence[Box | None]) -> dict[Level, Box]:
    """The same from what `label_boxes` gives."""
    found = {LEVEL_OF_VERSE_ID.get(number): box for number, box in enumerate(boxes, start=1) if box is not None}
    return {level: found[level] for level in PRESACRAL_LEVELS if level in found}
