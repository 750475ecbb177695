"""The cord between slices above and below it, which is no straight line where it widens, narrows or ends.

A straight line through both sides is 15 % too small at C5, 12 % too large at T1 and 29 % too small at T12 (area of the
PAM50 template, sides from 18 to 38 mm away). A parabola through the slices themselves tells by how much, as far as it
is sure of it; healthy means of the levels near by (`canal_taper.CORD`) tell how far it may go.
Together they are off by 5 % at most from C3 to T10, but 7 % at C7, and by 7 and 8 % at T11 and T12, where the conus of
one person lies elsewhere than that of another (ours; `clinical.md` §2.2 divides by the healthy mean of the level, which
needs the height within it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.measure.canal_taper import CORD, pitch_mm

Array = NDArray[np.float64]

LEAST_SLICES = 3
"""On a side of the tumour, for a curve to be followed (ours)."""
NEAR = 1
"""Levels to either side at which the table may stand for a slice: a level is the name of the nearest body (ours)."""
STEP_MM = 2.0


@dataclass(frozen=True)
class Bend:
    """By what a healthy cord differs from the straight line between what lies above and below it.

    Attributes
    ----------
    low, usual, high : float
        Factors: the smallest and largest near the level, and that in its middle; 1 is straight.
    """

    low: float = 1.0
    usual: float = 1.0
    high: float = 1.0


def bends(sides_mm: Sequence[Array], sides: Sequence[Array], line: Array, level: Level | None) -> Array:
    """(3,) factors of area and diameters of a cord, by what a straight line between both sides makes of them.

    No diameter bends further than the area does, nor to its other side: that would be pixels, not the cord.

    Parameters
    ----------
    sides_mm : two (N,) ndarrays
        How far the slices of either side lie above the slice in question, mm, negative below it.
    sides : two (N, 3) ndarrays
        Their area, anteroposterior and transverse diameter.
    line : (3,) ndarray
        The same on the straight line.
    level : Level or None
        Of the slice.
    """
    known = [healthy_bend(number, level, sides_mm) for number in range(3)]
    own = np.array([each.usual for each in known])
    if min(map(len, sides)) >= LEAST_SLICES:
        own = 1 + _sure_of(np.concatenate(sides_mm), np.concatenate(sides), line) / line
    found = np.clip(own, [each.low for each in known], [each.high for each in known])
    return np.clip(found, min(1.0, found[0]), max(1.0, found[0]))


def _sure_of(heights_mm: Array, values: Array, line: Array) -> Array:
    """(K,) how far a parabola through (N, K) values lies above a line at height 0, less what its own error makes of it.

    A difference of d that is only known to a standard error of e counts as d (1 - e² / d²), and not at all where e is
    the larger one.
    """
    parabola, covariance = np.polyfit(heights_mm, values, 2, cov=True)
    apart = parabola[-1] - line
    share = covariance[-1, -1] / np.maximum(apart**2, np.finfo(float).tiny)
    sure: Array = apart * np.maximum(1 - share, 0.0)
    return sure


def healthy_bend(number: int, level: Level | None, sides_mm: Sequence[Array]) -> Bend:
    """How much more of a healthy cord there is at a level than a straight line between two sides makes of it.

    Parameters
    ----------
    number : int
        0 area, 1 anteroposterior and 2 transverse diameter.
    level : Level or None
        Of the slice; without it anywhere in the table, and then straight is usual.
    sides_mm : two (N,) ndarrays
        As in `bends`.
    """
    heights, values = _profile(number)
    places = np.arange(heights[0], 0.0, STEP_MM)
    if level in CORD:
        levels = list(CORD)
        about = levels.index(level)
        low, high = levels[min(about + NEAR, len(levels) - 1)], levels[max(about - NEAR, 0)]
        places = np.append(np.arange(_height_mm(low), _height_mm(high) + STEP_MM / 2, STEP_MM), _height_mm(level))
    own = np.interp(places, heights, values)
    line = _straight([np.interp(places[:, None] + side, heights, values) for side in sides_mm], sides_mm)
    seen = (own > 0) & (line > 0)
    factors = own[seen] / line[seen]
    if not len(factors):
        return Bend()
    usual = float(factors[-1]) if level in CORD and seen[-1] else 1.0
    return Bend(float(factors.min()), usual, float(factors.max()))


def _straight(sides: Sequence[Array], sides_mm: Sequence[Array]) -> Array:
    """(M,) values on the line between the means of two sides, each (M, N); 0 where the cord has ended on one."""
    shown = [np.maximum((side > 0).sum(axis=1), 1) for side in sides]
    one, other = (side.sum(axis=1) / count for side, count in zip(sides, shown, strict=True))
    here, there = (float(side.mean()) for side in sides_mm)
    line: Array = np.where((one > 0) & (other > 0), (one * there - other * here) / (there - here), 0.0)
    return line


def _profile(number: int) -> tuple[Array, Array]:
    """Heights below the middle of C1, ascending, mm, and one of the numbers of `CORD` there.

    It ends at the disc below L1, where half of all cords have ended (`clinical.md` §2.4).
    """
    heights = [_height_mm(level) for level in CORD]
    end = heights[-1] - pitch_mm(Level.L1) / 2
    return np.array([*heights, end])[::-1], np.array([*(row[number] for row in CORD.values()), 0.0])[::-1]


def _height_mm(level: Level) -> float:
    """Of the middle of a vertebra of the table, below that of C1."""
    passed = list(CORD)[: list(CORD).index(level) + 1]
    return -sum((pitch_mm(high) + pitch_mm(low)) / 2 for high, low in pairwise(passed))
