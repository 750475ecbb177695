"""Guards of a vertebra mask: every label names one vertebra, and names follow one another down the spine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.distance import pdist

from spinemets.anatomy import Level
from spinemets.errors import StudyError
from spinemets.label_boxes import held_box

COMPARABLE = 0.4
"""A second piece larger than this share of the largest is a vertebra of its own if it is far away (ours)."""
FAR_MM = 60.0
"""Pieces further apart cannot belong to one vertebra (ours; a spinous process is some 40 mm from the body)."""
FAR_WITHOUT_BODY_MM = 100.0
"""The same where the image cut the body off, so that the tips of both sides are left (ours; L3 is some 90 mm wide)."""
FAR_IN_BODY_MM = 28.0
"""Pieces of a body further apart cannot belong to one (ours; the halves of an L5 are some 25 mm apart)."""


def require_one_place(
    own: NDArray[np.bool_], level: Level, spacing_mm: NDArray[np.float64], *, far_mm: float = FAR_MM
) -> None:
    """Raise `StudyError` where a mask has two large pieces more than `far_mm` apart."""
    box = held_box(own.view(np.uint8))
    if box is None:
        return
    own = own[box]
    pieces, count = ndimage.label(own, structure=np.ones((3, 3, 3)))
    if count < 2:
        return
    sizes = np.bincount(pieces.ravel())[1:]
    large = np.flatnonzero(sizes > COMPARABLE * sizes.max()) + 1
    if len(large) < 2:
        return
    centres = np.array(ndimage.center_of_mass(own, pieces, large)) * spacing_mm
    apart = float(pdist(centres).max())
    if apart > far_mm:
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
