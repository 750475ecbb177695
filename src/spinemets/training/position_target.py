"""How far along the spine every voxel lies, as a target and as a loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from spinemets.anatomy import Level
from spinemets.inference.locator_classes import (
    LOG_SCALE_LIMIT,
    POSITION_CENTRE,
    POSITION_OF_VERSE_ID,
    POSITION_UNIT,
)
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue

BEYOND_ENDS = 1.0
"""Positions are known up to this many levels beyond the outermost centre (ours)."""
ELSEWHERE = 0.05
"""Weight of a voxel outside the spine, where one in it has 1: there are fifty times as many (ours)."""
UNKNOWN_TISSUE = (int(Tissue.AIR), int(Tissue.TABLE), OUTSIDE_FIELD)


def position_targets(structure: Tensor, vertebra: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Position along the spine of every voxel, by its height in the body, and how much it counts.

    Parameters
    ----------
    structure, vertebra : (N, D, H, W) Tensor of uint8
        Structure codes and VerSe ids; W runs to the head.
    centres : (N, 29, 3) Tensor
        Body centroids in indices of the patch, NaN where there is none; also those beyond it.

    Returns
    -------
    position : (N, 1, D, H, W) Tensor
        In the unit of the network's channel; linear between two centres.
    weight : (N, 1, D, H, W) Tensor
        0 where it is not known: outside the body, and beyond the ends of the labelled spine.
    """
    height = torch.arange(structure.shape[-1], device=structure.device, dtype=torch.float32)
    rows = [_position_of_height(height, table) for table in centres]
    row = torch.stack(rows)[:, None, None, None, :]
    position = row.expand(-1, 1, *structure.shape[1:]).clone()
    ids = vertebra[:, None]
    sacrum = ids == Level.SACRUM.verse_id
    position[sacrum] = float(POSITION_OF_VERSE_ID[Level.SACRUM.verse_id])
    unknown = torch.isin(structure, torch.tensor(UNKNOWN_TISSUE, device=structure.device))[:, None]
    weight = torch.where(ids > 0, 1.0, ELSEWHERE) * torch.isfinite(position) * ~unknown
    return ((position - POSITION_CENTRE) / POSITION_UNIT).nan_to_num(0.0), weight


def _position_of_height(height: Tensor, centres: Tensor) -> Tensor:
    """(W,) position at each height of a patch, NaN beyond the ends of the spine; centres (29, 3)."""
    level = torch.from_numpy(POSITION_OF_VERSE_ID[: len(centres)]).to(centres)
    known = torch.isfinite(centres[:, 2]) & torch.isfinite(level) & (level < len(POSITION_OF_VERSE_ID))
    known[Level.SACRUM.verse_id] = False
    if known.sum() < 2:
        return torch.full_like(height, torch.nan)
    place, order = centres[known, 2].sort()
    value = level[known][order]
    above = torch.searchsorted(place, height).clamp(1, len(place) - 1)
    low, high = place[above - 1], place[above]
    share = (height - low) / (high - low).clamp_min(1e-3)
    result = value[above - 1] + share * (value[above] - value[above - 1])
    return torch.where((share < -BEYOND_ENDS) | (share > 1 + BEYOND_ENDS), torch.nan, result)


def position_loss(output: Tensor, position: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean negative log-likelihood of a Laplace distribution, less its constant.

    Parameters
    ----------
    output : (N, 2, D, H, W) Tensor
        Position, in the unit of the network's channel, and logarithm of the error's scale in levels.
    position, weight : (N, 1, D, H, W) Tensor
        Of `position_targets`.
    """
    log_scale = functional.hardtanh(output[:, 1:2], -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT)
    error = (output[:, :1] - position).abs() * POSITION_UNIT
    cost = error * torch.exp(-log_scale) + log_scale
    return (cost * weight).sum() / weight.sum().clamp_min(1e-6)
