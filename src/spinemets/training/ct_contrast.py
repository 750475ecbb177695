"""CT images rendered from label patches, on the device that trains.

Ranges are wider than life on purpose: a network that has met every scanner, age and
contrast phase within them meets nothing new in a hospital.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spinemets.anatomy import Subregion
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue
from spinemets.training.filters import blur, chance, smooth_noise, uniform

AIR_HU = -1000.0
FULL_CORTEX_MM = 1.5
"""At voxels up to this size the shell that is drawn holds the whole cortical density (ours)."""

CORTEX_HU = (350.0, 1900.0)
"""Of cortical bone as voxels of 1 to 2 mm show it (ours; `clinical.md` §3.4 has 1200 to 1800 where it is resolved)."""
POSTERIOR_DENSITY, POSTERIOR_THICKNESS, POSTERIOR_DENSE_HU = (0.9, 1.2), (1.0, 2.6), (0.0, 450.0)
"""Of the cortex of posterior elements against that of bodies, and how much denser what lies between their cortices is
than spongy bone (ours). In `chest_ct` from T2 to T11, as the spine network outlines it, at voxels of 1.5 mm, half of
the posterior elements is over 680 HU and a tenth over 1150; of bodies a tenth is over 590."""

HU_RANGES: dict[Tissue, tuple[float, float]] = {
    Tissue.AIR: (-1024, -970),
    Tissue.DISC: (50, 130),
    Tissue.CORD: (20, 60),
    Tissue.CSF: (-5, 45),
    Tissue.EPIDURAL_FAT: (-110, 20),
    Tissue.COSTAL_CARTILAGE: (60, 180),
    Tissue.FAT: (-130, -65),
    Tissue.MUSCLE: (25, 85),
    Tissue.SKIN: (-40, 60),
    Tissue.LUNG: (-950, -700),
    Tissue.AIRWAY: (-1010, -930),
    Tissue.HEART: (20, 60),
    Tissue.ARTERY: (25, 60),
    Tissue.VEIN: (25, 60),
    Tissue.LIVER: (30, 80),
    Tissue.SPLEEN: (35, 70),
    Tissue.KIDNEY: (20, 50),
    Tissue.BOWEL: (-20, 60),
    Tissue.BOWEL_GAS: (-1000, -600),
    Tissue.BOWEL_CONTRAST: (150, 900),
    Tissue.BLADDER: (-10, 25),
    Tissue.BRAIN: (20, 45),
    Tissue.SOFT_ORGAN: (10, 100),
    Tissue.TABLE: (-950, 250),
    Tissue.METAL: (2000, 3071),
}
"""HU without contrast medium, drawn evenly once per patch; around `clinical.md` §3.4, widened."""

CONTRAST_HU: dict[Tissue, tuple[float, float]] = {
    Tissue.HEART: (80, 380),
    Tissue.ARTERY: (120, 480),
    Tissue.VEIN: (60, 280),
    Tissue.LIVER: (70, 140),
    Tissue.SPLEEN: (80, 160),
    Tissue.KIDNEY: (90, 320),
    Tissue.SOFT_ORGAN: (60, 160),
}
"""HU after an injection, in the half of the patches that had one."""

SACRAL_FAT_SHARE = 0.75
SACRAL_FAT_HU = (-90.0, 40.0)
"""Marrow of the sacral alae of most adults is nearly all fat, their "alar void"; how often and how far is ours."""

BONES = (
    Tissue.SACRUM,
    Tissue.RIB,
    Tissue.HIP,
    Tissue.FEMUR,
    Tissue.SCAPULA,
    Tissue.CLAVICLE,
    Tissue.HUMERUS,
    Tissue.STERNUM,
    Tissue.SKULL,
)


def _mean_table(device: torch.device, contrast: bool, marrow_hu: float | None) -> Tensor:
    """(256,) HU of every structure code for one patch; bones hold their marrow."""
    table = torch.full((256,), 40.0)
    for tissue, (low, high) in HU_RANGES.items():
        table[tissue] = uniform(low, high)
    if contrast:
        for tissue, (low, high) in CONTRAST_HU.items():
            table[tissue] = uniform(low, high)
    marrow = uniform(70, 300) if chance(0.85) else uniform(-20, 450)
    marrow = marrow if marrow_hu is None else marrow_hu
    for bone in BONES:
        table[bone] = marrow * uniform(0.5, 1.2) + uniform(-60, 40)
    table[Tissue.SKULL] = uniform(300, 1200)
    dense = uniform(*POSTERIOR_DENSE_HU)
    for code in range(Subregion.ARCH, Subregion.PEDICLE_RIGHT + 1):
        table[code] = marrow * uniform(0.9, 1.5) + dense
    table[Subregion.BODY] = table[Subregion.BODY_BORDER] = marrow
    table[OUTSIDE_FIELD] = AIR_HU
    return table.to(device)


def _texture_table(device: torch.device) -> Tensor:
    """(256,) standard deviation of the inner structure of each tissue, HU."""
    table = torch.full((256,), uniform(3, 12))
    table[[Tissue.AIR, OUTSIDE_FIELD]] = 0.0
    table[Tissue.LUNG] = uniform(20, 70)
    table[[Tissue.MUSCLE, Tissue.SOFT_ORGAN]] = uniform(5, 25)
    table[Tissue.BOWEL] = uniform(10, 60)
    for code in (*BONES, *range(Subregion.ARCH, Subregion.PEDICLE_RIGHT + 1)):
        table[code] = uniform(8, 45)
    return table.to(device)


def is_bone(structure: Tensor) -> Tensor:
    """Where a structure code is bone, of the same shape."""
    result = (structure >= Subregion.ARCH) & (structure <= Subregion.PEDICLE_RIGHT)
    for bone in BONES:
        result = result | (structure == bone)
    return result


def cortical_shell(structure: Tensor, vertebra: Tensor) -> tuple[Tensor, Tensor]:
    """How much each voxel belongs to a cortical shell, and to a joint between two bones; both 0 to 1.

    Neighbouring vertebrae are told apart by the parity of their ids, so that facet joints and
    narrow discs keep two shells with a gap between them.
    """
    bone = is_bone(structure)
    spine = vertebra > 0
    groups = (spine & (vertebra % 2 == 0), spine & (vertebra % 2 == 1), bone & ~spine)
    width = uniform(0.6, 1.1)
    shell = torch.zeros_like(structure, dtype=torch.float32)
    blurred = []
    for group in groups:
        mask = (group & bone).float()
        soft = blur(mask, width)
        blurred.append(soft)
        shell = shell + mask * ((1 - soft) * uniform(1.6, 2.6)).clamp(0, 1)
    joint = 4 * (blurred[0] * blurred[1] + (blurred[0] + blurred[1]) * blurred[2])
    return shell, joint.clamp(0, 1) * bone


def _add_sacral_fat(image: Tensor, structure: Tensor) -> Tensor:
    """Fatty marrow in part of the sacrum, above all of its alae, that looks like soft tissue within a thin shell."""
    sacrum = structure == Tissue.SACRUM
    if not bool(sacrum.any()) or not chance(SACRAL_FAT_SHARE):
        return image
    wave = smooth_noise(image.shape, int(uniform(4, 10)), image.device)
    share = (wave * uniform(0.3, 1.0) + uniform(-0.5, 0.8)).clamp(0, 1) * sacrum
    return image + share * (uniform(*SACRAL_FAT_HU) - image).clamp_max(0)


def _add_bowel_contents(image: Tensor, structure: Tensor) -> Tensor:
    bowel = structure == Tissue.BOWEL
    if not bool(bowel.any()):
        return image
    wave = smooth_noise(image.shape, 9, image.device)
    image = torch.where(bowel & (wave > uniform(0.3, 1.5)), torch.full_like(image, uniform(-1000, -500)), image)
    if chance(0.35):
        filled = bowel & (wave < uniform(-0.8, 0.5))
        image = torch.where(filled, torch.full_like(image, uniform(100, 800)), image)
    return image


def _add_disease(image: Tensor, bone: Tensor) -> Tensor:
    """Patches of destroyed or sclerotic bone, so that the outline of a diseased vertebra is still found."""
    if chance(0.15):
        wave = smooth_noise(image.shape, int(uniform(6, 16)), image.device)
        lytic = (wave > uniform(1.1, 2.0)) & bone
        image = torch.where(lytic, torch.full_like(image, uniform(10, 100)), image)
    if chance(0.12):
        wave = smooth_noise(image.shape, int(uniform(6, 16)), image.device)
        blastic = (wave > uniform(1.1, 2.0)) & bone
        image = torch.where(blastic, image.clamp_min(uniform(350, 1300)), image)
    return image


def _add_unknown_soft_tissue(image: Tensor, structure: Tensor) -> Tensor:
    """Vessels, nodes and gut that label maps do not have, in the fat."""
    if chance(0.35):
        wave = smooth_noise(image.shape, int(uniform(8, 24)), image.device)
        inside = ((structure == Tissue.FAT) | (structure == Tissue.MUSCLE)) & (wave > uniform(1.0, 2.2))
        image = torch.where(inside, torch.full_like(image, uniform(-100, 180)), image)
    return image


def render_ct(
    structure: Tensor,
    vertebra: Tensor,
    voxel_mm: float,
    *,
    contrast: bool | None = None,
    marrow_hu: float | None = None,
    invent_disease: bool = True,
) -> Tensor:
    """(1, 1, D, H, W) HU of one patch before the scanner: no noise, no blur.

    Parameters
    ----------
    structure, vertebra : (1, 1, D, H, W) Tensor of uint8
        Structure codes and VerSe ids.
    voxel_mm : float
        Edge of a voxel, mm: the thinner a cortex is against it, the less of its density is left.
    contrast : bool, optional
        Whether contrast medium was given; drawn by lot without it.
    marrow_hu : float, optional
        Mean of the spongy bone of vertebral bodies, HU; drawn by lot without it.
    invent_disease : bool
        False where known disease is laid over the image and bone must hold no other.
    """
    device = structure.device
    code = structure.long()
    image = _mean_table(device, chance(0.5) if contrast is None else contrast, marrow_hu)[code]
    image = _add_unknown_soft_tissue(image, structure)
    image = _add_bowel_contents(image, structure)
    texture = smooth_noise(image.shape, 8, device) * 0.5 + blur(torch.randn_like(image), uniform(0.5, 1.2)) * 2.5
    shell, joint = cortical_shell(structure, vertebra)
    bone = is_bone(structure)
    level_shift = (torch.randn(256, device=device) * uniform(0, 35))[vertebra.long()]
    image = image + level_shift * bone + texture * _texture_table(device)[code]
    if invent_disease:
        image = _add_disease(image, bone)
    image = _add_sacral_fat(image, structure)
    posterior = (structure >= Subregion.ARCH) & (structure <= Subregion.INFERIOR_ARTICULAR_RIGHT)
    cortex_map = uniform(*CORTEX_HU) * torch.where(posterior, uniform(*POSTERIOR_DENSITY), 1.0)
    strength = (1 + 0.35 * smooth_noise(image.shape, 10, device)).clamp(0.2, 1.6)
    strength = strength * uniform(0.5, 1.0) * min(1.0, FULL_CORTEX_MM / voxel_mm)
    strength = strength * torch.where(posterior, uniform(*POSTERIOR_THICKNESS), 1.0)
    image = image + (shell * strength).clamp(0, 1) * (cortex_map - image).clamp_min(0)
    return image + joint * uniform(0.2, 1.0) * (uniform(20, 140) - image).clamp_max(0)
