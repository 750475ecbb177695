"""Where the spine is, and how far along it every voxel lies: one coarse pass over the whole image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import NoSpineFoundError
from spinemets.geometry import Grid, covering_grid, resample
from spinemets.inference.backends import Network
from spinemets.inference.card import ModelCard
from spinemets.inference.locator_classes import (
    LOCATOR_CLASSES,
    LOG_SCALE_LIMIT,
    POSITION_CENTRE,
    POSITION_CHANNELS,
    POSITION_UNIT,
)
from spinemets.inference.sliding_window import Progress, sliding_window
from spinemets.inference.spine_pieces import pieces_of_spine, without_specks
from spinemets.volume import Volume

MIN_SPINE_ML = 8.0
"""Less bone than this in the largest piece is not a spine (ours; half a lumbar vertebra is 20 ml)."""
SPINE_FROM = 0.2
"""A voxel with more than this probability of being spine is taken for it (ours: what is missed here is lost, what is
taken for too much only costs time; to be set anew with better weights)."""
MARGIN_MM = 24.0
"""Added beside the spine that the locator found before the fine network looks (ours)."""
MARGIN_ALONG_MM = 60.0
"""And above and below it: the locator misses the last vertebra or two before the end of the image (ours; seen on
simulated validation patients)."""
LEAST_EXTENT_MM = 130.0
"""The locator has learnt on images at least this long each way; smaller ones go to the fine network whole (ours)."""
OF_THE_SPINE = [LOCATOR_CLASSES.index(name) for name in ("vertebra", "sacrum")]
FILL_HU = -1024.0
"""What lies outside the image."""


@dataclass(frozen=True)
class Located:
    """The result of the coarse pass.

    Attributes
    ----------
    grid : Grid
        Of the coarse pass, RAS+.
    probability : (5, I, J, K) ndarray of float32
        Of `LOCATOR_CLASSES`.
    position : (I, J, K) ndarray of float32
        Position along the spine, an index of `LOCATOR_LEVELS` and what lies between two; NaN where nobody looked.
    position_error : (I, J, K) ndarray of float32
        Scale of the Laplace distribution of its error, levels.
    spine : (I, J, K) ndarray of bool
        Vertebrae and sacrum, the largest connected piece and those that continue its course.
    lower_mm, upper_mm : (3,) ndarray
        Opposite corners of the box that the fine network is to see, world mm.
    of_mr : bool
        The image is MR, which hardly shows ribs and whose signal may end before the spine does.
    left_out_mm : tuple of (float, float)
        Lowest and highest point, world mm, of each piece of bone that may be spine as well and is none of `spine`.
    """

    grid: Grid
    probability: NDArray[np.float32]
    position: NDArray[np.float32]
    position_error: NDArray[np.float32]
    spine: NDArray[np.bool_]
    lower_mm: NDArray[np.float64]
    upper_mm: NDArray[np.float64]
    of_mr: bool = False
    left_out_mm: tuple[tuple[float, float], ...] = ()


def locate_spine(image: Volume, network: Network, card: ModelCard, progress: Progress | None = None) -> Located:
    """Find the spine in a CT.

    Raises
    ------
    NoSpineFoundError
        If less than `MIN_SPINE_ML` of vertebra or sacrum is found.
    """
    grid = covering_grid(image, card.spacing_mm)
    values = card.window(resample(image, grid, fill=FILL_HU))
    output = sliding_window(
        network,
        values,
        card.patch_size,
        channels=len(LOCATOR_CLASSES) + POSITION_CHANNELS,
        overlap=0.25,
        fill=float(card.window(np.float32(FILL_HU))),
        progress=progress,
    )
    probability = softmax(output[: len(LOCATOR_CLASSES)])
    position = POSITION_CENTRE + POSITION_UNIT * output[len(LOCATOR_CLASSES)]
    error = np.exp(np.clip(output[len(LOCATOR_CLASSES) + 1], -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT))
    sacrum = probability[LOCATOR_CLASSES.index("sacrum")] > 0.5
    pieces = pieces_of_spine(probability[OF_THE_SPINE].sum(axis=0) > SPINE_FROM, card.spacing_mm, sacrum)
    spine = without_specks(pieces.spine, card.spacing_mm)
    volume_ml = spine.sum() * card.spacing_mm**3 / 1000
    if volume_ml < MIN_SPINE_ML:
        raise NoSpineFoundError(
            f"no spine found: {volume_ml:.1f} ml of bone look like vertebrae, at least {MIN_SPINE_ML:g} ml are needed"
        )
    lower, upper = box_round(spine, grid)
    left_out = tuple(heights_mm(grid, slices) for slices in pieces.left_out)
    return Located(grid, probability, position, error, spine, lower, upper, left_out_mm=left_out)


def heights_mm(grid: Grid, slices: tuple[float, float]) -> tuple[float, float]:
    """World heights of two slices of an RAS+ grid, mm."""
    low, high = (float(grid.affine[2, 3] + grid.affine[2, 2] * one) for one in slices)
    return low, high


def box_round(spine: NDArray[np.bool_], grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Opposite corners of the box round a spine on the grid of the coarse pass, as far as that goes, world mm."""
    index = np.argwhere(spine)
    margin_mm = np.array([MARGIN_MM, MARGIN_MM, MARGIN_ALONG_MM])
    lower = grid.affine[:3, :3] @ (index.min(axis=0) - 0.5) + grid.affine[:3, 3] - margin_mm
    upper = grid.affine[:3, :3] @ (index.max(axis=0) + 0.5) + grid.affine[:3, 3] + margin_mm
    low_edge = grid.affine[:3, 3] - grid.spacing_mm / 2
    return np.maximum(lower, low_edge), np.minimum(upper, low_edge + np.array(grid.shape) * grid.spacing_mm)


def whole_image(image: Volume, spacing_mm: float, *, of_mr: bool = False) -> Located:
    """All of an image that no coarse pass has seen: the fine network looks everywhere.

    The position along the spine is not known.

    Parameters
    ----------
    image : Volume
        In any orientation.
    spacing_mm : float
        Edge of the voxels of the result's grid.
    of_mr : bool
        As in `Located`.
    """
    grid = covering_grid(image, spacing_mm)
    probability = np.zeros((len(LOCATOR_CLASSES), *grid.shape), np.float32)
    probability[LOCATOR_CLASSES.index("vertebra")] = 1
    unknown = np.full(grid.shape, np.nan, np.float32)
    lower = grid.affine[:3, 3] - spacing_mm / 2
    upper = lower + np.array(grid.shape) * spacing_mm
    return Located(grid, probability, unknown, unknown, np.ones(grid.shape, bool), lower, upper, of_mr)


def too_small_to_locate(image: Volume) -> bool:
    """Whether an image shows less than `LEAST_EXTENT_MM` along one of its axes."""
    return bool((np.array(image.shape) * image.spacing_mm).min() < LEAST_EXTENT_MM)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along axis 0, in place of the logits."""
    logits -= logits.max(axis=0, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0, keepdims=True)
    return logits
