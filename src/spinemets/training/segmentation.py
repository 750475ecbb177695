"""The training of the networks, as Lightning modules."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from spinemets.training.class_loss import DiceAndCrossEntropy, WeightedCrossEntropy
from spinemets.training.crops import Crop
from spinemets.training.learner import Learner
from spinemets.training.marginal_loss import marginal_loss
from spinemets.training.position_target import position_loss
from spinemets.training.randomise import NO_VERTEBRA_CLASS, Batch, SpineRandomiser


class SpineSegmentation(Learner):
    """Classes by Dice and cross-entropy, offsets to the body centroid by smooth L1.

    Parameters
    ----------
    net : nn.Module
        (N, 1, D, H, W) to (N, classes + 3, D, H, W); without the 3 there is no offset loss.
    randomiser : SpineRandomiser
        Makes images and targets from crops on the device.
    validator : SpineRandomiser
        The same without deformation.
    optimizer : callable
        Takes parameters, gives an optimiser.
    scheduler : callable or None
        Takes the optimiser, gives a schedule that is stepped every batch.
    classes : int
        Number of classes; the channels after them are offsets.
    offset_weight : float
        Of the offset loss.
    vertebra_classes : (first, last) tuple of int
        Classes that are some part of a vertebra, for the Dice that is logged.
    dice : bool
        False for cross-entropy alone, which is several times cheaper with many classes.
    background_weight : float
        Of a background voxel in that cross-entropy, where one of any other class has 1. Vertebrae
        are one voxel in fifty of a coarse patch: at 1 their levels are hardly learnt.
    initial_weights : str or None
        A ``.pt`` state of the network to start from, e.g. of a run that ended.
    """

    def __init__(
        self,
        net: nn.Module,
        randomiser: SpineRandomiser,
        validator: SpineRandomiser,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler] | None = None,
        classes: int = 11,
        offset_weight: float = 1.0,
        vertebra_classes: tuple[int, int] = (1, 5),
        dice: bool = True,
        background_weight: float = 1.0,
        initial_weights: str | None = None,
    ) -> None:
        super().__init__(net, randomiser, validator, optimizer, scheduler)
        self.classes, self.offset_weight, self.vertebra_classes = classes, offset_weight, vertebra_classes
        self.class_loss = DiceAndCrossEntropy() if dice else WeightedCrossEntropy(classes, background_weight)
        self.start_from(initial_weights)

    def on_after_batch_transfer(self, batch: Crop, dataloader_idx: int) -> Batch:
        """Render the crops where the network is, so that a GPU is not starved."""
        disease = batch if "keep" in batch else None
        return self.renderer(batch["structure"], batch["vertebra"], batch["centres"], batch.get("image"), disease)

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        output = self.net(batch.image).float()
        logits, offset = output[:, : self.classes], output[:, self.classes :]
        dice = self._class_loss(logits, batch.target)
        if offset.shape[1] == 0:
            return dice, dice.new_zeros(()), logits
        return dice, self._offset_loss(offset, batch), logits

    def _offset_loss(self, offset: Tensor, batch: Batch) -> Tensor:
        distance = functional.smooth_l1_loss(offset, batch.offset, beta=0.1, reduction="none") * batch.offset_known
        return distance.sum() / (3 * batch.offset_known.sum()).clamp_min(1)

    def _class_loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of the classes; marginal (Shi 2021, arXiv 2007.03868) where a real image is labelled in part."""
        partly = (target == NO_VERTEBRA_CLASS).flatten(1).any(1)
        if not partly.any():
            return self.class_loss(logits, target[:, None])
        loss = marginal_loss(logits[partly], target[partly], self.vertebra_classes) * partly.sum()
        if not partly.all():
            loss = loss + self.class_loss(logits[~partly], target[~partly][:, None]) * (~partly).sum()
        return loss / len(partly)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Loss of one step."""
        dice, vote, _ = self._losses(batch)
        loss = dice + self.offset_weight * vote
        self.log_dict({"train/loss": loss, "train/classes": dice, "train/offset": vote}, prog_bar=True)
        return loss

    def validation_step(self, batch: Batch, index: int) -> None:
        """Log losses and the Dice of every class over the vertebra."""
        dice, vote, logits = self._losses(batch)
        predicted = logits.argmax(1)
        first, last = self.vertebra_classes
        bone = (predicted >= first) & (predicted <= last)
        truth = (batch.target >= first) & (batch.target <= last)
        overlap = 2 * (bone & truth).sum() / (bone.sum() + truth.sum()).clamp_min(1)
        values = {"val/loss": dice + self.offset_weight * vote, "val/offset": vote, "val/vertebra_dice": overlap}
        self.log_dict(values, prog_bar=True, batch_size=len(batch.image), sync_dist=True)


class SpineLocation(SpineSegmentation):
    """The same for the locator: classes, and the position along the spine with the scale of its error."""

    def _offset_loss(self, offset: Tensor, batch: Batch) -> Tensor:
        return position_loss(offset, batch.offset, batch.offset_known)
