"""CT numbers of tissues, as data for every renderer: mean, spread between and within people.

Marrow by age: Jang S et al. Radiology 2019 (20 374 CT examinations): 226 HU under 30
years falling by 2.5 HU a year to 89 HU at 90 and over, at L1. Rise after contrast:
+20 HU arterial, +15 HU portal venous. Cortex and soft tissues: common reference values,
rounded; those marked ours are estimates.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.simulate.tissues import Tissue


@dataclass(frozen=True)
class CtNumber:
    """CT number of a tissue at 120 kVp, HU.

    Attributes
    ----------
    mean : float
        Over people.
    between : float
        Standard deviation between people.
    within : float
        Standard deviation from place to place in one person, noise apart.
    """

    mean: float
    between: float
    within: float


class Phase(str, Enum):
    """What the iodine in the vessels has reached."""

    NONE = "none"
    ARTERIAL = "arterial"
    VENOUS = "venous"


CT_NUMBER: dict[Tissue, CtNumber] = {
    Tissue.AIR: CtNumber(-1000, 2, 0),
    Tissue.DISC: CtNumber(88, 12, 8),
    Tissue.CORD: CtNumber(38, 4, 3),
    Tissue.CSF: CtNumber(10, 5, 2),
    Tissue.EPIDURAL_FAT: CtNumber(-80, 15, 15),
    Tissue.COSTAL_CARTILAGE: CtNumber(110, 15, 25),
    Tissue.FAT: CtNumber(-102, 6, 6),
    Tissue.MUSCLE: CtNumber(56, 6, 10),
    Tissue.SKIN: CtNumber(15, 15, 15),
    Tissue.LUNG: CtNumber(-850, 30, 25),
    Tissue.AIRWAY: CtNumber(-990, 5, 3),
    Tissue.HEART: CtNumber(42, 4, 4),
    Tissue.ARTERY: CtNumber(42, 4, 2),
    Tissue.VEIN: CtNumber(42, 4, 2),
    Tissue.LIVER: CtNumber(56, 9, 5),
    Tissue.SPLEEN: CtNumber(48, 4, 4),
    Tissue.KIDNEY: CtNumber(32, 4, 4),
    Tissue.BOWEL: CtNumber(30, 8, 12),
    Tissue.BOWEL_GAS: CtNumber(-900, 60, 30),
    Tissue.BOWEL_CONTRAST: CtNumber(320, 110, 40),
    Tissue.BLADDER: CtNumber(8, 4, 2),
    Tissue.BRAIN: CtNumber(34, 2, 3),
    Tissue.SOFT_ORGAN: CtNumber(48, 15, 6),
    Tissue.TABLE: CtNumber(-550, 150, 10),
    Tissue.METAL: CtNumber(3000, 0, 0),
}
"""Soft tissue and air without contrast medium. DISC to EPIDURAL_FAT: reference ranges; the rest ours."""

AFTER_CONTRAST: dict[Phase, dict[Tissue, CtNumber]] = {
    Phase.NONE: {},
    Phase.ARTERIAL: {
        Tissue.HEART: CtNumber(260, 60, 25),
        Tissue.ARTERY: CtNumber(320, 70, 5),
        Tissue.VEIN: CtNumber(90, 35, 5),
        Tissue.LIVER: CtNumber(72, 10, 6),
        Tissue.SPLEEN: CtNumber(125, 20, 25),
        Tissue.KIDNEY: CtNumber(150, 25, 30),
        Tissue.SOFT_ORGAN: CtNumber(95, 20, 8),
    },
    Phase.VENOUS: {
        Tissue.HEART: CtNumber(150, 20, 8),
        Tissue.ARTERY: CtNumber(155, 20, 4),
        Tissue.VEIN: CtNumber(155, 20, 5),
        Tissue.LIVER: CtNumber(110, 12, 6),
        Tissue.SPLEEN: CtNumber(120, 12, 5),
        Tissue.KIDNEY: CtNumber(190, 25, 12),
        Tissue.SOFT_ORGAN: CtNumber(90, 15, 8),
        Tissue.MUSCLE: CtNumber(64, 6, 10),
    },
}
"""CT numbers that iodine changes; ours, within usual ranges."""

MARROW_RISE_HU: dict[Phase, float] = {Phase.NONE: 0.0, Phase.ARTERIAL: 20.0, Phase.VENOUS: 14.75}

CORTEX_HU = CtNumber(1500, 150, 100)
"""Cortical bone where it is resolved: 1200-1800."""

CORTEX_MM: dict[Tissue, float] = {
    Tissue.VERTEBRAL_BODY: 0.5,
    Tissue.POSTERIOR_ELEMENTS: 0.8,
    Tissue.SACRUM: 0.6,
    Tissue.RIB: 0.8,
    Tissue.HIP: 1.1,
    Tissue.FEMUR: 3.0,
    Tissue.SCAPULA: 1.0,
    Tissue.CLAVICLE: 1.5,
    Tissue.HUMERUS: 2.5,
    Tissue.STERNUM: 0.6,
    Tissue.SKULL: 2.2,
}
"""Thickness of the cortex, mm: vertebral shell and endplates 0.3-1.0 by reference; the rest ours."""

MARROW_SHARE: dict[Tissue, float] = {
    Tissue.VERTEBRAL_BODY: 1.0,
    Tissue.POSTERIOR_ELEMENTS: 1.35,
    Tissue.SACRUM: 0.7,
    Tissue.RIB: 0.8,
    Tissue.HIP: 0.95,
    Tissue.FEMUR: 0.9,
    Tissue.SCAPULA: 1.2,
    Tissue.CLAVICLE: 1.1,
    Tissue.HUMERUS: 0.7,
    Tissue.STERNUM: 0.6,
    Tissue.SKULL: 2.5,
}
"""Density of spongy bone relative to the body of L1; ours."""

MARROW_TEXTURE_HU = 28.0
"""Standard deviation of spongy bone from place to place; ours."""


def trabecular_hu(age: float) -> float:
    """Mean CT number of the spongy bone of L1 at an age in years, without contrast.

    Examples
    --------
    >>> trabecular_hu(30.0), trabecular_hu(50.0)
    (226.0, 176.0)
    """
    return float(np.clip(226.0 - 2.5 * (age - 30.0), 80.0, 226.0))


def level_share(level: Level) -> float:
    """Density of spongy bone of a body relative to L1: denser towards the head."""
    number = int(level.value[1:]) if level is not Level.SACRUM else 1
    if level.region is Region.CERVICAL:
        return 1.75
    if level.region is Region.THORACIC:
        return 1.32 - 0.025 * number
    return 1.0 if level.region is Region.LUMBAR else 0.7
