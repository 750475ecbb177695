"""Small image operations in torch that the renderers share."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def blur(image: Tensor, sigma: float | tuple[float, float, float]) -> Tensor:
    """(N, C, D, H, W) Gaussian blur with a standard deviation in voxels, per axis if three are given."""
    sigmas = (sigma,) * 3 if isinstance(sigma, (int, float)) else sigma
    for axis, width in enumerate(sigmas, start=2):
        if width < 0.15:
            continue
        radius = max(int(3 * width + 0.5), 1)
        x = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
        kernel = torch.exp(-0.5 * (x / width) ** 2)
        kernel = kernel / kernel.sum()
        shape = [1, 1, 1, 1, 1]
        shape[axis] = -1
        pad = [0] * 6
        pad[2 * (4 - axis)] = pad[2 * (4 - axis) + 1] = radius
        padded = functional.pad(image, pad, mode="replicate")
        flat = padded.reshape(-1, 1, *padded.shape[2:])
        image = functional.conv3d(flat, kernel.reshape(shape)).reshape(*image.shape)
    return image


def smooth_noise(shape: torch.Size | tuple[int, ...], points: int, device: torch.device) -> Tensor:
    """(N, 1, D, H, W) noise of about unit variance that varies over 1/`points` of an edge."""
    coarse = torch.randn(shape[0], 1, points, points, points, device=device)
    field = functional.interpolate(coarse, size=tuple(shape[2:]), mode="trilinear", align_corners=True)
    return field / field.std().clamp_min(1e-3)


def uniform(low: float, high: float, device: torch.device | None = None) -> float:
    """One number drawn evenly from `low` to `high`."""
    return float(torch.rand(1)) * (high - low) + low


def chance(probability: float) -> bool:
    """True with the given probability."""
    return bool(torch.rand(1) < probability)


def dilated(mask: Tensor, reach: int) -> Tensor:
    """Voxels within a cube of `reach` voxels to each side of a mask (..., D, H, W) of bool."""
    for axis in range(-3, 0) if mask.any() else ():
        size, wide = mask.shape[axis], mask.clone()
        for step in range(1, min(reach, size - 1) + 1):
            wide.narrow(axis, step, size - step).logical_or_(mask.narrow(axis, 0, size - step))
            wide.narrow(axis, 0, size - step).logical_or_(mask.narrow(axis, step, size - step))
        mask = wide
    return mask
