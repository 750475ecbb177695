"""What the back of a vertebral body does to the canal, as seen from the canal: how far, where, how sharply.

The features of `clinical.md` §1.3 from the mask of the whole vertebra: bone pushed into the canal counts as wall
whatever part it is labelled as. The canal-referenced partition ends the body at a plane and calls such bone lamina.
Epidural tumour must not be in the mask.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level, Region
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import crop
from spinemets.label_boxes import Box, connected_pieces
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.canal_wall import CanalWall, canal_wall
from spinemets.measure.vertebra_boxes import vertebra_boxes
from spinemets.measure.wall_profile import NATURAL_LEAN_MM, WallProfile, wall_profile
from spinemets.measure.wall_reference import nearest_levels, usual_leans
from spinemets.volume import Volume

ERROR_PER_VOXEL = 0.6
"""Half width of the 90 % interval of a depth, in voxels to the front: the wall and the corners that it is measured
from are each known to half a voxel, and averaged over 5 mm (ours)."""
TURN_ERROR_DEG_PER_MM = 7.0
"""The same of an angle between two arms of 5 mm, for each millimetre of voxel (ours)."""
ENCROACHED_FROM_MM = 2.0
"""A neighbour whose wall stands out by more is not compared with (the 2 mm of `clinical.md` §1.3)."""
NATURAL_SPREAD = 0.08
"""By this share the depths of normal neighbouring canals differ (ours)."""
LEAST_PIECE_MM3 = 20.0
"""A loose piece of less than this is noise of the mask (ours)."""


@dataclass(frozen=True)
class WallFromCanal:
    """The posterior wall of one body and the canal behind it.

    Attributes
    ----------
    depth_mm : Finding
        Largest distance of the wall behind the line between its corners; about 0 where it is flat or hollow.
    height_fraction : Finding
        Where that is: 0 at the lower, 1 at the upper corner.
    turning_deg : Finding
        Turn of the wall, between what lies below and above, where it is about as deep.
    width_fraction : Finding
        Share of the width looked at over which the wall is at least half as deep.
    roundness : Finding
        R² of the parabola through the profile, in [0, 1].
    canal_encroachment : Finding
        Share by which the canal is shallower, front to back in the mid-plane, than that of the neighbours, in [0, 1].
    has_fragment : bool
        Whether a piece of the vertebra lies loose in the canal.
    reference : str
        ``corners``, or ``neighbours`` where a corner is displaced and the line leans as the walls above and below would
        have it.
    """

    depth_mm: Finding
    height_fraction: Finding
    turning_deg: Finding
    width_fraction: Finding
    roundness: Finding
    canal_encroachment: Finding
    has_fragment: bool
    reference: str


def walls_from_canal(
    vertebrae: Volume,
    axes: Mapping[Level, VertebraAxes],
    levels: Collection[Level],
    boxes: Mapping[Level, Box] | None = None,
) -> dict[Level, WallFromCanal]:
    """The posterior wall of every level.

    Parameters
    ----------
    vertebrae : Volume
        VerSe ids.
    axes : mapping of Level to VertebraAxes
        As `spine_axes` gives them.
    levels : collection of Level
        Vertebrae that are wholly visible; C1, C2 and the sacrum have no such wall and are passed over.
    boxes : mapping of Level to tuple of slice, optional
        What `vertebra_boxes` gives, where it is known already.
    """
    boxes = vertebra_boxes(vertebrae) if boxes is None else boxes
    walls: dict[Level, CanalWall | None] = {}
    masks: dict[Level, Volume] = {}
    for level in sorted(levels, key=lambda level: level.order):
        if level in (Level.C1, Level.C2) or level.region is Region.SACRAL or level not in axes or level not in boxes:
            continue
        part = crop(vertebrae, [axis.start for axis in boxes[level]], [axis.stop for axis in boxes[level]])
        masks[level] = part.with_array(part.array == level.verse_id)
        walls[level] = canal_wall(masks[level], axes[level], _canal_of_neighbours(level, axes))
    profiles = _profiles(walls)
    return {level: _wall(level, walls[level], profiles, masks[level]) for level in walls}


def _canal_of_neighbours(level: Level, axes: Mapping[Level, VertebraAxes]) -> NDArray[np.float64] | None:
    """(3,) middle of the canal at a level by those of the levels above and below; None without both."""
    order = sorted(axes, key=lambda other: other.order)
    number = order.index(level)
    if not 0 < number < len(order) - 1:
        return None
    above, below = axes[order[number - 1]], axes[order[number + 1]]
    along = np.array([(own.centre_mm - axes[level].centre_mm) @ axes[level].up for own in (above, below)])
    share = float(np.clip(along[0] / max(along[0] - along[1], 1e-6), 0.0, 1.0))
    middle: NDArray[np.float64] = (1 - share) * above.canal_mm + share * below.canal_mm
    return middle


def _profiles(walls: Mapping[Level, CanalWall | None]) -> dict[Level, WallProfile]:
    """Profiles by their own corners first, then by a line that leans as the walls above and below would have it."""
    own = {level: found for level, wall in walls.items() if wall and (found := wall_profile(wall)) is not None}
    result = {}
    for level, profile in own.items():
        leans = usual_leans(level, walls, own)
        wall = walls[level]
        again = wall_profile(wall, leans) if wall and leans is not None else None
        result[level] = again or profile
    return result


def _wall(level: Level, wall: CanalWall | None, profiles: Mapping[Level, WallProfile], mask: Volume) -> WallFromCanal:
    if wall is None or level not in profiles:
        reason = NotAssessed(Reason.TOO_SMALL, f"the posterior wall of {level} was not met from the canal")
        return WallFromCanal(reason, reason, reason, reason, reason, reason, False, "corners")
    own = profiles[level]
    voxel = wall.voxel_front_mm
    width = float(np.ptp(wall.right_mm)) + 1.0
    return WallFromCanal(
        _depth(own, voxel),
        _measured(own.position, "1", wall.voxel_up_mm / own.height_mm, "height of that place", (0.0, 1.0)),
        _measured(own.turning_deg, "deg", TURN_ERROR_DEG_PER_MM * voxel, "between arms of 5 mm", (0.0, 180.0)),
        _measured(own.width_share, "1", voxel / width, "share of the canal's width", (0.0, 1.0)),
        _measured(own.smoothness, "1", 0.0, "R² of a parabola through the profile", (0.0, 1.0)),
        _encroachment(level, wall, profiles),
        _has_fragment(mask, wall, own),
        "neighbours" if own.displaced else "corners",
    )


def _depth(own: WallProfile, voxel_mm: float) -> Measured:
    """How far the wall stands out; beside neighbours that need not lean as it does, no better than they differ."""
    line = "leaning as the walls above and below, a corner being displaced" if own.displaced else "between its corners"
    method = f"distance of the wall behind a line {line}, largest over the width of the canal"
    error = ERROR_PER_VOXEL * voxel_mm
    if own.displaced:
        error = float(np.hypot(error, NATURAL_LEAN_MM))
    return Measured(own.depth_mm, "mm", own.depth_mm - error, own.most_mm + error, method)


def _encroachment(level: Level, wall: CanalWall, profiles: Mapping[Level, WallProfile]) -> Finding:
    """How much shallower the canal is than those next to it that are bounded by bone and not encroached upon."""
    fit = {
        other: own.narrowest_mm
        for other, own in profiles.items()
        if other is not level and own.canal_mm is not None and own.middle_depth_mm <= ENCROACHED_FROM_MM
    }
    near = nearest_levels(level, fit)
    if not near:
        return NotAssessed(Reason.NO_REFERENCE, f"no unaffected canal next to {level} is bounded by bone")
    usual = float(np.mean([fit[other] for other in near]))
    own = profiles[level]
    canal = own.narrowest_mm if own.canal_mm is not None else usual - max(own.middle_depth_mm, 0.0)
    error = float(np.hypot(ERROR_PER_VOXEL * wall.voxel_front_mm / usual, NATURAL_SPREAD))
    method = f"1 - depth of the canal in the mid-plane / that of {' and '.join(map(str, near))}"
    return _measured(1 - canal / usual, "1", error, method, (0.0, 1.0))


def _has_fragment(mask: Volume, wall: CanalWall, profile: WallProfile) -> bool:
    """Whether a piece of the vertebra, apart from the rest of it, lies between its wall and its lamina."""
    lamina = float(np.nanmedian(wall.lamina_mm)) if np.isfinite(wall.lamina_mm).any() else wall.middle_mm
    margin = 0.1 * profile.height_mm
    return any(
        -margin <= up - profile.bottom_mm <= profile.height_mm + margin
        and wall.right_mm[0] <= right <= wall.right_mm[-1]
        and lamina < front < profile.line_at(float(up))
        for right, front, up in _loose_pieces(mask, wall.axes)
    )


def _loose_pieces(mask: Volume, axes: VertebraAxes) -> NDArray[np.float64]:
    """(N, 3) centres of all pieces of a vertebra but the largest, in the coordinates of its axes."""
    pieces, count = connected_pieces(mask.array)
    if count < 2:
        return np.zeros((0, 3))
    sizes = np.bincount(pieces.ravel())[1:] * mask.voxel_volume_mm3
    loose = [number + 1 for number in range(count) if number != sizes.argmax() and sizes[number] >= LEAST_PIECE_MM3]
    if not loose:
        return np.zeros((0, 3))
    return axes.coordinates(mask.world(np.array(ndimage.center_of_mass(mask.array, pieces, loose))))


def _measured(
    value: float, unit: str, error: float, method: str, within: tuple[float, float] = (-np.inf, np.inf)
) -> Measured:
    low, value, high = (float(np.clip(x, *within)) for x in (value - error, value, value + error))
    return Measured(value, unit, low, high, method)
