"""The upper endplate of S1, from an undivided sacrum: what the last lumbar vertebra may slip on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.geometry import crop
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import REACH_MM, BodySurface, body_surface
from spinemets.measure.cut_bodies import CLEAR_MM, SeenBody, cut_mm
from spinemets.measure.endplates import DEPTH_MM, DEPTH_VOXELS, HALF_STRIP_MM, Endplate, core_plane, on_plane
from spinemets.volume import Volume

BELOW_MM = 16.0
"""The endplate is looked for round a place so far below that of the lumbar vertebra (ours; discs are 6 to 14 mm)."""
AROUND_MM = 70.0
"""What is looked at of the sacrum, to every side of that place (ours): the wings reach 60 mm."""
LIKE = (0.75, 1.3)
"""An endplate is believed that is so many times as deep as the one above (ours): more is wing or arch."""
SLAB_MM = 15.0
"""The wings begin at the height of the endplate and have no edge there, so its middle is that of both wings, over so
much of them (ours)."""
FLOOR_MM = REACH_MM[2] - 5.0
"""A surface has a lower end only if that lies within its reach."""
ROUNDS = 3
"""The plane is fitted round the middle of its own outline, since the vertebra above may have slipped off it."""


def sacral_endplate(sacrum: Volume, lumbar: BodyEnds) -> SeenBody | None:
    """The upper endplate of S1, or None where none like the one above is found, or the image cuts it.

    Parameters
    ----------
    sacrum : Volume
        Binary mask of the undivided sacrum.
    lumbar : BodyEnds
        The vertebra above it.
    """
    axes = _axes_below(lumbar)
    corners = np.array(np.meshgrid(*[(-AROUND_MM, AROUND_MM)] * 3)).reshape(3, -1).T
    index = sacrum.index(axes.world(corners))
    part = crop(sacrum, np.floor(index.min(axis=0)), np.ceil(index.max(axis=0)) + 1)
    if not part.array.any():
        return None
    found = _endplate(body_surface(_above_floor(part, axes), axes), part, lumbar)
    if found is None or _is_cut(found, cut_mm(part, sacrum)):
        return None
    depth = float(np.linalg.norm(found.front_mm - found.back_mm))
    across = lumbar.across_mm or lumbar.voxel_mm
    return SeenBody(axes, found, None, depth, lumbar.width_mm, lumbar.voxel_mm, across)


def _above_floor(sacrum: Volume, axes: VertebraAxes) -> Volume:
    """The sacrum without what lies deeper than a surface may have its lower end."""
    voxels = np.argwhere(sacrum.array > 0)
    deep = axes.coordinates(sacrum.world(voxels))[:, 2] < -FLOOR_MM
    array = sacrum.array.copy()
    array[tuple(voxels[deep].T)] = 0
    return sacrum.with_array(array)


def _is_cut(found: Endplate, cuts_mm: NDArray[np.float64]) -> bool:
    """Whether the image ends within the slab that the endplate's place was taken from."""
    return bool(((found.centre_mm - cuts_mm) @ found.normal < SLAB_MM + CLEAR_MM).any())


def _axes_below(lumbar: BodyEnds) -> VertebraAxes:
    """Axes along the lower endplate of the vertebra above, where that of S1 is expected."""
    up = lumbar.lower.normal
    front = lumbar.axes.front - (lumbar.axes.front @ up) * up
    front = front / np.linalg.norm(front)
    centre = lumbar.lower.centre_mm - BELOW_MM * up
    return VertebraAxes(Level.SACRUM, centre, centre, np.cross(front, up), front, up)


def _endplate(surface: BodySurface, sacrum: Volume, lumbar: BodyEnds) -> Endplate | None:
    own = surface.axes.coordinates(sacrum.world(np.argwhere(sacrum.array > 0)))
    middle, plate = np.zeros(2), None
    for _ in range(ROUNDS):
        flat = core_plane(surface, middle, (lumbar.width_mm, lumbar.depth_mm), upper=True)
        if flat is None:
            return None
        ends = _back_and_front(surface, flat, middle)
        if not LIKE[0] * lumbar.depth_mm <= ends[1] - ends[0] <= LIKE[1] * lumbar.depth_mm:
            return None
        height = own[:, 2] - own[:, :2] @ flat[:2] - flat[2]
        wings = own[(own[:, 1] >= ends[0]) & (own[:, 1] <= ends[1]) & (height <= 0) & (height >= -SLAB_MM), 0]
        if not len(wings):
            return None
        middle = np.array([(wings.min() + wings.max()) / 2, sum(ends) / 2])
        plate = on_plane(surface.axes, flat, middle[0], ends)
    return plate


def _back_and_front(
    surface: BodySurface, flat: NDArray[np.float64], middle: NDArray[np.float64]
) -> tuple[float, float]:
    """Where the bone beneath the endplate ends behind and in front of its middle; NaN where it does not.

    The arch of S1 lies behind the canal, so it is the first gap that counts.
    """
    depth = max(DEPTH_MM, DEPTH_VOXELS * surface.voxel_up_mm)
    places = np.stack(np.meshgrid(surface.right_mm, surface.front_mm, indexing="ij"), axis=-1)
    share = surface.share_at(places @ flat[:2] + flat[2] - depth)
    row = share[np.abs(surface.right_mm - middle[0]) <= HALF_STRIP_MM].mean(axis=0)
    place_mm, start = surface.front_mm, int(np.abs(surface.front_mm - middle[1]).argmin())
    below = row < 0.5
    behind, before = np.flatnonzero(below[:start]), np.flatnonzero(below[start:])
    if below[start] or not len(behind) or not len(before):
        return np.nan, np.nan

    def crossing(beyond: int, within: int) -> float:
        part = (row[within] - 0.5) / (row[within] - row[beyond])
        return float(place_mm[within] + part * (place_mm[beyond] - place_mm[within]))

    back, front = int(behind[-1]), start + int(before[0])
    return crossing(back, back + 1), crossing(front, front - 1)
