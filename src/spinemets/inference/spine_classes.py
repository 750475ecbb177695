"""What the spine network tells apart, and how simulated structures map onto it.

The network knows no sides: left and right come from each vertebra's own mid-plane, so a
flipped image cannot teach it a wrong one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Subregion
from spinemets.simulate.tissues import CANAL, OTHER_BONE, Tissue

SPINE_CLASSES = (
    "background",
    "body",
    "pedicle",
    "arch",
    "transverse_process",
    "spinous_process",
    "sacrum",
    "canal",
    "disc",
    "rib",
    "other_bone",
)
"""Channels 0 to 10 of the spine network, as logits."""

OFFSET_CHANNELS = 3
"""Channels that follow: from each vertebra voxel to its body centroid along I, J, K, in units of `OFFSET_UNIT_MM`."""
OFFSET_UNIT_MM = 20.0

VERTEBRA_CLASSES = (1, 2, 3, 4, 5)


def _class_of_structure() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    table[Tissue.SACRUM] = 6
    for tissue in CANAL:
        table[tissue] = 7
    table[Tissue.DISC] = 8
    table[Tissue.RIB] = 9
    for tissue in OTHER_BONE:
        table[tissue] = 10
    table[[Subregion.BODY, Subregion.BODY_BORDER]] = 1
    table[[Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT]] = 2
    table[Subregion.ARCH] = 3
    table[Subregion.SUPERIOR_ARTICULAR_LEFT : Subregion.INFERIOR_ARTICULAR_RIGHT + 1] = 3
    table[[Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT]] = 4
    table[Subregion.SPINOUS_PROCESS] = 5
    return table


CLASS_OF_STRUCTURE = _class_of_structure()
"""(256,) class of each structure code: a `Subregion` label where vertebral, a `Tissue` elsewhere."""
