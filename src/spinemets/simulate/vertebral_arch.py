"""Arches of C3 to L6: pedicles, laminae, articular, transverse and spinous processes.

All in the frame of the vertebra: x to the patient's right, y to the front, z to the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spinemets.anatomy import Level, Region, Subregion
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.facets import Facet
from spinemets.simulate.implicit import Array, Capsule, Formula, RoundedBox, Shape, frame, oval, smooth_maximum, vector
from spinemets.simulate.subject import Subject, stream

Part = tuple[Shape, Subregion]

TRANSVERSE = {+1: Subregion.TRANSVERSE_PROCESS_RIGHT, -1: Subregion.TRANSVERSE_PROCESS_LEFT}
SUPERIOR = {+1: Subregion.SUPERIOR_ARTICULAR_RIGHT, -1: Subregion.SUPERIOR_ARTICULAR_LEFT}
INFERIOR = {+1: Subregion.INFERIOR_ARTICULAR_RIGHT, -1: Subregion.INFERIOR_ARTICULAR_LEFT}
PEDICLE = {+1: Subregion.PEDICLE_RIGHT, -1: Subregion.PEDICLE_LEFT}
SIDES = (+1, -1)
"""+1 is the patient's right: x grows to the right."""


@dataclass(frozen=True)
class ArchShape:
    """Form of an arch, mm and radians, in the frame of its vertebra.

    Attributes
    ----------
    lamina_mm, lamina_height : float
        Thickness and height of the laminae.
    lamina_z, lamina_slope : float
        Height of their middle beside the canal, and how much lower it is per mm further back.
    spine_mm, spine_drop : float
        Length of the spinous process and its angle below the horizontal.
    spine_width, spine_root, spine_tip : float
        Half thickness from side to side, half height where it begins and at its tip.
    transverse : (3,) ndarray
        Tip of the transverse process on the right.
    transverse_mm, transverse_stretch : float
        Its half thickness, and how many times higher than thick it is.
    """

    lamina_mm: float
    lamina_height: float
    lamina_z: float
    lamina_slope: float
    spine_mm: float
    spine_drop: float
    spine_width: float
    spine_root: float
    spine_tip: float
    transverse: Array
    transverse_mm: float
    transverse_stretch: float


SPINE: dict[Region, tuple[tuple[float, float, float], ...]] = {
    Region.CERVICAL: (
        (16, 20, 2.2), (14, 20, 2.2), (14, 22, 2.2), (15, 22, 2.2), (17, 22, 2.2), (22, 22, 2.4), (32, 18, 3.0),
    ),
    Region.THORACIC: (
        (34, 22, 3.2), (34, 32, 3.2), (34, 40, 3.0), (36, 46, 3.0), (40, 52, 2.8), (42, 55, 2.8), (43, 56, 2.8),
        (41, 54, 2.8), (37, 47, 3.0), (32, 38, 3.2), (27, 24, 3.4), (26, 12, 3.6), (27, 8, 3.6),
    ),
    Region.LUMBAR: ((29, 6, 3.8), (31, 6, 3.8), (32, 6, 3.9), (29, 7, 4.0), (22, 10, 4.2), (20, 10, 4.2)),
}  # fmt: skip
"""Length mm, angle below the horizontal in degrees, half thickness mm of the spinous processes; ours, after atlases."""

TRANSVERSE_TIP: dict[Region, tuple[float, ...]] = {
    Region.CERVICAL: (37, 27, 25, 26, 27, 28, 32),
    Region.THORACIC: (36, 34, 32, 31, 31, 30.5, 30.5, 30, 29, 28, 25, 22, 30),
    Region.LUMBAR: (38, 43, 47, 44, 45, 47),
}
"""Distance of the tips from the midline, mm; ours, after atlases."""


def random_arch_shape(subject: Subject, vertebra: PlacedVertebra) -> ArchShape:
    """Form of the arch of one vertebra of a subject."""
    rng = stream(subject.seed, f"arch of {vertebra.level}")
    region, number = vertebra.level.region, int(vertebra.level.value[1:])
    size, scale = vertebra.size, subject.scale
    length, drop, thickness = SPINE[region][number - 1]
    vary = rng.normal(1.0, 0.07, 8)
    lumbar, cervical = region is Region.LUMBAR, region is Region.CERVICAL
    height = size.height * (0.78 if lumbar else 0.95 if cervical else 1.0)
    hatchet = lumbar or vertebra.level in (Level.T12, Level.T13)
    return ArchShape(
        lamina_mm=(6.2 if lumbar else 3.6 if cervical else 5.6) * scale * vary[0],
        lamina_height=height * vary[1],
        lamina_z=0.0 if lumbar else -1.0,
        lamina_slope=0.5 if not cervical else 0.35,
        spine_mm=length * scale * vary[2],
        spine_drop=np.radians(drop) * vary[3] + rng.normal(0, 0.04),
        spine_width=thickness * scale * vary[4],
        spine_root=(7.5 if hatchet else 4.0 if cervical else 5.5) * scale,
        spine_tip=(9.5 if hatchet else 3.2 if cervical else 4.0) * scale * vary[5],
        transverse=transverse_tip(vertebra, TRANSVERSE_TIP[region][number - 1] * scale * vary[6], rng),
        transverse_mm=(2.8 if lumbar else 2.6 if cervical else 4.2) * scale * vary[7],
        transverse_stretch=1.8 if lumbar else 1.2 if cervical else 1.15,
    )


