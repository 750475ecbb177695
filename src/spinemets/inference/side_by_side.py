"""Vertebrae stand one above another: two centres side by side are one vertebra's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.inference.votes import LEAST_SPACING, Ballot

ASIDE_DEG = 60.0
"""Two neighbours whose line is turned further than this from the lines to the next ones stand side by side (ours:
lordosis and kyphosis turn it by 10 degrees a level, and by 25 between L4, L5 and the sacrum)."""


def in_a_row(centres: NDArray[np.float64], ballot: Ballot) -> NDArray[np.float64]:
    """(N, 3) centres, with one for every two that stand side by side.

    Of a vertebra that the image cuts below its arch there may be an osteophyte on the left and one on the right; both
    vote for its body, which is not in the image, though not quite for the same place.

    Parameters
    ----------
    centres : (N, 3) ndarray
        Of what was told apart so far.
    ballot : Ballot
        What voted for them.
    """
    centres = centres[np.argsort(-centres[:, 2], kind="stable")]
    bone = np.bincount(ballot.owner(centres), minlength=len(centres) + 1)[1:].astype(float)
    place = 0
    while place < len(centres) - 1:
        if _side_by_side(centres, place, ballot):
            share = bone[place] / max(bone[place] + bone[place + 1], 1.0)
            centres[place] = share * centres[place] + (1 - share) * centres[place + 1]
            bone[place] += bone[place + 1]
            centres, bone = np.delete(centres, place + 1, axis=0), np.delete(bone, place + 1)
            place = max(place - 1, 0)
        else:
            place += 1
    return centres


def _side_by_side(centres: NDArray[np.float64], place: int, ballot: Ballot) -> bool:
    """Whether a centre and the next are closer than bodies are, and across the line of their neighbours."""
    near = centres[max(place - 1, 0) : place + 3]
    wide_mm = max(ballot.diameter_mm(centre) for centre in near)
    step = centres[place + 1] - centres[place]
    if np.linalg.norm(step) * ballot.spacing_mm >= LEAST_SPACING * wide_mm:
        return False
    lines = [centres[n + 1] - centres[n] for n in (place - 1, place + 1) if 0 <= n < len(centres) - 1]
    return all(_angle_deg(step, line) > ASIDE_DEG for line in lines or [np.array([0.0, 0.0, 1.0])])


def _angle_deg(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Between two lines, whichever way they run: 0 to 90."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(abs(one @ other) / max(lengths, 1e-9), 0.0, 1.0))))
