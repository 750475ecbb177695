"""The endplates of a body as two height fields over its own cross-section, finer than a voxel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level
from spinemets.geometry import crop
from spinemets.label_boxes import indices_of
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.bone_share import BoneShare
from spinemets.measure.region_labels import in_body
from spinemets.measure.vertebra_boxes import vertebra_boxes
from spinemets.volume import Volume

ACROSS_MM = 1.0
"""Distance between the lines along which the body is measured."""
ALONG_MM = 0.35
"""Step along each line."""
REACH_MM = (34.0, 30.0, 26.0)
"""How far from its centre a body reaches to the right, front and up at most (ours; L5 is 50 mm wide)."""
LEAST_REACH_MM = 4.0
"""What is looked at beyond the body, and a voxel more (ours)."""
NOTHING_BEYOND_VOXELS = 3.0
"""Beyond so many of its largest voxel edges from a body its smoothed mask is below 0.003 (tested on turned grids)."""


SIDEWAYS = 0.25
"""Share of the largest voxel edge that a curved or leaning endplate is uncertain by besides (ours)."""


@dataclass(frozen=True, eq=False)
class BodySurface:
    """Upper and lower end of a body along its own axis.

    Attributes
    ----------
    axes : VertebraAxes
        Its axes.
    right_mm : (R,) ndarray
        Places to the right of the centre.
    front_mm : (F,) ndarray
        Places in front of the centre.
    up_mm : (U,) ndarray
        Places above the centre.
    share : (R, F, U) ndarray of float32
        How much of the surroundings of each place is body, 0 to 1; the surface is at one half.
    top_mm, bottom_mm : (R, F) ndarray
        Height of the upper and lower endplate above the centre; NaN beside the body.
    voxel_up_mm : float
        How far a voxel reaches along the axis, and a part of how far it reaches across: what the mask cannot resolve.
    """

    axes: VertebraAxes
    right_mm: NDArray[np.float64]
    front_mm: NDArray[np.float64]
    up_mm: NDArray[np.float64]
    share: NDArray[np.float32]
    top_mm: NDArray[np.float64]
    bottom_mm: NDArray[np.float64]
    voxel_up_mm: float

    @property
    def height_mm(self) -> NDArray[np.float64]:
        """(R, F) distance between the endplates."""
        return self.top_mm - self.bottom_mm

    def share_at(self, height_mm: NDArray[np.float64]) -> NDArray[np.float32]:
        """(R, F) share of body at one height (R, F) above the centre at each place."""
        step = self.up_mm[1] - self.up_mm[0]
        rows, columns = np.indices(height_mm.shape)
        at = np.stack([rows, columns, (height_mm - self.up_mm[0]) / step])
        return ndimage.map_coordinates(self.share, at, order=1, output=np.float32, mode="nearest")

    def points_mm(self, upper: bool, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(N, 3) world points of one endplate at the places of `inside` (R, F)."""
        height = self.top_mm if upper else self.bottom_mm
        right, front = np.meshgrid(self.right_mm, self.front_mm, indexing="ij")
        keep = inside & np.isfinite(height)
        return self.axes.world(np.stack([right[keep], front[keep], height[keep]], axis=1))


def bodies(vertebrae: Volume, regions: Volume) -> dict[Level, Volume]:
    """Binary mask of every body, cut out of the vertebra mask, so that it may be looked at alone.

    Parameters
    ----------
    vertebrae : Volume
        VerSe ids.
    regions : Volume
        `RegionLabel` on the same grid.
    """
    found = {}
    for level, box in vertebra_boxes(vertebrae).items():
        start, stop = [axis.start for axis in box], [axis.stop for axis in box]
        own, parts = crop(vertebrae, start, stop), crop(regions, start, stop)
        body = (own.array == level.verse_id) & in_body(parts.array)
        padded = np.pad(body.astype(np.uint8), 1)
        affine = own.affine.copy()
        affine[:3, 3] = own.world([-1, -1, -1])
        found[level] = Volume(padded, affine, vertebrae.frame_of_reference)
    return found


def body_surface(body: Volume, axes: VertebraAxes) -> BodySurface:
    """Endplates of a body.

    Parameters
    ----------
    body : Volume
        Binary mask; only what lies within `REACH_MM` of the centre is looked at.
    axes : VertebraAxes
        The vertebra's own axes.
    """
    bone = BoneShare.of(body, axes, [(-reach, reach) for reach in REACH_MM])
    right, front, up = _places(bone.part, axes)
    inside = bone.at((right, front, up))
    bottom, top = ends_along(inside, up)
    reach = float(np.abs(axes.up @ body.affine[:3, :3]).sum() + SIDEWAYS * body.spacing_mm.max())
    return BodySurface(axes, right, front, up, inside, top, bottom, reach)


def _places(part: Volume, axes: VertebraAxes) -> list[NDArray[np.float64]]:
    """Places to the right, front and up between which all of a body lies, as far as `REACH_MM`."""
    found = axes.coordinates(part.world(indices_of(part.array > 0)))
    voxel_mm = float(part.spacing_mm.max())
    margin = min(voxel_mm + LEAST_REACH_MM, NOTHING_BEYOND_VOXELS * voxel_mm + ACROSS_MM)
    places = []
    for axis, (reach, step) in enumerate(zip(REACH_MM, (ACROSS_MM, ACROSS_MM, ALONG_MM), strict=True)):
        low, high = (found[:, axis].min(), found[:, axis].max()) if len(found) else (0.0, 0.0)
        first, last = max(min(low, 0.0) - margin, -reach), min(max(high, 0.0) + margin, reach)
        places.append(step * np.arange(np.ceil(first / step), np.floor(last / step) + 1))
    return places


def ends_along(inside: NDArray[np.float32], up: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last crossing of one half along the last axis, interpolated; NaN where there is none."""
    above = inside >= 0.5
    first = above.argmax(axis=2)
    last = above.shape[2] - 1 - above[:, :, ::-1].argmax(axis=2)
    step = up[1] - up[0]
    found = above.any(axis=2) & (first > 0) & (last < above.shape[2] - 1)
    rows, columns = np.indices(first.shape)

    def crossing(within: NDArray[np.int64], beyond: NDArray[np.int64]) -> NDArray[np.float64]:
        high, low = inside[rows, columns, within], inside[rows, columns, beyond]
        part = (high - 0.5) / np.maximum(high - low, 1e-6)
        return up[within] + (beyond - within) * step * part

    bottom = crossing(first, np.maximum(first - 1, 0))
    top = crossing(last, np.minimum(last + 1, above.shape[2] - 1))
    return np.where(found, bottom, np.nan), np.where(found, top, np.nan)
