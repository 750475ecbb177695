"""How much smaller a body is than its unaffected neighbours lead one to expect."""

from __future__ import annotations

from collections.abc import Mapping

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.height_reference import steps_between
from spinemets.measure.population import usual_volume_ml

SURFACE_SHARE = 0.05
"""Half width of the 90 % interval of a body's volume, as a fraction: half a voxel of 1 mm over its surface (ours)."""
BETWEEN_SPREAD, ONE_SIDED_SPREAD = 0.10, 0.15
"""The same of a volume expected between two neighbours, and from one by the population's ratio (ours; height, width
and depth each stray by some 6 %, and together)."""


def volume_loss(level: Level, volumes_ml: Mapping[Level, float], neighbours: tuple[Level, ...]) -> Finding:
    """Fraction of its expected volume that a body has lost, in [0, 1].

    Parameters
    ----------
    level : Level
        Which body.
    volumes_ml : mapping of Level to float
        Volumes of whole bodies; destroyed bone belongs to its body, so a mask without it must be joined to the lesion.
    neighbours : tuple of Level
        The unaffected ones, as `HeightLoss.neighbours` names them: the nearest above and below, or one.

    Raises
    ------
    ValueError
        If a volume is not positive or one that is needed is missing.
    """
    for one in (level, *neighbours):
        if not volumes_ml.get(one, 0.0) > 0:
            raise ValueError(f"the volume of {one} must be given and positive, got {volumes_ml.get(one)}")
    if not neighbours:
        return NotAssessed(Reason.NO_REFERENCE, f"no unaffected neighbour of {level} is seen")
    if len(neighbours) == 2:
        up, down = (abs(steps_between(level, other)) for other in neighbours)
        first, second = (volumes_ml[other] for other in neighbours)
        usual, spread = (first * down + second * up) / (up + down), BETWEEN_SPREAD
    else:
        own, other = usual_volume_ml(level), usual_volume_ml(neighbours[0])
        if own is None or other is None:
            return NotAssessed(Reason.NO_REFERENCE, f"no table gives the size of {level}")
        usual, spread = volumes_ml[neighbours[0]] * own / other, ONE_SIDED_SPREAD
    ratio = volumes_ml[level] / usual
    error = ratio * (spread**2 + SURFACE_SHARE**2) ** 0.5
    low, value, high = (min(max(1 - ratio + sign * error, 0.0), 1.0) for sign in (-1, 0, 1))
    return Measured(value, "1", low, high, f"1 - volume / that expected from {' and '.join(map(str, neighbours))}")
