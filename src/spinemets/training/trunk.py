"""Weights of one network as the start of another that differs at its ends."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import Tensor, nn

from spinemets.errors import ModelError

log = logging.getLogger(__name__)

INPUT_AXIS = 1
"""Axis of a convolution's weight along which its input channels lie."""


def take_over(net: nn.Module, path: Path) -> list[str]:
    """Start a network from the weights of another, as far as they fit, and log what was taken and what was not.

    A convolution that has more input channels than the other one's gets the weights of the first channels; the others
    start at zero, so that it answers as before until they are learnt.

    Returns
    -------
    list of str
        Names of the weights that were taken.

    Raises
    ------
    ModelError
        If the file holds no weights, or nothing fits.
    """
    given = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(given, dict) or not all(isinstance(value, Tensor) for value in given.values()):
        raise ModelError(f"{path.name} holds no plain weights; name a weights.pt of a run or a file of checkpoints/")
    state = net.state_dict()
    taken = {name: fitted(given[name], own) for name, own in state.items() if name in given}
    fitting = {name: value for name, value in taken.items() if value is not None}
    if not fitting:
        raise ModelError(f"none of the {len(given)} weights of {path.name} fits the network to be trained")
    net.load_state_dict({**state, **fitting})
    left = [name for name in state if name not in fitting]
    log.info("%d of %d weights taken from %s; new: %s", len(fitting), len(state), path.name, ", ".join(left) or "none")
    return list(fitting)


def fitted(given: Tensor, own: Tensor) -> Tensor | None:
    """`given` as a weight of the shape of `own`, with zeros for further input channels; None where it does not fit."""
    if given.shape == own.shape:
        return given.to(own.dtype)
    others = [axis for axis in range(own.ndim) if axis != INPUT_AXIS]
    if own.ndim < 3 or given.ndim != own.ndim or any(given.shape[axis] != own.shape[axis] for axis in others):
        return None
    if given.shape[INPUT_AXIS] > own.shape[INPUT_AXIS]:
        return None
    padded = torch.zeros_like(own)
    padded[:, : given.shape[INPUT_AXIS]] = given
    return padded
