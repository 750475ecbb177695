"""The sacrum: five vertebrae fused along an arc that opens forwards.

Worked out in coordinates of that arc: x to the patient's right, `along` downwards
from the upper endplate of S1, `forward` from the arc to the front.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.implicit import Array, Formula, oval, smooth_maximum, smooth_minimum, vector
from spinemets.simulate.subject import Subject, stream


@dataclass(frozen=True)
class SacralArc:
    """Size of a sacrum and the arc it lies on; all in the frame of S1.

    Attributes
    ----------
    radius, length : float
        Of the arc through the middle of the bodies, mm.
    top : float
        Height of the upper endplate of S1 in the frame of S1, mm.
    half_depth, half_width : float
        Of the body of S1, mm.
    canal_depth, canal_width : float
        Of the canal at S1, mm.
    half_breadth : float
        From the midline to the joint with the hip bone, mm.
    scale : float
        Size of the subject.
    """

    radius: float
    length: float
    top: float
    half_depth: float
    half_width: float
    canal_depth: float
    canal_width: float
    half_breadth: float
    scale: float

    def unrolled(self, y: Array, z: Array) -> tuple[Array, Array]:
        """`along` and `forward` of points of the frame of S1, mm."""
        dy, dz = y - self.radius, z - self.top
        return self.radius * np.arctan2(-dz, -dy), self.radius - np.sqrt(dy * dy + dz * dz)

    def point(self, along: Array, forward: Array) -> Array:
        """(N, 3) points of the midline in the frame of S1."""
        angle, reach = along / self.radius, self.radius - forward
        return np.stack(
            [np.zeros_like(angle), self.radius - reach * np.cos(angle), self.top - reach * np.sin(angle)], axis=-1
        )

    def front(self, along: Array) -> Array:
        """Half the depth of the fused bodies, mm: the front of the bone lies this far before the arc."""
        part = np.clip(along / self.length, 0.0, 1.0)
        return self.half_depth * (1.0 - 0.72 * part**0.8)

    def canal_half_depth(self, along: Array) -> Array:
        """Half the depth of the sacral canal, mm."""
        return self.canal_depth / 2 * np.clip(1.0 - 0.75 * along / self.length, 0.25, 1.0)

    def canal_half_width(self, along: Array) -> Array:
        """Half the width of the sacral canal, mm."""
        return self.canal_width / 2 * np.clip(1.0 - 0.8 * along / self.length, 0.25, 1.0)

    def canal_forward(self, along: Array) -> Array:
        """Where the middle of the canal lies; behind the arc, so negative, mm."""
        return -self.front(along) - self.canal_half_depth(along)


def sacral_arc(subject: Subject, first: PlacedVertebra) -> SacralArc:
    """The arc and size of a subject's sacrum; `first` is S1."""
    rng = stream(subject.seed, "sacrum")
    length = rng.normal(106.0, 5.0) * subject.scale
    return SacralArc(
        radius=length / np.radians(rng.uniform(50.0, 78.0)),
        length=length,
        top=first.middle_height / 2,
        half_depth=first.size.depth / 2,
        half_width=first.size.width / 2,
        canal_depth=first.size.canal_depth,
        canal_width=first.size.canal_width,
        half_breadth=rng.normal(53.0, 2.5) * subject.scale,
        scale=subject.scale,
    )


def sacrum_distance(arc: SacralArc, x: Array, y: Array, z: Array) -> Array:
    """Signed distance to the sacrum, canal and foramina taken out; first-order, mm."""
    along, forward = arc.unrolled(y, z)
    side = np.abs(x) / arc.scale
    part = np.clip(along / arc.length, -0.2, 1.2)
    breadth = np.interp(part, [-0.2, 0.0, 0.3, 0.45, 0.7, 0.92, 1.05], [0.93, 0.97, 1.0, 0.88, 0.5, 0.27, 0.12])
    # Narrower behind: the joint with the hip bone faces outwards and back.
    behind = np.clip(-forward - 8.0, 0.0, 40.0)
    lateral = np.abs(x) - arc.half_breadth * breadth.astype(np.float32) + 0.22 * behind
    beyond = np.maximum(side - 0.8 * arc.half_width / arc.scale, 0.0)
    front = arc.front(along) - 0.5 * beyond * np.clip(1.2 - part, 0, 1)
    crest = 7.0 * np.exp(-((side / 4.5) ** 2)) * np.clip(1.15 - part, 0.0, 1.0)
    back = arc.front(along) + 2 * arc.canal_half_depth(along) + arc.scale * (5.0 * np.clip(1.3 - part, 0, 1) + crest)
    back = back - 0.25 * beyond
    thickness = np.maximum(forward - front, -forward - back)
    # The alae begin below the endplate and slope down; behind, the laminae of S1 begin lower still.
    start = 0.2 * beyond + 9.0 * np.clip((-forward - arc.half_depth) / 8.0, 0.0, 1.0)
    start = start + 1.5 * np.clip(1.0 - oval(x, forward, arc.half_width, arc.half_depth) ** 2, 0.0, 1.0)
    solid = smooth_maximum(smooth_maximum(lateral, thickness, 5.0), np.maximum(start - along, along - arc.length), 3.0)
    return np.maximum(solid, -hollows(arc, x, along, forward))


def hollows(arc: SacralArc, x: Array, along: Array, forward: Array) -> Array:
    """Signed distance to the canal and the four pairs of foramina, mm."""
    half_depth, half_width = arc.canal_half_depth(along), arc.canal_half_width(along)
    canal: Array = (oval(x, forward - arc.canal_forward(along), half_width, half_depth, 2.2) - 1.0) * half_depth
    canal = np.maximum(canal, along - 0.85 * arc.length)
    for number in range(4):
        place = arc.length * (0.27 + 0.19 * number)
        beside = arc.scale * (20.0 - 2.6 * number)
        radius = arc.scale * (4.6 - 0.5 * number)
        hole = np.sqrt((np.abs(x) - beside) ** 2 + (along - place) ** 2) - radius
        canal = smooth_minimum(canal, np.broadcast_to(hole, canal.shape), 1.0)
    return canal


def sacrum(arc: SacralArc) -> Formula:
    """The sacrum in the frame of S1."""
    ends = arc.point(np.linspace(0, arc.length, 12), np.zeros(12))
    reach = arc.half_depth + arc.canal_depth + 14.0 * arc.scale
    lower = vector([-arc.half_breadth - 2, ends[:, 1].min() - reach, ends[:, 2].min() - 8.0])
    upper = vector([arc.half_breadth + 2, ends[:, 1].max() + arc.half_depth, arc.top + 3.0])
    return Formula(lower, upper, lambda x, y, z: sacrum_distance(arc, x, y, z))
