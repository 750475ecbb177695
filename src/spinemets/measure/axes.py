"""The axes of each vertebra in the patient: right, front and up, whatever the image's own axes are.

The convention of `clinical.md` §1: up is the tangent of the line through the bodies, front points from
the posterior elements to the body at right angles to it, right follows from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.label_boxes import Box, indices_of
from spinemets.measure.label_order import (
    FAR_IN_BODY_MM,
    FAR_MM,
    FAR_WITHOUT_BODY_MM,
    pieces_far_apart,
    require_order,
    require_own_place,
)
from spinemets.measure.region_labels import in_body
from spinemets.measure.spine_line import tangents
from spinemets.measure.vertebra_boxes import vertebra_boxes
from spinemets.volume import Volume

LEAST_VOXELS = 20
"""A body, or posterior elements, of fewer voxels give no direction (ours)."""
LEAST_OF_NEIGHBOUR = 0.4
"""A first or last body smaller than this share of the next one is cut off by the image (ours)."""
MIDLINE_MM = 4.0
"""Half width of the strip round the mid-plane in which the canal's front and back are sought (ours)."""
USUAL_HALF_CANAL_MM = 8.0
"""Half the depth of the canal where its back is not seen; Panjabi: 15 to 21 mm deep."""
MOST_TURN_DEG = 12.0
"""A vertebra turned further than this about the spine against the middle one of the three or five nearest, itself
included, is not believed (ours)."""


@dataclass(frozen=True, eq=False)
class VertebraAxes:
    """A vertebra's own axes.

    Attributes
    ----------
    level : Level
        Which vertebra.
    centre_mm : (3,) ndarray
        Centroid of the body, world RAS+ mm; of the whole ring for C1.
    canal_mm : (3,) ndarray
        Middle of the canal at that height.
    right, front, up : (3,) ndarray
        Unit vectors to the patient's right, anterior and cranial, at right angles to one another.
    in_far_pieces : bool
        Whether the mask of the vertebra, or of its body, is torn into large pieces that lie far apart.
    """

    level: Level
    centre_mm: NDArray[np.float64]
    canal_mm: NDArray[np.float64]
    right: NDArray[np.float64]
    front: NDArray[np.float64]
    up: NDArray[np.float64]
    in_far_pieces: bool = False

    @property
    def rows(self) -> NDArray[np.float64]:
        """(3, 3) right, front and up as rows."""
        return np.stack([self.right, self.front, self.up])

    def coordinates(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) world points as mm to the right, front and up of the body's centre."""
        return (np.asarray(points_mm) - self.centre_mm) @ self.rows.T

    def world(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) world points of coordinates in these axes."""
        return np.asarray(coordinates) @ self.rows + self.centre_mm


def spine_axes(
    vertebrae: Volume, regions: Volume, boxes: Mapping[Level, Box] | None = None
) -> dict[Level, VertebraAxes]:
    """Axes of every vertebra whose body can be told from its posterior elements.

    Parameters
    ----------
    vertebrae : Volume
        VerSe ids.
    regions : Volume
        `RegionLabel` on the same grid.
    boxes : mapping of Level to tuple of slice, optional
        What `vertebra_boxes` gives, where it is known already.

    Returns
    -------
    mapping of Level to VertebraAxes
        From head to foot, the sacrum and bodies cut to a stump apart. A vertebra without posterior elements has the
        front of its neighbours; C1, a ring that lies on no line of bodies, the directions of the next lower one.

    Raises
    ------
    StudyError
        If a vertebra lies above one that its name puts above it, or a label has bone where no part of that vertebra
        can be, as of two vertebrae under one name.
    """
    bodies, behind, points, torn = _centroids(vertebrae, regions, vertebra_boxes(vertebrae) if boxes is None else boxes)
    levels = _without_stumps(sorted(bodies, key=lambda level: level.order), points)
    require_order(levels, bodies)
    line: list[Level] = [level for level in levels if level is not Level.C1]
    if not line:
        return {}
    ups = tangents([points[level][0] for level in line], [_has_two_ends(level, points, vertebrae) for level in line])
    fronts = _fronts(line, bodies, behind, ups)
    result = {}
    if Level.C1 in levels and fronts[0] is not None:
        ring = bodies[Level.C1]
        result[Level.C1] = VertebraAxes(Level.C1, ring, ring, np.cross(fronts[0], ups[0]), fronts[0], ups[0])
    for level, up, front in zip(line, ups, fronts, strict=True):
        if front is None:
            continue
        axes = VertebraAxes(level, bodies[level], bodies[level], np.cross(front, up), front, up)
        canal_mm = _canal_middle(axes, *points[level])
        result[level] = replace(axes, canal_mm=canal_mm, in_far_pieces=level in torn)
    return result


_Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def _centroids(
    vertebrae: Volume, regions: Volume, boxes: Mapping[Level, Box]
) -> tuple[dict[Level, NDArray[np.float64]], dict[Level, NDArray[np.float64]], dict[Level, _Points], set[Level]]:
    """Centroids of bodies and of posterior elements, world mm, the points of both, and which levels are torn apart."""
    bodies, behind, points, torn = {}, {}, {}, {}
    for level, box in boxes.items():
        own = vertebrae.array[box] == level.verse_id
        body = own & in_body(regions.array[box])
        start = np.array([axis.start for axis in box])
        far_mm = FAR_MM if body.any() else FAR_WITHOUT_BODY_MM
        limits = ((own, far_mm), (body, FAR_IN_BODY_MM))
        pieces = [pieces_far_apart(part, vertebrae.spacing_mm, most_mm) + start for part, most_mm in limits]
        if any(len(one) for one in pieces):
            torn[level] = vertebrae.world(pieces[0]), vertebrae.world(pieces[1])
        body_mm = vertebrae.world(indices_of(own if level is Level.C1 else body) + start)
        other_mm = vertebrae.world(indices_of(own & ~body) + start)
        if len(body_mm) < LEAST_VOXELS:
            continue
        bodies[level], points[level] = body_mm.mean(axis=0), (body_mm, other_mm)
        if len(other_mm) >= LEAST_VOXELS:
            behind[level] = other_mm.mean(axis=0)
    for level in torn:
        _require_own_places(level, torn, bodies, points)
    return bodies, behind, points, set(torn)


def _require_own_places(
    level: Level,
    torn: dict[Level, tuple[NDArray[np.float64], NDArray[np.float64]]],
    bodies: dict[Level, NDArray[np.float64]],
    points: dict[Level, _Points],
) -> None:
    """Raise `StudyError` unless the pieces of a vertebra, and those of its body, lie where its neighbours have bone."""
    whole_mm, body_pieces_mm = torn[level]
    near = sorted(set(points) - set(torn), key=lambda other: abs(other.order - level.order))[:2]
    body_mm = body_pieces_mm[0] if len(body_pieces_mm) else bodies.get(level, np.zeros(3))
    known = near if level in bodies else []
    require_own_place(level, whole_mm, body_mm, [np.vstack(points[other]) - bodies[other] for other in known])
    require_own_place(level, body_pieces_mm, body_mm, [points[other][0] - bodies[other] for other in known])


def _without_stumps(levels: list[Level], points: dict[Level, _Points]) -> list[Level]:
    """Levels without what is left of a body at either end: its centroid is no point of the spine's line."""
    kept = list(levels)
    for end, neighbour in ((0, 1), (-1, -2)):
        if len(kept) > 2 and len(points[kept[end]][0]) < LEAST_OF_NEIGHBOUR * len(points[kept[neighbour]][0]):
            del kept[end]
    return kept


