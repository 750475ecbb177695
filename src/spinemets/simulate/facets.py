"""The joints by which the arches of two vertebrae meet.

A joint is laid out once, between two vertebrae, and both build their articular
process against it: so there is a joint space and no overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.implicit import Array
from spinemets.simulate.subject import Subject, stream


@dataclass(frozen=True)
class Facet:
    """One facet joint, in world mm.

    Attributes
    ----------
    centre : (3,) ndarray
        Middle of the joint space.
    normal : (3,) ndarray
        From the superior process of the lower vertebra to the inferior process of the upper.
    half_height, half_width, thickness : float
        Of each process, mm.
    gap_mm : float
        Width of the joint space.
    """

    centre: Array
    normal: Array
    half_height: float
    half_width: float
    thickness: float
    gap_mm: float


def facet(subject: Subject, above: PlacedVertebra, below: PlacedVertebra, sign: int) -> Facet:
    """The joint between two neighbours on the patient's right (`sign` +1) or left (-1)."""
    rng = stream(subject.seed, f"facets of {above.level}")
    axes = above.axes + below.axes
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    size = below.size
    middle = (
        above.world(np.array([0.0, -above.low_depth / 2, -above.middle_height / 2]))
        + below.world(np.array([0.0, -size.depth / 2, below.middle_height / 2]))
    ) / 2
    side, back, lift, normal, half = layout(above, below, rng)
    centre = middle + np.array([sign * side, -back, lift]) @ axes
    direction = np.array([sign * normal[0], normal[1], normal[2]])
    return Facet(
        centre,
        direction / np.linalg.norm(direction) @ axes,
        half_height=half[0] * subject.scale,
        half_width=half[1] * subject.scale,
        thickness=half[2] * subject.scale * (1 + 0.25 * subject.frailty),
        gap_mm=float(rng.uniform(1.2, 2.0)),
    )


Layout = tuple[float, float, float, tuple[float, float, float], tuple[float, float, float]]


def layout(above: PlacedVertebra, below: PlacedVertebra, rng: np.random.Generator) -> Layout:
    """Place beside, behind and above the middle of the back of the disc; normal; half height, half width, thickness."""
    width, depth = below.size.canal_width / 2, below.size.canal_depth
    if above.level.region is Region.CERVICAL:
        steep = rng.uniform(0.7, 1.0)
        thick = 4.5 if below.level is not Level.T1 else 5.0
        return width + 5.0, depth * 0.35, 1.0, (0.0, -1.0, steep), (5.5, 6.0, thick)
    if above.level.region is Region.THORACIC and below.level.region is Region.THORACIC:
        return width + 2.0, depth * 0.75, 2.0, (0.25, -1.0, 0.25), (6.0, 5.5, 4.5)
    # From the sagittal plane at the thoracolumbar joint to nearly half-way round at L5.
    order = {"T": 25.0, "L1": 27.0, "L2": 30.0, "L3": 36.0, "L4": 45.0, "L5": 52.0, "L6": 52.0}
    name = above.level.value
    angle = np.radians(order.get(name, order["T"]) + rng.normal(0.0, 4.0))
    return width - 0.5 + 2.5 * np.sin(angle), depth * 0.85, -1.0, (-np.cos(angle), -np.sin(angle), 0.0), (8.0, 6.5, 6.0)
