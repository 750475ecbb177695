"""What an axial T2 shows that a CT does not: further codes, the signals of all, and the network's classes."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from spinemets.simulate.tissues import OTHER_BONE, Tissue


class AxialTissue(IntEnum):
    """Codes of an axial label map that `Tissue` does not have."""

    CORTEX = 40
    LIGAMENT = 41
    NERVE_ROOT = 42  # within the sac
    GREY_MATTER = 43
    EPIDURAL_VEIN = 44
    EPIDURAL_TUMOUR = 45
    BONE_TUMOUR = 46
    SOFT_TUMOUR = 47
    NUCLEUS = 48  # of a disc
    FORAMEN_FAT = 49
    GANGLION = 50
    FLOW_VOID = 51
    FACET_FLUID = 52


CANAL_CLASSES = ("background", "cord", "csf", "epidural_tumour", "epidural_space", "bone", "disc")
"""Channels of the canal network. The first three after the background have the numbers of `anatomy.CanalLabel`."""

T2_SIGNAL: dict[int, float] = {
    Tissue.AIR: 0.0,
    Tissue.VERTEBRAL_BODY: 2.0,
    Tissue.POSTERIOR_ELEMENTS: 2.1,
    Tissue.SACRUM: 2.1,
    Tissue.DISC: 1.2,
    Tissue.CORD: 2.7,
    Tissue.CSF: 9.0,
    Tissue.EPIDURAL_FAT: 3.0,
    Tissue.RIB: 1.8,
    Tissue.COSTAL_CARTILAGE: 1.2,
    Tissue.FAT: 3.2,
    Tissue.MUSCLE: 1.0,
    Tissue.SKIN: 1.6,
    Tissue.LUNG: 0.15,
    Tissue.AIRWAY: 0.0,
    Tissue.HEART: 1.0,
    Tissue.ARTERY: 0.15,
    Tissue.VEIN: 0.9,
    Tissue.LIVER: 1.2,
    Tissue.SPLEEN: 2.2,
    Tissue.KIDNEY: 3.0,
    Tissue.BOWEL: 2.0,
    Tissue.BOWEL_GAS: 0.05,
    Tissue.BOWEL_CONTRAST: 3.5,
    Tissue.BLADDER: 8.0,
    Tissue.BRAIN: 3.0,
    Tissue.SOFT_ORGAN: 1.6,
    Tissue.TABLE: 0.0,
    Tissue.METAL: 0.0,
    AxialTissue.CORTEX: 0.25,
    AxialTissue.LIGAMENT: 0.6,
    AxialTissue.NERVE_ROOT: 3.0,
    AxialTissue.GREY_MATTER: 3.1,
    AxialTissue.EPIDURAL_VEIN: 4.0,
    AxialTissue.EPIDURAL_TUMOUR: 3.0,
    AxialTissue.BONE_TUMOUR: 2.8,
    AxialTissue.SOFT_TUMOUR: 3.0,
    AxialTissue.NUCLEUS: 3.8,
    AxialTissue.FORAMEN_FAT: 3.1,
    AxialTissue.GANGLION: 2.6,
    AxialTissue.FLOW_VOID: 0.1,
    AxialTissue.FACET_FLUID: 4.5,
    **dict.fromkeys(OTHER_BONE, 2.0),
}
"""T2 TSE signal relative to muscle (`clinical.md` §3.5; what it does not list is ours)."""

FAT_SUPPRESSED: dict[int, float] = {
    Tissue.FAT: 0.35,
    Tissue.EPIDURAL_FAT: 0.35,
    AxialTissue.FORAMEN_FAT: 0.35,
    Tissue.SKIN: 1.0,
    Tissue.VERTEBRAL_BODY: 0.8,
    Tissue.POSTERIOR_ELEMENTS: 0.7,
    Tissue.SACRUM: 0.7,
    Tissue.RIB: 0.7,
    **dict.fromkeys(OTHER_BONE, 0.7),
}
"""The same where fat and fatty marrow are suppressed (`clinical.md` §3.5, the STIR column as a guide; ours)."""


def _class_of_code() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    groups: dict[str, tuple[int, ...]] = {
        "cord": (Tissue.CORD, AxialTissue.GREY_MATTER),
        "csf": (Tissue.CSF, AxialTissue.NERVE_ROOT),
        "epidural_tumour": (AxialTissue.EPIDURAL_TUMOUR,),
        "epidural_space": (Tissue.EPIDURAL_FAT, AxialTissue.EPIDURAL_VEIN),
        "bone": (
            Tissue.VERTEBRAL_BODY,
            Tissue.POSTERIOR_ELEMENTS,
            Tissue.SACRUM,
            AxialTissue.CORTEX,
            AxialTissue.BONE_TUMOUR,
        ),
        "disc": (Tissue.DISC, AxialTissue.NUCLEUS),
    }
    for name, codes in groups.items():
        table[list(codes)] = CANAL_CLASSES.index(name)
    return table


CLASS_OF_CODE = _class_of_code()
"""(256,) class of the canal network of each code of an axial label map."""
