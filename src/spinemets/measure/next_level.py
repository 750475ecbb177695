"""Which of some levels stand directly on one another."""

from __future__ import annotations

from collections.abc import Collection

from spinemets.anatomy import Level

_OPTIONAL = {Level.T13, Level.L6}
"""Levels that most people do not have; T12 may be missing between T11 and L1."""


def level_above(levels: Collection[Level], level: Level) -> Level | None:
    """The next level of the spine above one, if it is among those given."""
    return _next_to(levels, level, -1)


def level_below(levels: Collection[Level], level: Level) -> Level | None:
    """The next level of the spine below one, if it is among those given."""
    return _next_to(levels, level, 1)


def _next_to(levels: Collection[Level], level: Level, step: int) -> Level | None:
    ordered = sorted(levels, key=lambda one: one.order)
    number = ordered.index(level) + step
    if not 0 <= number < len(ordered):
        return None
    upper, lower = sorted((level, ordered[number]), key=lambda one: one.order)
    missing = {one for one in Level if upper.order < one.order < lower.order} - _OPTIONAL
    if (upper, lower) == (Level.T11, Level.L1):
        missing.discard(Level.T12)
    return None if missing else ordered[number]
