"""Signal of a part of a vertebra on an MR series, whose grid is another than that of the masks.

A part becomes a signed depth in the vertebra's own axes; a voxel of the series belongs to the part by the depth of its
centre, and to its inside by the least depth of any place in the voxel, so that thick slices hold nothing else.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import Grid, crop, index_box, resample
from spinemets.measure.axes import VertebraAxes
from spinemets.volume import Volume

STEP_MM = 1.0
"""Steps in which depth is known."""
ROUND_MM = 6.0
"""It is known so far outside the part (ours; a halo is sought 4 mm outside)."""
FAR_MM = -99.0
WITHIN_VOXEL = 0.4
"""Places in a voxel lie up to this share of an edge from its centre: its outermost tenth may be mixed (ours)."""
SEEN_FROM = 0.9
"""So much of the part lies within the image (ours)."""
LEAST_VOXELS, LEAST_ACROSS = 10, 3
"""A part of fewer voxels of the series, or narrower than so many, is too small (`clinical.md` §1, [D])."""
EDGE_MM = 0.5
"""A surface is known to this (ours): means are taken so much nearer to it and further from it, too."""
ALIKE_VOXELS = 4.0
"""So many voxels of one tissue differ from their neighbours as one does (ours)."""


@dataclass(frozen=True)
class Signal:
    """Mean or median signal and its 90 % interval, in the units of the series."""

    value: float
    low: float
    high: float


def signed_depth(mask: Volume, axes: VertebraAxes) -> Volume | None:
    """Distance from the surface of a mask, mm, positive inside, on a grid along the vertebra's axes.

    Parameters
    ----------
    mask : Volume
        Of bool, cut out round the vertebra.
    axes : VertebraAxes
        Of the vertebra.

    Returns
    -------
    Volume or None
        None where the mask holds nothing.
    """
    index = np.argwhere(mask.array)
    if not len(index):
        return None
    place = axes.coordinates(mask.world(index))
    reach = ROUND_MM + float(mask.spacing_mm.max())
    low, high = place.min(axis=0) - reach, place.max(axis=0) + reach
    size = np.ceil((high - low) / STEP_MM).astype(int) + 1
    affine = np.eye(4)
    affine[:3, :3] = axes.rows.T * STEP_MM
    affine[:3, 3] = axes.world(low[None])[0]
    grid = Grid((int(size[0]), int(size[1]), int(size[2])), affine)
    inside = resample(mask.with_array(mask.array.astype(np.uint8) * 100), grid) >= 50
    if not inside.any():
        return None
    depth = np.where(inside, ndimage.distance_transform_edt(inside), -ndimage.distance_transform_edt(~inside))
    return Volume((depth - 0.5 * np.sign(depth)).astype(np.float32) * STEP_MM, affine, mask.frame_of_reference)


@dataclass(frozen=True, eq=False)
class PartOnImage:
    """The voxels of a series round a part of a vertebra.

    Attributes
    ----------
    image : Volume
        The series, cut out.
    depth_mm : (I, J, K) ndarray
        Depth of the centre of each voxel within the part; negative outside.
    least_mm, most_mm : (I, J, K) ndarray
        The least and the greatest depth of any place in it.
    """

    image: Volume
    depth_mm: NDArray[np.float32]
    least_mm: NDArray[np.float32]
    most_mm: NDArray[np.float32]


def part_on_image(image: Volume, depth: Volume) -> PartOnImage | NotAssessed:
    """Which voxels of a series belong to a part; `Reason.OUT_OF_FIELD` where it does not show the part."""
    if not shows(image, depth.world(np.argwhere(depth.array > 0))):
        return NotAssessed(Reason.OUT_OF_FIELD, "the series does not show the whole of what is to be measured")
    near = crop(image, *index_box(image, Grid.of(depth)))
    index = np.moveaxis(np.indices(near.shape), 0, -1).reshape(-1, 3)
    corners = [(0.0, 0.0, 0.0), *itertools.product((-WITHIN_VOXEL, WITHIN_VOXEL), repeat=3)]
    found = [_at(depth, near.world(index + np.array(corner))).reshape(near.shape) for corner in corners]
    return PartOnImage(near, found[0], np.min(found, axis=0), np.max(found, axis=0))


def shows(image: Volume, points_mm: NDArray[np.float64]) -> bool:
    """Whether at least `SEEN_FROM` of (N, 3) world places lie within an image."""
    return bool(len(points_mm)) and float(within(image, points_mm).mean()) >= SEEN_FROM


def within(image: Volume, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) whether world places lie in a voxel of an image."""
    at = image.index(points_mm)
    return np.asarray(((at >= -0.5) & (at <= np.array(image.shape) - 0.5)).all(axis=1))