def transverse_tip(vertebra: PlacedVertebra, reach: float, rng: np.random.Generator) -> Array:
    """Tip of the right transverse process: backwards and up in the chest, sideways in the loin."""
    region = vertebra.level.region
    back = vertebra.canal_y
    if region is Region.CERVICAL:
        return np.array([reach, back + 9.0 + rng.normal(0, 1), -1.0])
    if region is Region.THORACIC:
        return np.array([reach, back - 15.0 + rng.normal(0, 1.5), 5.0 + rng.normal(0, 1)])
    return np.array([reach, back + 1.0 + rng.normal(0, 2), 2.0 + rng.normal(0, 2)])


def arch_parts(vertebra: PlacedVertebra, shape: ArchShape, facets: Mapping[tuple[str, int], Facet]) -> list[Part]:
    """Every part of the arch with its label.

    `facets` holds the joints by ``("above" | "below", side)``; a joint that is absent gives no process.
    """
    parts: list[Part] = [(laminae(vertebra, shape), Subregion.ARCH)]
    parts += [(piece, Subregion.SPINOUS_PROCESS) for piece in spinous_process(vertebra, shape)]
    for side in SIDES:
        parts += [(piece, PEDICLE[side]) for piece in pedicle(vertebra, side)]
        parts += [(piece, TRANSVERSE[side]) for piece in transverse_process(vertebra, shape, side)]
        if ("above", side) in facets:
            parts += [(p, SUPERIOR[side]) for p in articular(vertebra, shape, facets["above", side], side, upper=True)]
        if ("below", side) in facets:
            parts += [(p, INFERIOR[side]) for p in articular(vertebra, shape, facets["below", side], side, upper=False)]
    return parts


def pedicle_place(vertebra: PlacedVertebra) -> tuple[float, float]:
    """Distance of the pedicle's axis from the midline, and its height: in the upper half of the body."""
    size = vertebra.size
    beside = (size.canal_width + size.pedicle_width) / 2
    return beside, max(size.height / 2 - size.pedicle_height / 2, 0.5)


def pedicle(vertebra: PlacedVertebra, side: int) -> list[Shape]:
    """The pedicle of one side, from inside the body to the root of the processes."""
    size = vertebra.size
    beside, height = pedicle_place(vertebra)
    radius, stretch = size.pedicle_width / 2, (1.0, 1.0, size.pedicle_height / size.pedicle_width)
    cervical = vertebra.level.region is Region.CERVICAL
    inside = 0.75 if cervical else 0.88
    start = vector([side * min(beside * inside, size.width / 2), -size.depth / 2 + 3.0, height])
    stop = vector([side * beside, vertebra.canal_y - 0.1 * size.canal_depth, height - 0.5])
    if size.pedicle_height < size.pedicle_width:
        stretch = (1.0, 1.0, 1.0)
    return [Capsule(start, stop, radius, radius, stretch)]


def laminae(vertebra: PlacedVertebra, shape: ArchShape) -> Formula:
    """Both laminae: a shell round the back of the canal, its middle lower the further back."""
    size, middle = vertebra.size, vertebra.canal_y
    half_width, half_depth = size.canal_width / 2, size.canal_depth / 2
    thick = shape.lamina_mm

    def distance(x: Array, y: Array, z: Array) -> Array:
        behind = y - middle
        # The canal comes to a point behind: its oval narrows towards the spinous process.
        pinch = 1.0 - 0.25 * np.clip(-behind / half_depth, 0.0, 1.0)
        outside = (oval(x, behind, half_width * pinch, half_depth, 2.2) - 1.0) * half_depth
        shell = np.abs(outside - thick / 2) - thick / 2
        band = np.abs(z - shape.lamina_z - shape.lamina_slope * behind) - shape.lamina_height / 2
        return smooth_maximum(np.maximum(shell, behind - 0.1 * half_depth), band, 1.5)

    reach = half_width + thick
    drop = shape.lamina_slope * (half_depth + thick)
    top = shape.lamina_z + shape.lamina_height / 2
    lower = vector([-reach, middle - half_depth - thick, shape.lamina_z - shape.lamina_height / 2 - drop])
    return Formula(lower, vector([reach, middle + 0.2 * half_depth, top + 1.0]), distance)


