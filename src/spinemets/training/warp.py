"""Random deformation of label patches, on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class WarpRange:
    """How far anatomy may be deformed.

    Attributes
    ----------
    rotation_deg : tuple of float
        Largest rotation about I, J and K.
    scale : tuple of float
        Smallest and largest isotropic magnification.
    stretch : float
        Largest relative change of each axis on top of it.
    elastic_voxels : float
        Largest standard deviation of the smooth random displacement, voxels.
    elastic_points : tuple of int
        Smallest and largest number of control points along an edge of the patch.
    """

    rotation_deg: tuple[float, float, float] = (20.0, 12.0, 12.0)
    scale: tuple[float, float] = (0.8, 1.25)
    stretch: float = 0.12
    elastic_voxels: float = 1.6
    elastic_points: tuple[int, int] = (4, 9)


def random_affine(ranges: WarpRange, count: int, device: torch.device) -> Tensor:
    """(N, 3, 3) matrices that take an offset in the patch to an offset in the source, in voxels."""
    limit = torch.tensor(ranges.rotation_deg, device=device).deg2rad()
    angle = (torch.rand(count, 3, device=device) * 2 - 1) * limit
    zero, one = torch.zeros(count, device=device), torch.ones(count, device=device)
    cos, sin = angle.cos(), angle.sin()
    about_i = torch.stack([one, zero, zero, zero, cos[:, 0], -sin[:, 0], zero, sin[:, 0], cos[:, 0]], 1)
    about_j = torch.stack([cos[:, 1], zero, sin[:, 1], zero, one, zero, -sin[:, 1], zero, cos[:, 1]], 1)
    about_k = torch.stack([cos[:, 2], -sin[:, 2], zero, sin[:, 2], cos[:, 2], zero, zero, zero, one], 1)
    turn = about_i.view(-1, 3, 3) @ about_j.view(-1, 3, 3) @ about_k.view(-1, 3, 3)
    low, high = ranges.scale
    scale = low * (high / low) ** torch.rand(count, 1, device=device)
    stretch = 1 + (torch.rand(count, 3, device=device) * 2 - 1) * ranges.stretch
    mirror = torch.where(torch.rand(count, device=device) < 0.5, -1.0, 1.0)
    size = 1 / (scale * stretch)
    size = torch.cat([size[:, :1] * mirror[:, None], size[:, 1:]], dim=1)
    return turn * size[:, None, :]


def random_displacement(ranges: WarpRange, count: int, size: tuple[int, int, int], device: torch.device) -> Tensor:
    """(N, 3, D, H, W) smooth displacement in voxels of the source."""
    low, high = ranges.elastic_points
    points = int(torch.randint(low, high + 1, (1,)))
    strength = torch.rand(count, 1, 1, 1, 1, device=device) * ranges.elastic_voxels
    coarse = torch.randn(count, 3, points, points, points, device=device) * strength
    return functional.interpolate(coarse, size=size, mode="trilinear", align_corners=True)


def sampling_points(matrix: Tensor, displacement: Tensor, source_size: int) -> Tensor:
    """(N, 3, D, H, W) index in the source of every patch voxel; both share their middle."""
    size = displacement.shape[2:]
    axes = [torch.arange(n, device=matrix.device, dtype=torch.float32) - (n - 1) / 2 for n in size]
    offset = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    turned = torch.einsum("nij,jdhw->nidhw", matrix, offset)
    return turned + displacement + (source_size - 1) / 2


def sample_nearest(labels: Tensor, points: Tensor) -> Tensor:
    """(N, C, D, H, W) labels of a (N, C, S, S, S) uint8 source at `points`; beyond its edge, the edge."""
    size = labels.shape[2]
    index = points.round().clamp_(0, size - 1).long()
    flat = (index[:, 0] * size + index[:, 1]) * size + index[:, 2]
    batch, channels = labels.shape[:2]
    picked = labels.reshape(batch, channels, -1).gather(2, flat.reshape(batch, 1, -1).expand(-1, channels, -1))
    return picked.reshape(batch, channels, *points.shape[2:])


def sample_linear(image: Tensor, points: Tensor) -> Tensor:
    """(N, D, H, W) values of a (N, S, S, S) source at `points`, trilinear; NaN beyond its edge."""
    size = image.shape[1]
    grid = (points / ((size - 1) / 2) - 1).flip(1).permute(0, 2, 3, 4, 1)
    beyond = (grid.abs() > 1).any(-1)
    values = functional.grid_sample(image[:, None], grid, padding_mode="border", align_corners=True)[:, 0]
    return values.masked_fill(beyond, torch.nan)


def move_centres(centres: Tensor, matrix: Tensor, displacement: Tensor, source_size: int) -> Tensor:
    """(N, M, 3) patch indices of points given by their source indices; the inverse of `sampling_points`.

    Solved by fixed-point iteration, since a smooth displacement has no inverse in closed form.
    Beyond the patch the displacement of its edge is used.
    """
    size = torch.tensor(displacement.shape[2:], device=matrix.device, dtype=torch.float32)
    inverse = torch.linalg.inv(matrix)
    target = centres - (source_size - 1) / 2
    patch = torch.einsum("nij,nmj->nmi", inverse, target)
    for _ in range(4):
        grid = (patch / ((size - 1) / 2)).flip(-1)[:, :, None, None, :].nan_to_num(0.0)
        moved = functional.grid_sample(displacement, grid, padding_mode="border", align_corners=True)
        patch = torch.einsum("nij,nmj->nmi", inverse, target - moved[..., 0, 0].transpose(1, 2))
    return patch + (size - 1) / 2
