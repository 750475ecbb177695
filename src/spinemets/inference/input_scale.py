"""How values of an image become the input of a network: HU by a fixed window, MR signal by the range of the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.inference.card import ModelCard
from spinemets.inference.locate import FILL_HU
from spinemets.volume import Volume

LARGEST_SAMPLE = 4_000_000
"""Percentiles are taken of every so many-th voxel of a larger image that no more than about so many are looked at."""


@dataclass(frozen=True)
class InputScale:
    """From the values of one image to the input of a network.

    Attributes
    ----------
    fill : float
        What lies outside the image, as a value of the image.
    normalise : callable
        Values of the image, of any shape, to input of the same shape.
    """

    fill: float
    normalise: Callable[[Any], Any]


def input_scale(image: Volume, card: ModelCard) -> InputScale:
    """The scale of one image for the network of a card; MR signal outside the image is its lowest."""
    if card.signal_range is None:
        return InputScale(FILL_HU, card.window)
    low, high = card.signal_range.of(_sample(without_padding(image.array)))
    return InputScale(low, partial(card.signal_range.scaled, low=low, high=high))


def without_padding(array: NDArray[Any]) -> NDArray[Any]:
    """(I, J, K) array without outer planes that hold one value throughout; as it is where nothing else would be left.

    Examples
    --------
    >>> without_padding(np.pad(np.arange(8.0).reshape(2, 2, 2), 3)).shape
    (2, 2, 2)
    """
    kept = array
    for axis in range(3):
        planes = np.moveaxis(kept, axis, 0)
        first, last = 0, len(planes)
        while first < last and planes[first].min() == planes[first].max():
            first += 1
        while last > first and planes[last - 1].min() == planes[last - 1].max():
            last -= 1
        if first == last:
            return array
        kept = np.moveaxis(planes[first:last], 0, axis)
    return kept


def _sample(array: NDArray[Any]) -> NDArray[Any]:
    step = int(np.ceil(np.cbrt(array.size / LARGEST_SAMPLE)))
    return array[::step, ::step, ::step]
