"""From cached maps of axial anatomy to slices and targets, on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from spinemets.inference.canal_preprocess import SignalRange
from spinemets.simulate.axial_tissues import CLASS_OF_CODE
from spinemets.simulate.tissues import Tissue
from spinemets.training.canal_contrast import render_axial, scan_axial
from spinemets.training.filters import uniform
from spinemets.training.warp import WarpRange, random_affine

SUBSLICES = 3
"""Planes that a slice is the mean of; the middle one tells its labels."""


@dataclass(frozen=True)
class CanalBatch:
    """What a training step needs.

    Attributes
    ----------
    image : (N, 1, I, J, K) Tensor
        Normalised as inference normalises; K are slices.
    target : (N, I, J, K) Tensor of int64
        Class of each voxel.
    compressed : (N, K) Tensor of bool
        Slices in which tumour flattens the cord.
    """

    image: Tensor
    target: Tensor
    compressed: Tensor


@dataclass(frozen=True)
class SliceRange:
    """How slices may lie.

    Attributes
    ----------
    apart_mm : (float, float)
        Smallest and largest distance between slices.
    thick : (float, float)
        Smallest and largest thickness as a share of that distance: the rest is gap.
    aside_mm : float
        How far the middle of a patch may lie from the canal, in the slice.
    along_mm : float
        How far it may lie above or below it (ours: so that tumour, which lies about the middle of a map, may lie at
        either end of a patch; a network that had seen it near the middle alone saw less of it at ends).
    elastic_mm : float
        Largest standard deviation of a smooth random displacement in the slice.
    """

    apart_mm: tuple[float, float] = (2.8, 4.8)
    thick: tuple[float, float] = (0.7, 1.0)
    aside_mm: float = 22.0
    along_mm: float = 36.0
    elastic_mm: float = 1.0


class CanalRandomiser(nn.Module):
    """Deform, slice, render and scan label maps.

    Parameters
    ----------
    patch_size : (int, int, int)
        Voxels of a patch in the slice, and number of slices.
    voxel_mm : float
        Edge of a pixel, mm.
    source_mm : (float, float, float)
        Voxels of the maps.
    augment : bool
        False for validation: nothing is deformed, slices are 4 mm apart, and the scanner is a random one still.
    ranges : WarpRange, optional
        How far anatomy is turned and scaled.
    slices : SliceRange, optional
        How slices may lie.
    """

    class_table: Tensor

    def __init__(
        self,
        patch_size: tuple[int, int, int] = (160, 160, 16),
        voxel_mm: float = 0.5,
        source_mm: tuple[float, float, float] = (0.5, 0.5, 1.5),
        augment: bool = True,
        ranges: WarpRange | None = None,
        slices: SliceRange | None = None,
    ) -> None:
        super().__init__()
        self.patch_size, self.voxel_mm, self.augment = tuple(patch_size), voxel_mm, augment
        self.source_mm = tuple(source_mm)
        self.ranges = ranges or WarpRange(rotation_deg=(15.0, 15.0, 15.0), scale=(0.85, 1.2), stretch=0.08)
        self.slices, self.range = slices or SliceRange(), SignalRange()
        self.register_buffer("class_table", torch.from_numpy(CLASS_OF_CODE.astype("int64")), persistent=False)

    @torch.no_grad()
    def forward(self, codes: Tensor, compressed: Tensor) -> CanalBatch:
        """Images and targets of a batch of maps.

        Parameters
        ----------
        codes : (N, I, J, K) Tensor of uint8
            `Tissue` and `AxialTissue` codes.
        compressed : (N, K) Tensor of bool
            Heights at which the cord is flattened.
        """
        images, targets, flat = [], [], []
        for one, squeezed in zip(codes, compressed, strict=True):
            planes, heights = self._planes(one)
            image = render_axial(planes[None, None])
            slices = image.reshape(*image.shape[:4], -1, SUBSLICES).mean(-1)
            images.append(self._normalised(scan_axial(slices)))
            targets.append(self.class_table[planes[..., SUBSLICES // 2 :: SUBSLICES].long()])
            flat.append(squeezed[heights])
        return CanalBatch(torch.cat(images), torch.stack(targets), torch.stack(flat))

    def _planes(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """(I, J, K * SUBSLICES) codes of the planes of all slices, and (K,) the height of each slice in the map."""
        points = self._points(codes.device)
        size = torch.tensor(codes.shape, device=codes.device)
        index = (points / torch.tensor(self.source_mm, device=codes.device) + (size - 1) / 2).round().long()
        middle = tuple(n // 2 for n in self.patch_size[:2])
        heights = mirrored(index[middle[0], middle[1], SUBSLICES // 2 :: SUBSLICES], size)[..., 2]
        return codes_at(codes, index), heights

    def _points(self, device: torch.device) -> Tensor:
        """(I, J, K * SUBSLICES, 3) places of the patch in the map, mm from its middle."""
        own = self.slices
        apart = uniform(*own.apart_mm) if self.augment else 4.0
        thick = uniform(*own.thick) if self.augment else 0.9
        width, depth, count = self.patch_size
        inner = (torch.arange(SUBSLICES, device=device) - (SUBSLICES - 1) / 2) * (apart * thick / SUBSLICES)
        lines = [(torch.arange(n, device=device) - (n - 1) / 2) * self.voxel_mm for n in (width, depth)]
        along = (torch.arange(count, device=device) - (count - 1) / 2) * apart
        along = (along[:, None] + inner).reshape(-1)
        place = torch.stack(torch.meshgrid(lines[0], lines[1], along, indexing="ij"), dim=-1)
        if not self.augment:
            return place
        place = place @ random_affine(self.ranges, 1, device)[0].T
        coarse = torch.randn(1, 3, 6, 6, 4, device=device) * (uniform(0.0, 1.0) * own.elastic_mm)
        coarse[:, 2] = 0
        bent = functional.interpolate(coarse, size=place.shape[:3], mode="trilinear", align_corners=True)
        reach = (own.aside_mm, own.aside_mm, own.along_mm)
        aside = torch.tensor([uniform(-1, 1) * far for far in reach], device=device)
        return place + bent[0].permute(1, 2, 3, 0) + aside

    def _normalised(self, image: Tensor) -> Tensor:
        sample = image.flatten()[:: max(image.numel() // 40_000, 1)]
        low, high = (float(torch.quantile(sample, q / 100)) for q in (self.range.low, self.range.high))
        if self.augment:  # the field of view decides the percentiles: another one must not matter
            high = low + (high - low) * uniform(0.75, 1.35)
        return self.range.scaled(image, low, high)


def codes_at(codes: Tensor, index: Tensor) -> Tensor:
    """Codes of a (I, J, K) map at (..., 3) indices that may lie beyond it.

    There the map goes on mirrored, as tissue without a seam; where it ends in air, air goes on, and not a second body.
    A copy of its outermost voxels would be streaks that no image has.
    """
    size = torch.tensor(codes.shape, device=codes.device)
    edge = index.clamp_min(0).minimum(size - 1)
    air = codes[edge.unbind(-1)] == Tissue.AIR
    return torch.where(air, int(Tissue.AIR), codes[mirrored(index, size).unbind(-1)])


def mirrored(index: Tensor, size: Tensor) -> Tensor:
    """Indices (..., 3) of any size within a map of (3,) `size`, mirrored at its faces as often as it takes."""
    along = index.remainder(2 * size)
    return along.minimum(2 * size - 1 - along)
