"""Slices across the cord, their masks resampled to one fine grid so that a pixel's size does not matter.

Coordinates within a slice are millimetres along its two voxel axes, the same for all slices of a stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.measure.fine_grid import FINE_MM, box_round, cropped, fine_mask, fine_signal, lies_on_edge
from spinemets.volume import Volume

SECOND_CORD = 0.3
"""A second piece of more than this share of the first is another cord (ours)."""
LEAST_LENGTH_MM = 10.0
"""A mask that is shorter, as a speck in one slice is, does not tell which way a cord runs (ours)."""


@dataclass(frozen=True, eq=False)
class CanalSlice:
    """One slice.

    Attributes
    ----------
    index : int
        Along the stack's axis, in stored order.
    height_mm : float
        Along the stack, from its first slice.
    cord, sac, tumour : (U, V) ndarray of bool
        On the fine grid; the sac holds the cord, the tumour none of either.
    image : (U, V) ndarray or None
        T2 signal on the fine grid.
    cut : bool
        Whether the edge of the image cuts the sac, so that it may be larger than what is drawn of it.
    """

    index: int
    height_mm: float
    cord: NDArray[np.bool_]
    sac: NDArray[np.bool_]
    tumour: NDArray[np.bool_]
    image: NDArray[np.float32] | None = None
    cut: bool = False


@dataclass(frozen=True, eq=False)
class CanalStack:
    """Slices across the cord.

    Attributes
    ----------
    axis : int
        Voxel axis that the slices lie across.
    slices : tuple of CanalSlice
        Those with sac, in stored order.
    pixel_mm, slice_mm : float
        Largest pixel edge in plane, and distance between slices, of the image.
    tilt_deg : float
        Between the slices' normal and the cord.
    to_front : (2,) ndarray
        The patient's front within a slice, unit vector along the two in-plane axes.
    to_head : float
        1 where heights grow towards the head, -1 where they grow towards the feet.
    tumour_without_sac_mm2 : mapping
        Area of tumour in each slice that shows tumour and no sac: there nobody can tell how much room is left.
    corner_index, in_plane_mm : (2,) ndarray
        Of the volume: index of the corner of the fine grid along the in-plane axes, and spacing along them.
    """

    axis: int
    slices: tuple[CanalSlice, ...]
    pixel_mm: float
    slice_mm: float
    tilt_deg: float
    to_front: NDArray[np.float64]
    to_head: float
    tumour_without_sac_mm2: Mapping[int, float] = field(default_factory=dict)
    corner_index: NDArray[np.float64] = field(default_factory=lambda: np.full(2, -0.5))
    in_plane_mm: NDArray[np.float64] = field(default_factory=lambda: np.full(2, FINE_MM))

    def fine_at(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) fine pixels at indices along the two in-plane axes of the volume."""
        return (np.asarray(index) - self.corner_index) * self.in_plane_mm / FINE_MM - 0.5

    def index_at(self, fine: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) indices along the two in-plane axes of the volume at fine pixels."""
        return (np.asarray(fine) + 0.5) * FINE_MM / self.in_plane_mm + self.corner_index


def canal_stack(cord: Volume, sac: Volume, tumour: Volume, t2: Volume | None = None) -> CanalStack:
    """The slices of a canal.

    Parameters
    ----------
    cord, sac, tumour : Volume
        Binary masks on one grid; the sac is all inside the dura, the cord is joined to it.
    t2 : Volume, optional
        Image on the same grid.
    """
    along = cord if cord.array.any() else sac
    axis = stack_axis(along)
    planes = _planes(cord, sac, tumour, t2, axis)
    directions = np.delete(cord.affine[:3, :3] / cord.spacing_mm, axis, axis=1)
    to_front = directions[1] / max(float(np.linalg.norm(directions[1])), 1e-9)
    return CanalStack(
        axis,
        planes.fine(),
        float(planes.pixel_mm.max()),
        planes.apart_mm,
        _tilt_deg(along, axis),
        to_front,
        1.0 if cord.affine[2, axis] > 0 else -1.0,
        planes.tumour_without_sac_mm2(),
        planes.corner_index,
        planes.pixel_mm,
    )


@dataclass(frozen=True, eq=False)
class _Planes:
    """Slices as they are stored: cord, sac with the cord and tumour outside either, each (K, U, V), and perhaps T2."""

    cord: NDArray[np.bool_]
    sac: NDArray[np.bool_]
    tumour: NDArray[np.bool_]
    image: NDArray[np.generic] | None
    pixel_mm: NDArray[np.float64]
    apart_mm: float

    @cached_property
    def box(self) -> NDArray[np.int64]:
        """(2, 2) first pixel and the one after the last, along either axis, round all sac and tumour.

        It reaches beyond the image where they lie near its edge: distances to a sac are needed on all sides of it.
        """
        return box_round(np.asarray((self.sac | self.tumour).any(axis=0)), self.pixel_mm)

    @property
    def corner_index(self) -> NDArray[np.float64]:
        """(2,) index of the outer corner of the first pixel of `box`."""
        return np.asarray(self.box[:, 0] - 0.5, dtype=np.float64)

    def fine(self) -> tuple[CanalSlice, ...]:
        """Those with sac, on the fine grid round what any of them holds."""
        box = self.box
        slices = []
        for index in np.flatnonzero(self.sac.any(axis=(1, 2))):
            cord, sac, tumour = (fine_mask(cropped(m[index], box), self.pixel_mm) for m in self._masks)
            sac |= cord
            signal = None if self.image is None else fine_signal(cropped(self.image[index], box, "edge"), self.pixel_mm)
            height_mm, cut = float(index * self.apart_mm), lies_on_edge(self.sac[index])
            slices.append(CanalSlice(int(index), height_mm, cord, sac, tumour & ~sac, signal, cut))
        return tuple(slices)

    @property
    def _masks(self) -> tuple[NDArray[np.bool_], ...]:
        return self.cord, self.sac, self.tumour

    def tumour_without_sac_mm2(self) -> dict[int, float]:
        """Area of tumour in each slice that shows tumour and no sac."""
        area_mm2 = self.tumour.sum(axis=(1, 2)) * float(self.pixel_mm.prod())
        area_mm2[self.sac.any(axis=(1, 2))] = 0.0
        return {int(index): float(area_mm2[index]) for index in np.flatnonzero(area_mm2)}


def _planes(cord: Volume, sac: Volume, tumour: Volume, t2: Volume | None, axis: int) -> _Planes:
    """The slices across an axis, no voxel of which is both sac and tumour."""
    own, inside, beside = (np.moveaxis(mask.array > 0, axis, 0) for mask in (cord, sac, tumour))
    inside = inside | own
    image = None if t2 is None else np.moveaxis(t2.array, axis, 0)
    pixel_mm = np.delete(cord.spacing_mm, axis)
    return _Planes(own, inside, beside & ~inside, image, pixel_mm, float(cord.spacing_mm[axis]))


def stack_axis(mask: Volume) -> int:
    """The voxel axis closest in world direction to a cord; to head-foot where the mask is short or wide."""
    points = mask.world(np.argwhere(mask.array > 0))
    spread, directions = np.linalg.eigh(np.cov(points.T)) if len(points) > 3 else (np.ones(3), np.eye(3))
    long = spread[-1] > max(4.0 * spread[-2], LEAST_LENGTH_MM**2 / 12)
    along = directions[:, -1] if long else np.array([0.0, 0.0, 1.0])
    return int(np.abs(along @ (mask.affine[:3, :3] / mask.spacing_mm)).argmax())


def slice_with_two_cords(cord: Volume) -> int | None:
    """The first slice that holds two cords, in stored order; None where no slice does."""
    if not cord.array.any():
        return None
    planes = np.moveaxis(cord.array > 0, stack_axis(cord), 0)
    for index in np.flatnonzero(planes.any(axis=(1, 2))):
        parts, found = ndimage.label(planes[index], structure=np.ones((3, 3)))
        areas = np.bincount(parts.ravel())[1:]
        if found > 1 and np.sort(areas)[-2] > SECOND_CORD * areas.max():
            return int(index)
    return None


def _tilt_deg(mask: Volume, axis: int) -> float:
    """Angle between the normal of the slices and the line through the centroids of the mask in them."""
    index = np.argwhere(mask.array > 0)
    places = np.unique(index[:, axis])
    if len(places) < 3:
        return 0.0
    centres = mask.world(np.array([index[index[:, axis] == place].mean(axis=0) for place in places]))
    _, directions = np.linalg.eigh(np.cov(centres.T))
    in_plane = np.delete(mask.affine[:3, :3] / mask.spacing_mm, axis, axis=1)
    normal = np.cross(in_plane[:, 0], in_plane[:, 1])
    cosine = abs(float(directions[:, -1] @ normal)) / float(np.linalg.norm(normal))
    return float(np.degrees(np.arccos(min(cosine, 1.0))))
