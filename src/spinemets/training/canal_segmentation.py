"""The training of the canal network, as a Lightning module."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from spinemets.training.canal_data import CanalMap
from spinemets.training.canal_randomise import CanalBatch, CanalRandomiser
from spinemets.training.class_loss import DiceAndCrossEntropy
from spinemets.training.learner import Learner

MEASURED = {"cord": (1,), "sac": (1, 2), "epidural_tumour": (3,)}
"""Masks whose Dice is logged, and the classes they consist of; the sac holds the cord."""
CANAL = (1, 2, 3, 4)
"""Classes that lie in the canal."""
BESIDE = 6
"""Pixels beside the canal that count as much as those in it: 3 mm (ours)."""
ELSEWHERE = 0.1
"""How much the cross-entropy of a voxel counts that lies further away (ours)."""
DICE_WEIGHT = 0.5
"""Of the Dice, where the cross-entropy has 1 (ours). The Dice of a class is best where voxels are given to it from a
probability of half that Dice (Lipton 2014, arXiv 1402.1892), so that it alone draws tumour too large where tumour is
hard to see."""


class CanalSegmentation(Learner):
    """Classes of axial slices by the cross-entropy in and beside the canal, and Dice.

    Most voxels lie elsewhere; they would decide the cross-entropy, and leave the edges of cord, sac and
    tumour, which the grade depends on, to the Dice.

    Parameters
    ----------
    net : nn.Module
        (N, 1, I, J, K) to (N, classes, I, J, K).
    randomiser, validator : CanalRandomiser
        Make images and targets from maps on the device, with and without deformation.
    optimizer : callable
        Takes parameters, gives an optimiser.
    scheduler : callable or None
        Takes the optimiser, gives a schedule that is stepped every batch.
    initial_weights : str or None
        A ``.pt`` state of the network to start from.
    """

    def __init__(
        self,
        net: nn.Module,
        randomiser: CanalRandomiser,
        validator: CanalRandomiser,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler] | None = None,
        initial_weights: str | None = None,
    ) -> None:
        super().__init__(net, randomiser, validator, optimizer, scheduler)
        self.class_loss = DiceAndCrossEntropy(DICE_WEIGHT)
        self.overlap: dict[str, Tensor] = {}
        self.start_from(initial_weights)

    def on_after_batch_transfer(self, batch: CanalMap, dataloader_idx: int) -> CanalBatch:
        """Slice and render the maps where the network is."""
        return self.renderer(batch["codes"], batch["compressed"])

    def training_step(self, batch: CanalBatch, index: int) -> Tensor:
        """Loss of one step."""
        loss = self._loss(self.net(batch.image).float(), batch.target)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def _loss(self, logits: Tensor, target: Tensor) -> Tensor:
        return self.class_loss(logits, target[:, None], voxel_weights(target))

    def on_validation_epoch_start(self) -> None:
        """Forget the overlaps of the last validation."""
        self.overlap = {}

    def validation_step(self, batch: CanalBatch, index: int) -> None:
        """Log the loss, and add up the overlap of each mask in compressed slices and in the others."""
        logits = self.net(batch.image).float()
        self.log("val/loss", self._loss(logits, batch.target), prog_bar=True, sync_dist=True)
        predicted = logits.argmax(1)
        for name, classes in MEASURED.items():
            wanted = torch.tensor(classes, device=self.device)
            found, truth = torch.isin(predicted, wanted), torch.isin(batch.target, wanted)
            counts = torch.stack([2 * (found & truth).sum((1, 2)), found.sum((1, 2)) + truth.sum((1, 2))])
            for kind, chosen in (("compressed", batch.compressed), ("free", ~batch.compressed)):
                key = f"val/{name}_dice_{kind}"
                self.overlap[key] = self.overlap.get(key, 0) + (counts * chosen).sum((1, 2)).float()

    def on_validation_epoch_end(self) -> None:
        """Log the Dice over all slices of a kind together."""
        self.log_dict({key: both / total.clamp_min(1) for key, (both, total) in self.overlap.items()}, sync_dist=True)


def voxel_weights(target: Tensor) -> Tensor:
    """(N, I, J, K) weights of the cross-entropy of (N, I, J, K) classes: 1 in and beside the canal of a slice."""
    canal = torch.isin(target, torch.tensor(CANAL, device=target.device)).float()
    for kernel, padding in (((2 * BESIDE + 1, 1, 1), (BESIDE, 0, 0)), ((1, 2 * BESIDE + 1, 1), (0, BESIDE, 0))):
        canal = functional.max_pool3d(canal, kernel, stride=1, padding=padding)
    return ELSEWHERE + (1 - ELSEWHERE) * canal
