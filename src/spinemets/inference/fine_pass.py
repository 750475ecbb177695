"""The fine network along the spine: where the locator says it is, and on from there as long as there are vertebrae."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.geometry import Grid, resample, world_aligned_grid
from spinemets.inference.backends import Network
from spinemets.inference.card import ModelCard
from spinemets.inference.input_scale import InputScale, input_scale
from spinemets.inference.locate import Located, box_round
from spinemets.inference.sliding_window import mirrored, sliding_window
from spinemets.inference.spine_classes import OFFSET_CHANNELS, SPINE_CLASSES, VERTEBRA_CLASSES
from spinemets.inference.spine_pieces import pieces_of_spine
from spinemets.volume import Volume

NEAR_SPINE_MM = 20.0
"""Bone further than this beside what the locator took for spine is not looked at (ours); above and below it, three
times as far."""
ALONG = 1 / 3
"""By how much a distance along the spine counts less."""
REACHED_MM = 12.0
"""Bone of the spine as far beyond the end of what the locator took for it goes on where nobody looked (ours)."""
ASIDE_MM, END_MM = 35.0, 30.0
"""And no further from side to side from the middle of the last so much of it (ours)."""
FOLLOWED = (*VERTEBRA_CLASSES, SPINE_CLASSES.index("sacrum"))
"""Classes of the spine."""
LEAST_REACHED_ML = 1.0
"""Less bone than this there is no vertebra to go on from (ours)."""


@dataclass(frozen=True)
class FinePass:
    """What the fine network answered, and where it was asked.

    Attributes
    ----------
    located : Located
        The spine as it is known now; longer than the locator's where vertebrae went on.
    grid : Grid
        Of the output.
    output : (C, I, J, K) ndarray of float16
        Logits and votes, 0 where no window was run.
    """

    located: Located
    grid: Grid
    output: NDArray[np.float16]


def along_spine(
    image: Volume, located: Located, network: Network, card: ModelCard, progress: Callable[[float], None] | None = None
) -> FinePass:
    """The fine network near the spine.

    The locator may miss a whole neck. What the fine network sees of it at the end of where it looks is spine as
    well, and it looks on from there.
    """
    asked = _Asked(image, network, card, input_scale(image, card), progress)
    grid = world_aligned_grid(located.lower_mm, located.upper_mm, card.spacing_mm)
    near = beside_mm(located, grid) < NEAR_SPINE_MM
    result = FinePass(located, grid, asked.answer(grid, near))
    while (longer := followed(result)) is not None:
        result, near = _resumed(asked, longer, result, near)
    return result


def beside_mm(located: Located, grid: Grid) -> NDArray[np.float32]:
    """Distance from what is known as spine, mm, where one along it counts for `ALONG`."""
    sampling = located.grid.spacing_mm * [1.0, 1.0, ALONG]
    distance = ndimage.distance_transform_edt(~located.spine, sampling=sampling).astype(np.float32)
    return resample(Volume(distance, located.grid.affine), grid, fill=1e3)


def followed(seen: FinePass) -> Located | None:
    """The spine with the vertebrae found beyond its ends; None where none of them reaches far, or all are known."""
    located, grid = seen.located, seen.grid
    height = np.flatnonzero(located.spine.any(axis=(0, 1)))
    spacing = float(located.grid.spacing_mm[2])
    low, high = located.grid.affine[2, 3] + spacing * (height[[0, -1]] + [-0.5, 0.5])
    classes = seen.output[: len(SPINE_CLASSES)].argmax(axis=0)
    bone = np.isin(classes, FOLLOWED)
    if not bone.any():
        return None
    bone = pieces_of_spine(bone, float(grid.spacing_mm[0]), classes == SPINE_CLASSES.index("sacrum")).spine
    place = grid.affine[2, 3] + grid.affine[2, 2] * np.arange(grid.shape[2])
    bone &= (place < low) | (place > high)
    bone &= _in_line(located, grid)
    reached = bone & (beside_mm(located, grid) > REACHED_MM)
    if reached.sum() * float(np.prod(grid.spacing_mm)) / 1000 < LEAST_REACHED_ML:
        return None
    world = np.argwhere(bone) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    index = np.round((world - located.grid.affine[:3, 3]) / located.grid.spacing_mm).astype(int)
    spine = located.spine.copy()
    spine[tuple(np.clip(index, 0, np.array(spine.shape) - 1).T)] = True
    if (spine == located.spine).all():
        return None
    lower, upper = box_round(spine, located.grid)
    return replace(located, spine=spine, lower_mm=lower, upper_mm=upper)


def _in_line(located: Located, grid: Grid) -> NDArray[np.bool_]:
    """(I, 1, K) where a point lies, from side to side, no further than `ASIDE_MM` from the nearer end of the spine."""
    spine = np.argwhere(located.spine)
    spacing, height = located.grid.spacing_mm, spine[:, 2]
    ends = [spine[height <= height.min() + END_MM / spacing[2]], spine[height >= height.max() - END_MM / spacing[2]]]
    side, up = np.array([(end.mean(axis=0) * spacing + located.grid.affine[:3, 3])[[0, 2]] for end in ends]).T
    places = [grid.affine[n, 3] + grid.affine[n, n] * np.arange(grid.shape[n]) for n in (0, 2)]
    nearer = np.where(places[1] < up.mean(), side[0], side[1])
    return (np.abs(places[0][:, None] - nearer) <= ASIDE_MM)[:, None]


@dataclass(frozen=True)
class _Asked:
    image: Volume
    network: Network
    card: ModelCard
    scale: InputScale
    progress: Callable[[float], None] | None

    def answer(self, grid: Grid, wanted: NDArray[np.bool_]) -> NDArray[np.float16]:
        """Output wherever a window sees something that is wanted."""
        return sliding_window(
            mirrored(self.network, flipped_channel=len(SPINE_CLASSES)),
            self.scale.normalise(resample(self.image, grid, fill=self.scale.fill)),
            self.card.patch_size,
            channels=len(SPINE_CLASSES) + OFFSET_CHANNELS,
            overlap=0.5,
            fill=float(self.scale.normalise(np.float32(self.scale.fill))),
            wanted=wanted,
            progress=self.progress,
            dtype=np.float16,
        )


def _resumed(
    asked: _Asked, located: Located, before: FinePass, near: NDArray[np.bool_]
) -> tuple[FinePass, NDArray[np.bool_]]:
    """The pass along a longer spine, and what is near that; what was near before keeps its answer."""
    grid, inner = _extended(before.grid, located)
    done = np.zeros(grid.shape, dtype=bool)
    done[inner] = near
    now = beside_mm(located, grid) < NEAR_SPINE_MM
    output = asked.answer(grid, now & ~done)
    for new, old in zip(output, before.output, strict=True):
        np.copyto(new[inner], old, where=near)
    return FinePass(located, grid, output), now | done


def _extended(grid: Grid, located: Located) -> tuple[Grid, tuple[slice, ...]]:
    """A grid of the same voxels that holds a box as well, and where in it the old one lies."""
    spacing = grid.spacing_mm
    corner = grid.affine[:3, 3] - spacing / 2
    lower = np.maximum(np.ceil((corner - located.lower_mm) / spacing - 1e-6), 0).astype(int)
    upper = np.maximum(np.ceil((located.upper_mm - corner) / spacing - 1e-6).astype(int), grid.shape)
    affine = grid.affine.copy()
    affine[:3, 3] -= lower * spacing
    shape = upper + lower
    inner = tuple(slice(int(a), int(a + n)) for a, n in zip(lower, grid.shape, strict=True))
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine), inner
