"""What positions along the spine say of levels, where those of one image are all off by about as much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from spinemets.anatomy import PRESACRAL_LEVELS
from spinemets.inference.locator_classes import POSITION_OF_VERSE_ID

SHIFTS = np.arange(-8, 9) * 0.5
"""Positions of one image may all be off by one of these, levels (ours)."""
OWN_SHARE = 0.35
LEAST_OWN_ERROR = 0.3
"""Share of a position's error that is the vertebra's own and not common to the image, and its least scale, levels
(ours)."""
POSITION_LIMIT = 5.5
"""A position that fits no level speaks against it no louder than this (ours)."""

PLACES = np.array([POSITION_OF_VERSE_ID[level.verse_id] for level in PRESACRAL_LEVELS], dtype=np.float64)
"""(26,) position of every level that a vertebra can have."""


def position_log_likelihood(position: float | None, error: float, shift: float) -> NDArray[np.float64]:
    """(26,) log-likelihood of one vertebra's position at each level, all of the image being off by `shift` levels.

    Parameters
    ----------
    position : float or None
        Along the spine; None where nobody looked, which speaks for no level.
    error : float
        Scale of the Laplace distribution of its error, levels.
    shift : float
        Common error of the image, levels.
    """
    if position is None:
        return np.zeros(len(PLACES))
    scale = max(OWN_SHARE * error, LEAST_OWN_ERROR)
    return -np.minimum(np.abs(position - shift - PLACES) / scale, POSITION_LIMIT)


def shifts(errors: Sequence[float]) -> list[tuple[float, float]]:
    """Common errors of the positions of an image, and the logarithm of how likely each is.

    Parameters
    ----------
    errors : sequence of float
        Scale of the error of each position, levels; none without positions.
    """
    if not errors:
        return [(0.0, 0.0)]
    weight = -np.abs(SHIFTS) / max(float(np.median(errors)), LEAST_OWN_ERROR)
    return list(zip(SHIFTS.tolist(), (weight - logsumexp(weight)).tolist(), strict=True))
