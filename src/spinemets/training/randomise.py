"""From a batch of label crops to images and targets, on the device that trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from spinemets.inference.locator_classes import LOCATOR_CLASS_OF_STRUCTURE, LOCATOR_CLASS_OF_VERSE_ID
from spinemets.inference.preprocess import CtWindow
from spinemets.inference.spine_classes import CLASS_OF_STRUCTURE, OFFSET_UNIT_MM
from spinemets.simulate.tissues import NOT_VERTEBRA, OUTSIDE_FIELD
from spinemets.training import warp
from spinemets.training.acquisition import CT_CUTS, acquire_ct, beyond_field_of_view, vary_ct
from spinemets.training.ct_contrast import render_ct
from spinemets.training.deposits import Deposits, deposits_at, varied
from spinemets.training.filters import chance
from spinemets.training.mr_acquisition import MR_CUTS, acquire_mr
from spinemets.training.mr_contrast import drawn_contrast, render_random_contrast
from spinemets.training.mr_disease import drawn_disease
from spinemets.training.position_target import position_targets

NO_VERTEBRA_CLASS = 254
"""Target of a voxel of a real image that nobody labelled and that belongs to no vertebra."""


@dataclass(frozen=True)
class Batch:
    """What a training step needs.

    Attributes
    ----------
    image : (N, 1, D, H, W) Tensor
        Normalised as inference normalises.
    target : (N, D, H, W) Tensor of int64
        Class of each voxel; `NO_VERTEBRA_CLASS` where it may be any that is no part of a vertebra.
    offset : (N, 3, D, H, W) Tensor
        From each vertebra voxel to its body centroid, in units of `OFFSET_UNIT_MM`; for the locator (N, 1, D, H, W),
        the position along the spine, in the unit of its channel.
    offset_known : (N, 1, D, H, W) Tensor
        How much that offset or position counts, 0 where it is not known.
    """

    image: Tensor
    target: Tensor
    offset: Tensor
    offset_known: Tensor


class SpineRandomiser(nn.Module):
    """Deform, cut, render and scan label crops.

    Parameters
    ----------
    patch_size : int
        Edge of the patch, voxels.
    voxel_mm : float
        Edge of a voxel, mm.
    ranges : WarpRange, optional
        How far anatomy is deformed.
    augment : bool
        False for validation: no deformation, still a random scanner.
    source_mm : float, optional
        Edge of a voxel of the crops, mm; that of the patch without it.
    targets : {"spine", "locator"}
        Which network's classes are wanted.
    any_contrast : float
        Share of the patches that are an MR of random contrast instead of a CT.
    """

    structure_table: Tensor
    vertebra_table: Tensor

    def __init__(
        self,
        patch_size: int = 96,
        voxel_mm: float = 1.5,
        ranges: warp.WarpRange | None = None,
        augment: bool = True,
        source_mm: float | None = None,
        targets: Literal["spine", "locator"] = "spine",
        any_contrast: float = 0.0,
    ) -> None:
        super().__init__()
        self.patch_size, self.voxel_mm, self.augment = patch_size, voxel_mm, augment
        self.zoom, self.targets = voxel_mm / (source_mm or voxel_mm), targets
        self.ranges, self.any_contrast = ranges or warp.WarpRange(), any_contrast
        self.window = CtWindow()
        structure_table = CLASS_OF_STRUCTURE if targets == "spine" else LOCATOR_CLASS_OF_STRUCTURE
        vertebra_table = np.zeros(256) if targets == "spine" else LOCATOR_CLASS_OF_VERSE_ID
        for name, table in (("structure_table", structure_table), ("vertebra_table", vertebra_table)):
            self.register_buffer(name, torch.from_numpy(table.astype("int64")), persistent=False)

    @torch.no_grad()
    def forward(
        self,
        structure: Tensor,
        vertebra: Tensor,
        centres: Tensor,
        real: Tensor | None = None,
        disease: Mapping[str, Tensor] | None = None,
    ) -> Batch:
        """Images and targets of a batch of crops.

        Parameters
        ----------
        structure, vertebra : (N, S, S, S) Tensor of uint8
            Structure codes and VerSe ids of a crop larger than the patch.
        centres : (N, 29, 3) Tensor
            Body centroids in indices of the crop, NaN where there is none.
        real : (N, S, S, S) Tensor, optional
            HU of a real CT, NaN beyond it; an image is rendered for crops that have none.
        disease : mapping of str to (N, S, S, S) Tensor, optional
            ``keep``, ``add`` and ``rise`` of a `spinemets.datasets.disease_overlay.DiseaseOverlay`.
        """
        structure, vertebra, centres, real, matter = self._deform(structure, vertebra, centres, real, disease)
        images, targets, known, shown = [], [], [], []
        for n in range(len(structure)):
            one, ids = structure[n : n + 1, None], vertebra[n : n + 1, None]
            measured = None if real is None or real[n].isnan().all() else real[n : n + 1, None]
            any_contrast = measured is None and chance(self.any_contrast)
            cuts = MR_CUTS if any_contrast else CT_CUTS
            beyond = beyond_field_of_view(one, self.voxel_mm, self.augment, drawn=measured is None, cuts=cuts)
            ill = None if matter is None else Deposits(*(matter[n : n + 1, part : part + 1] for part in range(3)))
            if measured is not None:
                images.append(self._real_image(measured, beyond))
            elif any_contrast:
                images.append(self._mr(one, ids, ill, beyond))
            else:
                images.append(self._ct(one, ids, ill, beyond))
            one, ids = one.masked_fill(beyond, OUTSIDE_FIELD), ids.masked_fill(beyond, 0)
            by_vertebra = self.vertebra_table[ids[:, 0].long()]
            by_structure = self.structure_table[one[:, 0].long()]
            target = torch.where(by_vertebra > 0, by_vertebra, by_structure)
            unlabelled = (one[:, 0] == NOT_VERTEBRA) & (ids[:, 0] == 0)
            targets.append(torch.where(unlabelled, torch.full_like(target, NO_VERTEBRA_CLASS), target))
            known.append(ids)
            shown.append(one)
        ids = torch.cat(known)[:, 0]
        if self.targets == "locator":
            offset, offset_known = position_targets(torch.cat(shown)[:, 0], ids, centres)
        else:
            offset, offset_known = self._offsets(ids, centres)
        return Batch(torch.cat(images), torch.cat(targets), offset, offset_known)

    def _ct(self, structure: Tensor, vertebra: Tensor, ill: Deposits | None, beyond: Tensor) -> Tensor:
        contrast = chance(0.5)
        image = render_ct(structure, vertebra, self.voxel_mm, contrast=contrast)
        if ill is not None:
            image = (varied(ill) if self.augment else ill).over(image, contrast)
        return self.window(acquire_ct(image, beyond, self.voxel_mm))

    def _mr(self, structure: Tensor, vertebra: Tensor, ill: Deposits | None, beyond: Tensor) -> Tensor:
        """An MR of random contrast; disease is drawn by its CT number alone, so that tumour may look like oedema."""
        contrast = drawn_contrast(structure.device)
        image = render_random_contrast(structure, vertebra, self.voxel_mm, contrast)
        if ill is not None:
            labels = (structure, vertebra, torch.zeros_like(structure))
            disease = drawn_disease(labels, varied(ill) if self.augment else ill, self.voxel_mm)
            image = disease.over(image, contrast)
        return acquire_mr(image, beyond, structure, self.voxel_mm)

    def _real_image(self, image: Tensor, beyond: Tensor) -> Tensor:
        """A real CT cut like its labels, with a little other noise, sharpness and calibration."""
        outside = beyond | image.isnan()
        image = torch.where(outside, torch.full_like(image, -1024.0), image)
        return self.window(vary_ct(image, outside) if self.augment else image)

    def _deform(
        self,
        structure: Tensor,
        vertebra: Tensor,
        centres: Tensor,
        real: Tensor | None,
        disease: Mapping[str, Tensor] | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None]:
        count, source_size = structure.shape[:2]
        size = (self.patch_size,) * 3
        if self.augment:
            matrix = warp.random_affine(self.ranges, count, structure.device)
            displacement = warp.random_displacement(self.ranges, count, size, structure.device)
        else:
            matrix = torch.eye(3, device=structure.device).expand(count, 3, 3)
            displacement = torch.zeros(count, 3, *size, device=structure.device)
        matrix = matrix * self.zoom
        points = warp.sampling_points(matrix, displacement, source_size)
        labels = warp.sample_nearest(torch.stack([structure, vertebra], 1), points)
        moved = warp.move_centres(centres, matrix, displacement, source_size)
        image = None if real is None else warp.sample_linear(real, points)
        matter = None if disease is None else deposits_at(disease, points)
        return labels[:, 0], labels[:, 1], moved, image, matter

    def _offsets(self, vertebra: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
        size = vertebra.shape[1:]
        axes = [torch.arange(n, device=vertebra.device, dtype=torch.float32) for n in size]
        place = torch.stack(torch.meshgrid(*axes, indexing="ij"))
        offsets = []
        for ids, table in zip(vertebra.long(), centres, strict=True):
            centre = table[ids].permute(3, 0, 1, 2)
            offsets.append((centre - place) * (self.voxel_mm / OFFSET_UNIT_MM))
        offset = torch.stack(offsets)
        known = (vertebra[:, None] > 0) & (vertebra[:, None] != 26) & torch.isfinite(offset).all(1, keepdim=True)
        return offset.nan_to_num(0.0), known
