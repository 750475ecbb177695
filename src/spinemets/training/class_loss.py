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

    Takes (N, C, D, H, W) logits and (N, 1, D, H, W) classes.
    """

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        cross_entropy = functional.cross_entropy(logits, target[:, 0])
        share = logits.softmax(1)
        truth = functional.one_hot(target[:, 0], logits.shape[1]).permute(0, 4, 1, 2, 3).to(share)
        axes = (0, 2, 3, 4)
        size = truth.sum(axes)
        dice = (2 * (share * truth).sum(axes) + 1) / (share.sum(axes) + size + 1)
        weight = size / (size + FEW_VOXELS)
        weight[0] = 0
        if weight.sum() == 0:
            return cross_entropy
        return cross_entropy + 1 - (weight * dice).sum() / weight.sum()


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