def _has_two_ends(level: Level, points: dict[Level, _Points], vertebrae: Volume) -> bool:
    """Whether a body has an endplate above, as C2 has not, and below, and the image cuts through neither."""
    index = np.rint(vertebrae.index(points[level][0]))
    inside = (index > 0).all() and (index < np.array(vertebrae.shape) - 1).all()
    return level is not Level.C2 and bool(inside)


def _fronts(
    levels: list[Level],
    bodies: dict[Level, NDArray[np.float64]],
    behind: dict[Level, NDArray[np.float64]],
    ups: NDArray[np.float64],
) -> list[NDArray[np.float64] | None]:
    """Unit vectors from posterior elements to body; those of the neighbours where there are none or they are torn off.

    Vertebrae turn little about the spine from one to the next, so a front that is turned by more than `MOST_TURN_DEG`
    against the middle one of its neighbours comes from a mask with a part missing or too many.
    """
    known: dict[int, NDArray[np.float64]] = {}
    for number, (level, up) in enumerate(zip(levels, ups, strict=True)):
        direction = _across(bodies[level] - behind[level], up) if level in behind else None
        if direction is not None:
            known[number] = direction
    result: list[NDArray[np.float64] | None] = []
    for number, up in enumerate(ups):
        inside = 2 <= number < len(ups) - 2
        near = sorted(known, key=lambda other: abs(other - number))[: 5 if inside else 3]
        candidates = [front for other in near if (front := _across(known[other], up)) is not None]
        result.append(_usual_front(candidates, up, own=number in known) if candidates else None)
    return result


def _across(direction: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The unit vector of the part of a direction at right angles to another; None where there is hardly any."""
    across = direction - (direction @ up) * up
    length = float(np.linalg.norm(across))
    return across / length if length > 1e-6 else None


def _usual_front(candidates: list[NDArray[np.float64]], up: NDArray[np.float64], *, own: bool) -> NDArray[np.float64]:
    """The first candidate, or that turned to the middle of all where it is not its own or strays too far."""
    first = candidates[0]
    aside = np.cross(first, up)
    turns = [float(np.degrees(np.arctan2(front @ aside, front @ first))) for front in candidates]
    middle = float(np.median(turns))
    if own and abs(middle) <= MOST_TURN_DEG:
        return first
    turned: NDArray[np.float64] = np.cos(np.radians(middle)) * first + np.sin(np.radians(middle)) * aside
    return turned


def _canal_middle(
    axes: VertebraAxes, body_mm: NDArray[np.float64], other_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Half-way from the back of the body to the front of the lamina in the mid-plane, at the height of the body."""
    body = axes.coordinates(body_mm)
    body = body[np.abs(body[:, 0]) < MIDLINE_MM]
    wall = float(np.percentile(body[:, 1], 3)) if len(body) else -USUAL_HALF_CANAL_MM
    lamina = axes.coordinates(other_mm) if len(other_mm) else np.zeros((0, 3))
    lamina = lamina[(np.abs(lamina[:, 0]) < MIDLINE_MM) & (lamina[:, 1] < wall - 4.0)]
    back = float(np.percentile(lamina[:, 1], 97)) if len(lamina) >= 5 else wall - 2 * USUAL_HALF_CANAL_MM
    return axes.world(np.array([[0.0, (wall + back) / 2, 0.0]]))[0]
