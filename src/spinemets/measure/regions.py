"""A whole vertebra divided into body and posterior elements by its canal.

The canal-referenced partition of `clinical.md` §1 and of TGBP (arXiv 2603.16963): the
body lies in front of the plane through the front of the canal, the pedicles beside the
front half of the canal, everything else behind. Sides are the patient's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level, Region, Subregion
from spinemets.label_boxes import indices_of
from spinemets.measure.canal import CanalAxis

PEDICLE_WIDTH_MM = {Region.CERVICAL: 6.0, Region.THORACIC: 7.0, Region.LUMBAR: 11.0, Region.SACRAL: 15.0}
"""Typical pedicle width, rounded from Panjabi 1991 and 1992; where the transverse process begins."""
SPINOUS_HALF_WIDTH_MM = 5.0
"""Bone behind the canal within this distance of the mid-plane is spinous process (ours)."""


@dataclass(frozen=True)
class VertebralFrame:
    """A vertebra's own axes.

    Attributes
    ----------
    origin : (3,) ndarray
        Middle of the canal at this vertebra.
    right, front, up : (3,) ndarray
        Unit vectors to the patient's right, anterior and cranial, at right angles to one another.
    """

    origin: NDArray[np.float64]
    right: NDArray[np.float64]
    front: NDArray[np.float64]
    up: NDArray[np.float64]

    def coordinates(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) points as distances to the right, front and up of the origin, in units of `points`."""
        return (points - self.origin) @ np.stack([self.right, self.front, self.up], axis=1)


def body_centre(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(3,) index of the middle of the thickest part of a vertebra: its body, without knowing the parts.

    Voxels count by the cube of their depth below the surface, so that processes hardly count.
    """
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1, 1:-1]
    weight = depth * depth * depth
    total = weight.sum()
    places = np.ogrid[tuple(slice(count) for count in mask.shape)]
    return np.array([float((weight * place).sum() / total) for place in places])


def vertebral_frame(centre: NDArray[np.float64], axis: CanalAxis, spacing_mm: float) -> VertebralFrame:
    """The frame of the vertebra whose body has its middle at index `centre`, in voxel units of an RAS+ grid."""
    k = centre[2]
    for _ in range(3):
        up = axis.tangent(k, spacing_mm=spacing_mm)
        origin = axis.at(k)
        k = float(np.clip(k + (centre - origin) @ up / max(up[2], 0.3), axis.k[0], axis.k[-1]))
    front = centre - origin
    front = front - (front @ up) * up
    front = front / np.linalg.norm(front)
    return VertebralFrame(origin, np.cross(front, up), front, up)


def partition(
    mask: NDArray[np.bool_],
    level: Level,
    frame: VertebralFrame,
    canal: NDArray[np.bool_],
    spacing_mm: float,
) -> NDArray[np.uint8]:
    """Subregion label of every voxel of one vertebra.

    Parameters
    ----------
    mask : (I, J, K) ndarray of bool
        The vertebra, on an RAS+ isotropic grid.
    level : Level
        Its level; C1 has no body.
    frame : VertebralFrame
        Its axes, in voxels of the grid.
    canal : (I, J, K) ndarray of bool
        The canal on the same grid.
    spacing_mm : float
        Voxel edge, mm.

    Returns
    -------
    (I, J, K) ndarray of uint8
        `Subregion` values, 0 outside the vertebra.
    """
    index = indices_of(mask)
    right, front, up = (frame.coordinates(index.astype(float)) * spacing_mm).T
    canal_right, canal_front = _canal_extent(frame, canal, spacing_mm)
    half_canal = canal_right[1]
    wall = canal_front[1] - 0.5
    in_front = front > wall
    body_half = _body_half_width(right, in_front, half_canal)
    lateral = max(body_half, half_canal + PEDICLE_WIDTH_MM[level.region])
    label = np.full(len(index), Subregion.ARCH, dtype=np.uint8)
    is_right = right > 0
    transverse = np.where(is_right, Subregion.TRANSVERSE_PROCESS_RIGHT, Subregion.TRANSVERSE_PROCESS_LEFT)
    pedicle = np.where(is_right, Subregion.PEDICLE_RIGHT, Subregion.PEDICLE_LEFT)
    behind = front < canal_front[0]
    label[behind & (np.abs(right) < SPINOUS_HALF_WIDTH_MM)] = Subregion.SPINOUS_PROCESS
    wide = np.abs(right) > lateral
    label[wide] = transverse[wide]
    middle = (canal_front[0] + canal_front[1]) / 2
    if level is Level.C1:
        return _filled(mask, index, label)
    upper = up[in_front].mean() if in_front.any() else 0.0
    beside = ~in_front & (front > middle) & ~wide & (np.abs(right) > 0.6 * half_canal)
    if level.region is not Region.CERVICAL:
        beside &= up > upper - 4.0
    label[beside] = pedicle[beside]
    label[in_front] = Subregion.BODY
    if level.region is Region.CERVICAL:
        outside = in_front & (np.abs(right) > half_canal + 1.0)
        label[outside] = transverse[outside]
    return _filled(mask, index, label)


def _filled(mask: NDArray[np.bool_], index: NDArray[np.int64], label: NDArray[np.uint8]) -> NDArray[np.uint8]:
    result = np.zeros(mask.shape, dtype=np.uint8)
    result[tuple(index.T)] = label
    return result


def _canal_extent(
    frame: VertebralFrame, canal: NDArray[np.bool_], spacing_mm: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """(left, right) and (back, front) extent of the canal near the origin of a frame, mm."""
    reach = int(25 / spacing_mm)
    low = np.maximum(np.round(frame.origin).astype(int) - reach, 0)
    box = canal[tuple(slice(a, a + 2 * reach + 1) for a in low)]
    point = (frame.coordinates(np.argwhere(box) + low) * spacing_mm).T
    near = point[:, np.abs(point[2]) < 4.0]
    if near.shape[1] < 20:
        return (-9.0, 9.0), (-8.0, 8.0)
    right, front = near[0], near[1]
    half = spacing_mm / 2
    return (
        (float(np.percentile(right, 2)) - half, float(np.percentile(right, 98)) + half),
        (float(np.percentile(front, 2)) - half, float(np.percentile(front, 98)) + half),
    )


def _body_half_width(right: NDArray[np.float64], in_front: NDArray[np.bool_], half_canal: float) -> float:
    if not in_front.any():
        return half_canal
    return float(np.percentile(np.abs(right[in_front]), 90))
