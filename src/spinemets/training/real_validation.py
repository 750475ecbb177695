"""How well the network under training does on real images, now and then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from spinemets.formats.study import read_mask, read_study
from spinemets.geometry import covering_grid, resample
from spinemets.inference.locate import FILL_HU
from spinemets.inference.preprocess import CtWindow
from spinemets.inference.sliding_window import sliding_window
from spinemets.inference.spine_classes import OFFSET_CHANNELS, SPINE_CLASSES, VERTEBRA_CLASSES
from spinemets.measure.agreement import Overlap
from spinemets.volume import require_same_grid


class RealValidation(Callback):
    """Log the whole-vertebra Dice of real CTs at every validation; for watching, never for choosing.

    The network sees the whole image, without the locator, so the figure lies below that of
    ``spinemets assess``.

    Parameters
    ----------
    pairs : sequence of (image, mask)
        Paths of CTs and of their vertebra masks (VerSe ids; the sacrum is left out).
    voxel_mm : float
        Spacing the network works at.
    patch_size : int
        Edge of the sliding window.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], voxel_mm: float = 1.5, patch_size: int = 96) -> None:
        self.pairs = [(Path(image), Path(mask)) for image, mask in pairs]
        self.voxel_mm, self.patch_size = voxel_mm, patch_size

    def on_validation_epoch_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Run the images through the network as it is now."""
        if not trainer.is_global_zero:
            return
        for image, mask in self.pairs:
            value = self._dice(image, mask, module)
            for logger in trainer.loggers:
                logger.log_metrics({f"real/{image.name.split('.')[0]}_dice": value}, step=trainer.global_step)

    def _dice(self, image_path: Path, mask_path: Path, module: lightning.LightningModule) -> float:
        image, mask = read_study(image_path).series[0].volume, read_mask(mask_path)
        require_same_grid(image, mask, mask_name=mask_path.name)
        grid = covering_grid(image, self.voxel_mm)
        window = CtWindow()
        values = window(resample(image, grid, fill=FILL_HU))

        def network(patch: np.ndarray) -> np.ndarray:
            tensor: Tensor = torch.from_numpy(patch).to(module.device)
            with torch.inference_mode():
                return module(tensor).float().cpu().numpy()

        output = sliding_window(
            network,
            values,
            (self.patch_size,) * 3,
            channels=len(SPINE_CLASSES) + OFFSET_CHANNELS,
            overlap=0.25,
            fill=float(window(np.float32(FILL_HU))),
        )
        found = np.isin(output[: len(SPINE_CLASSES)].argmax(axis=0), VERTEBRA_CLASSES)
        reference = resample(mask, grid, order=0)
        truth = (reference > 0) & (reference != 26)
        return Overlap.of(truth.astype(np.uint8), found.astype(np.uint8)).foreground_dice
