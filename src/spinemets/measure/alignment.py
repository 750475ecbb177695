"""How vertebrae stand on one another: angles between endplates, and slips.

Signs: kyphosis is positive (the front is shorter), so lordosis is negative; a curve with its convexity to the
patient's right is positive; a slip of the upper vertebra to the front, or to the patient's right, is positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level, Region
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.cut_bodies import SeenBody
from spinemets.measure.endplates import Endplate
from spinemets.measure.next_level import level_above, level_below

ANGLE_ERROR_DEG_MM = 22.0
"""Half width of the 90 % interval of an angle is this over the depth of the body, times the voxel (ours: an
endplate 30 mm deep of 1 mm voxels is known to about 0.7°)."""
SHAPE_ERROR_DEG = {Region.CERVICAL: 8.8, Region.THORACIC: 4.2, Region.LUMBAR: 2.4, Region.SACRAL: 2.4}
SHAPE_ERROR_MM = {Region.CERVICAL: 0.9, Region.THORACIC: 0.8, Region.LUMBAR: 1.0, Region.SACRAL: 1.0}
"""What the shape of endplates adds to the half widths of angles and slips, however fine the voxels: they are hollow,
rimmed and, in the neck, hooked, and no plane (ours, so that 93 % of the intervals hold on 63 simulated validation
patients, ``python scripts/verify.py measures --split validation --cases 64``: 90 % with room for their number). The
sacrum as the lumbar spine, which held for 31 of 32 slips of L5 on it in 16 patients. Those of slips were kept when
corners were set right and only the extent of a voxel across the spine was left in them: 71 of 72 held in six validation
patients, on axial slices of 1 and 3 mm."""
DEPTH_SHRINK = 0.25
"""Share of what the facing endplates differ in depth by which the posterior corners are set right (ours): healthy ones
are about as deep, so most of that is error of an outline. Of 18 thoracic slips of validation patients, some of them
displaced, the errors have a standard deviation of 0.6 mm with it and of 0.8 mm by the corners alone."""
SLIP_ERROR_PER_VOXEL = 0.8
"""Half width of the 90 % interval of a slip, in voxels across the spine (ours): thick axial slices do not widen it."""


@dataclass(frozen=True, eq=False)
class BodyEnds(SeenBody):
    """A whole body.

    Attributes
    ----------
    upper, lower : Endplate
        Both its endplates.
    """

    upper: Endplate
    lower: Endplate


@dataclass(frozen=True)
class LocalAlignment:
    """How one vertebra stands between its neighbours.

    Attributes
    ----------
    kyphosis_deg, scoliosis_deg : Finding
        Cobb angle from the upper endplate of the level above to the lower endplate of the level below.
    slip_above_mm, side_slip_above_mm : Finding
        Translation of the level above on this one, to the front and to the patient's right.
    slip_below_mm, side_slip_below_mm : Finding
        The same of this one on the level below.
    slip_above_fraction, slip_below_fraction : Finding
        Slips to the front as a share of the depth of the lower of both bodies.
    """

    kyphosis_deg: Finding
    scoliosis_deg: Finding
    slip_above_mm: Finding
    side_slip_above_mm: Finding
    slip_below_mm: Finding
    side_slip_below_mm: Finding
    slip_above_fraction: Finding
    slip_below_fraction: Finding


def cobb_deg(above: NDArray[np.float64], below: NDArray[np.float64], axes: VertebraAxes) -> tuple[float, float]:
    """(kyphosis, scoliosis) in degrees between two normals that point to the head, in the planes of `axes`."""

    def lean(normal: NDArray[np.float64], sideways: NDArray[np.float64]) -> float:
        return float(np.degrees(np.arctan2(normal @ sideways, normal @ axes.up)))

    return lean(above, axes.front) - lean(below, axes.front), lean(below, axes.right) - lean(above, axes.right)


def slip_mm(upper: Endplate, lower: Endplate, lower_axes: VertebraAxes) -> tuple[float, float]:
    """(to the front, to the right) translation of one body on the next lower one, mm.

    From the posterior-superior corner of the lower body to the posterior-inferior corner of the upper one, along
    the lower body's upper endplate, both set right by `DEPTH_SHRINK`.

    Parameters
    ----------
    upper, lower : Endplate
        Those that face each other: the lower one of the upper body, the upper one of the lower body.
    lower_axes : VertebraAxes
        Of the lower body.
    """
    normal = lower.normal
    behind, before = upper.back_mm - lower.back_mm, upper.front_mm - lower.front_mm
    step = behind + DEPTH_SHRINK * (before - behind)
    front = lower_axes.front - (lower_axes.front @ normal) * normal
    right = np.cross(front, normal)
    aside = upper.centre_mm - lower.centre_mm
    return float(step @ front / np.linalg.norm(front)), float(aside @ right / np.linalg.norm(right))


def local_alignment(
    bodies: Mapping[Level, BodyEnds], cut: Mapping[Level, SeenBody] | None = None
) -> dict[Level, LocalAlignment]:
    """Alignment of every vertebra with those next to it.

    Parameters
    ----------
    bodies : mapping of Level to BodyEnds
        Bodies that are wholly visible; a missing level is a gap, across which nothing is measured.
    cut : mapping of Level to SeenBody, optional
        Bodies that the image cuts, on which a neighbour may slip all the same.
    """
    every: dict[Level, SeenBody] = {**(cut or {}), **bodies}
    levels = sorted(bodies, key=lambda level: level.order)
    angles: dict[Level, tuple[float, float]] = {}
    for level in levels:
        above, below = level_above(levels, level), level_below(levels, level)
        if above and below:
            angles[level] = cobb_deg(bodies[above].upper.normal, bodies[below].lower.normal, bodies[level].axes)
    result = {}
    for level in levels:
        above, below = level_above(every, level), level_below(every, level)
        own = bodies[level]
        upper, lower = (every[one] if one else None for one in (above, below))
        slips_above = _slip_findings(level, upper, own, f"no whole endplate above {level}")
        slips_below = _slip_findings(level, own, lower, f"no whole endplate below {level}")
        result[level] = LocalAlignment(
            *_angle_findings(level, angles, own),
            *slips_above,
            *slips_below,
            _share(slips_above[0], own.depth_mm),
            _share(slips_below[0], lower.depth_mm if lower else own.depth_mm),
        )
    return result


def regional_cobb(bodies: Mapping[Level, BodyEnds], upper: Level, lower: Level) -> tuple[Finding, Finding]:
    """(kyphosis, scoliosis) from the upper endplate of one level to the lower endplate of another further down.

    In the planes of the body half-way between them. For the curves of a region: C2-C7, T4-T12, L1-S1.

    Raises
    ------
    ValueError
        If `lower` is not below `upper`.
    """
    if lower.order <= upper.order:
        raise ValueError(f"a curve runs downwards, and {lower} is not below {upper}")
    for level in (upper, lower):
        if level not in bodies:
            reason = NotAssessed(Reason.OUT_OF_FIELD, f"the body of {level} is not wholly seen")
            return reason, reason
    between = sorted((one for one in bodies if upper.order <= one.order <= lower.order), key=lambda one: one.order)
    middle = bodies[between[len(between) // 2]]
    kyphosis, scoliosis = cobb_deg(bodies[upper].upper.normal, bodies[lower].lower.normal, middle.axes)
    method = f"Cobb angle, upper endplate of {upper} to lower endplate of {lower}"
    return (
        _with_error(kyphosis, "deg", angle_error(between[len(between) // 2], middle, middle.depth_mm), method),
        _with_error(scoliosis, "deg", angle_error(between[len(between) // 2], middle, middle.width_mm), method),
    )


def _angle_findings(
    level: Level, angles: Mapping[Level, tuple[float, float]], own: BodyEnds
) -> tuple[Finding, Finding]:
    if level not in angles:
        reason = NotAssessed(Reason.OUT_OF_FIELD, f"{level} has no whole body on both sides of it")
        return reason, reason
    method = "Cobb angle, upper endplate of the level above to lower endplate of the level below"
    kyphosis, scoliosis = angles[level]
    return (
        _with_error(kyphosis, "deg", angle_error(level, own, own.depth_mm), method),
        _with_error(scoliosis, "deg", angle_error(level, own, own.width_mm), method),
    )


def _slip_findings(
    level: Level, upper: SeenBody | None, lower: SeenBody | None, absent: str
) -> tuple[Finding, Finding]:
    if upper is None or lower is None or upper.lower is None or lower.upper is None:
        reason = NotAssessed(Reason.OUT_OF_FIELD, absent)
        return reason, reason
    front, right = slip_mm(upper.lower, lower.upper, lower.axes)
    by_voxel = SLIP_ERROR_PER_VOXEL * max(one.across_mm or one.voxel_mm for one in (upper, lower))
    error = float(np.hypot(by_voxel, SHAPE_ERROR_MM[level.region]))
    method = "posterior corners, along the upper endplate of the lower body"
    return _with_error(front, "mm", error, method), _with_error(right, "mm", error, "middle of the facing endplates")


def _share(slip: Finding, depth_mm: float) -> Finding:
    if not isinstance(slip, Measured):
        return slip
    value, low, high = (number / depth_mm for number in (slip.value, slip.low, slip.high))
    return Measured(value, "1", low, high, "slip to the front by the depth of the lower body")


def angle_error(level: Level, own: SeenBody, extent_mm: float) -> float:
    """Half width of the 90 % interval of an angle between two endplates, degrees, along an extent of the body."""
    by_voxel = ANGLE_ERROR_DEG_MM * own.voxel_mm / max(extent_mm, 1.0)
    return float(np.hypot(by_voxel, SHAPE_ERROR_DEG[level.region]))


def _with_error(value: float, unit: str, error: float, method: str) -> Measured:
    return Measured(value, unit, value - error, value + error, method)
