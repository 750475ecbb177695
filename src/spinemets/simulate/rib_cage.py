"""Ribs, their cartilages and the breastbone, on the surface of the chest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.simulate.canvas import Canvas, draw_bone
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.implicit import Array, Capsule, Shape, spline, tube, vector
from spinemets.simulate.landmarks import Landmarks, Table
from spinemets.simulate.roughness import roughness
from spinemets.simulate.subject import Subject, stream
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.vertebral_arch import SIDES, random_arch_shape

HALF_WIDTH: Table = {0: 44, 0.5: 54, 1: 62, 2: 78, 3: 93, 4: 106, 6: 122, 8: 132, 10: 136, 12: 133, 14: 126}
DEPTH: Table = {0: 48, 1: 66, 2: 84, 3: 100, 4: 114, 6: 136, 8: 154, 10: 164, 12: 164, 14: 150}
BEHIND_SPINE: Table = {0: 16, 1: 24, 2: 30, 4: 37, 8: 41, 12: 42, 14: 40}
"""Chest from rib to rib, its depth, and how far it reaches behind the middle of the bodies, mm; ours, after CT."""

SQUARENESS = 2.35
"""Power of the oval of the chest."""

DROP_MM = (34, 50, 62, 72, 82, 90, 96, 96, 90, 80, 46, 28, 22)
"""How much lower the front end of each rib is than its head."""

REACH_RAD = (2.6, 2.68, 2.7, 2.7, 2.68, 2.64, 2.58, 2.4, 2.2, 2.0, 1.3, 0.85, 0.6)
"""How far round the chest each rib runs, from the back at 0 to the front at pi."""

RIB_SECTION = {1: (1.5, 1.5, 0.9), 2: (1.2, 1.2, 1.2)}
"""How much wider than thick a rib is along x, y and z: the first two lie flat, the others stand on edge."""

STERNUM_PLACE = (0.05, 0.2, 0.35, 0.49, 0.61, 0.72, 0.8)
"""Where the cartilages of ribs 1 to 7 meet the breastbone, as a fraction of its length."""


@dataclass(frozen=True)
class RibCage:
    """The chest of one subject: `marks` and the size of the chest relative to the tables."""

    marks: Landmarks
    width: float
    depth: float

    def oval(self, z: Array | float) -> tuple[Array, Array, Array]:
        """Half width, half depth and y of the centre of the chest at a height, mm."""
        station = self.marks.station_at(z)
        half_width = self.marks.value(HALF_WIDTH, station) * self.width
        half_depth = self.marks.value(DEPTH, station) * self.depth / 2
        spine_y = np.interp(-np.asarray(z), -self.marks.z, self.marks.y)
        return half_width, half_depth, spine_y - self.marks.value(BEHIND_SPINE, station) + half_depth

    def surface(self, side: int, angle: float, z: float, outward_mm: float = 0.0) -> Array:
        """(3,) point of the chest; `angle` runs from 0 at the back to pi at the front."""
        half_width, half_depth, centre = (float(v) for v in self.oval(z))
        sine, cosine = np.sin(angle), np.cos(angle)
        x = (half_width + outward_mm) * sine ** (2 / SQUARENESS)
        y = centre - (half_depth + outward_mm) * np.sign(cosine) * abs(cosine) ** (2 / SQUARENESS)
        return np.array([side * x, y, z])


def rib_cage(subject: Subject, marks: Landmarks) -> RibCage:
    """The chest of a subject."""
    rng = stream(subject.seed, "rib cage")
    return RibCage(marks, subject.girth * rng.normal(1.0, 0.03), subject.girth * rng.normal(1.0, 0.06))


def rib_path(subject: Subject, cage: RibCage, vertebra: PlacedVertebra, side: int) -> Array:
    """(N, 3) axis of a rib from its head at the disc, past the transverse process, round to its front end."""
    number = int(vertebra.level.value[1:])
    size, last = vertebra.size, number >= 11
    rng = stream(subject.seed, f"rib {number} {side}")
    head_z = (0.1 if last else 0.35 if number == 1 else 0.46) * size.height
    head = vertebra.world(
        vector([side * (size.width / 2 + (4.5 if number == 1 else 3.0)), -size.depth / 2 + 4.5, head_z])
    )
    tip = random_arch_shape(subject, vertebra).transverse * vector([side, 1.0, 1.0])
    # The first rib lies flat and the last are not joined to the process: both need more room before it.
    before = {1: 14.0, 2: 11.5}.get(number, 13.0 if last else 9.5)
    neck = vertebra.world(tip + vector([-side * 1.0, before, 0.0]) * cage.marks.scale)
    drop = DROP_MM[number - 1] * cage.marks.scale * rng.normal(1.0, 0.012)
    reach = REACH_RAD[number - 1] + rng.normal(0.0, 0.03)
    if number >= 12:
        reach *= rng.uniform(0.75, 1.25)
    half_width = float(cage.oval(neck[2])[0])
    first = min(abs(neck[0]) + 20.0 * cage.marks.scale, 0.9 * half_width) / half_width
    start = float(np.arcsin(first ** (SQUARENESS / 2)))
    reach = max(reach, start + 0.15)
    along = np.linspace(start, reach, 7)
    fall = neck[2] - 4.0 - drop * ((along - start) / 2.7) ** 1.1 * 2.7 / max(REACH_RAD[number - 1], 1.0)
    points = [head, neck, *(cage.surface(side, a, z) for a, z in zip(along, fall, strict=True))]
    length = sum(float(np.linalg.norm(b - a)) for a, b in pairwise(points))
    return spline(points, max(8, int(length / 7.0)))


def sternum_path(cage: RibCage) -> Array:
    """(N, 3) axis of the breastbone from the jugular notch to the xiphoid process."""
    heights = np.linspace(cage.marks.height(2.6), cage.marks.height(10.0), 9)
    points = np.array([cage.surface(1, np.pi - 1e-3, z, 2.0) for z in heights])
    points[:, 0] = 0.0
    return spline(points, 12)


def cartilages(paths: dict[tuple[int, int], Array], sternum: Array) -> list[Shape]:
    """Cartilages of ribs 1 to 10: to the breastbone, or to the cartilage above."""
    shapes: list[Shape] = []
    for side in SIDES:
        target = sternum[0]
        for number in range(1, 11):
            if (number, side) not in paths:
                continue
            end = paths[number, side][-1]
            if number <= 7:
                place = STERNUM_PLACE[number - 1] * (len(sternum) - 1)
                columns = [np.interp(place, np.arange(len(sternum)), column) for column in sternum.T]
                target = vector(columns) + vector([side * 12.0, 0.0, 0.0])
            bend = 0.6 * end + 0.4 * target + [0.0, 4.0, -6.0 if number > 4 else 0.0]
            shapes += tube(spline([end, bend, target], 8), 3.8, (1.0, 1.0, 1.5))
            target = bend
    return shapes


def draw_rib_cage(
    canvas: Canvas, subject: Subject, cage: RibCage, placed: dict[Level, PlacedVertebra], gap_mm: float
) -> None:
    """Draw breastbone, ribs and cartilages; a patient of eleven thoracic vertebrae has eleven pairs."""
    relief = roughness(stream(subject.seed, "relief of the ribs"), 0.4)
    scale = subject.scale
    paths = {}
    for level, vertebra in placed.items():
        if level.region is not Region.THORACIC:
            continue
        for side in SIDES:
            path, number = rib_path(subject, cage, vertebra, side), int(level.value[1:])
            paths[number, side] = path
            section = RIB_SECTION.get(number, (1.0, 1.0, 1.6))
            radii = (
                np.interp(np.arange(len(path)), [0, 2, 5, len(path) - 1], [2.8 if number == 1 else 4.0, 3.2, 3.6, 3.3])
                * scale
            )
            draw_bone(canvas, tube(path, radii, section), Tissue.RIB, relief, gap_mm=gap_mm)
    sternum = sternum_path(cage)
    canvas.paint(cartilages(paths, sternum), Tissue.COSTAL_CARTILAGE, over=(Tissue.MUSCLE, Tissue.FAT, Tissue.LUNG))
    widths = np.interp(np.arange(len(sternum)), [0, 3, 8, 11], [3.6, 2.0, 2.6, 0.9])
    plates: list[Shape] = [
        Capsule(a, b, 5.0 * scale, 5.0 * scale, (float(width), 1.0, 1.0))
        for a, b, width in zip(sternum, sternum[1:], widths, strict=False)
    ]
    draw_bone(canvas, plates, Tissue.STERNUM, relief, gap_mm=gap_mm)
