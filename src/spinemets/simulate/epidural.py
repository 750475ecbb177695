"""Epidural tumour that deforms sac and cord by known amounts: the truth is in the parameters.

A straight piece of canal along its own z axis. Sac and cord are ellipses of the sizes of `clinical.md` §3.3; tumour
fills the space between the deformed sac and the bony canal within an angle, and pushes the sac's wall inwards along
its radius until the wall lies on the cord, round which it then wraps. Everything is a smooth closed form, so any grid
may be painted with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from spinemets.simulate.epidural_shape import (
    ANGLES,
    Array,
    Cord,
    Push,
    ellipse_radius,
    in_canal,
    points,
)

EPIDURAL_SPACE_MM = 3.0
"""Between sac and bone, where no canal is given (ours)."""
DEFORMED_MM, DEFORMED_LOSS, TOUCHING_MM, MOVED_MM, FLATTENED = 1.0, 0.10, 0.5, 1.0, 0.10
CSF_RING, POOL_MM, POOL_MM2 = 0.10, 1.0, 3.0
LEAST_MM2, LEAST_MM = 5.0, 1.0
"""Where one true grade becomes the next, as `clinical.md` §2.3 has it."""
RING_STEPS = 10
RASTER_MM = 0.15
"""Edge of the pixels on which areas without a closed form, and the thickness of tumour, are worked out."""


@dataclass(frozen=True)
class EpiduralCase:
    """One site of epidural tumour.

    Attributes
    ----------
    sac_mm, cord_mm : (float, float)
        Transverse and anteroposterior diameter of the undeformed sac and cord.
    direction : (float, float)
        Towards the middle of the tumour: to the patient's right, to the front; a unit vector.
    half_angle_deg : float
        Of the sector that it fills; 180 is all round.
    indentation_mm : float
        How far it pushes the wall of the sac inwards; with 0 it lies against it.
    flattening : float
        Fraction of the cord's diameter along `direction` that is lost.
    shift_mm : float
        How far the cord is moved away from the tumour.
    length_mm : float
        Of the tumour along the canal, tapering ends included; 0 for none.
    plateau : float
        Share of the half angle over which it pushes fully.
    lobe_deg : float
        With more than 0 the tumour has two lobes, so far to either side of `direction`: a draped curtain.
    ripple : (float, int, float)
        Waves in the edge of the tumour: depth as a share of the indentation, number, phase.
    film_mm : float
        CSF left between cord and wall where the sac wraps round the cord.
    cord_at_mm : (float, float)
        Centre of the undeformed cord from that of the sac, to the right and to the front.
    canal_mm : (float, float, float) or None
        Half width and half depth of the bony canal, and how far its centre lies behind that of the sac.
    """

    sac_mm: tuple[float, float] = (14.4, 12.6)
    cord_mm: tuple[float, float] = (8.0, 5.8)
    direction: tuple[float, float] = (0.0, 1.0)
    half_angle_deg: float = 55.0
    indentation_mm: float = 0.0
    flattening: float = 0.0
    shift_mm: float = 0.0
    length_mm: float = 24.0
    plateau: float = 0.0
    lobe_deg: float = 0.0
    ripple: tuple[float, int, float] = (0.0, 3, 0.0)
    film_mm: float = 0.0
    cord_at_mm: tuple[float, float] = (0.0, 0.0)
    canal_mm: tuple[float, float, float] | None = None

    def at(self, strength: float) -> EpiduralCase:
        """The case where the tumour is only so strong, as towards its ends."""
        return replace(
            self,
            indentation_mm=self.indentation_mm * strength,
            flattening=self.flattening * strength,
            shift_mm=self.shift_mm * strength,
        )

    @property
    def push(self) -> Push:
        """Where round the sac the tumour pushes."""
        return Push(
            float(np.arctan2(*self.direction)),
            float(np.radians(self.half_angle_deg)),
            self.plateau,
            float(np.radians(self.lobe_deg)),
            self.ripple,
        )

    @property
    def cord(self) -> Cord:
        """The cord in the middle of the site."""
        return self.cord_where(1.0)

    def cord_where(self, strength: Array | float) -> Cord:
        """The cord where the tumour is only so strong."""
        x, y = (at - self.shift_mm * to * strength for at, to in zip(self.cord_at_mm, self.direction, strict=True))
        return Cord(
            self.cord_mm[0] / 2, self.cord_mm[1] / 2, (x, y), np.array(self.direction), self.flattening * strength
        )

    @property
    def gap_mm(self) -> float:
        """Least distance between tumour and cord in the middle of the site."""
        facing = self.push.within(ANGLES)
        return max(float(self._wall_to_cord_mm[facing].min()), self.film_mm)

    @property
    def clearance_mm(self) -> float:
        """Least distance between the pushed wall and the cord on any side; negative where it wraps round the cord."""
        return float(self._wall_to_cord_mm.min())

    @property
    def depth_mm(self) -> float:
        """How deep the tumour reaches into the undeformed sac: no deeper than to the cord, round which it wraps."""
        right, front = self._grid
        angle = np.arctan2(right, front)
        inside = ellipse_radius(angle, self.sac_mm[0] / 2, self.sac_mm[1] / 2) - np.hypot(right, front)
        return float(inside[self._raster].max(initial=0.0))

    @property
    def sac_loss(self) -> float:
        """Fraction of the sac's area that is lost in the middle of the site."""
        whole = np.pi / 4 * self.sac_mm[0] * self.sac_mm[1]
        return float(1 - self._sac_mm2 / whole)

    @property
    def csf_ring(self) -> float:
        """Share of the millimetre round the cord that is CSF."""
        depth = (np.arange(RING_STEPS) + 0.5) / RING_STEPS
        cord = self.cord
        ring = cord.outline()[:, None] + depth[:, None] * cord.normals()[:, None]
        inside = self.in_sac(ring[..., 0], ring[..., 1]) | (depth < self.film_mm)
        return float(inside.mean())

    @property
    def csf_is_visible(self) -> bool:
        """Whether CSF is left in the ring round the cord, or a pool of it beside the cord."""
        area = self._sac_mm2 - np.pi / 4 * self.cord_mm[0] * self.cord_mm[1] * (1 - self.flattening)
        pool = self._wall_to_cord_mm.max() >= POOL_MM and area >= POOL_MM2
        return self.csf_ring >= CSF_RING or bool(pool)

    @cached_property
    def tumour_mm2(self) -> float:
        """Area of the tumour in the canal in the middle of the site."""
        return float(self._raster.sum() * RASTER_MM**2)

    @cached_property
    def tumour_mm(self) -> float:
        """Diameter of the largest circle in it."""
        return float(2 * ndimage.distance_transform_edt(self._raster).max() * RASTER_MM)

    @property
    def grade(self) -> str:
        """ESCC grade by the parameters."""
        if self.length_mm == 0:
            return "0"
        if self.indentation_mm < DEFORMED_MM and self.sac_loss < DEFORMED_LOSS:
            return "1a"
        if self.gap_mm > TOUCHING_MM:
            return "1b"
        if self.flattening < FLATTENED and self.shift_mm < MOVED_MM:
            return "1c"
        return "2" if self.csf_is_visible else "3"

    @property
    def is_enough(self) -> bool:
        """Whether there is as much tumour as grade 1a asks for."""
        return self.length_mm > 0 and self.tumour_mm2 >= LEAST_MM2 and self.tumour_mm >= LEAST_MM

    def in_sac(self, right: Array, front: Array) -> NDArray[np.bool_]:
        """Whether points in the middle of the site lie in the sac, the cord and its film of CSF apart."""
        return np.hypot(right, front) < self.pushed_radius(np.arctan2(right, front))

    def pushed_radius(self, angle: Array, strength: Array | float = 1.0, sac_mm: Array | None = None) -> Array:
        """Radius of the pushed sac in a direction; `sac_mm` (2, ...) are its diameters where they change along it."""
        width, depth = self.sac_mm if sac_mm is None else sac_mm
        pressed = self.indentation_mm * strength * self.push(angle)
        return np.maximum(ellipse_radius(angle, width / 2, depth / 2) - pressed, 0.0)

    def in_canal(self, right: Array, front: Array) -> NDArray[np.bool_]:
        """Whether points lie within the bony canal."""
        if self.canal_mm is None:
            edge = ellipse_radius(np.arctan2(right, front), self.sac_mm[0] / 2, self.sac_mm[1] / 2)
            return np.hypot(right, front) < edge + EPIDURAL_SPACE_MM
        return in_canal(right, front + self.canal_mm[2], self.canal_mm[0], self.canal_mm[1])

    @cached_property
    def _wall_to_cord_mm(self) -> Array:
        """From each point of the pushed sac's wall to the cord; negative within it."""
        wall = points(ANGLES, self.pushed_radius(ANGLES))
        inside = self.cord.radius_at(wall[:, 0], wall[:, 1]) < 1
        distance = cKDTree(self.cord.outline()).query(wall)[0]
        return np.where(inside, -distance, distance)

    @cached_property
    def _sac_mm2(self) -> float:
        """Area of the sac: what is left of it, and the cord with its film where that stands out."""
        left = float((self.pushed_radius(ANGLES) ** 2).mean() * np.pi)
        if self.clearance_mm >= self.film_mm:
            return left
        right, front = self._grid
        beyond = (self.cord.radius_at(right, front, larger_mm=self.film_mm) < 1) & ~self.in_sac(right, front)
        return left + float(beyond.sum() * RASTER_MM**2)

    @property
    def _grid(self) -> tuple[Array, Array]:
        reach = max(self.sac_mm) / 2 + 2 * EPIDURAL_SPACE_MM
        line = np.arange(-reach, reach, RASTER_MM) + RASTER_MM / 2
        return line[:, None] + 0 * line, 0 * line[:, None] + line

    @cached_property
    def _raster(self) -> NDArray[np.bool_]:
        right, front = self._grid
        wrapped = self.cord.radius_at(right, front, larger_mm=self.film_mm) < 1
        within = self.push.within(np.arctan2(right, front)) & self.in_canal(right, front)
        return within & ~self.in_sac(right, front) & ~wrapped
