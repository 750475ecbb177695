"""From a batch of ill crops to what the lesion network sees and has to say, on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from spinemets.anatomy import LesionLabel
from spinemets.inference.preprocess import MARROW_WINDOW, CtWindow
from spinemets.simulate.tissues import OUTSIDE_FIELD
from spinemets.simulate.visibility import CHANGE_BLUR_MM, LEAST_CHANGE_HU
from spinemets.training import warp
from spinemets.training.acquisition import CT_CUTS, Cuts, acquire_ct, beyond_field_of_view
from spinemets.training.ct_contrast import render_ct
from spinemets.training.deposits import Deposits, deposits_at, varied
from spinemets.training.filters import blur, chance, dilated, uniform
from spinemets.training.healthy_marrow import uneven
from spinemets.training.lesion_crops import LesionCrop
from spinemets.training.mask_errors import predicted_mask

CONTRAST_SHARE = 0.5
"""Of CTs, with contrast medium (ours)."""
NEAR_MM = 10.0
"""Voxels within this of a vertebra count in full: lesions are looked for at most 6 mm outside its mask."""
FAR_WEIGHT = 0.1
"""Weight of all others, so that nothing wild is said of them (ours)."""
DESTROYED_SHARE = 0.4
"""Where less than this of the bone is left it may be missing from a predicted mask (ours)."""
OLD_SHARE, OLD_MARROW_HU = 0.4, (50.0, 150.0)
"""Of patches, with the marrow of patients from about 55 years on (226 HU at 30 years, 2.5 HU less each year: Jang 2019,
clinical.md §3.4), who have most of the metastases; how many patches is ours."""


@dataclass(frozen=True)
class LesionBatch:
    """What a training step needs.

    Attributes
    ----------
    image : (N, C, D, H, W) Tensor
        As `spinemets.inference.lesion_classes.LESION_INPUTS` says.
    target : (N, D, H, W) Tensor of int64
        Class of each voxel.
    weight : (N, D, H, W) Tensor
        How much it counts: by its place, and not at all in a lesion that cannot be seen.
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

    cuts: ClassVar[Cuts] = CT_CUTS

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
        beyond = beyond_field_of_view(structure, self.voxel_mm, cut=self.augment, cuts=self.cuts)
        drawn = Deposits(deposits[:, :1], deposits[:, 1:2], deposits[:, 2:])
        lesion, matter = self._shown((structure, vertebra, lesion), drawn)
        image, hidden = self._image((structure, vertebra, lesion), matter, beyond)
        structure, vertebra = structure.masked_fill(beyond, OUTSIDE_FIELD), vertebra.masked_fill(beyond, 0)
        lesion = lesion.masked_fill(beyond, 0)
        destroyed = (lesion == LesionLabel.LYTIC) | (matter.keep < DESTROYED_SHARE)
        mask = predicted_mask(vertebra, structure, destroyed, self.voxel_mm)
        near = dilated(vertebra > 0, round(NEAR_MM / self.voxel_mm))[:, 0]
        weight = torch.where(near, 1.0, FAR_WEIGHT).masked_fill(hidden[:, 0], 0.0)
        return torch.cat([image[:, :1], mask, image[:, 1:]], 1), lesion[:, 0].long(), weight

    def _shown(self, labels: tuple[Tensor, Tensor, Tensor], drawn: Deposits) -> tuple[Tensor, Deposits]:
        """Lesions and deposits of one patch as scanners of the modality show them."""
        return labels[2], drawn

    def _image(self, labels: tuple[Tensor, Tensor, Tensor], matter: Deposits, beyond: Tensor) -> tuple[Tensor, Tensor]:
        """Of structure, vertebra and lesion of one patch, all input but the mask, and which lesions none can see."""
        structure, vertebra, lesion = labels
        contrast = chance(CONTRAST_SHARE)
        marrow = uniform(*OLD_MARROW_HU) if chance(OLD_SHARE) else None
        image = render_ct(structure, vertebra, self.voxel_mm, contrast=contrast, marrow_hu=marrow, invent_disease=False)
        healthy = uneven(image, structure, vertebra, self.voxel_mm)
        image = (varied(matter) if self.augment else matter).over(healthy, contrast)
        hidden = unseen(lesion, vertebra, image - healthy, self.voxel_mm)
        hu = acquire_ct(image, beyond, self.voxel_mm)
        return torch.cat([self.window(hu), MARROW_WINDOW(hu)], 1), hidden


def unseen(lesion: Tensor, vertebra: Tensor, change: Tensor, voxel_mm: float, least: float = LEAST_CHANGE_HU) -> Tensor:
    """Where the lesions of one patch are that a reader could not see, bool.

    Learnt from, they would make lesions of all spongy bone that is as dense as a tumour.

    Parameters
    ----------
    lesion, vertebra : (1, 1, D, H, W) Tensor
        `LesionLabel` and VerSe ids.
    change : (1, 1, D, H, W) Tensor
        What the disease adds to the CT number, HU, or to the signal.
    voxel_mm : float
        Edge of a voxel, mm.
    least : float
        Change, on average over the part of a lesion in one vertebra and after a blur, from which it can be seen.
    """
    result = torch.zeros_like(lesion, dtype=torch.bool)
    size = blur(change, CHANGE_BLUR_MM / voxel_mm).abs()
    for label in torch.unique(lesion[lesion > 0]):
        for number in torch.unique(vertebra[lesion == label]):
            part = (lesion == label) & (vertebra == number)
            if size[part].mean() < least:
                result |= part
    return result
