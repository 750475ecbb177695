"""The back of a vertebral body and the front of its lamina as they are seen from the canal between them.

Seen from there, the wall is found whatever is destroyed inside the body, and however the parts of the vertebra are
labelled: bone pushed into the canal belongs to the wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Region
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.bone_share import BoneShare
from spinemets.measure.wall_ends import HALF_WINDOW, wall_ends
from spinemets.volume import Volume

ACROSS_MM, ALONG_MM, UP_MM = 1.0, 0.4, 0.6
"""Steps to the right, to the front and up of the lines along which the canal is looked out of."""
WIDEST_MM = 14.0
"""The wall is looked at this far to either side (ours; half of the widest lumbar canals)."""
BACK_MM, FRONT_MM = 16.0, 22.0
"""How far the back and the front of the canal may lie from its middle (ours)."""
TALLEST_MM = 24.0
"""How far the ends of the wall, and of the lamina, may lie above and below the body's centre (ours)."""
USUAL_HALF_WIDTH_MM = {Region.CERVICAL: 12.0, Region.THORACIC: 8.5, Region.LUMBAR: 12.0}
"""Half the width of the canal where no pedicle bounds it; Panjabi 1991 and 1992 as in `clinical.md` §3.1."""
LEAST_HALF_WIDTH_MM = 3.0
"""Bone nearer to the middle than this lies in the canal and does not bound it (ours)."""
LEAST_ROWS = 4
"""Rows in which a pedicle must be met before it bounds the canal (ours)."""
CENTRAL_SHARE = 0.75
"""Only this share of the canal's width is looked at: next to the pedicles the wall is rounded into them (ours)."""
LEAP_MM, LEAPING_SHARE = 2.0, 0.35
"""Where the wall leaps back by so much from one line to the next, in more than this share of its rows, the canal ends
(ours; pedicles take half of the height, a fragment of bone a third)."""


@dataclass(frozen=True, eq=False)
class CanalWall:
    """What bounds the canal in front and behind, in the coordinates of a vertebra's axes.

    Attributes
    ----------
    axes : VertebraAxes
        The vertebra's axes.
    right_mm : (R,) ndarray
        Places to the right, within the canal.
    up_mm : (U,) ndarray
        Heights.
    wall_mm : (R, U) ndarray
        Place of the back of the body, to the front of its centre (so negative), NaN where none was met.
    bottom_mm, top_mm : (R,) ndarray
        Heights at which the body begins and ends at its back; NaN where it was not met.
    lamina_mm : (U,) ndarray
        Place of the front of the lamina near the mid-plane; NaN where none was met.
    middle_mm : float
        Place of the middle of the canal, from where it was looked.
    voxel_front_mm, voxel_up_mm : float
        How far a voxel reaches to the front, and up.
    """

    axes: VertebraAxes
    right_mm: NDArray[np.float64]
    up_mm: NDArray[np.float64]
    wall_mm: NDArray[np.float64]
    bottom_mm: NDArray[np.float64]
    top_mm: NDArray[np.float64]
    lamina_mm: NDArray[np.float64]
    middle_mm: float
    voxel_front_mm: float
    voxel_up_mm: float


def canal_wall(vertebra: Volume, axes: VertebraAxes, canal_mm: NDArray[np.float64] | None = None) -> CanalWall | None:
    """The wall and the lamina of one vertebra, or None where no wall was met.

    Parameters
    ----------
    vertebra : Volume
        Binary mask of the whole vertebra; may be a crop.
    axes : VertebraAxes
        Its axes.
    canal_mm : (3,) ndarray, optional
        The middle of the canal as its neighbours have it; the further back of this one and that of `axes` is taken,
        so that bone in the canal does not hide itself.
    """
    middle = float(axes.coordinates(axes.canal_mm[None])[0, 1])
    if canal_mm is not None:
        middle = min(middle, float(axes.coordinates(canal_mm[None])[0, 1]))
    right = np.arange(-WIDEST_MM, WIDEST_MM + 1e-6, ACROSS_MM)
    front = middle + np.arange(-BACK_MM, FRONT_MM, ALONG_MM)
    up = np.arange(-TALLEST_MM, TALLEST_MM + 1e-6, UP_MM)
    start = int(np.abs(front - middle).argmin())
    share = BoneShare.of(vertebra, axes, [(places[0], places[-1]) for places in (right, front, up)])
    across = share.at((right, front[start - 3 : start + 4], up)).max(axis=1)
    half_left, half_right = _half_widths(across, right, axes.level.region)
    right = right[(right >= -CENTRAL_SHARE * half_left) & (right <= CENTRAL_SHARE * half_right)]
    if len(right) < 2 * HALF_WINDOW + 1:
        return None
    bone = share.at((right, front, up))
    lamina = _lamina(bone[np.abs(right) <= HALF_WINDOW * ACROSS_MM][:, start::-1], front[start::-1])
    wall = _first(bone[:, start:], front[start:])
    wall = _pushed_back(wall, bone[:, start::-1], front[start::-1], lamina)
    open_to = _before_pedicles(wall, right)
    bone, right, wall = bone[open_to], right[open_to], _averaged(wall[open_to])
    if len(right) < 2 * HALF_WINDOW + 1 or not np.isfinite(wall).any():
        return None
    bottom, top = wall_ends(bone, (right, front, up), wall)
    reach = np.abs(axes.rows @ vertebra.affine[:3, :3]).sum(axis=1)
    return CanalWall(axes, right, up, wall, bottom, top, lamina, middle, float(reach[1]), float(reach[2]))


