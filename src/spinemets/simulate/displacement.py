"""A spine that has slipped or bent at one disc by known amounts: the truth is in the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.simulate.curve import PlacedVertebra


@dataclass(frozen=True)
class Displacement:
    """What the spine above one disc has done.

    Attributes
    ----------
    level : Level
        The lowest vertebra that moved; everything above moves with it.
    front_mm, right_mm : float
        Slip on the vertebra below, along that one's own axes.
    kyphosis_deg : float
        Bend to the front about the middle of the disc.
    scoliosis_deg : float
        Bend about the front axis: the patient's left side opens.
    """

    level: Level
    front_mm: float = 0.0
    right_mm: float = 0.0
    kyphosis_deg: float = 0.0
    scoliosis_deg: float = 0.0


def displaced(placed: Mapping[Level, PlacedVertebra], displacement: Displacement) -> dict[Level, PlacedVertebra]:
    """The spine with the displacement; what lies below stays where it is.

    Parameters
    ----------
    placed : mapping of Level to PlacedVertebra
        From head to foot, the sacrum last, as `place_spine` gives it.
    displacement : Displacement
        What happens.

    Raises
    ------
    ValueError
        If the spine has no such level, or it is the lowest.
    """
    order = list(placed)
    if displacement.level not in placed or displacement.level is order[-1]:
        raise ValueError(f"{displacement.level} is not a level of this spine that may move on the one below it")
    number = order.index(displacement.level)
    lower, upper = placed[order[number + 1]], placed[displacement.level]
    pivot = (lower.world(_end(lower, upper=True)) + upper.world(_end(upper, upper=False))) / 2
    right, front, _ = lower.axes
    turn = Rotation.from_rotvec(
        -np.radians(displacement.kyphosis_deg) * right + np.radians(displacement.scoliosis_deg) * front
    )
    shift = displacement.front_mm * front + displacement.right_mm * right
    moved = set(order[: number + 1])
    return {
        level: replace(
            vertebra,
            origin=pivot + turn.apply(vertebra.origin - pivot) + shift,
            axes=turn.apply(vertebra.axes),
        )
        if level in moved
        else vertebra
        for level, vertebra in placed.items()
    }


def corner_slip_mm(placed: Mapping[Level, PlacedVertebra], level: Level) -> tuple[float, float]:
    """Slip of a vertebra on the one below, to the front and to the right, by the corners of their endplates.

    The posterior-inferior corner of the upper one against the posterior-superior one of the lower one, along the
    lower one's upper endplate, as it is measured on images.
    """
    order = list(placed)
    lower, upper = placed[order[order.index(level) + 1]], placed[level]
    tilt = _tilt(lower)
    along = np.array([0.0, np.cos(tilt), np.sin(tilt)]) @ lower.axes
    gap = upper.world(_back_corner(upper, upper=False)) - lower.world(_back_corner(lower, upper=True))
    return float(gap @ along), float(gap @ lower.axes[0])


def cobb_of_deg(placed: Mapping[Level, PlacedVertebra], level: Level) -> tuple[float, float]:
    """(kyphosis, scoliosis) over three levels by the planes of the endplates, degrees.

    From the upper endplate of the level above to the lower endplate of the level below, in the planes of `level`.
    """
    order = list(placed)
    number = order.index(level)
    right, front, up = placed[level].axes

    def lean(normal: NDArray[np.float64], sideways: NDArray[np.float64]) -> float:
        return float(np.degrees(np.arctan2(normal @ sideways, normal @ up)))

    above, below = _normal(placed[order[number - 1]], upper=True), _normal(placed[order[number + 1]], upper=False)
    return lean(above, front) - lean(below, front), lean(below, right) - lean(above, right)


def _tilt(vertebra: PlacedVertebra) -> float:
    """Lean of each endplate from the middle plane of the body, radians; positive where the front is taller."""
    return float(np.arctan((vertebra.size.wedge - 1.0) * vertebra.size.height / vertebra.size.depth) / 2)


def _normal(vertebra: PlacedVertebra, *, upper: bool) -> NDArray[np.float64]:
    """Of an endplate, towards the head."""
    tilt = _tilt(vertebra) * (1 if upper else -1)
    return np.array([0.0, -np.sin(tilt), np.cos(tilt)]) @ vertebra.axes


def _end(vertebra: PlacedVertebra, *, upper: bool) -> NDArray[np.float64]:
    return np.array([0.0, 0.0, vertebra.middle_height / 2 * (1 if upper else -1)])


def _back_corner(vertebra: PlacedVertebra, *, upper: bool) -> NDArray[np.float64]:
    depth = vertebra.size.depth if upper else vertebra.low_depth
    lift = (vertebra.size.wedge - 1.0) * vertebra.size.height / vertebra.size.depth * depth / 2
    height = (vertebra.middle_height - lift) / 2
    return np.array([0.0, -depth / 2, height if upper else -height])
