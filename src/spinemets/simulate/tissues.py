"""What a voxel of a simulated patient is made of, and the record that holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.errors import StudyError


class Tissue(IntEnum):
    """Tissue of a voxel; one value per thing that an image shows differently."""

    AIR = 0
    VERTEBRAL_BODY = 1
    POSTERIOR_ELEMENTS = 2
    SACRUM = 3
    DISC = 4
    CORD = 5
    CSF = 6
    EPIDURAL_FAT = 7
    RIB = 8
    HIP = 9
    FEMUR = 10
    SCAPULA = 11
    CLAVICLE = 12
    HUMERUS = 13
    STERNUM = 14
    COSTAL_CARTILAGE = 15
    SKULL = 16
    FAT = 17
    MUSCLE = 18
    SKIN = 19
    LUNG = 20
    AIRWAY = 21
    HEART = 22
    ARTERY = 23
    VEIN = 24
    LIVER = 25
    SPLEEN = 26
    KIDNEY = 27
    BOWEL = 28
    BOWEL_GAS = 29
    BOWEL_CONTRAST = 30
    BLADDER = 31
    BRAIN = 32
    SOFT_ORGAN = 33
    TABLE = 34
    METAL = 35


VERTEBRAL = (Tissue.VERTEBRAL_BODY, Tissue.POSTERIOR_ELEMENTS)
CANAL = (Tissue.CORD, Tissue.CSF, Tissue.EPIDURAL_FAT)
OTHER_BONE = (
    Tissue.HIP,
    Tissue.FEMUR,
    Tissue.SCAPULA,
    Tissue.CLAVICLE,
    Tissue.HUMERUS,
    Tissue.STERNUM,
    Tissue.SKULL,
)

NOT_VERTEBRA = 254
"""Structure code of voxels of a real image of which only that much is known."""
OUTSIDE_FIELD = 255
"""Structure code of voxels beyond the field of view, where a structure is a `Tissue` or a `Subregion` label."""


@dataclass(frozen=True)
class LabelledAnatomy:
    """A patient without contrast: labels from which any image of any scanner can be made.

    Attributes
    ----------
    tissue : (I, J, K) ndarray of uint8
        `Tissue` of each voxel.
    vertebra : (I, J, K) ndarray of uint8
        VerSe id where tissue is vertebral or sacrum, 0 elsewhere.
    subregion : (I, J, K) ndarray of uint8
        `Subregion` label where tissue is vertebral, 0 elsewhere; sides are the patient's.
    affine : (4, 4) ndarray
        To world RAS+ mm; simulated anatomies are stored with RAS+ axes.
    centres_mm : mapping of Level to (3,) ndarray
        Centroid of each vertebral body (of the ring for C1), world mm. May lie outside the
        array when the field of view cuts the vertebra.
    name : str
        Where it came from, e.g. ``parametric-17`` or ``torso_s0327_labels``.
    """

    tissue: NDArray[np.uint8]
    vertebra: NDArray[np.uint8]
    subregion: NDArray[np.uint8]
    affine: NDArray[np.float64]
    centres_mm: dict[Level, NDArray[np.float64]] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        shapes = {self.tissue.shape, self.vertebra.shape, self.subregion.shape}
        if len(shapes) != 1:
            raise StudyError(f"tissue, vertebra and subregion must share one shape, got {sorted(shapes)}")
