"""The atlas and the axis, which are built unlike any other vertebra."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spinemets.anatomy import Subregion
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.facets import Facet
from spinemets.simulate.implicit import Capsule, RoundedBox, Shape, tube, vector
from spinemets.simulate.subject import Subject, stream
from spinemets.simulate.vertebral_arch import SIDES, SUPERIOR, TRANSVERSE, Part, arch_parts, random_arch_shape


def atlas_parts(subject: Subject, vertebra: PlacedVertebra) -> list[Part]:
    """C1: a ring round the dens and the cord. Its frame has the dens at the origin."""
    rng = stream(subject.seed, "atlas")
    scale = subject.scale * float(rng.normal(1.0, 0.03))
    front = 10.8 * scale
    back = vertebra.canal_y - vertebra.size.canal_depth / 2 - 3.5 * scale
    parts: list[Part] = []
    for side in SIDES:
        mass = vector([side * 17.0, -1.0, 0.0]) * scale
        parts.append((RoundedBox(mass, vector([7.0, 9.0, 6.5]) * scale, None, 3.5 * scale), Subregion.ARCH))
        anterior = [[0.0, front, 0.0], [side * 8.0 * scale, front - 1.5, 0.0], [side * 14.0 * scale, 4.0 * scale, 0.0]]
        parts += [(piece, Subregion.ARCH) for piece in tube(anterior, [3.2 * scale] * 3, (1.0, 1.0, 1.5))]
        wide = vertebra.size.canal_width / 2 + 2.5 * scale
        posterior = [
            [side * 16.0 * scale, -7.0 * scale, 1.0],
            [side * wide, vertebra.canal_y, 0.5],
            [side * wide * 0.72, 0.55 * back + 0.45 * vertebra.canal_y, 0.0],
            [side * wide * 0.35, back + 1.0, 0.0],
            [0.0, back, 0.0],
        ]
        parts += [(piece, Subregion.ARCH) for piece in tube(posterior, [3.2, 2.6, 2.5, 2.6, 3.2], (1.0, 1.0, 1.5))]
        tip = vector([side * 36.0 * scale, -5.0 * scale, -1.0])
        for y in (2.0, -8.5):
            bar = Capsule(vector([side * 23.0 * scale, y * scale, 0.0]), tip, 2.3 * scale, 2.8 * scale, (1.0, 1.0, 1.4))
            parts.append((bar, TRANSVERSE[side]))
    return parts


def axis_parts(subject: Subject, vertebra: PlacedVertebra, facets: Mapping[tuple[str, int], Facet]) -> list[Part]:
    """C2 without its body and dens: the arch, and the shoulders that carry the atlas."""
    below = {place: joint for place, joint in facets.items() if place[0] == "below"}
    parts = arch_parts(vertebra, random_arch_shape(subject, vertebra), below)
    scale, top = subject.scale, vertebra.middle_height / 2
    for side in SIDES:
        lean = np.radians(20.0) * side
        axes = np.array([[np.cos(lean), 0, -np.sin(lean)], [0, 1, 0], [np.sin(lean), 0, np.cos(lean)]])
        shoulder = vector([side * 14.5 * scale, -2.0 * scale, top - 4.0 * scale])
        parts.append((RoundedBox(shoulder, vector([7.0, 7.5, 4.5]) * scale, axes, 2.5 * scale), SUPERIOR[side]))
    return parts


def dens(subject: Subject, vertebra: PlacedVertebra) -> Shape:
    """The dens of C2, which counts as its body."""
    rng = stream(subject.seed, "dens")
    scale, top = subject.scale, vertebra.middle_height / 2
    tip = vector([0.0, rng.normal(-0.5, 0.8), top + rng.uniform(14.0, 17.0) * scale])
    return Capsule(vector([0.0, 1.0, top - 4.0]), tip - vector([0, 0, 4.5 * scale]), 5.6 * scale, 4.8 * scale)


def arterial_foramen(vertebra: PlacedVertebra, side: int) -> Shape:
    """The hole for the vertebral artery in a transverse process of C1 to C6."""
    name = vertebra.level.value
    beside = {"C1": 1.47, "C2": 1.3}.get(name, 1.0) * (vertebra.size.width / 2 + 5.2)
    y = -0.28 * vertebra.size.depth if name != "C1" else -4.0
    reach = vector([0.0, 0.0, 9.0])
    centre = vector([side * beside, y, 0.0])
    return Capsule(centre - reach, centre + reach, 2.8, 2.8)
