"""Heights in the trunk told by the spine, so that organs move with the vertebrae.

A `station` counts levels whatever their number: C1 -6, C7 0, T1 1, the last thoracic
vertebra 12, L1 13, the last lumbar one 17, S1 18; it goes on evenly above and below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.implicit import Array
from spinemets.simulate.subject import Subject

ABOVE_C1_MM = 18.0
BELOW_S1_MM = 33.0
"""Length of one station beyond the ends of the spine."""

Table = dict[float, float]
"""A value at some stations; between them it is interpolated, beyond them constant."""


@dataclass(frozen=True)
class Landmarks:
    """The spine as three functions of height.

    Attributes
    ----------
    station, x, y, z : (N,) ndarray
        Station and position of the bodies, z falling; world mm.
    scale, girth : float
        Of the subject.
    """

    station: Array
    x: Array
    y: Array
    z: Array
    scale: float
    girth: float

    def station_at(self, z: Array | float) -> Array:
        """Station at a height."""
        return np.asarray(np.interp(-np.asarray(z), -self.z, self.station))

    def height(self, station: float) -> float:
        """World z of a station, mm."""
        return float(np.interp(station, self.station, self.z))

    def spine(self, station: float) -> Array:
        """(3,) middle of the spine at a station, world mm."""
        return np.array([np.interp(station, self.station, axis) for axis in (self.x, self.y, self.z)])

    def value(self, table: Table, station: Array | float) -> Array:
        """Entry of a table at one or more stations, times the subject's scale."""
        return np.asarray(np.interp(station, list(table), list(table.values())) * self.scale)

    def point(self, station: float, x: float, y: float, z: float = 0.0) -> Array:
        """A place in mm of a subject of scale 1, measured from the spine at a station; x from the midline."""
        middle = self.spine(station)
        return middle * [0.3, 1.0, 1.0] + np.array([x * self.girth, y, z]) * self.scale


def station_of(level: Level, levels: tuple[Level, ...]) -> float:
    """Station of a level in a patient who has `levels`."""
    if level is Level.SACRUM:
        return 18.0
    number = int(level.value[1:])
    count = sum(other.region is level.region for other in levels)
    if level.region is Region.CERVICAL:
        return number - 7.0
    if level.region is Region.THORACIC:
        return 1.0 + (number - 1) * 11.0 / (count - 1)
    return 12.0 + number * 5.0 / count


def landmarks(subject: Subject, placed: dict[Level, PlacedVertebra]) -> Landmarks:
    """The landmarks of a subject whose vertebrae stand as `placed`."""
    station = [station_of(level, subject.levels) for level in placed]
    origins = np.array([vertebra.origin for vertebra in placed.values()])
    top, bottom = origins[0].copy(), origins[-1].copy()
    top[2] += 15 * ABOVE_C1_MM * subject.scale
    bottom[2] -= 15 * BELOW_S1_MM * subject.scale
    path = np.vstack([top, origins, bottom])
    stations = np.array([-21.0, *station, 33.0])
    return Landmarks(stations, path[:, 0], path[:, 1], path[:, 2], subject.scale, subject.girth)
