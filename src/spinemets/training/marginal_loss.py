"""The loss on an image of which only the vertebrae are labelled."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from spinemets.training.randomise import NO_VERTEBRA_CLASS

SMOOTH_VOXELS = 1000.0
"""Added to both parts of the Dice of the whole vertebra: in a patch without one, a few false voxels cost little."""


def marginal_loss(logits: Tensor, target: Tensor, vertebra_classes: tuple[int, int]) -> Tensor:
    """Cross-entropy and Dice in which all classes but the vertebra's are one where nobody told them apart.

    Parameters
    ----------
    logits : (N, C, D, H, W) Tensor
        Of every class.
    target : (N, D, H, W) Tensor of int64
        Classes, or `NO_VERTEBRA_CLASS`.
    vertebra_classes : (first, last) tuple of int
        Classes that are part of a vertebra.

    Returns
    -------
    () Tensor
        Mean cross-entropy plus one minus the Dice of the whole vertebra.

    Notes
    -----
    Shi G et al. Marginal loss and exclusion loss for partially supervised multi-organ segmentation.
    Med Image Anal 2021;70:101979.
    """
    first, last = vertebra_classes
    log_probability = functional.log_softmax(logits, dim=1)
    is_vertebra = torch.zeros(logits.shape[1], dtype=torch.bool, device=logits.device)
    is_vertebra[first : last + 1] = True
    elsewhere = torch.logsumexp(log_probability[:, ~is_vertebra], dim=1)
    unlabelled = target == NO_VERTEBRA_CLASS
    known = log_probability.gather(1, target.masked_fill(unlabelled, 0)[:, None])[:, 0]
    cross_entropy = -torch.where(unlabelled, elsewhere, known).mean()
    share = log_probability[:, is_vertebra].exp().sum(1)
    truth = ((target >= first) & (target <= last)).float()
    overlap = (2 * (share * truth).sum() + SMOOTH_VOXELS) / (share.sum() + truth.sum() + SMOOTH_VOXELS)
    return cross_entropy + 1 - overlap
