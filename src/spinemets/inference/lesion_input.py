"""The channels that a lesion network sees, from the series of a study in one world."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spinemets.geometry import Grid, resample
from spinemets.inference.card import ModelCard
from spinemets.inference.input_scale import input_scale
from spinemets.inference.marrow_scale import MarrowScale
from spinemets.inference.preprocess import CtWindow
from spinemets.volume import Volume


def lesion_input(
    images: Mapping[str, Volume], inside: NDArray[np.bool_], grid: Grid, card: ModelCard
) -> NDArray[np.float32]:
    """(C, D, H, W) channels that a card names; see `spinemets.inference.lesion_classes`.

    Parameters
    ----------
    images : mapping of str to Volume
        By role, in the same world; an MR role of the card may be missing.
    inside : (D, H, W) ndarray of bool
        The vertebrae, on the grid.
    grid : Grid
        Of the network.
    card : ModelCard
        Whose ``input`` names the channels and how values become them.
    """
    described = card.details["input"]
    channels: list[NDArray[np.float32]] = []
    for name in described["channels"]:
        if name == "vertebra":
            channels.append(inside.astype(np.float32))
        elif name == "ct_marrow":
            values = resample(images["ct"], grid, fill=input_scale(images["ct"], card).fill)
            channels.append(CtWindow(**described["marrow_window"])(values))
        elif "marrow_scale" in described:
            channels.append(_beside_marrow(images.get(name), inside, grid, card))
        else:
            scale = input_scale(images[name], card)
            channels.append(scale.normalise(resample(images[name], grid, fill=scale.fill)))
    return np.stack(channels)


def _beside_marrow(image: Volume | None, inside: NDArray[np.bool_], grid: Grid, card: ModelCard) -> NDArray[np.float32]:
    """Signal beside that of marrow; as of nothing that any image shows where there is none, or none of a vertebra."""
    marrow_scale = MarrowScale(**card.details["input"]["marrow_scale"])
    nothing = np.full(grid.shape, marrow_scale.least, np.float32)
    if image is None:
        return nothing
    scale = input_scale(image, card)
    signal = scale.normalise(resample(image, grid, fill=scale.fill)) + 1
    shown = signal[inside & (signal > 0)]
    return marrow_scale.of(signal, float(np.median(shown))).astype(np.float32) if shown.size else nothing
