"""What makes healthy spongy bone uneven on CT and is no disease: patchy marrow and basivertebral veins.

Sizes and CT numbers are ours: a vein leaves the middle of the back wall, a few millimetres wide there and narrower
inside, and shows as soft tissue or fat.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spinemets.anatomy import Level, Subregion
from spinemets.simulate.tissues import CANAL
from spinemets.training.ct_contrast import is_bone
from spinemets.training.filters import chance, smooth_noise, uniform

PATCHY_SHARE, PATCHY_HU = 0.8, (5.0, 32.0)
"""Patches whose marrow differs from place to place, and the standard deviation."""
VEIN_HU = (0.0, 90.0)
VEIN_SHARE = 0.6
"""Of bodies whose vein is seen, in patches that show any."""
VEIN_WIDTH_MM, VEIN_HEIGHT_MM = (4.0, 12.0), (1.5, 4.5)
"""At the back wall."""
LEAST_BODY = 200
"""A body of fewer voxels is too much cut to have its vein placed."""
CANAL_REACH_MM = 35.0
"""The canal beside a body lies within this of its middle."""


def uneven(image: Tensor, structure: Tensor, vertebra: Tensor, voxel_mm: float) -> Tensor:
    """(1, 1, D, H, W) HU of one patch before the scanner, its bone less even than it was rendered."""
    if chance(PATCHY_SHARE):
        wave = smooth_noise(image.shape, int(uniform(6, 22)), image.device)
        image = image + uniform(*PATCHY_HU) * wave * is_bone(structure)
    if chance(0.5):
        for number in torch.unique(vertebra).tolist():
            if number not in (0, Level.SACRUM.verse_id) and chance(VEIN_SHARE):
                share = vein(structure, vertebra == number, voxel_mm)
                image = image + share * (uniform(*VEIN_HU) - image)
    return image


def vein(structure: Tensor, own: Tensor, voxel_mm: float) -> Tensor:
    """(1, 1, D, H, W) share of each voxel that a basivertebral vein fills; 0 where canal or body is not seen."""
    nothing = torch.zeros_like(structure, dtype=torch.float32)
    body = ((structure == Subregion.BODY) & own)[0, 0].nonzero().float()
    canal = torch.isin(structure, torch.tensor([int(t) for t in CANAL], device=structure.device))[0, 0].nonzero()
    if len(body) < LEAST_BODY or not len(canal):
        return nothing
    middle = body.mean(0)
    beside = canal.float() - middle
    beside = beside[beside.norm(dim=1) * voxel_mm < CANAL_REACH_MM]
    if not len(beside):
        return nothing
    back = beside.mean(0)
    back[2] = 0.0
    back = back / back.norm().clamp_min(1e-3)
    from_middle = (body - middle) * voxel_mm
    behind, upward = from_middle @ back, from_middle[:, 2]
    aside = (from_middle - behind[:, None] * back)[:, :2].norm(dim=1)
    wall = behind.quantile(0.97)
    depth = (behind / wall.clamp_min(1.0) - uniform(0.1, 0.5)).clamp(0, 1)
    wide, high = uniform(*VEIN_WIDTH_MM) / 2, uniform(*VEIN_HEIGHT_MM) / 2
    share = _inside(aside, wide * (0.3 + depth), voxel_mm) * _inside(upward.abs(), high * (0.5 + depth), voxel_mm)
    place = body.long()
    nothing[0, 0, place[:, 0], place[:, 1], place[:, 2]] = share * (depth > 0) * uniform(0.5, 1.0)
    return nothing


def _inside(distance: Tensor, limit: Tensor, edge: float) -> Tensor:
    return ((limit - distance) / edge + 0.5).clamp(0, 1)
