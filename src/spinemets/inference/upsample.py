"""Labels of the network's grid on the grid of the image, with smooth surfaces and little memory."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from spinemets.geometry import Grid, crop, index_box, points_beyond, resample
from spinemets.volume import Volume

TIE_MM = 1e-3
"""A point midway between two voxels of the network takes the one further along the world's axes, whichever
way the image is stored; without it the same patient, stored in another order, had other borders."""
WEIGHT_BEYOND = 1e-3
"""Of what the network says of points where there is no image: counts where there is nothing else."""
OTHER_AXES = ((1, 2), (0, 2), (0, 1))
GROW_MM = 3.0
"""Labels are carried this far beyond their own surface, so that a smoother surface finds one (ours)."""


def to_image_grid(
    image: Volume, grid: Grid, shares: NDArray[np.float32], labels: list[NDArray[np.uint8]]
) -> list[NDArray[np.uint8]]:
    """Labels on the grid of `image`.

    Parameters
    ----------
    image : Volume
        The image whose grid is wanted.
    grid : Grid
        The network's grid.
    shares : (M, I, J, K) ndarray of float32
        Probability of each of M groups of labels, e.g. vertebra, sacrum, canal; the rest is background.
    labels : list of M (I, J, K) ndarray of uint8
        Within each group, which label.

    Returns
    -------
    list of M (I, J, K) ndarray of uint8
        On the whole grid of `image`; no voxel has a label in more than one.
    """
    grid, shares, labels = _round_labels(grid, shares, labels)
    start, stop = index_box(image, grid)
    part = crop(image, start, stop)
    target = Grid.of(part)
    on_target = _shares_at(image, grid, shares, target)
    nudged = target.affine.copy()
    nudged[:3, 3] += TIE_MM
    best = _largest(on_target)
    box = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    result = []
    for number, label in enumerate(labels, start=1):
        grown = grow(label, GROW_MM / float(grid.spacing_mm[0]))
        values = resample(Volume(grown, grid.affine), Grid(target.shape, nudged), order=0).astype(np.uint8)
        values[best != number] = 0
        whole = np.zeros(image.shape, np.uint8)
        whole[box] = values
        result.append(whole)
    return result


def _largest(shares: list[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Number of the largest share, 0 where the rest, which is background, is as large."""
    highest = np.ones_like(shares[0])
    for share in shares:
        highest -= share
    best = np.zeros(highest.shape, np.uint8)
    for number, share in enumerate(shares, start=1):
        best[share > highest] = number
        np.maximum(highest, share, out=highest)
    return best


def _shares_at(image: Volume, grid: Grid, shares: NDArray[np.float32], target: Grid) -> list[NDArray[np.float32]]:
    """Shares at the points of `target`, made of what the network says where there is an image.

    Where a voxel of the image is larger than those of the network, the mean over it: blocks of the network's voxels
    would lie otherwise in every oblique image, and thin bone would be lost between them.
    """
    seen = np.ones(grid.shape, np.float32)
    for beyond in points_beyond(image, grid):
        np.copyto(seen, WEIGHT_BEYOND, where=beyond)
    if seen.min() == 1:
        return [_over_voxels(share, grid, target) for share in shares]
    weight = _over_voxels(seen, grid, target).clip(WEIGHT_BEYOND / 2)
    return [_over_voxels(share * seen, grid, target) / weight for share in shares]


def _over_voxels(values: NDArray[np.float32], grid: Grid, target: Grid) -> NDArray[np.float32]:
    """Values of a grid in the voxels of another: the mean of as many points along each axis as fit in, at least one."""
    counts = np.maximum(np.floor(target.spacing_mm / grid.spacing_mm.max() + 1e-3), 1).astype(int)
    total = np.zeros(target.shape, np.float32)
    for offset in itertools.product(*((np.arange(n) + 0.5) / n - 0.5 for n in counts)):
        affine = target.affine.copy()
        affine[:3, 3] += affine[:3, :3] @ np.array(offset)
        total += resample(Volume(values, grid.affine), Grid(target.shape, affine), antialias=False)
    total /= np.float32(counts.prod())
    return total


def _round_labels(
    grid: Grid, shares: NDArray[np.float32], labels: list[NDArray[np.uint8]]
) -> tuple[Grid, NDArray[np.float32], list[NDArray[np.uint8]]]:
    """The same on a smaller grid, as far as labels can reach: most of what the network saw has none."""
    present = np.logical_or.reduce([label > 0 for label in labels])
    if not present.any():
        return grid, shares, labels
    reach = int(np.ceil(GROW_MM / float(grid.spacing_mm.min()))) + 2
    low = [max(int(np.flatnonzero(present.any(axis=other)).min()) - reach, 0) for other in OTHER_AXES]
    high = [int(np.flatnonzero(present.any(axis=other)).max()) + reach + 1 for other in OTHER_AXES]
    box = tuple(slice(a, min(b, n)) for a, b, n in zip(low, high, present.shape, strict=True))
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.array(low, dtype=np.float64)
    shape = tuple(axis.stop - axis.start for axis in box)
    return Grid(shape, affine), shares[(slice(None), *box)], [label[box] for label in labels]


def grow(labels: NDArray[np.uint8], reach: float) -> NDArray[np.uint8]:
    """Labels carried to the nearest voxels without one, up to `reach` voxels away."""
    margin = int(reach)
    steps = np.indices((2 * margin + 1,) * 3).reshape(3, -1).T - margin
    length = np.linalg.norm(steps, axis=1)
    padded = np.pad(labels, margin)
    result = labels.copy()
    for number in np.argsort(length, kind="stable"):
        if 0 < length[number] <= reach:
            there = tuple(
                slice(margin + step, margin + step + n) for step, n in zip(steps[number], labels.shape, strict=True)
            )
            np.copyto(result, padded[there], where=result == 0)
    return result
