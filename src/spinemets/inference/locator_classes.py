"""What the coarse locator network tells apart, and how it says where along the spine a voxel lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.simulate.tissues import OTHER_BONE, Tissue

LOCATOR_CLASSES = ("background", "vertebra", "sacrum", "rib", "other_bone")
"""Channels 0 to 4 of the locator, as logits."""

LOCATOR_LEVELS: tuple[Level, ...] = (
    *(Level(f"C{n}") for n in range(1, 8)),
    *(Level(f"T{n}") for n in range(1, 13)),
    *(Level(f"L{n}") for n in range(1, 6)),
    Level.SACRUM,
)
"""Levels by their position along the spine, 0 to 24. T13 is learnt as T12 and L6 as L5: the sequence, not the network,
tells them apart."""

POSITION_CHANNELS = 2
"""Channels that follow: the position along the spine of every voxel, from the height at which it lies in the body, and
the logarithm of the scale of its error, both of a Laplace distribution. A row of levels is an order, and all
that surrounds the spine tells where in it one is (body part regression, Yan 2018, arXiv 1707.03891)."""
POSITION_CENTRE = 12.0
POSITION_UNIT = 6.0
"""The channel is (position - centre) / unit."""
LOG_SCALE_LIMIT = 3.0
"""The logarithm of the scale, in levels, is cut off at plus and minus this."""


def _position_of_verse_id() -> NDArray[np.float32]:
    table = np.full(256, np.nan, np.float32)
    for number, level in enumerate(LOCATOR_LEVELS):
        table[level.verse_id] = number
    table[Level.T13.verse_id] = table[Level.T12.verse_id]
    table[Level.L6.verse_id] = table[Level.L5.verse_id]
    return table


def _class_of_verse_id() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    table[np.isfinite(POSITION_OF_VERSE_ID)] = LOCATOR_CLASSES.index("vertebra")
    table[Level.SACRUM.verse_id] = LOCATOR_CLASSES.index("sacrum")
    return table


def _class_of_structure() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    table[Tissue.RIB] = LOCATOR_CLASSES.index("rib")
    for tissue in OTHER_BONE:
        table[tissue] = LOCATOR_CLASSES.index("other_bone")
    return table


POSITION_OF_VERSE_ID = _position_of_verse_id()
"""(256,) position along the spine of each VerSe id, NaN where there is no vertebra."""
LOCATOR_CLASS_OF_VERSE_ID = _class_of_verse_id()
"""(256,) class of each VerSe id, 0 where there is no vertebra."""
LOCATOR_CLASS_OF_STRUCTURE = _class_of_structure()
"""(256,) class of each structure code outside vertebrae and sacrum."""
