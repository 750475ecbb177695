"""What a body's height would be without fracture, from its unaffected neighbours; and what is lost of it.

The natural wedge of each level is divided out by comparing like columns (`clinical.md` §1.5): a normal L5 is
a quarter taller in front and no fracture.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.heights import COLUMNS, SIDE_COLUMNS, BodyHeights
from spinemets.measure.population import usual_height_mm

AFFECTED_FROM = 0.10
"""A body that lost more than this is no reference for others (`clinical.md` §1.5)."""
CROWD = 4
"""So many of the nearest bodies are its neighbours for that (ours)."""
FURTHEST = 4
"""A neighbour more levels away than this is none (ours)."""
REFERENCE_SPREAD = {Region.CERVICAL: 0.18, Region.THORACIC: 0.10, Region.LUMBAR: 0.06, Region.SACRAL: 0.06}
"""Half width of the 90 % interval of a reference, as a fraction: how far a normal body strays from the line between its
neighbours (ours; so that 96 % of the intervals of a loss hold in the neck and the thorax of 22 simulated validation
patients; nine in ten real thoracic columns of three label maps stray by at most 0.10, lumbar ones by 0.05; the sacrum
as the lumbar spine, not measured)."""
FURTHER_SPREAD = 0.25
"""By this share more for each step by which the product of those to both neighbours exceeds one: so a curve departs
from its chord. Nine in ten normal bodies strayed from those next to them by at most 0.13 in the neck and 0.08 in the
thorax, where one of both was two levels away by 0.18 and 0.10 (ours; 25 simulated validation patients)."""
ONE_SIDED = 1.5
"""So many times that where only one neighbour is there and the population's ratio stands in for the other (ours)."""
ALL = (*COLUMNS, *SIDE_COLUMNS)


@dataclass(frozen=True)
class HeightLoss:
    """Reference and loss of one body.

    Attributes
    ----------
    reference_mm : mapping of str to Finding
        For each of ``anterior``, ``middle``, ``posterior``, ``left``, ``right``.
    loss : mapping of str to Finding
        Fraction of the reference, in [0, 1], for the same.
    largest : Finding
        The largest of them.
    asymmetry : Finding
        Right minus left height, as a fraction of the reference; negative where the right side lost more.
    neighbours : tuple of Level
        Where the reference comes from.
    by_interval : bool
        The outline is coarse: a fracture is claimed only where the whole interval of the largest loss says so.
    """

    reference_mm: Mapping[str, Finding]
    loss: Mapping[str, Finding]
    largest: Finding
    asymmetry: Finding
    neighbours: tuple[Level, ...]
    by_interval: bool = False


def height_losses(heights: Mapping[Level, BodyHeights], *, excluded: Collection[Level] = ()) -> dict[Level, HeightLoss]:
    """Loss of height of every body.

    Which bodies are unaffected is found first: the one that lost most against the median of its neighbours, each by
    the population's ratio, is set aside, and all are compared again, until none of those left has surely lost more
    than `AFFECTED_FROM`: by more than that and `REFERENCE_SPREAD`, which a normal body may lack.

    Parameters
    ----------
    heights : mapping of Level to BodyHeights
        Bodies that are wholly visible.
    excluded : collection of Level
        Bodies that are no reference whatever their height: with a large lesion, an implant, or cement.
    """
    fit = {level for level in heights if level not in excluded and usual_height_mm(level, "middle") is not None}
    while fit:
        lost = {level: _raw_loss(level, heights, fit - {level}) - REFERENCE_SPREAD[level.region] for level in fit}
        worst = max(fit, key=lambda level: lost[level])
        if lost[worst] <= AFFECTED_FROM:
            break
        fit.remove(worst)
    return {level: _height_loss(level, heights, fit - {level}) for level in heights}


def _raw_loss(level: Level, heights: Mapping[Level, BodyHeights], fit: set[Level]) -> float:
    """The largest loss of a column against the median of the nearest bodies on both sides."""
    near = sorted(
        (other for other in fit if abs(steps_between(level, other)) <= FURTHEST),
        key=lambda o: abs(steps_between(level, o)),
    )
    if not near:
        return 0.0
    losses = []
    for column in ALL:
        usual = usual_height_mm(level, column) or np.nan
        ratios = [heights[o].columns[column].value / (usual_height_mm(o, column) or np.nan) for o in near[:CROWD]]
        losses.append(1 - heights[level].columns[column].value / (usual * float(np.median(ratios))))
    return max(losses)


