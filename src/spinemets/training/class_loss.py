"""Losses over the classes of a patch, most of which have few voxels in it or none."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

FEW_VOXELS = 200.0
"""A class with so many voxels in a patch counts half as much in its Dice as one with many (ours): the Dice of a tip
of three voxels is noise."""


class DiceAndCrossEntropy(nn.Module):
    """Cross-entropy plus one minus the mean Dice of the classes that a batch shows, the background apart.

    A class that is absent has no Dice: with a small smoothing term it would cost 1 whatever is
    predicted, with a large one ribs and sacrum, which most patches do not show, are hardly learnt.
    What is predicted of it falsely is left to the cross-entropy.

    Parameters
    ----------
    dice_weight : float
        Of the Dice, where the cross-entropy has 1.
    """

    def __init__(self, dice_weight: float = 1.0) -> None:
        super().__init__()
        self.dice_weight = dice_weight

    def forward(self, logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Loss of (N, C, D, H, W) logits and (N, 1, D, H, W) classes.

        (N, D, H, W) weights, if given, tell how much the cross-entropy of each voxel counts; the Dice is of all alike.
        """
        if weight is None:
            cross_entropy = functional.cross_entropy(logits, target[:, 0])
        else:
            each = functional.cross_entropy(logits, target[:, 0], reduction="none")
            cross_entropy = (each * weight).sum() / weight.sum().clamp_min(1e-6)
        share = logits.softmax(1)
        truth = functional.one_hot(target[:, 0], logits.shape[1]).permute(0, 4, 1, 2, 3).to(share)
        axes = (0, 2, 3, 4)
        size = truth.sum(axes)
        dice = (2 * (share * truth).sum(axes) + 1) / (share.sum(axes) + size + 1)
        by_size = size / (size + FEW_VOXELS)
        by_size[0] = 0
        if by_size.sum() == 0:
            return cross_entropy
        return cross_entropy + self.dice_weight * (1 - (by_size * dice).sum() / by_size.sum())


class WeightedCrossEntropy(nn.Module):
    """Cross-entropy of (N, C, D, H, W) logits and (N, 1, D, H, W) classes, the background's voxels counting less.

    The optimum of a weighted cross-entropy is a probability multiplied by the weights; the
    logarithm of the weights is added before it, so that the network's own softmax stays the
    probability itself (logit adjustment, Menon 2021, arXiv 2007.07314).
    """

    def __init__(self, classes: int, background_weight: float) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(classes), persistent=False)
        self.weight: Tensor
        self.weight[0] = background_weight

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        adjusted = logits + self.weight.log()[:, None, None, None]
        return functional.cross_entropy(adjusted, target[:, 0], weight=self.weight)