def values_at(image: Volume, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) signal at world places, that of the nearest voxel beyond the image."""
    at = image.index(points_mm).T
    return np.asarray(
        ndimage.map_coordinates(image.array.astype(np.float32, copy=False), at, order=1, mode="nearest"), np.float64
    )


def _at(depth: Volume, points_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(ndimage.map_coordinates(depth.array, depth.index(points_mm).T, order=1, cval=FAR_MM), np.float32)


def is_large(part: PartOnImage) -> bool:
    """Whether a part has `LEAST_VOXELS` voxels and is `LEAST_ACROSS` wide along each axis of the series."""
    index = np.argwhere(part.depth_mm > 0)
    return len(index) >= LEAST_VOXELS and bool((np.ptp(index, axis=0) + 1 >= LEAST_ACROSS).all())


def part_signal(part: PartOnImage, margin_mm: float) -> Signal | NotAssessed:
    """Mean signal of the voxels that lie wholly in a part, at least so far from its surface.

    The interval is that of a surface `EDGE_MM` off either way, and of the spread of the signal.
    """
    values = part.image.array[part.least_mm > margin_mm].astype(np.float64)
    if not is_large(part) or len(values) < LEAST_VOXELS:
        needed = f"{LEAST_VOXELS} voxels of the series and {LEAST_ACROSS} across"
        return NotAssessed(Reason.TOO_SMALL, f"{len(values)} voxels lie wholly in what is measured; it takes {needed}")
    means = [float(values.mean())]
    for shift in (-EDGE_MM, EDGE_MM):
        moved = part.image.array[part.least_mm > margin_mm + shift]
        means += [float(moved.mean())] if len(moved) >= LEAST_VOXELS else []
    error = float(1.64 * values.std() / np.sqrt(max(len(values) / ALIKE_VOXELS, 1)))
    return Signal(means[0], min(means) - error, max(means) + error)


def places_signal(image: Volume, points_mm: NDArray[np.float64]) -> Signal:
    """Median signal at (N, 3) world places of one tissue; its interval counts the voxels that they lie in."""
    values = values_at(image, points_mm)
    voxels = len(np.unique(np.round(image.index(points_mm)).astype(int), axis=0))
    middle = float(np.median(values))
    spread = 1.48 * float(np.median(np.abs(values - middle)))
    error = float(1.25 * 1.64 * spread / np.sqrt(max(voxels / ALIKE_VOXELS, 1)))
    return Signal(middle, middle - error, middle + error)


def ratio(own: Signal | NotAssessed, reference: Signal | NotAssessed, method: str) -> Finding:
    """One signal by another; `Reason.NO_REFERENCE` where the other may be none."""
    if isinstance(own, NotAssessed):
        return own
    if isinstance(reference, NotAssessed):
        return reference
    if reference.low <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "the tissue to compare with has no signal")
    low, high = max(own.low, 0.0), max(own.high, 0.0)
    value = max(own.value, 0.0) / reference.value
    return Measured(value, "1", low / reference.high, high / reference.low, method)
