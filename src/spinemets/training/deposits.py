"""Disease laid over a rendered CT, on the device that trains; no metastasis is quite like the one that was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from spinemets.datasets.disease_overlay import FULL
from spinemets.training import warp
from spinemets.training.filters import blur, chance, smooth_noise, uniform

SHARE_RANGE = (0.8, 1.0)
"""Part of a drawn deposit that is laid down (ours)."""
FACTOR_SPREAD = 0.18
"""Standard deviation of the logarithm by which CT numbers are multiplied, from place to place (ours)."""
SHIFT_HU = 14.0
"""Largest standard deviation of what is added to them (ours; tumours on CT differ by about as much)."""
SOFTER_VOXELS = (0.3, 0.9)
"""Blur of an edge that is made softer (ours)."""
LEAST_SHARE = 1e-3
"""A deposit that replaces less of what lies below only adds: interpolation leaves no exact zero."""
SHARPER = (1.2, 2.2)
"""Factor by which an edge is made steeper (ours)."""


@dataclass(frozen=True)
class Deposits:
    """How disease changes the CT number h below it: ``keep * h + add + rise``, the last after contrast medium.

    Attributes
    ----------
    keep, add, rise : (1, 1, D, H, W) Tensor
        `keep` from 0 to 1, the others HU.
    """

    keep: Tensor
    add: Tensor
    rise: Tensor

    def over(self, image: Tensor, contrast: bool) -> Tensor:
        """HU of an image with the deposits laid over it."""
        result = self.keep * image + self.add
        return result + self.rise if contrast else result


def deposits_at(crop: Mapping[str, Tensor], points: Tensor) -> Tensor:
    """(N, 3, D, H, W) ``keep``, ``add`` and ``rise`` of a crop with (N, S, S, S) of each, at `warp.sampling_points`."""
    parts = []
    for name, scale, beyond in (("keep", FULL, 1.0), ("add", 1, 0.0), ("rise", 1, 0.0)):
        parts.append(warp.sample_linear(crop[name].float() / scale, points).nan_to_num(beyond))
    return torch.stack(parts, 1)


def varied(deposits: Deposits) -> Deposits:
    """Deposits of somewhat other density and sharpness than those drawn."""
    if chance(0.35):
        deposits = softer(deposits, uniform(*SOFTER_VOXELS))
    elif chance(0.35):
        deposits = sharper(deposits, uniform(*SHARPER))
    share = uniform(*SHARE_RANGE) if chance(0.5) else 1.0
    taken = share * (1 - deposits.keep)
    factor = torch.exp(FACTOR_SPREAD * _slow(deposits.keep))
    shift = uniform(0.0, SHIFT_HU) * _slow(deposits.keep)
    return Deposits(1 - taken, share * factor * deposits.add + taken * shift, share * deposits.rise)


def softer(deposits: Deposits, width: float) -> Deposits:
    """Deposits blurred by a Gaussian of `width` voxels."""
    return Deposits(*(blur(part, width) for part in (deposits.keep, deposits.add, deposits.rise)))


def sharper(deposits: Deposits, factor: float) -> Deposits:
    """Deposits whose share climbs `factor` times as fast where it crosses a half; what only adds stays."""
    share = 1 - deposits.keep
    replaces = share > LEAST_SHARE
    steep = ((share - 0.5) * factor + 0.5).clamp(0, 1)
    ratio = torch.where(replaces, steep / share.clamp_min(LEAST_SHARE), 1.0)
    return Deposits(1 - steep * replaces, deposits.add * ratio, deposits.rise * ratio)


def _slow(like: Tensor) -> Tensor:
    return smooth_noise(like.shape, int(uniform(3, 9)), like.device)
