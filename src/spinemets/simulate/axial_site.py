"""What presses on the sac at each height of a piece of canal, and its cross-section in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinemets.simulate.axial_piece import NO_CORD_MM, CanalCourse
from spinemets.simulate.axial_tissues import AxialTissue
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_shape import Cord, in_canal, strength_at
from spinemets.simulate.tissues import Tissue

Array = NDArray[np.float64]

LEAST_STRENGTH = 0.02
"""Below this share of its push a tumour has ended."""
ROOTS_MM = 0.65
"""Radius of a nerve root in the sac (ours)."""
CAUDA_ROOTS = 22
"""Bundles of the cauda equina; those in front are not drawn, since most lie behind in a patient on his back (ours)."""


@dataclass(frozen=True)
class Presser:
    """Something that presses on the sac.

    Attributes
    ----------
    case : EpiduralCase
        By how much, and where round the sac.
    up_mm : float
        Height of its middle in the frame of the piece.
    code : int
        What it is made of.
    """

    case: EpiduralCase
    up_mm: float
    code: int

    @property
    def is_tumour(self) -> bool:
        """Whether it is epidural tumour."""
        return self.code == AxialTissue.EPIDURAL_TUMOUR

    def here(self, course: CanalCourse, up_mm: float) -> EpiduralCase:
        """The case at a height: sizes as there, pushed as hard as there."""
        strength = float(strength_at(np.array(up_mm - self.up_mm), self.case.length_mm))
        sizes = course.case(up_mm)
        if strength <= LEAST_STRENGTH:
            return sizes
        case = replace(self.case, sac_mm=sizes.sac_mm, cord_mm=sizes.cord_mm)
        return replace(case, cord_at_mm=sizes.cord_at_mm, canal_mm=sizes.canal_mm).at(strength)


def canal_codes(
    course: CanalCourse, pressers: Sequence[Presser], right: Array, front: Array, up: Array
) -> NDArray[np.uint8]:
    """(N,) code of each point in the canal, 0 outside it.

    Parameters
    ----------
    course : CanalCourse
        Sizes by height.
    pressers : sequence of Presser
        None of them within the length of another.
    right, front, up : (N,) ndarray
        In the frame of the piece, mm.
    """
    result = np.zeros(right.shape, np.uint8)
    left = np.ones(right.shape, bool)
    for presser in pressers:
        own = np.abs(up - presser.up_mm) < presser.case.length_mm / 2
        result[own] = _codes(course, presser, right[own], front[own], up[own])
        left &= ~own
    result[left] = _codes(course, None, right[left], front[left], up[left])
    return result


def _codes(course: CanalCourse, presser: Presser | None, right: Array, front: Array, up: Array) -> NDArray[np.uint8]:
    row = course.at(up)
    right, front = right - row[0], front - row[1]
    canal = in_canal(right, front, row[2], row[3])
    front = front - row[6]  # from here on from the centre of the sac
    case = EpiduralCase(length_mm=0.0) if presser is None else presser.case
    strength = np.zeros_like(up) if presser is None else strength_at(up - presser.up_mm, case.length_mm)
    angle, radius = np.arctan2(right, front), np.hypot(right, front)
    has_cord = row[8] > NO_CORD_MM
    cord = _cord(case, row, strength)
    sac_size = np.maximum(np.stack([2 * row[4], 2 * row[5]]), 1e-3)
    in_cord = cord.radius_at(right, front)
    wrapped = cord.radius_at(right, front, larger_mm=case.film_mm) < 1
    sac = ((radius < case.pushed_radius(angle, strength, sac_size)) | (wrapped & has_cord)) & (row[5] > NO_CORD_MM)
    codes = np.where(canal, _epidural(right, front, row), 0).astype(np.uint8)
    if presser is not None:
        within = canal & ~sac & case.push.within(angle) & (strength > LEAST_STRENGTH)
        codes[within] = presser.code
    codes[sac] = np.where(_is_root(right, front, up, row, in_cord), AxialTissue.NERVE_ROOT, Tissue.CSF)[sac]
    inside = sac & has_cord & (in_cord < 1)
    codes[inside] = np.where(_is_grey(right, front, cord), AxialTissue.GREY_MATTER, Tissue.CORD)[inside]
    return codes


def _cord(case: EpiduralCase, row: Array, strength: Array) -> Cord:
    moved = case.shift_mm * strength
    centre = (-moved * case.direction[0], row[9] - row[6] - moved * case.direction[1])
    size = (np.maximum(row[7], 1e-3), np.maximum(row[8], 1e-3))
    return Cord(size[0], size[1], centre, np.array(case.direction), case.flattening * strength)


def _epidural(right: Array, front: Array, row: Array) -> NDArray[np.uint8]:
    """Fat, with a plexus of veins to either side in front."""
    vein = (np.abs(np.abs(right) - 0.6 * row[4]) < 1.8) & (front > 0.75 * row[5])
    return np.where(vein, AxialTissue.EPIDURAL_VEIN, Tissue.EPIDURAL_FAT).astype(np.uint8)


def _is_grey(right: Array, front: Array, cord: Cord) -> NDArray[np.bool_]:
    """The butterfly: two columns and the bridge between them."""
    u, v = (right - cord.centre[0]) / cord.half_width, (front - cord.centre[1]) / cord.half_depth
    columns = ((np.abs(u) - 0.32) / 0.14) ** 2 + (v / 0.5) ** 2 < 1
    bridge = (np.abs(u) < 0.32) & (np.abs(v) < 0.1)
    return columns | bridge


def _is_root(right: Array, front: Array, up: Array, row: Array, in_cord: Array) -> NDArray[np.bool_]:
    """Four roots beside the cord; where it has ended, the cauda equina in the back half of the sac."""
    found = np.zeros(right.shape, bool)
    for side in (-1.0, 1.0):
        for share in (0.35, -0.35):
            x, y = side * (row[7] + 0.45 * (row[4] - row[7])), row[9] - row[6] + share * row[5]
            found |= (np.hypot(right - x, front - y) < ROOTS_MM) & (in_cord > 1.15)
    low = row[8] < 2.0
    if low.any():
        for n in range(CAUDA_ROOTS):  # spread like the seeds of a sunflower, wandering as they descend
            turn, share = 2.4 * n, np.sqrt((n + 0.5) / CAUDA_ROOTS)
            x = 0.8 * row[4] * share * np.sin(turn) + 0.7 * np.sin(up / 11 + n)
            y = 0.8 * row[5] * share * np.cos(turn) + 0.7 * np.cos(up / 9 + 2 * n)
            found |= low & (np.hypot(right - x, front - y) < ROOTS_MM) & (y < 0.25 * row[5])
    return found
