"""Heights of the discs, between the endplates of neighbouring bodies."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.height_reference import steps_between

Disc = tuple[Level, Level]
"""The levels above and below."""
ERROR_PER_VOXEL = 0.67
"""Half width of the 90 % interval of a height between two surfaces, in voxels, as for bodies (ours)."""


def disc_heights(ends: Mapping[Level, BodyEnds]) -> dict[Disc, Measured]:
    """Distance between the middles of the endplates of each two neighbouring levels, along the mean of their axes."""
    order = sorted(ends, key=lambda level: level.order)
    result = {}
    for above, below in pairwise(order):
        if steps_between(above, below) > 1:
            continue
        upper, lower = ends[above], ends[below]
        along = upper.lower.normal + lower.upper.normal
        height = float((upper.lower.centre_mm - lower.upper.centre_mm) @ along / np.linalg.norm(along))
        error = ERROR_PER_VOXEL * max(upper.voxel_mm, lower.voxel_mm)
        method = "between the middles of the endplates"
        result[above, below] = Measured(height, "mm", height - error, height + error, method)
    return result


def ratio_to_next(disc: Disc, heights: Mapping[Disc, Measured]) -> Finding:
    """Height of a disc by the mean of the discs next to it."""
    if disc not in heights:
        return NotAssessed(Reason.OUT_OF_FIELD, f"the disc {disc[0]}/{disc[1]} is not between two measured bodies")
    near = [own for other, own in heights.items() if other[1] is disc[0] or other[0] is disc[1]]
    usual = float(np.mean([one.value for one in near])) if near else 0.0
    if usual <= 0:
        return NotAssessed(Reason.NO_REFERENCE, f"no disc next to {disc[0]}/{disc[1]} was measured")
    own = heights[disc]
    names = "its height by the mean of the discs next to it"
    low, value, high = (max(x / usual, 0.0) for x in (own.low, own.value, own.high))
    return Measured(value, "1", low, high, names)
