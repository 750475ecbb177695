"""The loss of classes that have few voxels in a patch, where probabilities are wanted and not only labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class RareClassLoss(nn.Module):
    """Cross-entropy in which the background counts little, plus a share of one minus the Dice of what is present.

    A lesion of 0.3 ml is one voxel in 2,000 near the spine; the mean cross-entropy would hardly see it. So
    a background voxel counts `background_weight` and the logarithm of the weights is added to the
    logits, which leaves the network's own softmax the probability itself (logit adjustment, Menon 2021, arXiv
    2007.07314). The Dice of each class that a batch shows counts the same however small the lesion is. It is taken of
    the adjusted probabilities: of those of a class this rare it would hardly have a gradient, and 2,000 steps of that
    found no lytic lesion at all. It makes lesions likelier than they are, so that the threshold from which a voxel is
    called lesion has to be set on validation patients. Voxels count by where they are.

    Parameters
    ----------
    classes : int
        The background, class 0, included.
    background_weight : float
        Of a background voxel, where one of any other class has 1.
    dice_weight : float
        Of the Dice, where the cross-entropy has 1.
    """

    def __init__(self, classes: int, background_weight: float = 0.02, dice_weight: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("class_weight", torch.ones(classes), persistent=False)
        self.class_weight: Tensor
        self.class_weight[0] = background_weight
        self.dice_weight = dice_weight

    def adjusted(self, logits: Tensor) -> Tensor:
        """(N, C, D, H, W) logits as if every class were as frequent as it counts."""
        return logits + self.class_weight.log()[:, None, None, None]

    def forward(self, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Loss of (N, C, D, H, W) logits, (N, D, H, W) classes and (N, D, H, W) weights of the voxels."""
        adjusted = self.adjusted(logits)
        counted = weight * self.class_weight[target]
        entropy = functional.cross_entropy(adjusted, target, reduction="none")
        loss = (entropy * counted).sum() / counted.sum().clamp_min(1e-6)
        return loss + self.dice_weight * missing_overlap(adjusted, target, weight)


def missing_overlap(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """One minus the mean soft Dice of the classes beyond 0 that a batch shows; 0 where it shows none."""
    share = logits.softmax(1)[:, 1:]
    truth = functional.one_hot(target, logits.shape[1]).movedim(-1, 1)[:, 1:] * weight[:, None]
    axes = (0, 2, 3, 4)
    size = truth.sum(axes)
    present = size > 0
    if not present.any():
        return logits.new_zeros(())
    dice = (2 * (share * truth).sum(axes) + 1) / ((share * weight[:, None]).sum(axes) + size + 1)
    return 1 - dice[present].mean()
