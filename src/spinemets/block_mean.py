"""A volume at a lower resolution, without a shift."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.volume import Volume


def block_mean(volume: Volume, factors: tuple[int, int, int], lead: tuple[int, int, int] = (0, 0, 0)) -> Volume:
    """The volume averaged over blocks of `factors` voxels.

    Centres of the new voxels are the centres of whole blocks, so nothing shifts.

    Parameters
    ----------
    volume : Volume
        Any.
    factors : (3,) tuple of int
        Voxels of a block along each axis.
    lead : (3,) tuple of int
        Voxels that the first block has along each axis, if it is not whole; like an incomplete last block it is
        averaged over what it has.
    """
    if factors == (1, 1, 1):
        return volume
    steps = [f if head else min(f, n) for n, f, head in zip(volume.shape, factors, lead, strict=True)]
    array = volume.array
    for axis, step in enumerate(steps):
        if step > 1:
            array = _axis_block_mean(array, axis, step, lead[axis])
    affine = volume.affine.copy()
    affine[:3, :3] = volume.affine[:3, :3] * steps
    middle = [(step - 1) / 2 - (step - head if head else 0) for step, head in zip(steps, lead, strict=True)]
    affine[:3, 3] = volume.world(middle)
    return Volume(array, affine, volume.frame_of_reference)


def _axis_block_mean(array: NDArray[Any], axis: int, step: int, lead: int) -> NDArray[np.float32]:
    moved = np.moveaxis(array, axis, 0)
    head, moved = moved[:lead], moved[lead:]
    whole = len(moved) // step
    mean = moved[: whole * step].reshape(whole, step, *moved.shape[1:]).mean(axis=1, dtype=np.float32)
    ends = [part.mean(axis=0, dtype=np.float32, keepdims=True) for part in (head, moved[whole * step :]) if len(part)]
    if ends:
        mean = np.concatenate([*ends[: bool(lead)], mean, *ends[bool(lead) :]])
    return np.moveaxis(mean, 0, axis)
