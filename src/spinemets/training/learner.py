"""What the training of every network has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class Learner(lightning.LightningModule):
    """A network, what renders its images on the device, and how its weights are fitted.

    Parameters
    ----------
    net : nn.Module
        The network.
    randomiser, validator : nn.Module
        Make images and targets of what a loader gives, with and without deformation.
    optimizer : callable
        Takes parameters, gives an optimiser.
    scheduler : callable or None
        Takes the optimiser, gives a schedule that is stepped every batch.
    """

    def __init__(
        self,
        net: nn.Module,
        randomiser: nn.Module,
        validator: nn.Module,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler] | None = None,
    ) -> None:
        super().__init__()
        self.net, self.randomiser, self.validator = net, randomiser, validator
        self.make_optimizer, self.make_scheduler = optimizer, scheduler

    def start_from(self, initial_weights: str | None) -> None:
        """Take the weights of a ``.pt`` state of this very network, where one is named."""
        if initial_weights is not None:
            self.net.load_state_dict(torch.load(initial_weights, map_location="cpu", weights_only=True))

    def forward(self, image: Tensor) -> Tensor:
        """Output of the network for a batch of images."""
        return self.net(image)

    @property
    def renderer(self) -> nn.Module:
        """What makes images now: deformed ones in training, others in validation."""
        return self.randomiser if self.trainer.training else self.validator

    def configure_optimizers(self) -> Any:
        """Optimiser and per-step schedule."""
        optimizer = self.make_optimizer(self.parameters())
        if self.make_scheduler is None:
            return optimizer
        schedule = {"scheduler": self.make_scheduler(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}
