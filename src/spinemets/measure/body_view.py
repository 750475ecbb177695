"""CT and masks round one vertebral body, resampled to its own axes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.geometry import Grid, crop, index_box, resample
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import REACH_MM
from spinemets.measure.enclosure import enclosed
from spinemets.measure.region_labels import in_body
from spinemets.volume import Volume

STEP_MM = 1.0
"""Edge of a voxel of the view."""
MARGIN_MM = (28.0, 28.0, 2.0)
"""What is looked at beyond the body to the right, front and up (ours)."""


@dataclass(frozen=True, eq=False)
class BodyView:
    """A body in its own axes: the first axis runs to the right, the second to the front, the third up, 1 mm steps.

    Attributes
    ----------
    axes : VertebraAxes
        Of the vertebra.
    right_mm, front_mm, up_mm : (R,), (F,), (U,) ndarray
        Places along each axis, from the body's centre.
    hu : (R, F, U) ndarray of float32
        CT; NaN beyond the image.
    body : (R, F, U) ndarray of bool
        The body, lesions in it counted.
    posterior : (R, F, U) ndarray of bool
        The other parts of the same vertebra.
    others : (R, F, U) ndarray of bool
        Other vertebrae.
    lesion : (R, F, U) ndarray of bool
        Lesions.
    voxel_mm : float
        Largest edge of a voxel of the CT.
    """

    axes: VertebraAxes
    right_mm: NDArray[np.float64]
    front_mm: NDArray[np.float64]
    up_mm: NDArray[np.float64]
    hu: NDArray[np.float32]
    body: NDArray[np.bool_]
    posterior: NDArray[np.bool_]
    others: NDArray[np.bool_]
    lesion: NDArray[np.bool_]
    voxel_mm: float

    @cached_property
    def depth_mm(self) -> NDArray[np.float32]:
        """(R, F, U) distance of each place in the body from its surface; 0 beside it."""
        result = np.zeros(self.body.shape, np.float32)
        boxes = ndimage.find_objects(self.body.astype(np.uint8))
        if boxes:
            box = tuple(slice(max(axis.start - 1, 0), axis.stop + 1) for axis in boxes[0])
            result[box] = ndimage.distance_transform_edt(self.body[box]) * STEP_MM
        return result


def body_view(
    ct: Volume, vertebrae: Volume, regions: Volume, axes: VertebraAxes, lesions: Volume | None = None
) -> BodyView:
    """What surrounds the body of a vertebra, as far as `MARGIN_MM`.

    Parameters
    ----------
    ct : Volume
        HU.
    vertebrae, regions : Volume
        VerSe ids and `RegionLabel` on the grid of the CT.
    axes : VertebraAxes
        Of the vertebra that is wanted.
    lesions : Volume, optional
        Lesion labels on the grid of the CT.
    """
    places = [
        STEP_MM * np.arange(-np.ceil(reach + margin), np.ceil(reach + margin) + 1)
        for reach, margin in zip(REACH_MM, MARGIN_MM, strict=True)
    ]
    grid = _grid(axes, places)
    start, stop = index_box(ct, grid)
    image = crop(ct, start, stop)
    ids, parts = crop(vertebrae, start, stop).array, crop(regions, start, stop).array
    own = ids == axes.level.verse_id
    bone = own & in_body(parts)
    lesion = np.zeros(own.shape, bool) if lesions is None else crop(lesions, start, stop).array > 0

    def share(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return at_least_half(image.with_array(mask.astype(np.uint8) * 100), grid)

    hu = resample(image, grid, fill=np.nan)
    body, ill, posterior = share(bone), share(lesion), share(own & ~bone)
    return BodyView(
        axes,
        places[0],
        places[1],
        places[2],
        hu,
        body | (ill & enclosed(body | posterior) & ~posterior),
        posterior,
        share((ids > 0) & ~own),
        ill,
        float(ct.spacing_mm.max()),
    )


def at_least_half(percent: Volume, grid: Grid) -> NDArray[np.bool_]:
    """Where a mask, 0 or 100, comes to 50 at least at the points of a grid.

    Only the part of the grid that the mask can reach is worked out; the rest is False either way.
    """
    reach = np.abs(np.linalg.inv(grid.affine[:3, :3]) @ percent.affine[:3, :3]).max(axis=0)
    if reach.min() < 0.51:
        return resample(percent, grid) >= 50  # averaged over blocks, and where they lie depends on the whole grid
    result = np.zeros(grid.shape, bool)
    found = ndimage.find_objects((percent.array > 0).astype(np.uint8))
    if not found:
        return result
    ends = np.array([(axis.start - 1.0, axis.stop) for axis in found[0]])
    corners = np.array(np.meshgrid(*ends)).reshape(3, -1).T
    index = (percent.world(corners) - grid.affine[:3, 3]) @ np.linalg.inv(grid.affine[:3, :3]).T
    start = np.clip(np.floor(index.min(axis=0)).astype(int) - 1, 0, grid.shape)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 2, start, grid.shape)
    if (stop <= start).any():
        return result
    affine = grid.affine.copy()
    affine[:3, 3] = grid.affine[:3, :3] @ start + grid.affine[:3, 3]
    right, front, up = (int(n) for n in stop - start)
    box = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    result[box] = resample(percent, Grid((right, front, up), affine)) >= 50
    return result


def _grid(axes: VertebraAxes, places: list[NDArray[np.float64]]) -> Grid:
    affine = np.eye(4)
    affine[:3, :3] = axes.rows.T * STEP_MM
    affine[:3, 3] = axes.world(np.array([[values[0] for values in places]]))[0]
    right, front, up = (len(values) for values in places)
    return Grid((right, front, up), affine)
