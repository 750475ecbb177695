"""Where the spine is, and roughly at which level: one coarse pass over the whole image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.errors import NoSpineFoundError
from spinemets.geometry import Grid, covering_grid, resample
from spinemets.inference.backends import Network
from spinemets.inference.card import ModelCard
from spinemets.inference.locator_classes import LOCATOR_CLASSES, LOCATOR_LEVELS
from spinemets.inference.sliding_window import Progress, sliding_window
from spinemets.volume import Volume

MIN_SPINE_ML = 8.0
"""Less bone than this in the largest piece is not a spine (ours; half a lumbar vertebra is 20 ml)."""
MARGIN_MM = 24.0
"""Added beside the spine that the locator found before the fine network looks (ours)."""
MARGIN_ALONG_MM = 60.0
"""And above and below it: the locator misses the last vertebra or two before the end of the image (ours; seen on
simulated validation patients)."""
LEAST_EXTENT_MM = 130.0
"""The locator has learnt on images at least this long each way; smaller ones go to the fine network whole (ours)."""
FILL_HU = -1024.0
"""What lies outside the image."""


@dataclass(frozen=True)
class Located:
    """The result of the coarse pass.

    Attributes
    ----------
    grid : Grid
        Of the coarse pass, RAS+.
    probability : (28, I, J, K) ndarray of float32
        Of `LOCATOR_CLASSES`.
    spine : (I, J, K) ndarray of bool
        Vertebrae and sacrum, the largest connected piece and what lies in line with it.
    lower_mm, upper_mm : (3,) ndarray
        Opposite corners of the box that the fine network is to see, world mm.
    """

    grid: Grid
    probability: NDArray[np.float32]
    spine: NDArray[np.bool_]
    lower_mm: NDArray[np.float64]
    upper_mm: NDArray[np.float64]


def locate_spine(image: Volume, network: Network, card: ModelCard, progress: Progress | None = None) -> Located:
    """Find the spine in a CT.

    Raises
    ------
    NoSpineFoundError
        If less than `MIN_SPINE_ML` of vertebra or sacrum is found.
    """
    grid = covering_grid(image, card.spacing_mm)
    values = card.window(resample(image, grid, fill=FILL_HU))
    logits = sliding_window(
        network,
        values,
        card.patch_size,
        channels=len(LOCATOR_CLASSES),
        overlap=0.25,
        fill=float(card.window(np.float32(FILL_HU))),
        progress=progress,
    )
    probability = softmax(logits)
    spine = main_piece(probability[1 : len(LOCATOR_LEVELS) + 1].sum(axis=0) > 0.5, card.spacing_mm)
    volume_ml = spine.sum() * card.spacing_mm**3 / 1000
    if volume_ml < MIN_SPINE_ML:
        raise NoSpineFoundError(
            f"no spine found: {volume_ml:.1f} ml of bone look like vertebrae, at least {MIN_SPINE_ML:g} ml are needed"
        )
    index = np.argwhere(spine)
    margin_mm = np.array([MARGIN_MM, MARGIN_MM, MARGIN_ALONG_MM])
    lower = grid.affine[:3, :3] @ (index.min(axis=0) - 0.5) + grid.affine[:3, 3] - margin_mm
    upper = grid.affine[:3, :3] @ (index.max(axis=0) + 0.5) + grid.affine[:3, 3] + margin_mm
    whole = covering_grid(image, card.spacing_mm)
    low_edge = whole.affine[:3, 3] - card.spacing_mm / 2
    high_edge = low_edge + np.array(whole.shape) * card.spacing_mm
    return Located(grid, probability, spine, np.maximum(lower, low_edge), np.minimum(upper, high_edge))


def whole_image(image: Volume, card: ModelCard) -> Located:
    """All of an image that is too small for the coarse pass: the fine network looks everywhere.

    Every level is as likely as every other.
    """
    grid = covering_grid(image, card.spacing_mm)
    probability = np.zeros((len(LOCATOR_CLASSES), *grid.shape), np.float32)
    probability[1 : len(LOCATOR_LEVELS) + 1] = 1 / len(LOCATOR_LEVELS)
    lower = grid.affine[:3, 3] - card.spacing_mm / 2
    upper = lower + np.array(grid.shape) * card.spacing_mm
    return Located(grid, probability, np.ones(grid.shape, bool), lower, upper)


def too_small_to_locate(image: Volume) -> bool:
    """Whether an image shows less than `LEAST_EXTENT_MM` along one of its axes."""
    return bool((np.array(image.shape) * image.spacing_mm).min() < LEAST_EXTENT_MM)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along axis 0, in place of the logits."""
    logits -= logits.max(axis=0, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0, keepdims=True)
    return logits


def main_piece(mask: NDArray[np.bool_], spacing_mm: float, bridge_mm: float = 10.0) -> NDArray[np.bool_]:
    """The largest piece of `mask`, gaps up to `bridge_mm` notwithstanding."""
    reach = max(round(bridge_mm / 2 / spacing_mm), 1)
    joined, count = ndimage.label(ndimage.binary_dilation(mask, iterations=reach))
    if count == 0:
        return mask
    sizes = np.bincount(joined[mask], minlength=count + 1)
    sizes[0] = 0
    return mask & (joined == sizes.argmax())
