"""What an MR scanner does to a perfect image: slices, coils, saturation, noise, field of view, and its scale."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from spinemets.anatomy import Subregion
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.training.acquisition import Cuts
from spinemets.training.filters import blur, chance, smooth_noise, uniform

MR_CUTS: Cuts = ((2, 0.75, 0.95), (3, 0.25, 0.5), (4, 0.35, 0.5))
"""Sagittal slabs above all: how often the field of view ends within a patch along each axis, and how often at both
sides of it (ours)."""
SAGITTAL, AXIAL = 0.75, 0.1
"""Share of the patches with thick sagittal, or thick axial slices, the rest are isotropic (ours)."""
THICK_MM = (2.0, 5.5)
"""Distance of thick slices, mm: sagittal MR has 3 to 5 mm, some public sets 2 mm (ours)."""
COIL = (0.0, 2.5)
"""A coil at the back sees the front of a patch by up to exp(-2.5) weaker (ours)."""
SATURATED_SHARE, SATURATED = 0.35, (0.05, 0.5)
"""How often a band in front of the spine is saturated, and what is left of its signal (ours)."""
NOISE = (0.003, 0.045)
"""Least and most noise, where the brightest tissue of a sequence has about 1 (ours)."""
BRIGHT_QUANTILE, BRIGHTER = (0.97, 0.999), (1.0, 2.8)
"""The scale of an image is set by its brightest hundredth, which mostly lies elsewhere, such as in fat at the coil: so
many times brighter than the quantile of the patch (ours)."""


def acquire_mr(
    image: Tensor, outside: Tensor, structure: Tensor, voxel_mm: float, noise: tuple[float, float] = NOISE
) -> Tensor:
    """(1, 1, D, H, W) signal as a scanner gives it, scaled to -1 to 1 as `SignalRange` does.

    Parameters
    ----------
    image : (1, 1, D, H, W) Tensor
        Ideal signal.
    outside : (1, 1, D, H, W) Tensor of bool
        Beyond the field of view; comes out as the lowest value.
    structure : (1, 1, D, H, W) Tensor of uint8
        Structure codes: where the spine is, in front of which a band may be saturated.
    voxel_mm : float
        Edge of a voxel, mm.
    noise : (float, float)
        As `NOISE`.
    """
    image = _before_coils(image, structure, voxel_mm)
    size = tuple(image.shape[2:])
    image = blur(image, uniform(0.3, 0.8))
    counts = _slices(size, voxel_mm)
    if counts != size:
        image = functional.interpolate(image, size=counts, mode="area")
    level = uniform(*noise)
    real, imaginary = image + torch.randn_like(image) * level, torch.randn_like(image) * level
    image = torch.sqrt(real**2 + imaginary**2)
    if counts != size:
        image = functional.interpolate(image, size=size, mode="trilinear", align_corners=False)
    inside = image[~outside] if bool((~outside).any()) else image.flatten()
    sample = inside[torch.randint(len(inside), (min(len(inside), 20_000),), device=image.device)]
    low, high = torch.quantile(sample, 0.01), torch.quantile(sample, uniform(*BRIGHT_QUANTILE))
    high = low + (high - low).clamp_min(1e-3) * (uniform(*BRIGHTER) if chance(0.7) else 1.0)
    image = SignalRange().scaled(image, float(low), float(high))
    return torch.where(outside, torch.full_like(image, -1.0), image)


def _before_coils(image: Tensor, structure: Tensor, voxel_mm: float) -> Tensor:
    """Signal that is weaker in front, where coils are far and a band may be saturated, and uneven everywhere."""
    depth = torch.linspace(0, 1, image.shape[3], device=image.device).reshape(1, 1, 1, -1, 1)
    if chance(0.6):
        image = image * torch.exp(-uniform(*COIL) * depth)
    image = image * torch.exp(smooth_noise(image.shape, 3, image.device) * uniform(0.0, 0.4))
    body = (structure == Subregion.BODY)[0, 0].any(2).any(0).nonzero()
    if len(body) and chance(SATURATED_SHARE):
        edge = (float(body.max()) + uniform(0, 30) / voxel_mm) / image.shape[3]
        band = torch.sigmoid((depth - edge) * image.shape[3] / 2)
        image = image * (1 - band * (1 - uniform(*SATURATED)))
    return image


def _slices(size: tuple[int, ...], voxel_mm: float) -> tuple[int, int, int]:
    """Voxels along each axis after the scanner took its slices."""
    kind = uniform(0, 1)
    edge = [voxel_mm * (1.0 if chance(0.6) else uniform(1.0, 1.5))] * 3
    if kind < SAGITTAL:
        edge[0] = uniform(*THICK_MM)
    elif kind < SAGITTAL + AXIAL:
        edge[2] = uniform(*THICK_MM)
    counts = [max(round(n * voxel_mm / e), 8) for n, e in zip(size, edge, strict=True)]
    return counts[0], counts[1], counts[2]
