"""Epidural tumour that deforms sac and cord by known amounts: the truth is in the parameters.

A straight piece of canal along its own z axis. Sac and cord are ellipses of the sizes of `clinical.md` §3.3; tumour
fills the space between the deformed sac and the bony canal within an angle, and pushes the sac's wall inwards along
its radius. Everything is a smooth closed form, so any grid may be painted with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from spinemets.geometry import Grid

Array = NDArray[np.float64]

EPIDURAL_SPACE_MM = 3.0
"""Between sac and bone (ours)."""
ENDS_MM = 6.0
"""Length over which the tumour tapers at either end."""
DEFORMED_MM, DEFORMED_LOSS, TOUCHING_MM, MOVED_MM, FLATTENED = 1.0, 0.10, 0.5, 1.0, 0.10
CSF_RING, POOL_MM, POOL_MM2 = 0.10, 1.0, 3.0
"""Where one true grade becomes the next, as `clinical.md` §2.3 has it."""


_ANGLES = np.linspace(-np.pi, np.pi, 720, endpoint=False)
"""Of the points of an outline, where a distance or an area is not a closed form."""
RING_STEPS = 10


@dataclass(frozen=True)
class EpiduralCase:
    """One site of epidural tumour.

    Attributes
    ----------
    sac_mm, cord_mm : (float, float)
        Transverse and anteroposterior diameter of the undeformed sac and cord.
    direction : (float, float)
        Towards the middle of the tumour: to the patient's right, to the front; a unit vector along one axis.
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
    """

    sac_mm: tuple[float, float] = (14.4, 12.6)
    cord_mm: tuple[float, float] = (8.0, 5.8)
    direction: tuple[float, float] = (0.0, 1.0)
    half_angle_deg: float = 55.0
    indentation_mm: float = 0.0
    flattening: float = 0.0
    shift_mm: float = 0.0
    length_mm: float = 24.0

    @property
    def _across(self) -> int:
        """0 where the tumour lies to a side, 1 where it lies in front or behind."""
        return int(abs(self.direction[1]) > abs(self.direction[0]))

    @property
    def gap_mm(self) -> float:
        """Least distance between tumour and cord in the middle of the site; negative where they overlap."""
        facing = self._aside(_ANGLES) <= np.radians(self.half_angle_deg)
        return float(self._wall_to_cord_mm()[facing].min())

    @property
    def clearance_mm(self) -> float:
        """Least distance between the wall of the sac and the cord on any side; negative where the cord leaves it."""
        return float(self._wall_to_cord_mm().min())

    @property
    def sac_loss(self) -> float:
        """Fraction of the sac's area that is lost in the middle of the site."""
        whole = _ellipse_radius(_ANGLES, self.sac_mm)
        return float(1 - (self._sac_radius(_ANGLES) ** 2).sum() / (whole**2).sum())

    @property
    def csf_ring(self) -> float:
        """Share of the millimetre round the cord that is CSF."""
        outward = _points(_ANGLES, 1.0) / self._cord_radii()
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        depth = (np.arange(RING_STEPS) + 0.5) / RING_STEPS
        ring = self._cord()[:, None] + depth[:, None] * outward[:, None]
        angle, radius = np.arctan2(ring[..., 0], ring[..., 1]), np.hypot(ring[..., 0], ring[..., 1])
        return float((radius < self._sac_radius(angle)).mean())

    @property
    def csf_is_visible(self) -> bool:
        """Whether CSF is left in the ring round the cord, or a pool of it beside the cord."""
        radii = self._cord_radii()
        area = np.pi * ((self._sac_radius(_ANGLES) ** 2).mean() - radii.prod())
        pool = self._wall_to_cord_mm().max() >= POOL_MM and area >= POOL_MM2
        return self.csf_ring >= CSF_RING or bool(pool)

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

    def _cord_radii(self) -> Array:
        radii = np.array(self.cord_mm) / 2
        radii[self._across] *= 1 - self.flattening
        return radii

    def _cord(self) -> Array:
        """(N, 2) outline of the cord."""
        return _points(_ANGLES, 1.0) * self._cord_radii() - self.shift_mm * np.array(self.direction)

    def _wall_to_cord_mm(self) -> Array:
        """From each point of the deformed sac's wall to the cord; negative within it."""
        wall = _points(_ANGLES, self._sac_radius(_ANGLES))
        centre = -self.shift_mm * np.array(self.direction)
        overlap = (((wall - centre) / self._cord_radii()) ** 2).sum(axis=1) < 1
        distance = cdist(wall, self._cord()).min(axis=1)
        return np.where(overlap, -distance, distance)

    def _aside(self, angle: Array) -> Array:
        """Angle between a direction and the middle of the tumour, radians."""
        towards = np.arctan2(self.direction[0], self.direction[1])
        return np.abs((angle - towards + np.pi) % (2 * np.pi) - np.pi)

    def _sac_radius(self, angle: Array, strength: Array | float = 1.0) -> Array:
        """Radius of the deformed sac in a direction from the front towards the right."""
        pressed = self.indentation_mm * strength * _sector(self._aside(angle), np.radians(self.half_angle_deg))
        return _ellipse_radius(angle, self.sac_mm) - pressed


