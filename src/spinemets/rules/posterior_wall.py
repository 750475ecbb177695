"""Bulge or retropulsion of a posterior wall, from its shape.

Table 1 of the review (Montoya-Bordón 2023, after Laredo 1995, Radiology 194:41-48) gives bulging to metastasis and
retropulsion of a fragment to osteoporosis, without numbers. The numbers here are ours (`clinical.md` §1.3), and
whatever fits neither is indeterminate.
"""

from __future__ import annotations

from enum import Enum

from spinemets.findings import Finding, Measured

SOURCE = "Laredo 1995, Radiology 194:41-48; numbers ours"
DEEP_FROM_MM = 2.0
"""A wall that stands less than this behind its chord is neither; flat or hollow is normal."""
MIDDLE = (0.2, 0.8)
"""A bulge has its peak in the middle 60 % of the height."""
ANGULAR_FROM_DEG = 30.0
SHAPE = ("depth_mm", "height_fraction", "turning_deg", "width_fraction", "roundness")
"""What a wall is judged by."""
WIDE_FROM = 0.5
ROUND_FROM = 0.8


class WallLabel(str, Enum):
    """What a posterior wall is."""

    NORMAL = "normal"
    BULGE = "bulge"
    RETROPULSION = "retropulsion"
    INDETERMINATE = "indeterminate"


def wall_label(
    depth_mm: Finding, height_fraction: Finding, turning_deg: Finding, width_fraction: Finding, roundness: Finding
) -> WallLabel | None:
    """What a wall of that shape is; None where its depth was not measured.

    A depth whose interval contains `DEEP_FROM_MM` is indeterminate.
    """
    if not isinstance(depth_mm, Measured):
        return None
    if depth_mm.high < DEEP_FROM_MM:
        return WallLabel.NORMAL
    if depth_mm.low < DEEP_FROM_MM:
        return WallLabel.INDETERMINATE
    parts = (height_fraction, turning_deg, width_fraction)
    if not all(isinstance(part, Measured) for part in parts):
        return WallLabel.INDETERMINATE
    place, turn, width = (part.value for part in parts if isinstance(part, Measured))
    central = MIDDLE[0] <= place <= MIDDLE[1]
    smooth = isinstance(roundness, Measured) and roundness.value >= ROUND_FROM
    if central and turn < ANGULAR_FROM_DEG and width >= WIDE_FROM and smooth:
        return WallLabel.BULGE
    if turn >= ANGULAR_FROM_DEG and (not central or width < WIDE_FROM):
        return WallLabel.RETROPULSION
    return WallLabel.INDETERMINATE
