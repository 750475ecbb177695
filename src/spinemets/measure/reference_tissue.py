"""Signal of discs, of the erector muscle and of CSF on an MR series: what marrow is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import NotAssessed, Reason
from spinemets.geometry import Grid, crop, index_box
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.endplates import Endplate
from spinemets.measure.signal import Signal, places_signal, shows, values_at
from spinemets.volume import Volume

DISC_CORE = 0.6
"""Central share of a disc's width and depth (ours) ..."""
DISC_MIDDLE = (0.25, 0.75)
"""... and the middle half of its height (ours)."""
LEAST_DISC_MM = 2.0
"""A lower disc is not told from its endplates (ours; `clinical.md` §3.2: 2.6 mm in front in the neck)."""
MUSCLE_ASIDE = (0.25, 0.6)
"""The muscle lies so many widths of the body beside the mid-plane (ours) ..."""
MUSCLE_BEHIND_MM = (16.0, 30.0)
"""... and so far behind the middle of the canal (ours: canal and lamina in front, fat under the skin behind) ..."""
MUSCLE_HALF_HEIGHT_MM = 8.0
"""... over this height to either side of the middle of the body (ours)."""
TIP_MM = 4.0
"""It ends so far in front of the tip of the spinous process (ours)."""
LEAST_MUSCLE_MM = 6.0
"""Less than this between lamina and tip is no place to measure (ours)."""
BONE_MM = 2.0
"""Places nearer to bone or lesion are left out (ours)."""
LEAST_PLACES = 30
SIDES_DIFFER = 1.5
"""Both sides of the muscle may differ by this factor (ours): fat, tumour or a coil makes a greater difference."""
CANAL_RADIUS_MM, CANAL_HALF_HEIGHT_MM = 6.0, 8.0
"""CSF is sought so far round the middle of the canal (ours)."""
CSF_PERCENTILES = (90.0, 95.0, 98.0)
"""The brightest of the canal is CSF: the ends of its interval and its value (ours)."""


def disc_signal(image: Volume, above: BodyEnds, below: BodyEnds) -> Signal | NotAssessed:
    """Median signal of the middle of a disc; the interval is that of a disc half a voxel higher or lower.

    Parameters
    ----------
    image : Volume
        MR in the same world, on any grid.
    above, below : BodyEnds
        The bodies of two neighbouring levels.
    """
    up = above.lower.normal + below.upper.normal
    up = up / np.linalg.norm(up)
    height = float((above.lower.centre_mm - below.upper.centre_mm) @ up)
    if height < LEAST_DISC_MM:
        return NotAssessed(Reason.TOO_SMALL, f"the disc {above.axes.level}/{below.axes.level} is {height:.1f} mm high")
    voxel = float(np.abs(up @ image.affine[:3, :3]).max())
    middle_mm = (DISC_MIDDLE[1] - DISC_MIDDLE[0]) * height
    if voxel > 2 * middle_mm:
        detail = f"voxels of {voxel:.1f} mm hold more than the middle of a disc {height:.1f} mm high"
        return NotAssessed(Reason.RESOLUTION, detail)
    points = disc_points(above, below).reshape(-1, 3)
    if not shows(image, points):
        return NotAssessed(Reason.OUT_OF_FIELD, f"the series does not show the disc below {above.axes.level}")
    shift = min(voxel / 2, middle_mm / 2)
    own, *moved = (places_signal(image, points + step * up) for step in (0.0, -shift, shift))
    return Signal(own.value, min(own.low, *(one.value for one in moved)), max(own.high, *(one.value for one in moved)))


def disc_points(above: BodyEnds, below: BodyEnds) -> NDArray[np.float64]:
    """(15, 15, 5, 3) world places about a millimetre apart in the middle of a disc: to the right, front and up."""
    aside, along, up = (np.linspace(-1, 1, 15), np.linspace(-1, 1, 15), np.linspace(*DISC_MIDDLE, 5))
    grid = np.stack(np.meshgrid(DISC_CORE * aside, DISC_CORE * along, up, indexing="ij"), axis=-1).reshape(-1, 3)
    share = grid[:, 2:]
    bottom, top = _on_plate(below, below.upper, grid), _on_plate(above, above.lower, grid)
    return np.asarray(((1 - share) * bottom + share * top).reshape(15, 15, 5, 3))


