"""Guards of a vertebra mask: every label names one vertebra, and names follow one another down the spine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.distance import pdist

from spinemets.anatomy import Level
from spinemets.errors import StudyError
from spinemets.label_boxes import connected_pieces, held_box

COMPARABLE = 0.4
"""A second piece larger than this share of the largest is a vertebra of its own if it is far away (ours)."""
FAR_MM = 60.0
"""Pieces further apart belong to one vertebra only where each lies in its place (ours; a spinous process is some 40 mm
from the body)."""
FAR_WITHOUT_BODY_MM = 100.0
"""The same where the image cut the body off, so that the tips of both sides are left (ours; L3 is some 90 mm wide)."""
FAR_IN_BODY_MM = 28.0
"""The same of pieces of a body (ours; the halves of an L5 are some 25 mm apart)."""
OWN_PLACE_MM = 12.0
"""So near to bone of a vertebra next to it, moved from body to body, lies the middle of what belongs to a vertebra
(ours: 15 degrees, which neighbours turn against one another at most, move a spinous process 45 mm behind its body by
that; the body of the next vertebra lies 20 mm or more from where this one has any)."""


def pieces_far_apart(own: NDArray[np.bool_], spacing_mm: NDArray[np.float64], far_mm: float) -> NDArray[np.float64]:
    """(N, 3) index of the middle of every large piece of a mask, where two are more than `far_mm` apart; else (0, 3).

    The largest comes first.
    """
    none = np.zeros((0, 3))
    box = held_box(own.view(np.uint8))
    if box is None:
        return none
    own = own[box]
    pieces, count = connected_pieces(own)
    if count < 2:
        return none
    sizes = np.bincount(pieces.ravel())[1:]
    large = np.flatnonzero(sizes > COMPARABLE * sizes.max()) + 1
    if len(large) < 2:
        return none
    large = large[np.argsort(-sizes[large - 1], kind="stable")]
    centres = np.array(ndimage.center_of_mass(own, pieces, large))
    if pdist(centres * spacing_mm).max() <= far_mm:
        return none
    return centres + [axis.start for axis in box]


def require_own_place(
    level: Level, pieces_mm: NDArray[np.float64], body_mm: NDArray[np.float64], alike: Sequence[NDArray[np.float64]]
) -> None:
    """Raise `StudyError` unless all pieces of a vertebra lie where a vertebra next to it has bone.

    Where an arch is destroyed its spinous process is left behind, far from what is left of the body. That is no second
    bone: moved from body to body, a vertebra next to it has its own spinous process there.

    Parameters
    ----------
    level : Level
        Of the vertebra.
    pieces_mm : (N, 3) ndarray
        Middle of each piece, world mm; none where they are not far apart.
    body_mm : (3,) ndarray
        Middle of the body, or of its largest piece.
    alike : sequence of (M, 3) ndarray
        Points of each vertebra next to it, from the middle of that one's body. Without any no piece has a place.
    """
    for piece in pieces_mm - body_mm:
        away = min((float(np.linalg.norm(points - piece, axis=1).min()) for points in alike), default=np.inf)
        if away > OWN_PLACE_MM:
            apart = float(pdist(pieces_mm).max())
            raise StudyError(
                f"{level} is in the vertebra mask twice, {apart:.0f} mm apart; each label may name one vertebra"
            )


def require_order(levels: list[Level], bodies: dict[Level, NDArray[np.float64]]) -> None:
    """Raise `StudyError` unless bodies follow one another along the spine in the order of their names."""
    if len(levels) < 2:
        return
    centres = np.array([bodies[level] for level in levels])
    along = centres[0] - centres[-1]
    if along[2] < 0 and abs(along[2]) > 0.5 * np.linalg.norm(along):
        raise StudyError(f"{levels[0]} lies below {levels[-1]} in the vertebra mask; its labels are out of order")
    for above, below, step in zip(levels, levels[1:], centres[:-1] - centres[1:], strict=False):
        if step @ along < 0:
            raise StudyError(f"{above} lies below {below} in the vertebra mask; its labels are out of order")
