"""Where each vertebra of a patient stands: a chain of bodies and discs from the sacrum up.

In the frame of a vertebra x points to the patient's right, y to the front, z to the
head; its origin is the centre of the body, half-way between the rims of its endplates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.simulate.dimensions import BETWEEN_LEVELS, DISC_BELOW, VERTEBRA, DiscSize, VertebraSize
from spinemets.simulate.implicit import Array
from spinemets.simulate.subject import Subject, Variant, stream

DISC_LOSS_WITH_AGE = 0.25
"""Fraction of disc height lost by a spine of frailty 1 everywhere, before degenerate discs; ours."""

DENS_LIFT = 0.225
"""How much higher the centroid of C2 lies for its dens, as a fraction of the height of its body; measured on ours."""


@dataclass(frozen=True)
class PlacedVertebra:
    """A vertebra with its size and place.

    Attributes
    ----------
    level : Level
        Which it is; `Level.SACRUM` stands for S1.
    size : VertebraSize
        Its own dimensions.
    low_width, low_depth : float
        Lower endplate, mm.
    disc : DiscSize
        The disc below; zero heights where there is none.
    origin : (3,) ndarray
        Centre of the body, world mm.
    axes : (3, 3) ndarray
        Unit vectors right, front and head as rows.
    """

    level: Level
    size: VertebraSize
    low_width: float
    low_depth: float
    disc: DiscSize
    origin: Array
    axes: Array

    @property
    def middle_height(self) -> float:
        """Distance between the rims of the endplates at the origin, mm."""
        return self.size.height * (1 + self.size.wedge) / 2

    @property
    def centre(self) -> Array:
        """(3,) centroid of the body, of C2 with its dens, world mm."""
        return self.world(np.array([0.0, 0.0, DENS_LIFT * self.size.height if self.level is Level.C2 else 0.0]))

    @property
    def canal_y(self) -> float:
        """Centre of the canal on the y axis of the vertebra, mm."""
        return -(self.size.depth + self.size.canal_depth) / 2

    def world(self, local: Array) -> Array:
        """World position of a point, or (N, 3) points, of the vertebra's frame."""
        return local @ self.axes + self.origin

    def local(self, world: Array) -> Array:
        """Position in the vertebra's frame of a point, or (N, 3) points, in the world."""
        return (world - self.origin) @ self.axes.T


def random_sizes(subject: Subject) -> dict[Level, VertebraSize]:
    """Dimensions of every level: the published mean, the subject's scale, and variation between levels."""
    rng = stream(subject.seed, "sizes")
    across = dict(zip(VertebraSize.__dataclass_fields__, rng.normal(1.0, BETWEEN_LEVELS, 8), strict=True))
    sizes = {}
    for level in Level:
        own = rng.normal(1.0, BETWEEN_LEVELS / 2, 8)
        if level not in VERTEBRA:
            continue
        mean = VERTEBRA[level]
        values = {
            name: getattr(mean, name) * subject.scale * across[name] * noise
            for (name, noise) in zip(across, own, strict=True)
        }
        values["wedge"] = mean.wedge + 0.25 * (own[7] - 1.0) - 0.02 * subject.frailty
        sizes[level] = VertebraSize(**values)
    return sizes


def random_discs(subject: Subject) -> dict[Level, DiscSize]:
    """Heights of the disc below each level of the patient, worn with age."""
    rng = stream(subject.seed, "discs")
    discs = {}
    for level, mean in DISC_BELOW.items():
        wear = 1.0 - DISC_LOSS_WITH_AGE * subject.frailty * rng.uniform(0.5, 1.5)
        if rng.random() < 0.3 * subject.frailty:
            wear *= rng.uniform(0.45, 0.8)
        wear *= subject.scale * rng.normal(1.0, 0.06)
        discs[level] = DiscSize(mean.anterior * wear, mean.middle * wear, mean.posterior * wear)
    if subject.variant is Variant.SACRALISED_L5:
        last = discs[Level.L5]
        discs[Level.L5] = DiscSize(last.anterior * 0.4, last.middle * 0.4, last.posterior * 0.4)
    return discs


def disc_angles(subject: Subject, sizes: dict[Level, VertebraSize], discs: dict[Level, DiscSize]) -> dict[Level, float]:
    """Opening of the disc below each level towards the front, radians, so that the curves are the subject's."""
    lumbar = [level for level in subject.levels if level.region is Region.LUMBAR]
    thoracic = [level for level in subject.levels if level.region is Region.THORACIC]
    cervical = [Level(f"C{n}") for n in range(2, 8)]
    # Each curve runs from the upper endplate of its first vertebra to the lower of its last (for
    # the lumbar one: to S1), so the discs open by what the bodies do not.
    angles = {Level.C7: np.radians(-1.0), thoracic[-1]: np.radians(-1.0)}
    angles |= {level: np.radians(-2.0) for level in thoracic[:3]}
    curves: list[tuple[Sequence[Level], float, Sequence[Level]]] = [
        (lumbar, np.radians(subject.lumbar_lordosis_deg), lumbar),
        (thoracic[3:], -np.radians(subject.thoracic_kyphosis_deg), thoracic[3:-1]),
        (cervical[1:], np.radians(subject.cervical_lordosis_deg), cervical[:-1]),
    ]
    for bodies, total, between in curves:
        remaining = total - sum(body_angle(sizes[level]) for level in bodies)
        weights = np.array([discs[level].middle for level in between])
        for level, share in zip(between, weights / weights.sum(), strict=True):
            angles[level] = remaining * share
    return angles