def epidural_masks(case: EpiduralCase, grid: Grid, *, centre_mm: Array, axes: Array) -> dict[str, NDArray[np.uint8]]:
    """``cord``, ``sac`` (with the cord), ``tumour`` and ``canal`` on a grid.

    Parameters
    ----------
    case : EpiduralCase
        What is there.
    grid : Grid
        Any: oblique, anisotropic, flipped.
    centre_mm : (3,) ndarray
        Middle of the site, world mm.
    axes : (3, 3) ndarray
        The canal's own right, front and up as rows, unit vectors.
    """
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    local = (index @ grid.affine[:3, :3].T + grid.affine[:3, 3] - centre_mm) @ axes.T
    right, front, up = np.moveaxis(local, -1, 0)
    strength = _strength(up, case.length_mm)
    radius, angle = np.hypot(right, front), np.arctan2(right, front)
    sac_edge = _ellipse_radius(angle, case.sac_mm)
    canal = radius < sac_edge + EPIDURAL_SPACE_MM
    sac = radius < case._sac_radius(angle, strength)
    aside = case._aside(angle)
    within = aside < np.radians(case.half_angle_deg) if case.half_angle_deg < 180 else np.ones(aside.shape, dtype=bool)
    tumour = canal & ~sac & within & (strength > 0.02)
    cord = _cord(case, right, front, strength)
    masks = {"cord": cord, "sac": sac | cord, "tumour": tumour & ~cord, "canal": canal}
    return {name: mask.astype(np.uint8) for name, mask in masks.items()}


def _cord(case: EpiduralCase, right: Array, front: Array, strength: Array) -> NDArray[np.bool_]:
    radii = [case.cord_mm[0] / 2, case.cord_mm[1] / 2]
    scale = [np.ones_like(strength), np.ones_like(strength)]
    scale[case._across] = 1 - case.flattening * strength
    moved = [right + case.direction[0] * case.shift_mm * strength, front + case.direction[1] * case.shift_mm * strength]
    return (moved[0] / (radii[0] * scale[0])) ** 2 + (moved[1] / (radii[1] * scale[1])) ** 2 < 1


def _strength(up: Array, length_mm: float) -> Array:
    """1 along the tumour, falling smoothly to 0 at its ends."""
    if length_mm <= 0:
        return np.zeros_like(up)
    left = np.clip((length_mm / 2 - np.abs(up)) / ENDS_MM, 0.0, 1.0)
    return left * left * (3 - 2 * left)


def _sector(aside: Array, half_angle: float) -> Array:
    """1 in the middle of a sector, falling smoothly to 0 at its edges; 1 everywhere for a full turn."""
    if half_angle >= np.pi:
        return np.ones_like(aside)
    return np.where(aside < half_angle, np.cos(0.5 * np.pi * np.clip(aside / half_angle, 0, 1)) ** 2, 0.0)


def _points(angle: Array, radius: Array | float) -> Array:
    """(N, 2) points to the right and to the front."""
    return np.column_stack([np.sin(angle), np.cos(angle)]) * np.reshape(radius, (-1, 1))


def _ellipse_radius(angle: Array, diameters_mm: tuple[float, float]) -> Array:
    """Radius of an ellipse in the direction `angle` from the front towards the right."""
    return 1 / np.hypot(np.sin(angle) / (diameters_mm[0] / 2), np.cos(angle) / (diameters_mm[1] / 2))
