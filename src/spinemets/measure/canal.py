"""The spinal canal and the axes of each vertebra, from vertebra masks alone.

Used where no network has marked the canal: for label maps and for masks from elsewhere.
All arrays here are RAS+ and isotropic; lengths are voxels unless a name says ``_mm``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import UnivariateSpline

MAX_CANAL_RADIUS_MM = 17.0
"""No canal is wider than this from its centre (ours; C1 to C2 reach about 15 mm)."""
RAYS = 36
"""Directions in which the canal's border is sought, in each axial slice."""


@dataclass(frozen=True)
class CanalAxis:
    """The curve down the middle of the canal, one point for each axial slice.

    Attributes
    ----------
    k : (N,) ndarray of int
        Axial slice indices, ascending (towards the head).
    centre : (N, 2) ndarray
        Index along I and J of the middle of the canal in that slice.
    """

    k: NDArray[np.int64]
    centre: NDArray[np.float64]

    def at(self, k: float) -> NDArray[np.float64]:
        """(3,) index of the axis at slice `k`, held constant beyond the ends."""
        return np.array([np.interp(k, self.k, self.centre[:, 0]), np.interp(k, self.k, self.centre[:, 1]), k])

    def tangent(self, k: float, half_mm: float = 12.0, spacing_mm: float = 1.0) -> NDArray[np.float64]:
        """(3,) unit vector along the canal towards the head at slice `k`."""
        reach = half_mm / spacing_mm
        low, high = max(k - reach, self.k[0]), min(k + reach, self.k[-1])
        if high - low < 1:
            return np.array([0.0, 0.0, 1.0])
        direction = self.at(high) - self.at(low)
        return direction / np.linalg.norm(direction)


def foramen_centre(mask: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """(3,) index of the middle of the vertebral foramen, or None where no ring closes.

    The ring is looked for in the projection of the vertebra along K, where it closes even
    if the vertebra is tilted against the slices.
    """
    seen = ndimage.binary_closing(np.pad(mask.any(axis=2), 3), iterations=2)[3:-3, 3:-3]
    hole = ndimage.binary_fill_holes(seen) & ~seen
    labels, count = ndimage.label(hole)
    if count == 0:
        return None
    sizes = ndimage.sum_labels(hole, labels, np.arange(1, count + 1))
    largest = int(np.argmax(sizes)) + 1
    centre = ndimage.center_of_mass(labels == largest)
    k = np.flatnonzero(mask.any(axis=(0, 1)))
    ring = mask[max(int(centre[0]) - 12, 0) : int(centre[0]) + 13, max(int(centre[1]) - 12, 0) : int(centre[1]) + 13]
    profile = ring.sum(axis=(0, 1)).astype(float)
    middle = float((profile * np.arange(len(profile))).sum() / profile.sum()) if profile.sum() else float(k.mean())
    return np.array([centre[0], centre[1], middle])


def canal_axis(centres: list[NDArray[np.float64]], count_k: int) -> CanalAxis:
    """A smooth canal axis through foramen centres, extended straight by 15 slices at either end.

    Parameters
    ----------
    centres : list of (3,) ndarray
        Foramen centres in any order; at least two.
    count_k : int
        Number of axial slices of the array.
    """
    points = np.array(sorted(centres, key=lambda point: point[2])).reshape(-1, 3)
    points = points[np.diff(points[:, 2], prepend=-np.inf) > 1e-3]
    if len(points) < 2:
        raise ValueError(f"a canal axis needs at least two foramina, got {len(points)}")
    degree = min(3, len(points) - 1)
    k = np.arange(max(int(points[0, 2]) - 15, 0), min(int(points[-1, 2]) + 16, count_k))
    inside = np.clip(k, points[0, 2], points[-1, 2])
    columns = []
    for axis in range(2):
        spline = UnivariateSpline(points[:, 2], points[:, axis], k=degree, s=len(points) * 1.0)
        slope = spline.derivative()(inside)
        columns.append(spline(inside) + slope * (k - inside))
    return CanalAxis(k, np.stack(columns, axis=1))


def canal_radii(bone: NDArray[np.bool_], axis: CanalAxis, spacing_mm: float) -> NDArray[np.float64]:
    """(N, RAYS) distance from the axis to the bony wall, in voxels, gaps between vertebrae filled.

    Ray ``r`` points to angle ``2πr/RAYS``, counted from +I (right) towards +J (front).
    """
    reach = np.arange(1.0, MAX_CANAL_RADIUS_MM / spacing_mm, 0.5)
    angle = 2 * np.pi * np.arange(RAYS) / RAYS
    step = np.stack([np.cos(angle), np.sin(angle)])
    i = axis.centre[:, 0, None, None] + step[0][None, :, None] * reach
    j = axis.centre[:, 1, None, None] + step[1][None, :, None] * reach
    k = np.broadcast_to(axis.k[:, None, None], i.shape)
    hit = ndimage.map_coordinates(bone.astype(np.uint8), [i, j, k], order=0, mode="constant") > 0
    radii = np.where(hit.any(axis=2), reach[np.argmax(hit, axis=2)], np.nan)
    return _fill_gaps(radii, window=round(15 / spacing_mm))


def _fill_gaps(radii: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Replace each radius by a low quantile along the canal, so that foramina do not open it sideways."""
    padded = np.pad(radii, ((window, window), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * window + 1, axis=0)
    count = np.isfinite(windows).sum(axis=-1)
    filled = np.where(np.isfinite(windows), windows, np.inf)
    ordered = np.sort(filled, axis=-1)
    rank = np.maximum((count * 0.35).astype(int), 0)
    value = np.take_along_axis(ordered, rank[..., None], axis=-1)[..., 0]
    fallback = np.nanmedian(radii)
    value = np.where(np.isfinite(value), value, fallback)
    wrapped = ndimage.gaussian_filter1d(value, 1.0, axis=1, mode="wrap")
    return ndimage.gaussian_filter1d(wrapped, max(window / 4, 1.0), axis=0, mode="nearest")


def canal_mask(bone: NDArray[np.bool_], axis: CanalAxis, spacing_mm: float) -> NDArray[np.bool_]:
    """Voxels of the bony canal, star-shaped about its axis in every axial slice."""
    radii = canal_radii(bone, axis, spacing_mm)
    result = np.zeros(bone.shape, dtype=bool)
    reach = int(MAX_CANAL_RADIUS_MM / spacing_mm) + 1
    for k, (ci, cj), radius in zip(axis.k, axis.centre, radii, strict=True):
        i0, j0 = max(int(ci) - reach, 0), max(int(cj) - reach, 0)
        i1, j1 = min(int(ci) + reach + 1, bone.shape[0]), min(int(cj) + reach + 1, bone.shape[1])
        if i1 <= i0 or j1 <= j0:
            continue
        i, j = np.mgrid[i0:i1, j0:j1]
        angle = (np.arctan2(j - cj, i - ci) / (2 * np.pi) * RAYS) % RAYS
        wall = np.interp(angle, np.arange(RAYS + 1), np.append(radius, radius[0]))
        result[i0:i1, j0:j1, k] = np.hypot(i - ci, j - cj) < wall
    return result & ~bone
