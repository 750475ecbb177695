"""The training of the lesion network, as a Lightning module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from spinemets.inference.lesion_classes import LESION_CLASSES
from spinemets.training.learner import Learner
from spinemets.training.lesion_counts import lesion_counts
from spinemets.training.lesion_crops import LesionCrop
from spinemets.training.lesion_randomise import LesionBatch, LesionRandomiser
from spinemets.training.rare_class_loss import RareClassLoss
from spinemets.training.trunk import take_over


class LesionSegmentation(Learner):
    """Lytic and blastic voxels of vertebrae, from a CT and a vertebra mask.

    Parameters
    ----------
    net : nn.Module
        (N, C, D, H, W) to (N, 3, D, H, W) logits.
    randomiser : LesionRandomiser
        Makes images and targets from crops on the device.
    validator : LesionRandomiser
        The same without deformation.
    optimizer : callable
        Takes parameters, gives an optimiser.
    scheduler : callable or None
        Takes the optimiser, gives a schedule that is stepped every batch.
    background_weight, dice_weight : float
        Of `RareClassLoss`.
    trunk_weights : str or None
        A ``.pt`` state of another network to start from as far as it fits, e.g. of the spine network.
    initial_weights : str or None
        A ``.pt`` state of this very network to start from.
    """

    def __init__(
        self,
        net: nn.Module,
        randomiser: LesionRandomiser,
        validator: LesionRandomiser,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler] | None = None,
        background_weight: float = 0.02,
        dice_weight: float = 1.0,
        trunk_weights: str | None = None,
        initial_weights: str | None = None,
    ) -> None:
        super().__init__(net, randomiser, validator, optimizer, scheduler)
        self.voxel_mm = validator.voxel_mm
        self.class_loss = RareClassLoss(len(LESION_CLASSES), background_weight, dice_weight)
        self.sums: list[Tensor] = []
        if trunk_weights is not None:
            take_over(net, Path(trunk_weights))
        self.start_from(initial_weights)

    def on_after_batch_transfer(self, batch: LesionCrop, dataloader_idx: int) -> LesionBatch:
        """Render the crops where the network is, so that a GPU is not starved."""
        return self.renderer(batch)

    def training_step(self, batch: LesionBatch, index: int) -> Tensor:
        """Loss of one step."""
        loss = self.class_loss(self.net(batch.image).float(), batch.target, batch.weight)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: LesionBatch, index: int) -> None:
        """Log the loss, and keep the counts of the patch for the whole epoch."""
        logits = self.net(batch.image).float()
        loss = self.class_loss(logits, batch.target, batch.weight)
        self.log("val/loss", loss, prog_bar=True, batch_size=len(batch.image), sync_dist=True)
        self.sums.append(patch_sums(self.class_loss.adjusted(logits), batch.target, self.voxel_mm))

    def on_validation_epoch_end(self) -> None:
        """Log Dice, sensitivity and false lesions over all validation patches of all devices together."""
        if not self.sums:
            return
        gathered: Any = self.all_gather(torch.stack(self.sums).sum(0).to(self.device))
        total = gathered.reshape(-1, len(SUMS)).sum(0)
        self.sums.clear()
        self.log_dict(validation_values(total), prog_bar=True)


SUMS = ("patches", "lesions", "found", "invented", "probability", "voxels", "overlap", "sizes", "lytic_overlap",
        "lytic_sizes", "blastic_overlap", "blastic_sizes")  # fmt: skip
"""What `patch_sums` adds up."""


def patch_sums(logits: Tensor, target: Tensor, voxel_mm: float) -> Tensor:
    """Of a batch of (N, 3, D, H, W) adjusted logits and (N, D, H, W) classes, the numbers of `SUMS`.

    A voxel is lesion where lytic and blastic together are likelier than background, of the likelier of the two.
    """
    share = logits.detach().softmax(1)
    lesion = share[:, 0] < 0.5
    kind = torch.where(lesion, 1 + share[:, 1:].argmax(1), 0)
    counts = [0, 0, 0]
    for truth, found in zip((target > 0).cpu().numpy(), lesion.cpu().numpy(), strict=True):
        counts = [a + b for a, b in zip(counts, lesion_counts(truth, found, voxel_mm), strict=True)]
    values: list[Any] = [len(target), *counts, (1 - share[:, 0]).sum(), (target > 0).sum()]
    for truth, found in ((target > 0, lesion), *((target == n, kind == n) for n in range(1, len(LESION_CLASSES)))):
        values += [2 * (truth & found).sum(), truth.sum() + found.sum()]
    return torch.tensor([float(value) for value in values])


def validation_values(total: Tensor) -> dict[str, Tensor]:
    """What is logged of the sums over all patches; NaN where there was no lesion.

    ``val/probability`` is the sum of all lesion probabilities, as the loss adjusts them, over the number of lesion
    voxels: 1 where as much is found as there is.
    """
    value = dict(zip(SUMS, total.float(), strict=True))
    return {
        "val/lesion_dice": value["overlap"] / value["sizes"],
        "val/lytic_dice": value["lytic_overlap"] / value["lytic_sizes"],
        "val/blastic_dice": value["blastic_overlap"] / value["blastic_sizes"],
        "val/sensitivity": value["found"] / value["lesions"],
        "val/false_lesions": value["invented"] / value["patches"],
        "val/probability": value["probability"] / value["voxels"],
    }