def spinous_process(vertebra: PlacedVertebra, shape: ArchShape) -> list[Shape]:
    """The spinous process; forked in the neck but for C7."""
    root_y = vertebra.canal_y - vertebra.size.canal_depth / 2 - 0.4 * shape.lamina_mm
    root = vector([0.0, root_y, shape.lamina_z + shape.lamina_slope * (root_y - vertebra.canal_y)])
    along = vector([0.0, -np.cos(shape.spine_drop), -np.sin(shape.spine_drop)])
    tip = root + along * (shape.spine_mm - shape.spine_width)
    width = shape.spine_width
    tall = (1.0, 1.0, shape.spine_root / width)
    forked = vertebra.level.region is Region.CERVICAL and vertebra.level is not Level.C7
    if forked:
        fork = root + along * (shape.spine_mm * 0.55)
        ends = [fork + vector([side * 4.5, -0.45 * shape.spine_mm, -3.0]) for side in SIDES]
        prongs: list[Shape] = [Capsule(fork, end, width, width * 0.9) for end in ends]
        return [Capsule(root, fork, width, width, (1.0, 1.0, 1.5)), *prongs]
    knob = Capsule(tip, tip + along * 0.5, width * 1.25, width * 1.25, (1.0, 1.0, shape.spine_tip / width / 1.25))
    return [Capsule(root, tip, width, width * 0.9, tall), knob]


def transverse_process(vertebra: PlacedVertebra, shape: ArchShape, side: int) -> list[Shape]:
    """The transverse process of one side; round a foramen in the neck."""
    beside, height = pedicle_place(vertebra)
    mirror = vector([side, 1.0, 1.0])
    tip = shape.transverse * mirror
    thick, stretch = shape.transverse_mm, (1.0, 1.0, shape.transverse_stretch)
    region = vertebra.level.region
    if region is Region.CERVICAL:
        front = vector([side * vertebra.size.width * 0.5, -0.1 * vertebra.size.depth, height - 2.0])
        back = vector([side * (beside + 2.0), vertebra.canal_y + 3.0, height - 2.0])
        before = tip + vector([-side * 2.0, 3.0, 0.0])
        return [
            Capsule(front, before, thick * 0.8, thick),
            Capsule(back, tip - vector([side * 2.0, 2.0, 0.0]), thick * 0.9, thick),
            Capsule(before, tip - vector([side * 2.0, 2.0, 0.0]), thick * 0.8, thick * 0.8),
        ]
    root = vector([side * (beside + 0.5), vertebra.canal_y - 1.5, height - 1.0])
    if region is Region.THORACIC:
        return [Capsule(root, tip, thick, thick * 0.95, stretch), Capsule(tip, tip + 0.1, thick * 1.25, thick * 1.25)]
    stout = 1.6 if vertebra.level in (Level.L5, Level.L6) else 1.0
    return [Capsule(root, tip, thick * 1.25 * stout, thick * 0.85, stretch)]


def articular(
    vertebra: PlacedVertebra, shape: ArchShape | None, facet: Facet, side: int, *, upper: bool
) -> list[Shape]:
    """The process that bears one side of a joint, and the strut that carries it."""
    towards = -1.0 if upper else 1.0
    normal = facet.normal @ vertebra.axes.T
    centre = vertebra.local(facet.centre) + towards * normal * (facet.gap_mm + facet.thickness) / 2
    axes = frame(normal, np.array([0.0, 0.0, 1.0]))
    half = vector([facet.thickness / 2, facet.half_height, facet.half_width])
    plate = RoundedBox(centre, half, axes, rounding_mm=min(facet.thickness / 2, 2.2))
    beside, height = pedicle_place(vertebra)
    if upper or shape is None:
        root = vector([side * beside, vertebra.canal_y, height - 1.0])
    else:
        root_y = vertebra.canal_y - 0.35 * vertebra.size.canal_depth
        root = vector([side * vertebra.size.canal_width * 0.48, root_y - 0.4 * shape.lamina_mm, shape.lamina_z - 1.0])
    thick = facet.thickness * 0.55
    if vertebra.level.region is Region.CERVICAL:
        root = vector([side * (vertebra.size.canal_width / 2 + 5.0), vertebra.canal_y, 1.5 if upper else -1.5])
        thick = 4.8
    return [plate, Capsule(root, centre - 0.3 * normal * towards, thick, thick * 0.85)]
