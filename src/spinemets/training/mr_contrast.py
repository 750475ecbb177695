"""An image of any contrast from label patches: SynthSeg's idea (Billot 2023, PMC10154424).

Every structure gets a random signal, bones and vessels in groups as their tissue has it,
so that a network trained on it knows shapes and not sequences.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spinemets.anatomy import Subregion
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue
from spinemets.training.ct_contrast import BONES, cortical_shell, is_bone
from spinemets.training.filters import blur, chance, smooth_noise, uniform

GAS = (Tissue.AIR, Tissue.LUNG, Tissue.AIRWAY, Tissue.BOWEL_GAS, Tissue.METAL)
"""No signal at all, or hardly any."""
FATTY = (Tissue.FAT, Tissue.EPIDURAL_FAT)
"""One tissue in two places: one signal, more or less."""


def _signal_table(device: torch.device) -> Tensor:
    """(256,) signal of every structure code in one patch, 0 to 1."""
    table = torch.rand(256)
    marrow = uniform(0.1, 1.0)
    for code in (*BONES, *range(Subregion.ARCH, Subregion.PEDICLE_RIGHT + 1)):
        table[code] = marrow + uniform(-0.08, 0.08)
    fat = uniform(0.05, 1.0)
    for tissue in FATTY:
        table[tissue] = fat + uniform(-0.05, 0.05)
    for code in (*GAS, OUTSIDE_FIELD):
        table[code] = uniform(0.0, 0.06)
    return table.clamp(0, 1).to(device)


def render_random_contrast(structure: Tensor, vertebra: Tensor, voxel_mm: float) -> Tensor:
    """(1, 1, D, H, W) signal, about 0 to 1, of one patch in a sequence that nobody has met.

    Parameters
    ----------
    structure, vertebra : (1, 1, D, H, W) Tensor of uint8
        Structure codes and VerSe ids.
    voxel_mm : float
        Edge of a voxel, mm.
    """
    device = structure.device
    image = _signal_table(device)[structure.long()]
    bone = is_bone(structure)
    shift = (torch.randn(256, device=device) * uniform(0, 0.06))[vertebra.long()]
    texture = blur(torch.randn_like(image), uniform(0.5, 1.5)) * uniform(0.0, 0.15)
    image = image + shift * bone + texture + smooth_noise(image.shape, 7, device) * uniform(0.0, 0.05)
    shell, _ = cortical_shell(structure, vertebra)
    if chance(0.9):
        image = image * (1 - shell * uniform(0.3, 1.0) * min(1.0, 1.5 / voxel_mm))
    return image.clamp(0, 1.5)


def acquire_mr(image: Tensor, outside: Tensor) -> Tensor:
    """(1, 1, D, H, W) signal with coil sensitivity and Rician noise, scaled to -1 to 1 by its own percentiles.

    Parameters
    ----------
    image : (1, 1, D, H, W) Tensor
        Ideal signal.
    outside : (1, 1, D, H, W) Tensor of bool
        Beyond the field of view; comes out as the lowest value.
    """
    image = blur(image, uniform(0.4, 1.0))
    bias = torch.exp(smooth_noise(image.shape, 3, image.device) * uniform(0.0, 0.4))
    level = uniform(0.005, 0.08)
    real, imaginary = image * bias + torch.randn_like(image) * level, torch.randn_like(image) * level
    image = torch.sqrt(real**2 + imaginary**2)
    inside = image[~outside] if bool((~outside).any()) else image.flatten()
    sample = inside[torch.randint(len(inside), (min(len(inside), 20_000),), device=image.device)]
    low, high = torch.quantile(sample, 0.01), torch.quantile(sample, 0.99)
    image = ((image - low) / (high - low).clamp_min(1e-3)).clamp(0, 1.2) * 2 - 1
    return torch.where(outside, torch.full_like(image, -1.0), image)