def _neighbours(level: Level, fit: Collection[Level]) -> tuple[Level, ...]:
    """The nearest fit level above and below, as far as there are any."""
    near = [other for other in fit if 0 < abs(steps_between(level, other)) <= FURTHEST]
    above = max((other for other in near if other.order < level.order), key=lambda other: other.order, default=None)
    below = min((other for other in near if other.order > level.order), key=lambda other: other.order, default=None)
    return tuple(other for other in (above, below) if other is not None)


def steps_between(level: Level, other: Level) -> int:
    """Levels from one to the other; T13 and L6 take no place of their own."""
    return _PLACE[other] - _PLACE[level]


_PLACE = {level: level.order - (level.order >= Level.T13.order) - (level.order >= Level.L6.order) for level in Level}


def _expected(
    level: Level, column: str, heights: Mapping[Level, BodyHeights], fit: Collection[Level]
) -> tuple[float, float, tuple[Level, ...]] | None:
    """Expected height, the half width of its interval as a fraction, and where it comes from."""
    near, spread = _neighbours(level, fit), REFERENCE_SPREAD[level.region]
    if len(near) == 2:
        above, below = near
        up, down = abs(steps_between(level, above)), abs(steps_between(level, below))
        spread *= 1 + FURTHER_SPREAD * (up * down - 1)
        first, second = (heights[other].columns[column].value for other in near)
        return (first * down + second * up) / (up + down), spread, near
    if len(near) == 1:
        own, other = usual_height_mm(level, column), usual_height_mm(near[0], column)
        if own is None or other is None:
            return None
        return heights[near[0]].columns[column].value * own / other, ONE_SIDED * spread, near
    return None


def _height_loss(level: Level, heights: Mapping[Level, BodyHeights], fit: Collection[Level]) -> HeightLoss:
    own = heights[level].columns
    references: dict[str, Finding] = {}
    losses: dict[str, Finding] = {}
    near: tuple[Level, ...] = ()
    for column in ALL:
        expected = _expected(level, column, heights, fit)
        if expected is None:
            reason = NotAssessed(Reason.NO_REFERENCE, f"no unaffected neighbour of {level} is within {FURTHEST} levels")
            references[column] = losses[column] = reason
            continue
        value, spread, near = expected
        sources = " and ".join(map(str, near))
        how = f"interpolated between {sources}" if len(near) == 2 else f"{sources} by the population's ratio"
        references[column] = Measured(value, "mm", value * (1 - spread), value * (1 + spread), how)
        losses[column] = _loss(own[column], value, spread, how)
    return HeightLoss(references, losses, _largest(losses), _asymmetry(own, references), near)


def _loss(height: Measured, reference: float, spread: float, how: str) -> Measured:
    loss = 1 - height.value / reference
    error = float(np.hypot((height.high - height.value) / reference, spread * height.value / reference))
    low, value, high = (float(np.clip(x, 0.0, 1.0)) for x in (loss - error, loss, loss + error))
    return Measured(value, "1", low, high, f"1 - height / reference; reference {how}")


def _largest(losses: Mapping[str, Finding]) -> Finding:
    known = [loss for loss in losses.values() if isinstance(loss, Measured)]
    if len(known) < len(losses):
        return next(loss for loss in losses.values() if not isinstance(loss, Measured))
    most = max(known, key=lambda loss: loss.value)
    low, high = max(loss.low for loss in known), max(loss.high for loss in known)
    return Measured(most.value, "1", min(low, most.value), high, "largest of the three columns and both sides")


def _asymmetry(own: Mapping[str, Measured], references: Mapping[str, Finding]) -> Finding:
    left, right = (references[side] for side in SIDE_COLUMNS)
    if not (isinstance(left, Measured) and isinstance(right, Measured)):
        return next(side for side in (left, right) if not isinstance(side, Measured))
    pairs = (("left", left.value), ("right", right.value))
    ratio = {side: own[side].value / reference for side, reference in pairs}
    errors = [(own[side].high - own[side].value) / reference for side, reference in pairs]
    error = float(np.hypot(errors[0], errors[1]))
    value = ratio["right"] - ratio["left"]
    return Measured(value, "1", value - error, value + error, "right minus left height, each by its reference")