def _lamina(bone: NDArray[np.float32], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """(U,) place of the first bone backwards from the middle of the canal, of lines that begin in the open."""
    met = np.where(bone[:, 0] < 0.5, _first(bone, place), np.nan)
    known = np.isfinite(met).any(axis=0)
    return np.where(known, np.where(np.isfinite(met), met, -np.inf).max(axis=0), np.nan)


def _pushed_back(
    wall: NDArray[np.float64], bone: NDArray[np.float32], place: NDArray[np.float64], lamina: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The wall where bone fills the middle of the canal: where that bone ends towards the lamina, if it ends before."""
    within = bone[:, 0] >= 0.5
    end = _first(1 - bone, place)
    limit = float(np.nanmedian(lamina)) if np.isfinite(lamina).any() else place[-1]
    return np.where(within & np.isfinite(end) & (end > limit), end, wall)


def _first(bone: NDArray[np.float32], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, U) place along the second axis where bone is first met; where it is met at once, that place."""
    solid = bone >= 0.5
    at = solid.argmax(axis=1)
    rows, columns = np.indices(at.shape)
    before = np.maximum(at - 1, 0)
    high, low = bone[rows, at, columns], bone[rows, before, columns]
    part = np.where(at > 0, (high - 0.5) / np.maximum(high - low, 1e-6), 0.0)
    return np.where(solid.any(axis=1), place[at] - (place[1] - place[0]) * part, np.nan)


def _half_widths(bone: NDArray[np.float32], right: NDArray[np.float64], region: Region) -> tuple[float, float]:
    """Distance of the inner edge of the left and of the right pedicle from the mid-plane; (R, U) bone at the middle."""
    halves = []
    for side in (-1, 1):
        order = np.argsort(side * right)
        order = order[side * right[order] >= 0]
        distance = _first(bone[order].T[:, :, None].transpose(2, 1, 0), side * right[order])[0]
        met = distance[np.isfinite(distance) & (distance > LEAST_HALF_WIDTH_MM)]
        usual = USUAL_HALF_WIDTH_MM.get(region, WIDEST_MM)
        halves.append(float(np.percentile(met, 20)) if len(met) >= LEAST_ROWS else usual)
    return halves[0], halves[1]


def _before_pedicles(wall: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which lines lie within the canal: outwards from the middle until the wall leaps back in many of its rows."""
    inside = np.zeros(len(right), dtype=bool)
    middle = int(np.abs(right).argmin())
    inside[middle] = True
    for step in (-1, 1):
        for line in range(middle + step, len(right) if step > 0 else -1, step):
            both = np.isfinite(wall[line]) & np.isfinite(wall[line - step])
            leaps = both & (wall[line] < wall[line - step] - LEAP_MM)
            if not both.any() or leaps.sum() > LEAPING_SHARE * both.sum():
                break
            inside[line] = True
    return inside


def _averaged(wall: NDArray[np.float64]) -> NDArray[np.float64]:
    """The wall averaged over neighbouring lines where at least half of them met it."""
    window = 2 * HALF_WINDOW + 1
    known = np.isfinite(wall)
    total = ndimage.uniform_filter1d(np.where(known, wall, 0.0), window, axis=0, mode="nearest")
    share = ndimage.uniform_filter1d(known.astype(float), window, axis=0, mode="nearest")
    return np.where(share >= 0.5, total / np.maximum(share, 1e-6), np.nan)
