"""A piece that holds two bodies is two vertebrae, however their votes run together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.inference.votes import Ballot

HALVES_APART = 0.42
"""Of the diameter: the halves of one body are 0.28 to 0.37 of it apart from C3 to L5 in Panjabi's tables, two
neighbouring bodies 0.7 to 1.0, and less where the disc between them is gone (ours)."""
MORE_BONE = 1.25
"""And two vertebrae have at least this much of the bone of the larger neighbour (ours; twice is expected). One whose
middle is destroyed has ends that far apart too, but less bone than its neighbours."""
LONG = 3
"""So many from the top are not judged (ours): C2 with its dens is long and large, and above it lie C1 and what may be
a condyle of the skull."""


def divided(centres: NDArray[np.float64], ballot: Ballot) -> NDArray[np.float64]:
    """(N, 3) centres, with two for every piece between two others that holds two bodies.

    Where votes are spread, those of one body may have no peak of their own beside that of the next one.

    Parameters
    ----------
    centres : (N, 3) ndarray
        Of what was told apart so far.
    ballot : Ballot
        What voted for them.
    """
    owner = ballot.owner(centres)
    bone = np.bincount(owner, minlength=len(centres) + 1)[1:]
    result = list(centres)
    order = np.argsort(-centres[:, 2])
    for above, own, below in zip(order[LONG - 1 :], order[LONG:], order[LONG + 1 :], strict=False):
        if bone[own] < MORE_BONE * max(bone[above], bone[below]):
            continue
        piece = ballot.among(ballot.of_body & (owner == own + 1))
        upper = _upper_body(piece, centres[above] - centres[below])
        if upper is not None:
            result[own] = piece.votes[upper].mean(axis=0)
            result.append(piece.votes[~upper].mean(axis=0))
    return np.array(result).reshape(-1, 3)


def _upper_body(piece: Ballot, upwards: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Which of the voxels (M,) of a piece's bodies are the upper one's; None where it holds one body."""
    height = piece.index @ upwards
    if len(height) == 0 or height.min() == height.max():
        return None
    upper = height > (height.min() + height.max()) / 2
    middles = [piece.index[half].mean(axis=0) for half in (upper, ~upper)]
    apart = float(np.linalg.norm(middles[0] - middles[1])) * piece.spacing_mm
    wide = max(piece.diameter_mm(middle) for middle in middles)
    return upper if apart >= HALVES_APART * wide else None
