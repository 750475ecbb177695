"""Sac and cord of healthy people by level, and how fast they change along the canal.

Means of healthy young adults: spinalcordtoolbox, PAM50-normalized-metrics (`clinical.md` §3.3); below T5 no sac was
measured. The cord widens in the neck, narrows to half within three levels round T1, and ends near L1: a reference from
slices some centimetres away errs there by as much as tumour changes it, and by far more than in the middle of the back.

`simulate/dimensions.py` holds the same diameters once more, on purpose: there they are the truth that patients are
drawn from, here what the rule knows. Neither may follow the other when it is changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from spinemets.anatomy import Level
from spinemets.measure.population import POSTERIOR_MM

POPULATION: dict[Level, tuple[float, float, float, float, float, float]] = {
    Level.C1: (74.0, 8.3, 11.4, 294.0, 16.1, 23.2),
    Level.C2: (71.7, 7.8, 11.7, 252.0, 14.5, 22.2),
    Level.C3: (72.5, 7.6, 12.1, 210.0, 13.1, 20.8),
    Level.C4: (77.3, 7.6, 12.9, 206.0, 12.8, 21.0),
    Level.C5: (76.4, 7.5, 13.0, 208.0, 12.8, 21.2),
    Level.C6: (69.1, 7.1, 12.4, 200.0, 12.6, 20.7),
    Level.C7: (56.8, 6.6, 10.9, 195.0, 12.8, 19.7),
    Level.T1: (46.8, 6.3, 9.4, 182.0, 12.9, 18.0),
    Level.T2: (41.8, 6.1, 8.7, 161.0, 12.7, 16.1),
    Level.T3: (37.9, 5.8, 8.2, 151.0, 12.6, 15.1),
    Level.T4: (36.3, 5.7, 8.0, 143.0, 12.6, 14.4),
    Level.T5: (35.1, 5.6, 7.8, 144.0, 12.7, 14.3),
}
"""Mean cord area, anteroposterior and transverse diameter, and the same of the sac, mm² and mm."""

LOWER_CORD: dict[Level, tuple[float, float, float]] = {
    Level.T6: (34.9, 5.7, 7.7),
    Level.T7: (35.6, 5.8, 7.7),
    Level.T8: (37.3, 6.1, 7.8),
    Level.T9: (39.3, 6.3, 7.9),
    Level.T10: (42.5, 6.5, 8.2),
    Level.T11: (48.8, 7.0, 8.7),
    Level.T12: (46.5, 6.7, 8.2),
    Level.L1: (18.9, 4.1, 4.5),
}
"""Mean area, anteroposterior and transverse diameter of the cord where no sac was measured, mm² and mm."""

CORD = {level: row[:3] for level, row in POPULATION.items()} | LOWER_CORD
CORD_MM2 = {level: row[0] for level, row in CORD.items()}
SAC_MM2 = {level: row[3] for level, row in POPULATION.items()}
UPPER_NECK_MM, DISC_MM = 12.0, 5.0
"""Height of C1 and C2, which no table has, and of a disc (ours)."""
REACH = 2
"""Levels to either side that reference slices may lie in."""
LARGEST_TILT_DEG = 20.0
"""More tilted slices are not axial (`clinical.md` §2.1, [D])."""
BEND_RADIUS_MM = 200.0
"""Radius of the sharpest curve of a canal at rest (ours)."""


@dataclass(frozen=True)
class ReferenceSpan:
    """How far sac and cord may naturally differ from their reference.

    Attributes
    ----------
    cord, sac : (float, float)
        Smallest and largest factor of the area; 1 lies between them.
    centre_mm : float
        Of the middle of both.
    """

    cord: tuple[float, float] = (1.0, 1.0)
    sac: tuple[float, float] = (1.0, 1.0)
    centre_mm: float = 0.0


def between(
    reference: tuple[float, float],
    above: tuple[float, float],
    below: tuple[float, float],
    line_mm2: float | None = None,
) -> ReferenceSpan:
    """The span of a reference interpolated between two sides: whatever lies between what they show.

    How the cord changes on its way is a guess; that it does not leave what both ends show holds wherever it widens or
    narrows steadily. Where a bend was put on it, it may be none, or twice as large (ours).

    Parameters
    ----------
    reference, above, below : (float, float)
        Area of cord and of sac, mm²; the reference with the bend.
    line_mm2 : float, optional
        Area of the cord without the bend.
    """
    straight = reference[0] if line_mm2 is None else line_mm2
    spans = []
    for middle, one, other, line in zip(reference, above, below, (straight, reference[1]), strict=True):
        factors = (1.0, one / middle, other / middle, line / middle, middle / line) if middle > 0 else (1.0,)
        spans.append((min(factors), max(factors)))
    return ReferenceSpan(spans[0], spans[1])


def beyond(
    distance_mm: float, level: Level | None, *, cord_ends: bool, direction_is_seen: bool = True
) -> ReferenceSpan:
    """The span of a reference from one side alone, so far away along the canal.

    Parameters
    ----------
    distance_mm : float
        Between the slice and the middle of those that were averaged.
    level : Level or None
        Of the slice; anywhere above the conus without it.
    cord_ends : bool
        Whether the stack shows the end of the cord.
    direction_is_seen : bool
        Whether there are enough slices to tell which way the canal runs; else by as much to either side as slices may
        be tilted.
    """
    bend_mm = distance_mm**2 / (2 * BEND_RADIUS_MM)
    centre_mm = bend_mm + (0.0 if direction_is_seen else distance_mm * math.tan(math.radians(LARGEST_TILT_DEG)))
    cord = distance_mm * steepest_per_mm(CORD_MM2, level, with_end=cord_ends)
    sac = distance_mm * steepest_per_mm(SAC_MM2, level, with_end=True)
    return ReferenceSpan((math.exp(-cord), math.exp(cord)), (math.exp(-sac), math.exp(sac)), centre_mm)


def steepest_per_mm(area_mm2: Mapping[Level, float], level: Level | None, *, with_end: bool) -> float:
    """The steepest change of a healthy area within `REACH` levels, of its natural logarithm for each mm.

    Parameters
    ----------
    area_mm2 : mapping of Level to float
        From head to foot.
    level : Level or None
        About which; the whole table without it. Below the table its last change stands for all.
    with_end : bool
        Whether the last change counts wherever the level is.
    """
    levels = list(area_mm2)
    changes = [abs(math.log(area_mm2[low] / area_mm2[high])) / pitch_mm(high) for high, low in pairwise(levels)]
    if level is None:
        near = changes[:-1]
    elif level in area_mm2:
        number = levels.index(level)
        near = changes[max(number - REACH, 0) : number + REACH]
    else:
        near = changes[-1:]
    return max(near + (changes[-1:] if with_end else []))


def pitch_mm(level: Level) -> float:
    """Height of a vertebra of the table with the disc below it, mm."""
    return POSTERIOR_MM.get(level, UPPER_NECK_MM) + DISC_MM
