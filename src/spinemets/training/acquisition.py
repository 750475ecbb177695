"""What a scanner does to a perfect image: resolution, slices, noise, kernel, field of view."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn import functional

from spinemets.simulate.tissues import OUTSIDE_FIELD
from spinemets.training.filters import blur, chance, dilated, smooth_noise, uniform

Cuts = tuple[tuple[int, float, float], ...]
CT_CUTS: Cuts = ((2, 0.12, 0.5), (3, 0.12, 0.5), (4, 0.35, 0.5))
"""Axes of a patch, how often the field of view ends within it along each, and how many of these cuts leave a slab with
two ends (ours): more often along the spine."""
SMALL_IMAGE = 0.08
"""How often all of the image is a small box, as of an archived crop (ours)."""
LEAST_SLAB_MM = 36.0
"""The thinnest slab or box, mm (ours)."""
RIM_MM = 3.0
"""How far from where the labels end bone is drawn wrongly: cortex and blur (ours)."""
TURNED = 0.35
"""How often an image has been resampled on a turned grid before it is given, as reformatted series are (ours)."""
MOST_TURNED_DEG = 15.0
"""By how much at most, about each axis (ours)."""
WIDER_GRID = 1.5
"""How much larger a turned grid is along every edge, so that it covers the corners of a cube at that turn."""


def beyond_field_of_view(
    structure: Tensor, voxel_mm: float, cut: bool, drawn: bool = True, cuts: Cuts = CT_CUTS
) -> Tensor:
    """What of one patch no image shows, (1, 1, D, H, W) bool.

    Where the labels end, bone seems to end too and is drawn with a cortex and half mixed with air; a scanner cuts
    through bone and shows marrow up to the last voxel. So as much as that reaches is left out.

    Parameters
    ----------
    structure : (1, 1, D, H, W) Tensor of uint8
        Structure codes.
    voxel_mm : float
        Edge of a voxel, mm.
    cut : bool
        Perhaps cut off more: what is left is an image with one edge in the patch, a slab round its middle with two,
        or a small box.
    drawn : bool
        False for the labels of a real image, which is right up to its end.
    cuts : tuple of (int, float, float)
        As `CT_CUTS`.
    """
    beyond = dilated(structure == OUTSIDE_FIELD, round(RIM_MM / voxel_mm) if drawn else 0)
    small = cut and chance(SMALL_IMAGE)
    for axis, probability, both_ends in cuts if cut else ():
        if not small and not chance(probability):
            continue
        size = structure.shape[axis]
        slab = small or chance(both_ends)
        least = min(LEAST_SLAB_MM / (size * voxel_mm), 0.7)
        keep = int(size * (uniform(least, 0.7) if slab else uniform(0.35, 0.95)))
        middle = int(size / 2 - uniform(0, 1) * keep)
        start = min(max(middle, 0), size - keep) if slab else (size - keep if chance(0.5) else 0)
        index = torch.arange(size, device=structure.device)
        shape = [1] * 5
        shape[axis] = size
        beyond = beyond | ((index < start) | (index >= start + keep)).reshape(shape)
    return beyond


def _resolution(size: tuple[int, ...], voxel_mm: float) -> tuple[int, int, int]:
    """Voxels along each axis after the scanner sampled the patch, at most as fine as the patch."""
    kind = uniform(0, 1)
    if kind < 0.35:
        edge = (voxel_mm,) * 3
    elif kind < 0.6:
        edge = (uniform(voxel_mm, 3.2),) * 3
    else:
        thick = [voxel_mm] * 3
        axis = 2 if chance(0.8) else int(uniform(0, 1.99))
        thick[axis] = uniform(voxel_mm, 5.0)
        edge = (thick[0], thick[1], thick[2])
    counts = [max(round(n * voxel_mm / e), 8) for n, e in zip(size, edge, strict=True)]
    return counts[0], counts[1], counts[2]


def _noise(image: Tensor) -> Tensor:
    """Noise of a reconstruction: grains of random size, stronger in some places."""
    grain = blur(torch.randn_like(image), uniform(0.0, 0.9))
    grain = grain / grain.std().clamp_min(1e-3)
    level = uniform(2, 25) if chance(0.85) else uniform(25, 70)
    return image + grain * level * (1 + 0.3 * smooth_noise(image.shape, 4, image.device)).clamp_min(0.2)


def vary_ct(image: Tensor, outside: Tensor) -> Tensor:
    """(1, 1, D, H, W) HU of a real CT with another sharpness, noise and calibration; `outside` stays as it is."""
    if chance(0.4):
        smooth = blur(image, uniform(0.4, 0.9))
        image = smooth if chance(0.5) else image + uniform(0.2, 1.0) * (image - smooth)
    if chance(0.5):
        image = _noise(image)
    image = image * uniform(0.96, 1.04) + uniform(-12, 12)
    return torch.where(outside, torch.full_like(image, -1024.0), image)


def by_way_of_turned_grid(image: Tensor, counts: Sequence[int], degrees: Sequence[float]) -> Tensor:
    """The image sampled linearly on a grid turned about its middle, and from there back on its own.

    What is between the samples of either is lost, as in a series that was reformatted; nothing moves.

    Parameters
    ----------
    image : (1, 1, D, H, W) Tensor
        Any values.
    counts : three int
        Samples of the turned grid along D, H and W of the image.
    degrees : three float
        Its turn about D, H and W.
    """
    size = image.shape[2:]
    turn = torch.from_numpy(Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()).to(image)
    half = torch.tensor([float(n) for n in size], device=image.device)
    # torch orders coordinates W, H, D and counts each in halves of its edge
    matrix = (turn * half / half[:, None]).flip(0, 1)
    back = (turn.T * half / half[:, None]).flip(0, 1)
    shape = [1, 1, *(round(WIDER_GRID * n) for n in counts)]
    there = functional.affine_grid(_affine(WIDER_GRID * matrix), shape, align_corners=False)
    turned = functional.grid_sample(image, there, padding_mode="border", align_corners=False)
    here = functional.affine_grid(_affine(back / WIDER_GRID), [1, 1, *size], align_corners=False)
    return functional.grid_sample(turned, here, padding_mode="border", align_corners=False)


def _affine(matrix: Tensor) -> Tensor:
    return functional.pad(matrix, (0, 1))[None]


def acquire_ct(image: Tensor, outside: Tensor, voxel_mm: float) -> Tensor:
    """(1, 1, D, H, W) HU as a scanner would give them, resampled back to the patch grid.

    Parameters
    ----------
    image : (1, 1, D, H, W) Tensor
        Ideal HU.
    outside : (1, 1, D, H, W) Tensor of bool
        Beyond the field of view; comes out as -1024 HU or, sometimes, 0.
    voxel_mm : float
        Edge of a patch voxel, mm.
    """
    size = tuple(image.shape[2:])
    image = blur(image, uniform(0.4, 0.85))
    counts = _resolution(size, voxel_mm)
    if counts != size:
        image = functional.interpolate(image, size=counts, mode="area")
    image = _noise(image)
    if chance(0.35):
        image = image + uniform(0.3, 1.4) * (image - blur(image, 1.0))
    if counts != size:
        image = functional.interpolate(image, size=size, mode="trilinear", align_corners=False)
    if chance(TURNED):
        image = by_way_of_turned_grid(image, counts, [uniform(-MOST_TURNED_DEG, MOST_TURNED_DEG) for _ in range(3)])
    image = image * uniform(0.96, 1.04) + uniform(-12, 12)
    return torch.where(outside, torch.full_like(image, 0.0 if chance(0.03) else -1024.0), image)
