"""From a batch of ill crops to what the lesion network sees and has to say, on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spinemets.anatomy import LesionLabel
from spinemets.inference.preprocess import CtWindow
from spinemets.simulate.tissues import OUTSIDE_FIELD
from spinemets.training import warp
from spinemets.training.acquisition import acquire_ct, beyond_field_of_view
from spinemets.training.ct_contrast import render_ct
from spinemets.training.deposits import Deposits, deposits_at, varied
from spinemets.training.filters import chance, dilated
from spinemets.training.healthy_marrow import uneven
from spinemets.training.lesion_crops import LesionCrop
from spinemets.training.mask_errors import predicted_mask

CONTRAST_SHARE = 0.5
"""Of CTs, with contrast medium (ours)."""
NEAR_MM = 10.0
"""Voxels within this of a vertebra count in full: lesions are looked for at most 3 mm outside its mask."""
FAR_WEIGHT = 0.1
"""Weight of all others, so that nothing wild is said of them (ours)."""
DESTROYED_SHARE = 0.4
"""Where less than this of the bone is left it may be missing from a predicted mask (ours)."""


@dataclass(frozen=True)
class LesionBatch:
    """What a training step needs.

    Attributes
    ----------
    image : (N, 2, D, H, W) Tensor
        As `spinemets.inference.lesion_classes.LESION_INPUTS` says.
    target : (N, D, H, W) Tensor of int64
        Class of each voxel.
    weight : (N, D, H, W) Tensor
        How much it counts; depends on the place alone, never on the class.
    """

    image: Tensor
    target: Tensor
    weight: Tensor


class LesionRandomiser(nn.Module):
    """Deform, cut, render and scan crops with disease, and spoil their vertebra mask.

    Parameters
    ----------
    patch_size : int
        Edge of the patch, voxels.
    voxel_mm : float
        Edge of a voxel, of crops and patches, mm.
    ranges : WarpRange, optional
        How far anatomy is deformed.
    augment : bool
        False for validation: anatomy and deposits as drawn, still a random scanner and an imperfect mask.
    """

    def __init__(
        self,
        patch_size: int = 80,
        voxel_mm: float = 1.5,
        ranges: warp.WarpRange | None = None,
        augment: bool = True,
    ) -> None:
        super().__init__()
        self.patch_size, self.voxel_mm, self.augment = patch_size, voxel_mm, augment
        self.ranges, self.window = ranges or warp.WarpRange(), CtWindow()

    @torch.no_grad()
    def forward(self, crop: LesionCrop) -> LesionBatch:
        """Images and targets of a batch of (N, S, S, S) crops."""
        labels, deposits = self._deform(crop)
        shown = [self._patch(labels[n : n + 1], deposits[n : n + 1]) for n in range(len(labels))]
        image, target, weight = (torch.cat(parts) for parts in zip(*shown, strict=True))
        return LesionBatch(image, target, weight)

    def _deform(self, crop: LesionCrop) -> tuple[Tensor, Tensor]:
        """(N, 3, D, H, W) structure, vertebra and lesion, and (N, 3, D, H, W) keep, add and rise."""
        labels = torch.stack([crop[name] for name in ("structure", "vertebra", "lesion")], 1)
        count, source_size = len(labels), labels.shape[2]
        size = (self.patch_size,) * 3
        if self.augment:
            matrix = warp.random_affine(self.ranges, count, labels.device)
            displacement = warp.random_displacement(self.ranges, count, size, labels.device)
        else:
            matrix = torch.eye(3, device=labels.device).expand(count, 3, 3)
            displacement = torch.zeros(count, 3, *size, device=labels.device)
        points = warp.sampling_points(matrix, displacement, source_size)
        return warp.sample_nearest(labels, points), deposits_at(crop, points)

    def _patch(self, labels: Tensor, deposits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        structure, vertebra, lesion = labels[:, :1], labels[:, 1:2], labels[:, 2:]
        beyond = beyond_field_of_view(structure, self.voxel_mm, cut=self.augment)
        matter = Deposits(deposits[:, :1], deposits[:, 1:2], deposits[:, 2:])
        contrast = chance(CONTRAST_SHARE)
        image = render_ct(structure, vertebra, self.voxel_mm, contrast=contrast, invent_disease=False)
        image = uneven(image, structure, vertebra, self.voxel_mm)
        image = (varied(matter) if self.augment else matter).over(image, contrast)
        image = self.window(acquire_ct(image, beyond, self.voxel_mm))
        structure, vertebra = structure.masked_fill(beyond, OUTSIDE_FIELD), vertebra.masked_fill(beyond, 0)
        lesion = lesion.masked_fill(beyond, 0)
        destroyed = (lesion == LesionLabel.LYTIC) | (matter.keep < DESTROYED_SHARE)
        mask = predicted_mask(vertebra, structure, destroyed, self.voxel_mm)
        near = dilated(vertebra > 0, round(NEAR_MM / self.voxel_mm))[:, 0]
        return torch.cat([image, mask], 1), lesion[:, 0].long(), torch.where(near, 1.0, FAR_WEIGHT)
