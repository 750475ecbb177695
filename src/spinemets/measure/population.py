"""Published sizes of vertebral bodies, for the ratio between levels where a neighbour is missing.

Posterior heights, and widths and depths of the upper endplate: Panjabi MM et al. Spine 1991;16:861-869 (cervical),
1991;16:888-901 (thoracic), 1992;17:299-306 (lumbar), as rounded in `clinical.md` §3.1, where they are marked [R]:
recalled, to be checked against the papers before they are cited. Front-to-back ratios are the ranges given there; where
it gives none (C3 to T3, L3), ours.
"""

from __future__ import annotations

import math

from spinemets.anatomy import Level

POSTERIOR_MM: dict[Level, float] = {
    Level.C3: 11.5,
    Level.C4: 11.5,
    Level.C5: 11.5,
    Level.C6: 11.0,
    Level.C7: 13.0,
    Level.T1: 14.0,
    Level.T2: 15.5,
    Level.T3: 15.5,
    Level.T4: 16.0,
    Level.T5: 16.0,
    Level.T6: 17.5,
    Level.T7: 18.0,
    Level.T8: 18.5,
    Level.T9: 19.5,
    Level.T10: 20.0,
    Level.T11: 21.5,
    Level.T12: 22.5,
    Level.L1: 24.0,
    Level.L2: 24.5,
    Level.L3: 24.0,
    Level.L4: 24.0,
    Level.L5: 23.0,
}
"""Posterior body height, mm; means."""

WIDTH_DEPTH_MM: dict[Level, tuple[float, float]] = {
    Level.C3: (16.0, 15.0),
    Level.C4: (17.0, 15.5),
    Level.C5: (17.5, 15.0),
    Level.C6: (18.5, 16.5),
    Level.C7: (22.0, 18.0),
    Level.T1: (24.5, 18.5),
    Level.T2: (25.0, 19.5),
    Level.T3: (24.5, 22.5),
    Level.T4: (24.5, 23.5),
    Level.T5: (25.0, 24.5),
    Level.T6: (26.0, 26.0),
    Level.T7: (28.0, 27.5),
    Level.T8: (29.5, 28.0),
    Level.T9: (30.5, 29.5),
    Level.T10: (32.0, 30.5),
    Level.T11: (35.0, 32.0),
    Level.T12: (39.0, 33.0),
    Level.L1: (41.0, 34.0),
    Level.L2: (42.5, 34.5),
    Level.L3: (44.0, 35.0),
    Level.L4: (46.5, 35.5),
    Level.L5: (47.5, 34.5),
}
"""Width and depth of the upper endplate, mm; means."""

FRONT_TO_BACK: dict[Level, float] = {
    **{Level(f"C{n}"): 1.0 for n in range(3, 8)},
    **{Level(f"T{n}"): 0.98 for n in range(1, 4)},
    **{Level(f"T{n}"): 0.95 for n in range(4, 13)},
    Level.L1: 0.99,
    Level.L2: 0.99,
    Level.L3: 1.03,
    Level.L4: 1.08,
    Level.L5: 1.15,
}
"""Anterior by posterior height of a normal body: its natural wedge."""


def usual_height_mm(level: Level, column: str) -> float | None:
    """Mean height of a column of a normal body, mm; None at levels that no table has.

    The middle, and left and right, are taken half-way between front and back.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    if column not in ("anterior", "middle", "posterior", "left", "right"):
        raise ValueError(f"'{column}' is no column of a body")
    if level not in POSTERIOR_MM:
        return None
    posterior, ratio = POSTERIOR_MM[level], FRONT_TO_BACK[level]
    return posterior * {"posterior": 1.0, "anterior": ratio}.get(column, (1.0 + ratio) / 2)


def usual_volume_ml(level: Level) -> float | None:
    """Volume of the elliptic cylinder of a level's mean height, width and depth, ml; None at levels without a table.

    Good for the ratio of two levels: a real body has a waist.
    """
    height = usual_height_mm(level, "middle")
    if height is None:
        return None
    width, depth = WIDTH_DEPTH_MM[level]
    return math.pi / 4 * height * width * depth / 1000