def body_angle(size: VertebraSize) -> float:
    """Angle between the endplates of a body, radians; positive if taller in front."""
    return float(np.arctan((size.wedge - 1.0) * size.height / size.depth))


def tilted(sagittal: float, coronal: float, axial: float) -> Array:
    """Axes of a vertebra bent forward, to its right, and turned, by angles in radians."""
    cs, ss = np.cos(sagittal), np.sin(sagittal)
    cc, sc = np.cos(coronal), np.sin(coronal)
    ca, sa = np.cos(axial), np.sin(axial)
    forward = np.array([[1, 0, 0], [0, cs, -ss], [0, ss, cs]])
    sideways = np.array([[cc, 0, -sc], [0, 1, 0], [sc, 0, cc]])
    turned = np.array([[ca, sa, 0], [-sa, ca, 0], [0, 0, 1]])
    return turned @ forward @ sideways


def place_spine(subject: Subject) -> dict[Level, PlacedVertebra]:
    """Every vertebra of the subject from C1 to the sacrum, in that order; S1 is near the world's origin."""
    sizes, discs = random_sizes(subject), random_discs(subject)
    angles = disc_angles(subject, sizes, discs)
    side = scoliosis(subject)
    levels = subject.levels
    size = sizes[Level.SACRUM]
    tilt = float(np.radians(subject.sacral_slope_deg))  # of the endplate reached so far
    axes = tilted(tilt + body_angle(size) / 2, *side[Level.SACRUM])
    placed = {Level.SACRUM: placement(Level.SACRUM, size, size, None, np.zeros(3), axes)}
    below = placed[Level.SACRUM]
    for level in reversed(levels[:-1]):
        size, disc = sizes[level], discs.get(level)
        gap = 2.5 * subject.scale if disc is None else rim_distance(disc)
        opening = angles[level] if level in angles else float(np.radians(2.0))
        plate = below.world(np.array([0.0, 0.0, below.middle_height / 2]))
        between = tilted(tilt - opening / 2, *side[level])
        tilt -= opening
        axes = tilted(tilt - body_angle(size) / 2, *side[level])
        tilt -= body_angle(size)
        origin = plate + gap * between[2] + axes[2] * size.height * (1 + size.wedge) / 4
        below = placement(level, size, sizes[below.level], disc, origin, axes)
        placed[level] = below
    return {level: placed[level] for level in levels}


def placement(
    level: Level, size: VertebraSize, below: VertebraSize, disc: DiscSize | None, origin: Array, axes: Array
) -> PlacedVertebra:
    """A vertebra whose lower endplate is between its own and the next one's upper in size."""
    return PlacedVertebra(
        level,
        size,
        low_width=(size.width + below.width) / 2 if level is not Level.SACRUM else 0.75 * size.width,
        low_depth=(size.depth + below.depth) / 2 if level is not Level.SACRUM else 0.7 * size.depth,
        disc=disc or DiscSize(0.0, 0.0, 0.0),
        origin=origin,
        axes=axes,
    )


def rim_distance(disc: DiscSize) -> float:
    """Distance between the rims of two endplates at their centres, mm."""
    return (disc.anterior + disc.posterior) / 2


def scoliosis(subject: Subject) -> dict[Level, tuple[float, float]]:
    """Sideways tilt and turn of each level, radians: a sine along the spine, turned towards its convexity."""
    rng = stream(subject.seed, "scoliosis")
    levels = subject.levels
    start, waves = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 1.7)
    turn_share = rng.uniform(0.3, 0.8)
    where = np.arange(len(levels)) / (len(levels) - 1)
    fade = np.clip(np.minimum(where, 1 - where) / 0.15, 0.0, 1.0)  # head and sacrum stay level
    tilt = np.radians(subject.scoliosis_deg) * np.sin(start + 2 * np.pi * waves * where) * fade
    turn = np.radians(subject.scoliosis_deg) * np.cos(start + 2 * np.pi * waves * where) * fade * turn_share
    return {level: (float(a), float(b)) for level, a, b in zip(levels, tilt, turn, strict=True)}


def sway(placed: dict[Level, PlacedVertebra]) -> dict[Level, PlacedVertebra]:
    """The same spine moved so that its mean lies at x = y = 0 and the sacrum's origin at z = 0."""
    centre = np.mean([vertebra.origin for vertebra in placed.values()], axis=0)
    shift = np.array([centre[0], centre[1], placed[Level.SACRUM].origin[2]])
    return {level: replace(vertebra, origin=vertebra.origin - shift) for level, vertebra in placed.items()}
