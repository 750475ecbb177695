"""What the walls above and below say of how the wall of a vertebra leans when none of its corners is displaced."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.measure.canal_wall import CanalWall
from spinemets.measure.wall_profile import WallProfile

FURTHEST = 2
"""A wall or a canal this many levels away is still compared with (ours)."""


def usual_leans(
    level: Level, walls: Mapping[Level, CanalWall | None], profiles: Mapping[Level, WallProfile]
) -> tuple[float, float] | None:
    """How far a normal wall goes to the front for each millimetre up, at least and at most.

    Two lines say so: that which joins the lower corner of the body above and the upper corner of that below, and that
    which points as both walls do. Where a vertebra has slipped the first leans with the slip, and where bodies stand
    like the slats of a blind, as in the neck, against all of them; beside a fracture the second leans. A displaced
    corner departs from both, so a wall that leans as either or between them is as usual. None without a wall above and
    one below.

    Parameters
    ----------
    level : Level
        Whose wall.
    walls : mapping of Level to CanalWall or None
        Of every level.
    profiles : mapping of Level to WallProfile
        By their own corners.
    """
    near = nearest_levels(level, profiles)
    own = walls[level]
    if len(near) < 2 or own is None:
        return None
    above, below = (_corners(walls[one], profiles[one]) for one in near)
    leans = []
    for direction in (above[0] - below[1], _unit(above[1] - above[0]) + _unit(below[1] - below[0])):
        _, front, up = own.axes.rows @ direction
        if up > 0:
            leans.append(float(front / up))
    return (min(leans), max(leans)) if leans else None


def nearest_levels(level: Level, known: Collection[Level]) -> list[Level]:
    """The nearest known level above and below, at most `FURTHEST` away."""
    order = [other for other in Level if other in known or other is level or other not in (Level.T13, Level.L6)]
    place = {other: number for number, other in enumerate(order)}
    near = [other for other in known if other in place and 0 < abs(place[other] - place[level]) <= FURTHEST]
    above = [other for other in near if place[other] < place[level]]
    below = [other for other in near if place[other] > place[level]]
    found = [max(above, key=lambda other: place[other])] if above else []
    return found + ([min(below, key=lambda other: place[other])] if below else [])


def _corners(wall: CanalWall | None, profile: WallProfile) -> NDArray[np.float64]:
    """(2, 3) lower and upper corner of a wall in its mid-plane, world mm."""
    assert wall is not None, "a profile is one of a wall"
    ends = (profile.bottom_mm, profile.bottom_mm + profile.height_mm)
    return wall.axes.world(np.array([[0.0, profile.line_at(up), up] for up in ends]))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / float(np.linalg.norm(vector))
