"""Signals of tissues and of disease on T1, T2 and STIR, muscle being 1 at each; of the others see `mr_functional`.

`clinical.md` §3.5 for marrow, disc, cord, CSF, muscle, epidural fat, tumour, oedema, fluid, fracture lines and blood;
all others are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from spinemets.simulate.tissues import OTHER_BONE, Tissue

SPIN_ECHO = ("t1", "t2", "stir")
Row = tuple[float, float, float]
"""A signal in each of `SPIN_ECHO`."""
Span = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""A range in each."""

TISSUES: Mapping[Tissue, Row] = {
    Tissue.AIR: (0.0, 0.0, 0.0),
    Tissue.CORD: (1.2, 2.75, 2.5),
    Tissue.CSF: (0.45, 9.0, 9.0),
    Tissue.EPIDURAL_FAT: (3.0, 3.0, 0.3),
    Tissue.COSTAL_CARTILAGE: (1.1, 1.2, 1.0),
    Tissue.FAT: (3.2, 3.2, 0.3),
    Tissue.MUSCLE: (1.0, 1.0, 1.0),
    Tissue.SKIN: (1.5, 1.6, 1.0),
    Tissue.LUNG: (0.1, 0.15, 0.15),
    Tissue.AIRWAY: (0.0, 0.0, 0.0),
    Tissue.HEART: (0.8, 1.0, 1.2),
    Tissue.ARTERY: (0.1, 0.15, 0.2),
    Tissue.VEIN: (0.6, 0.9, 1.5),
    Tissue.LIVER: (1.4, 1.0, 1.0),
    Tissue.SPLEEN: (0.9, 2.2, 2.5),
    Tissue.KIDNEY: (1.0, 3.0, 3.5),
    Tissue.BOWEL: (1.2, 2.0, 2.0),
    Tissue.BOWEL_GAS: (0.05, 0.05, 0.05),
    Tissue.BOWEL_CONTRAST: (1.2, 3.5, 3.5),
    Tissue.BLADDER: (0.45, 8.0, 8.5),
    Tissue.BRAIN: (1.3, 3.0, 2.8),
    Tissue.SOFT_ORGAN: (1.2, 1.6, 1.8),
    Tissue.TABLE: (0.0, 0.0, 0.0),
    Tissue.METAL: (0.0, 0.0, 0.0),
}
BONES = (Tissue.VERTEBRAL_BODY, Tissue.POSTERIOR_ELEMENTS, Tissue.SACRUM, Tissue.RIB, *OTHER_BONE)
RED_MARROW: Row = (1.45, 1.8, 0.9)
FATTY_MARROW: Row = (2.6, 2.5, 0.5)
HEALTHY_DISC: Row = (0.9, 4.5, 4.0)
WORN_DISC: Row = (0.9, 1.2, 1.0)
CORTEX: Row = (0.2, 0.2, 0.2)


class Matter(Enum):
    """What disease consists of, on MR."""

    LYTIC = "lytic"
    BLASTIC = "blastic"
    COMPACT = "compact bone or cement"
    FATTY = "fat"
    OEDEMA = "oedema"
    FLUID = "fluid"
    CRACK = "fracture line"
    BLOOD = "blood"
    GAS = "gas"


MATTER: Mapping[Matter, Span] = {
    Matter.LYTIC: ((0.8, 0.95), (2.5, 3.5), (3.0, 4.0)),
    Matter.BLASTIC: ((0.4, 0.7), (0.5, 1.0), (0.6, 1.2)),
    Matter.COMPACT: ((0.15, 0.35), (0.15, 0.35), (0.15, 0.35)),
    Matter.FATTY: ((2.8, 3.6), (3.0, 4.5), (0.4, 2.0)),
    Matter.OEDEMA: ((0.9, 1.3), (2.5, 3.0), (2.8, 3.2)),
    Matter.FLUID: ((0.6, 0.8), (6.0, 8.0), (7.5, 8.5)),
    Matter.CRACK: ((0.4, 0.4), (0.5, 0.5), (0.7, 0.7)),
    Matter.BLOOD: ((1.5, 3.0), (1.0, 4.0), (1.8, 2.2)),
    Matter.GAS: ((0.0, 0.05), (0.0, 0.05), (0.0, 0.05)),
}
