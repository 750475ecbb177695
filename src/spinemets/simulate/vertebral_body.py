"""Bodies of vertebrae and the discs between them, as signed distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.simulate.curve import PlacedVertebra, rim_distance
from spinemets.simulate.implicit import Array, Formula, oval, smooth_maximum
from spinemets.simulate.subject import Subject, stream


@dataclass(frozen=True)
class BodyShape:
    """What a body looks like beyond its size.

    Attributes
    ----------
    waist : float
        Fraction by which the body is narrower half-way up than at its rims.
    upper_hollow_mm, lower_hollow_mm : float
        Depth of each endplate below its rim.
    back_hollow_mm : float
        How far the corners of the posterior wall stand behind its middle.
    power : float
        Roundness of the cross-section; 2 an ellipse, more a box.
    taper : float
        How much narrower the front is than the back.
    uncus_mm : float
        Height of the uncinate processes of the upper endplate.
    osteophyte_mm : float
        How far the rims stand out, at most.
    spur_angle : float
        Direction round the rim in which spurs are largest, radians.
    """

    waist: float
    upper_hollow_mm: float
    lower_hollow_mm: float
    back_hollow_mm: float
    power: float
    taper: float
    uncus_mm: float
    osteophyte_mm: float
    spur_angle: float


def random_body_shape(subject: Subject, vertebra: PlacedVertebra) -> BodyShape:
    """Shape of the body of one vertebra of a subject."""
    rng = stream(subject.seed, f"body of {vertebra.level}")
    region = vertebra.level.region
    hollow = max(0.5, (vertebra.disc.middle - rim_distance(vertebra.disc)) / 2)
    thoracic, cervical = region is Region.THORACIC, region is Region.CERVICAL
    spurs = subject.frailty * rng.gamma(2.0, 0.9) * (0.6 if thoracic else 1.0)
    return BodyShape(
        waist=rng.uniform(0.03, 0.08) if cervical else rng.uniform(0.07, 0.13),
        upper_hollow_mm=hollow * rng.uniform(0.7, 1.3),
        lower_hollow_mm=hollow * rng.uniform(0.9, 1.6),
        back_hollow_mm=rng.uniform(0.0, 0.8) if cervical else rng.uniform(1.0, 3.0),
        power=rng.uniform(2.3, 2.9),
        taper=rng.uniform(0.12, 0.25) if thoracic else rng.uniform(0.0, 0.06),
        uncus_mm=rng.uniform(2.5, 4.5) * subject.scale if cervical and vertebra.level not in NO_UNCUS else 0.0,
        osteophyte_mm=min(spurs, 5.0),
        spur_angle=rng.uniform(0.3, np.pi - 0.3),
    )


NO_UNCUS = (Level.C1, Level.C2)


def cross_section(vertebra: PlacedVertebra, shape: BodyShape, x: Array, y: Array, z: Array) -> Array:
    """Radius in the cross-section at height z as a fraction of the way to the side wall."""
    size = vertebra.size
    half = vertebra.middle_height / 2
    level = np.clip(z / half, -1.0, 1.0)
    narrow = 1.0 - shape.waist * (1.0 - level * level)
    if shape.osteophyte_mm > 0.2:
        rim = np.exp(-(((1.0 - np.abs(level)) / 0.22) ** 2))
        facing = 0.5 + 0.5 * (x * np.cos(shape.spur_angle) + y * np.sin(shape.spur_angle)) / (0.5 * size.width)
        narrow = narrow + shape.osteophyte_mm / (0.5 * size.width) * rim * np.clip(facing, 0.0, 1.2) * (
            y > -0.3 * size.depth
        )
    down = (1.0 - level) / 2
    half_width = (size.width + (vertebra.low_width - size.width) * down) / 2 * narrow
    half_depth = (size.depth + (vertebra.low_depth - size.depth) * down) / 2 * narrow
    corner = np.clip(1.0 - (x / (0.42 * size.width)) ** 2, 0.0, 1.0)
    back = np.where(y < 0, shape.back_hollow_mm * (1.0 - corner), 0.0)
    half_width = half_width * (1.0 - shape.taper * y / size.depth)
    # The posterior wall stays one line from rim to rim but for the waist; the front follows the taper.
    return oval(x, y, half_width, half_depth + back, shape.power)


def body_distance(vertebra: PlacedVertebra, shape: BodyShape, x: Array, y: Array, z: Array) -> Array:
    """Signed distance to the body, mm, in the frame of the vertebra."""
    size = vertebra.size
    radius = cross_section(vertebra, shape, x, y, z)
    lateral = (radius - 1.0) * min(size.width, size.depth) / 2
    top, bottom = endplates(vertebra, shape, x, y, radius)
    return smooth_maximum(lateral, np.maximum(z - top, bottom - z), 1.6)


def endplates(vertebra: PlacedVertebra, shape: BodyShape, x: Array, y: Array, radius: Array) -> tuple[Array, Array]:
    """Height of the upper and of the lower endplate above each point, mm."""
    size = vertebra.size
    half = (vertebra.middle_height + (size.wedge - 1.0) * size.height * np.clip(y / size.depth, -0.6, 0.6)) / 2
    hollow = np.clip(1.0 - radius * radius, 0.0, 1.0)
    top = half - shape.upper_hollow_mm * hollow
    bottom = -half + shape.lower_hollow_mm * hollow
    if shape.uncus_mm > 0:
        beside = np.clip((np.abs(x) / (size.width / 2) - 0.68) / 0.22, 0.0, 1.0) * (y < 0.25 * size.depth)
        top = top + shape.uncus_mm * beside
    if vertebra.level.region is Region.CERVICAL and vertebra.level is not Level.C1:
        bevel = np.clip((np.abs(x) / (size.width / 2) - 0.6) / 0.3, 0.0, 1.0)
        bottom = bottom + 3.0 * bevel * bevel
    return top, bottom


def body(vertebra: PlacedVertebra, shape: BodyShape) -> Formula:
    """The body of a vertebra, in its own frame."""
    size = vertebra.size
    width = max(size.width, vertebra.low_width) / 2 * 1.1 + shape.osteophyte_mm
    depth = max(size.depth, vertebra.low_depth) / 2 + shape.back_hollow_mm + shape.osteophyte_mm
    height = vertebra.middle_height / 2 + 3.0 + shape.uncus_mm
    corner = np.array([width, depth, height])
    return Formula(-corner, corner, lambda x, y, z: body_distance(vertebra, shape, x, y, z))


def disc_distance(
    above: PlacedVertebra, upper: BodyShape, below: PlacedVertebra, lower: BodyShape, points: tuple[Array, Array, Array]
) -> Array:
    """Signed distance to the disc between two bodies, mm, at points of the lower one's frame.

    The disc fills the space between the endplates up to 97 % of the rims.
    """
    x, y, z = points
    turn = above.axes @ below.axes.T
    shift = (below.origin - above.origin) @ above.axes.T
    up = [turn[n, 0] * x + turn[n, 1] * y + turn[n, 2] * z + shift[n] for n in range(3)]
    under = cross_section(below, lower, x, y, np.full_like(z, below.middle_height / 2))
    over = cross_section(above, upper, up[0], up[1], np.full_like(up[2], -above.middle_height / 2))
    lateral = (np.maximum(under, over) - 0.97) * min(below.size.width, below.size.depth) / 2
    top = endplates(below, lower, x, y, under)[0]
    bottom = endplates(above, upper, up[0], up[1], over)[1]
    return np.maximum(lateral, np.maximum(top - z, up[2] - bottom))


def disc(above: PlacedVertebra, upper: BodyShape, below: PlacedVertebra, lower: BodyShape) -> Formula:
    """The disc between two bodies, in the frame of the lower one."""
    width = max(below.size.width, above.low_width) / 2 * 1.15 + 2
    depth = max(below.size.depth, above.low_depth) / 2 * 1.15 + 2
    start = below.middle_height / 2 - 5.0
    stop = below.middle_height / 2 + above.disc.middle + 8.0
    return Formula(
        np.array([-width, -depth, start]),
        np.array([width, depth, stop]),
        lambda x, y, z: disc_distance(above, upper, below, lower, (x, y, z)),
    )
