"""Dynamic programming over a chain of hidden states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Array = NDArray[np.float64]


def viterbi(emission: Array, steps: list[Array]) -> tuple[NDArray[np.int64], float]:
    """The most probable path (N,) through a chain of hidden states, and its log-probability.

    Parameters
    ----------
    emission : (N, S) ndarray
        Log-likelihood of each state at each place.
    steps : list of (S, S) ndarray
        Log-probability of going from one state to the next; one fewer than places.
    """
    score, back = emission[0], []
    for here, step in zip(emission[1:], steps, strict=True):
        through = score[:, None] + step
        back.append(through.argmax(axis=0))
        score = through.max(axis=0) + here
    path = [int(score.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return np.array(path[::-1]), float(score.max())


def forward_backward(emission: Array, steps: list[Array]) -> tuple[Array, float]:
    """Marginal probability (N, S) of every state, and the logarithm of the sum over all paths; arguments as above."""
    forward, backward = [emission[0]], [np.zeros(emission.shape[1])]
    with np.errstate(divide="ignore", invalid="ignore"):
        for here, step in zip(emission[1:], steps, strict=True):
            forward.append(logsumexp(forward[-1][:, None] + step, axis=0) + here)
        for here, step in zip(emission[:0:-1], reversed(steps), strict=True):
            backward.append(logsumexp(step + (here + backward[-1])[None, :], axis=1))
        joint = np.array(forward) + np.array(backward[::-1])
        total = logsumexp(joint, axis=1, keepdims=True)
    return np.exp(joint - total), float(total[0, 0])
