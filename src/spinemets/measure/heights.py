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
LEAST_SHARE_OF_HEIGHT = 0.5
"""Lines shorter than this share of the median are not body but an osteophyte or a rounded corner (ours)."""
ERROR_PER_VOXEL = 0.67
"""Half width of the 90 % interval of a height, in voxels along the axis: each endplate is known to within half a
voxel either way, and two such errors add up to a standard deviation of 0.41."""
RELATIVE_ERROR = 0.02
"""What a tilt of the axes by 10° adds (ours)."""


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
    depth = _extent(surface.front_mm, height[central])
    width = _extent(surface.right_mm, height[:, across].T)
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


def _extent(place_mm: NDArray[np.float64], height: NDArray[np.float64]) -> tuple[float, float] | None:
    """First and last place along the second axis of `height` where the body is tall enough to be body."""
    with np.errstate(all="ignore"):
        known = np.isfinite(height)
        count = known.sum(axis=0)
        mean = np.where(count > 0, np.where(known, height, 0).sum(axis=0) / np.maximum(count, 1), 0.0)
    if (mean > 0).sum() < 5:
        return None
    tall = mean >= LEAST_SHARE_OF_HEIGHT * float(np.median(mean[mean > 0]))
    centre = int(np.abs(place_mm).argmin())
    if not tall[centre]:
        nearest = np.flatnonzero(tall)
        centre = int(nearest[np.abs(nearest - centre).argmin()])
    gaps = np.flatnonzero(~tall)
    low = int(gaps[gaps < centre].max(initial=-1)) + 1
    high = int(gaps[gaps > centre].min(initial=len(tall))) - 1
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
    error = float(np.hypot(ERROR_PER_VOXEL * surface.voxel_up_mm, RELATIVE_ERROR * height))
    method = "distance between the endplates along the vertebra's own axis, mean over 5 mm of width"
    ends = surface.axes.world(np.array([[right, front, lower], [right, front, upper]]))
    return Measured(height, "mm", max(height - error, 0.0), height + error, method), ends
