"""Height of a vertebral body in three columns, measured in its own axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.measure.body_surface import BodySurface

COLUMNS = ("anterior", "middle", "posterior")
SIDE_COLUMNS = ("left", "right")
DEPTH_SHARE = {"anterior": 0.15, "middle": 0.50, "posterior": 0.85}
"""Share of the depth, from the front, at which each height is taken (`clinical.md` §1.5)."""
SIDE_SHARE = 1 / 3
"""Left and right heights are taken this share of the width away from the middle."""
HALF_WIDTH_MM = 2.5
"""Heights are the mean over the central 5 mm (`clinical.md` §1.5)."""
HALF_DEPTH_MM = 1.5
"""And over this distance to the front and back (ours)."""
LEAST_SHARE_OF_HEIGHT, LEAST_SHARE_IN_FRONT = 0.5, 0.25
"""Lines shorter than this share of the median are not body but an osteophyte or a rounded corner; in front, where
wedges collapse, than the second (ours: with a half the front of a steep wedge was no body, and a loss of 0.7 was
measured as 0.23 and 0.33 in two simulated validation patients). Behind, short lines are where a body was cut from its
arch."""
ERROR_PER_VOXEL = 0.67
"""Half width of the 90 % interval of a height, in voxels along the axis: each endplate is known to within half a
voxel either way, and two such errors add up to a standard deviation of 0.41."""
RELATIVE_ERROR = 0.02
"""What a tilt of the axes by 10° adds (ours)."""
EDGE_MM = 2.0
"""A front that is rounded and lies between voxels gets low within this; a collapsed one on a longer way (ours)."""
PLACE_ERROR_MM, SLOPE_REACH_MM = 2.0, 4.0
"""A column's place depends on where a rounded, perhaps crushed body ends in front and behind: so far it may be off, and
its height by as much as the height changes on that way, taken within the second (ours)."""


@dataclass(frozen=True, eq=False)
class BodyHeights:
    """Heights of one body.

    Attributes
    ----------
    columns : mapping of str to Measured
        ``anterior``, ``middle``, ``posterior``, and ``left``, ``right`` at the middle of the depth, mm.
    ends_mm : mapping of str to (2, 3) ndarray
        Lower and upper end of each, world mm, for drawing.
    depth_mm, width_mm : float
        Of the body at half its height.
    """

    columns: Mapping[str, Measured]
    ends_mm: Mapping[str, NDArray[np.float64]]
    depth_mm: float
    width_mm: float


def body_heights(surface: BodySurface) -> BodyHeights | NotAssessed:
    """Heights of a body, with the interval that its voxels leave.

    Returns
    -------
    BodyHeights or NotAssessed
        `Reason.TOO_SMALL` where no line through the middle meets both endplates.
    """
    height = surface.height_mm
    central = np.abs(surface.right_mm) <= HALF_WIDTH_MM
    across = np.abs(surface.front_mm) <= HALF_WIDTH_MM
    depth = _extent(surface.front_mm, height[central], LEAST_SHARE_IN_FRONT)
    width = _extent(surface.right_mm, height[:, across].T, LEAST_SHARE_OF_HEIGHT)
    if depth is None or width is None:
        return NotAssessed(Reason.TOO_SMALL, "no line through the middle of the body meets both endplates")
    back, front = depth
    left, right = width
    places = {name: (0.0, front - share * (front - back)) for name, share in DEPTH_SHARE.items()}
    middle, half = (left + right) / 2, (right - left) * SIDE_SHARE
    places |= {"left": (middle - half, (front + back) / 2), "right": (middle + half, (front + back) / 2)}
    columns, ends = {}, {}
    for name, place in places.items():
        found = _column(surface, *place)
        if found is None:
            return NotAssessed(Reason.TOO_SMALL, f"the {name} column of the body has no height")
        columns[name], ends[name] = found
    return BodyHeights(columns, ends, front - back, right - left)


def _extent(
    place_mm: NDArray[np.float64], height: NDArray[np.float64], share_at_end: float
) -> tuple[float, float] | None:
    """First and last place along the second axis of `height` where the body is tall enough to be body.

    Beyond the middle `share_at_end` of the median is enough where that takes in more than `EDGE_MM`, before it
    `LEAST_SHARE_OF_HEIGHT`.
    """
    known = np.isfinite(height)
    mean = np.where(known, height, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    if (mean > 0).sum() < 5:
        return None
    usual = float(np.median(mean[mean > 0]))
    tall = mean >= LEAST_SHARE_OF_HEIGHT * usual
    centre = int(np.abs(place_mm).argmin())
    if not tall[centre]:
        nearest = np.flatnonzero(tall)
        centre = int(nearest[np.abs(nearest - centre).argmin()])
    gaps, beyond = np.flatnonzero(~tall), np.flatnonzero(mean < share_at_end * usual)
    low = int(gaps[gaps < centre].max(initial=-1)) + 1
    high, wedge = (int(ends[ends > centre].min(initial=len(tall))) - 1 for ends in (gaps, beyond))
    if place_mm[wedge] - place_mm[high] > EDGE_MM:
        high = wedge
    half_step = (place_mm[1] - place_mm[0]) / 2
    return float(place_mm[low] - half_step), float(place_mm[high] + half_step)


def _column(surface: BodySurface, right: float, front: float) -> tuple[Measured, NDArray[np.float64]] | None:
    rows = np.abs(surface.right_mm - right) <= HALF_WIDTH_MM
    columns = np.abs(surface.front_mm - front) <= HALF_DEPTH_MM
    top, bottom = surface.top_mm[np.ix_(rows, columns)], surface.bottom_mm[np.ix_(rows, columns)]
    if not np.isfinite(top).any():
        return None
    upper, lower = float(np.nanmedian(top)), float(np.nanmedian(bottom))
    height = float(np.nanmean(top - bottom))
    by_place = PLACE_ERROR_MM * _slope(surface, rows, front)
    error = float(np.linalg.norm([ERROR_PER_VOXEL * surface.voxel_up_mm, RELATIVE_ERROR * height, by_place]))
    method = "distance between the endplates along the vertebra's own axis, mean over 5 mm of width"
    ends = surface.axes.world(np.array([[right, front, lower], [right, front, upper]]))
    return Measured(height, "mm", max(height - error, 0.0), height + error, method), ends


def _slope(surface: BodySurface, rows: NDArray[np.bool_], front: float) -> float:
    """By how much the height changes for each millimetre to the front or back, round a place."""
    near = np.abs(surface.front_mm - front) <= SLOPE_REACH_MM
    height = surface.height_mm[np.ix_(rows, near)]
    known = np.isfinite(height)
    place = np.broadcast_to(surface.front_mm[near], height.shape)
    if np.ptp(place[known]) < SLOPE_REACH_MM:
        return 0.0
    return float(abs(np.polyfit(place[known], height[known], 1)[0]))
