"""What the coarse locator network tells apart: levels, roughly, and bones that look like vertebrae."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.simulate.tissues import OTHER_BONE, Tissue

LOCATOR_LEVELS: tuple[Level, ...] = (
    *(Level(f"C{n}") for n in range(1, 8)),
    *(Level(f"T{n}") for n in range(1, 13)),
    *(Level(f"L{n}") for n in range(1, 6)),
    Level.SACRUM,
)
"""Channels 1 to 25. T13 is learnt as T12 and L6 as L5: the sequence, not the network, tells them apart."""

LOCATOR_CLASSES = ("background", *(level.value for level in LOCATOR_LEVELS), "rib", "other_bone")


def _class_of_verse_id() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    for number, level in enumerate(LOCATOR_LEVELS, start=1):
        table[level.verse_id] = number
    table[Level.T13.verse_id] = table[Level.T12.verse_id]
    table[Level.L6.verse_id] = table[Level.L5.verse_id]
    return table


def _class_of_structure() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    table[Tissue.RIB] = LOCATOR_CLASSES.index("rib")
    for tissue in OTHER_BONE:
        table[tissue] = LOCATOR_CLASSES.index("other_bone")
    return table


LOCATOR_CLASS_OF_VERSE_ID = _class_of_verse_id()
"""(256,) class of each VerSe id, 0 where there is no vertebra."""
LOCATOR_CLASS_OF_STRUCTURE = _class_of_structure()
"""(256,) class of each structure code outside vertebrae and sacrum."""