def _on_plate(body: BodyEnds, plate: Endplate, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    front = (plate.front_mm - plate.back_mm) / 2
    right = np.cross(front, plate.normal)
    right = right / np.linalg.norm(right) * body.width_mm / 2
    return np.asarray(plate.centre_mm + grid[:, :1] * right + grid[:, 1:2] * front)


def muscle_signal(image: Volume, bone: Volume, axes: VertebraAxes, width_mm: float) -> Signal | NotAssessed:
    """Median signal of the erector muscle of both sides; the interval reaches from side to side.

    Parameters
    ----------
    image : Volume
        MR in the same world, on any grid.
    bone : Volume
        Of uint8: 0, 1 for other bone and lesions, 2 for the vertebra itself.
    axes : VertebraAxes
        Of the vertebra.
    width_mm : float
        Of its body.
    """
    sides = _muscle_sides(bone, axes, width_mm)
    if isinstance(sides, NotAssessed):
        return sides
    if not all(shows(image, points) for points in sides):
        return NotAssessed(Reason.OUT_OF_FIELD, f"the series does not show the muscle on both sides of {axes.level}")
    first, second = (places_signal(image, points) for points in sides)
    both = places_signal(image, np.concatenate(sides))
    lesser, greater = sorted((first.value, second.value))
    if lesser <= 0 or greater > SIDES_DIFFER * lesser:
        detail = f"the muscle beside {axes.level} differs by more than {SIDES_DIFFER:g} from side to side"
        return NotAssessed(Reason.NO_REFERENCE, detail)
    return Signal(both.value, min(both.low, lesser), max(both.high, greater))


def _muscle_sides(bone: Volume, axes: VertebraAxes, width_mm: float) -> list[NDArray[np.float64]] | NotAssessed:
    """World places in the muscle to the right and to the left."""
    canal = float(axes.coordinates(axes.canal_mm[None])[0, 1])
    own = axes.coordinates(bone.world(np.argwhere(bone.array == 2)))
    tip = float(np.percentile(own[:, 1], 0.5)) if len(own) else canal
    back = max(canal - MUSCLE_BEHIND_MM[1], tip + TIP_MM)
    front = canal - MUSCLE_BEHIND_MM[0]
    if front - back < LEAST_MUSCLE_MM:
        detail = f"no spinous process of {axes.level} shows where the muscle lies"
        return NotAssessed(Reason.NO_REFERENCE, detail)
    aside = np.linspace(MUSCLE_ASIDE[0] * width_mm, MUSCLE_ASIDE[1] * width_mm, 8)
    behind, up = np.linspace(back, front, 8), np.linspace(-MUSCLE_HALF_HEIGHT_MM, MUSCLE_HALF_HEIGHT_MM, 9)
    sides = []
    for sense in (1, -1):
        grid = np.stack(np.meshgrid(sense * aside, behind, up, indexing="ij"), axis=-1).reshape(-1, 3)
        points = axes.world(grid)
        sides.append(points[_clear_of(bone, points)])
    if min(len(points) for points in sides) < LEAST_PLACES:
        return NotAssessed(Reason.NO_REFERENCE, f"bone or tumour takes the place of the muscle beside {axes.level}")
    return sides


def _clear_of(bone: Volume, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) whether places are more than `BONE_MM` from bone; beyond the mask there is none."""
    low, high = points_mm.min(axis=0) - BONE_MM - 1, points_mm.max(axis=0) + BONE_MM + 1
    around = Grid((1, 1, 1), np.block([[np.diag(high - low), ((low + high) / 2)[:, None]], [np.zeros(3), 1.0]]))
    near = crop(bone, *index_box(bone, around))
    if not near.array.any():
        return np.ones(len(points_mm), bool)
    distance = ndimage.distance_transform_edt(near.array == 0, sampling=near.spacing_mm)
    return np.asarray(ndimage.map_coordinates(distance, near.index(points_mm).T, order=0, cval=np.inf) > BONE_MM)


def csf_signal(image: Volume, neighbours: Sequence[VertebraAxes]) -> Signal | NotAssessed:
    """The bright part of the signal in the canal of neighbouring vertebrae, on T2 or STIR."""
    points = [_canal_points(axes) for axes in neighbours]
    seen = [places for places in points if shows(image, places)]
    if not points:
        return NotAssessed(Reason.NO_REFERENCE, "no neighbouring vertebra shows the canal")
    if not seen:
        return NotAssessed(Reason.OUT_OF_FIELD, "the series does not show the canal of the neighbouring vertebrae")
    low, value, high = (float(one) for one in np.percentile(values_at(image, np.concatenate(seen)), CSF_PERCENTILES))
    return Signal(value, low, high)


def _canal_points(axes: VertebraAxes) -> NDArray[np.float64]:
    """(N, 3) world places within a cylinder round the middle of the canal."""
    side = np.arange(-CANAL_RADIUS_MM, CANAL_RADIUS_MM + 0.5)
    up = np.arange(-CANAL_HALF_HEIGHT_MM, CANAL_HALF_HEIGHT_MM + 0.5, 2.0)
    grid = np.stack(np.meshgrid(side, side, up, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = grid[np.hypot(grid[:, 0], grid[:, 1]) <= CANAL_RADIUS_MM]
    return np.asarray(axes.canal_mm + grid @ axes.rows)
