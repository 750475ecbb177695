"""Errors that a predicted vertebra mask makes, put into a true one: the lesion network will see no other.

How often and how far is ours, after what spine networks do on real CT: outlines a voxel or two off, bone that
is destroyed or sclerotic left out, tips lost, ribs and soft tissue taken in.
"""

from __future__ import annotations

from torch import Tensor

from spinemets.anatomy import Level, Subregion
from spinemets.training.filters import blur, chance, dilated, smooth_noise, uniform

OFF_MM = 2.0
"""Largest typical distance of a wrong outline from the true one."""
EDGE_CUT = (0.12, 0.88)
"""The outline lies where a blurred mask has a value between these."""
REACH_MM = 6.0
"""Wrongly added voxels lie within this of the vertebra."""


def predicted_mask(vertebra: Tensor, structure: Tensor, destroyed: Tensor, voxel_mm: float) -> Tensor:
    """(1, 1, D, H, W) float mask, 0 or 1, as a network would have drawn it.

    Parameters
    ----------
    vertebra, structure : (1, 1, D, H, W) Tensor of uint8
        VerSe ids and structure codes.
    destroyed : (1, 1, D, H, W) Tensor of bool
        Where bone no longer looks like bone.
    voxel_mm : float
        Edge of a voxel.
    """
    mask = vertebra > 0
    if chance(0.5):
        mask = mask & (vertebra != Level.SACRUM.verse_id)
    if not bool(mask.any()):
        return mask.float()
    if chance(0.15):
        mask = filled(mask, round(4.5 / voxel_mm))
    elif chance(0.6):
        mask = mask & ~(destroyed & (smooth_noise(mask.shape, int(uniform(6, 16)), mask.device) > uniform(-1.5, 1.0)))
    if chance(0.3):
        tip = (structure < Subregion.BODY_BORDER) & (smooth_noise(mask.shape, 6, mask.device) > uniform(0.6, 1.6))
        mask = mask & ~tip
    if chance(0.35):
        reach = round(uniform(0.4, 1.0) * REACH_MM / voxel_mm)
        taken = smooth_noise(mask.shape, int(uniform(6, 14)), mask.device) > uniform(1.0, 2.0)
        mask = mask | (dilated(mask, reach) & taken)
    return moved_outline(mask, voxel_mm) if chance(0.85) else mask.float()


def moved_outline(mask: Tensor, voxel_mm: float) -> Tensor:
    """A mask whose surface lies up to about `OFF_MM` further in or out, smoothly from place to place."""
    soft = blur(mask.float(), uniform(0.4, 1.0) * OFF_MM / voxel_mm)
    level = uniform(0.35, 0.65) + uniform(0.05, 0.2) * smooth_noise(mask.shape, int(uniform(5, 14)), mask.device)
    return (soft > level.clamp(*EDGE_CUT)).float()


def filled(mask: Tensor, reach: int) -> Tensor:
    """A mask with its gaps up to twice `reach` voxels wide closed."""
    return ~dilated(~dilated(mask, reach), reach)
