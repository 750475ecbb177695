"""Which pieces of bone are the spine: the largest one, and what goes on along its course beyond a gap.

A vertebra that tumour, metal or cement replaces may be missed by the networks as a whole; what they find of the spine
then falls apart. Arrays run to right, front and head with the same spacing each way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

BRIDGE_MM = 10.0
"""Pieces this close are one (ours: a disc)."""
SPECK_ML = 3.0
"""Pieces beside the spine that are smaller are none of it (ours): they would only widen what the fine network sees."""
GAP_MM = 60.0
"""Between the bone of two pieces of one spine (ours: a lumbar vertebra with its discs is 47 mm high, and half of the
discs stays; two have 65 mm between the processes of their neighbours)."""
LEAST_PIECE_ML = 4.0
"""What goes on has at least this much bone (ours: half of C5)."""
COURSE_MM = 60.0
"""The spine's direction at its end is that of so much of it (ours: two lumbar vertebrae)."""
LEAST_COURSE_MM = 40.0
"""A shorter piece has no direction of its own: processes reach further than the body is high (ours)."""
SECTION_MM = 40.0
"""The end of a piece, for its middle and its calibre (ours: a vertebra and the processes that stand out from it)."""
ASIDE_MM, ASIDE_SHARE = 20.0, 0.6
"""What goes on lies no further aside than this from the straight line on from the end, and that share of the way to it
(ours: a cone of 30 degrees; lumbar lordosis and thoracic kyphosis turn by 10 degrees from level to level at most)."""
CALIBRE = 3.0
"""And has no more than so many times, no less than the inverse of, the other's bone along the spine (ours: the sacrum
has twice that of L4, a rib or a hip bone's crest a sixth of it)."""
SPREAD = 2.0
"""And is, with its processes, no more than so many times as wide (ours: the sacrum is 1.3 times as wide as L4, the
pelvis or a table three times)."""
MOSTLY = 0.7
"""Share of its bone that lies beyond the end: processes overlap (ours)."""
TOLD_FROM_ML = 8.0
"""As much bone that is left out beyond an end may be a part of the spine (ours: C5)."""
TOLD_ASIDE_MM, TOLD_BEFORE_MM = 45.0, 70.0
"""Where it lies no further to a side, and before or behind, than this (ours: hip joints and shoulders lie 90 mm or more
aside, the breast bone as far in front; kyphosis bends forward)."""
LEAST_SACRUM_ML = 5.0
"""Less sacrum than this tells nothing of where the spine ends (ours)."""

Points = NDArray[np.float64]
End = Literal[1, -1]


@dataclass(frozen=True)
class SpinePieces:
    """What of some bone is the spine.

    Attributes
    ----------
    spine : (I, J, K) ndarray of bool
        The largest piece and those that continue its course.
    left_out : tuple of (float, float)
        Lowest and highest slice of each piece that may be a part of the spine too and is none of these.
    """

    spine: NDArray[np.bool_]
    left_out: tuple[tuple[float, float], ...] = ()


def main_piece(mask: NDArray[np.bool_], spacing_mm: float, bridge_mm: float = BRIDGE_MM) -> NDArray[np.bool_]:
    """The largest piece of `mask`, gaps up to `bridge_mm` notwithstanding."""
    number = _numbered(mask, spacing_mm, bridge_mm)
    sizes = np.bincount(number[mask], minlength=1)
    return number == sizes.argmax() if len(sizes) > 1 else mask


def pieces_of_spine(mask: NDArray[np.bool_], spacing_mm: float, sacrum: NDArray[np.bool_]) -> SpinePieces:
    """The largest piece of `mask`, and those that continue its course beyond a gap of about a vertebra or two.

    Parameters
    ----------
    mask : (I, J, K) ndarray of bool
        What looks like the spine.
    spacing_mm : float
        Voxel edge, mm.
    sacrum : (I, J, K) ndarray of bool
        Where it seems to be: no vertebra lies wholly below its middle.
    """
    number = _numbered(mask, spacing_mm, BRIDGE_MM)
    index, owner = np.argwhere(mask), number[mask]
    pieces = {int(n): index[owner == n] * spacing_mm for n in _of_size(owner, LEAST_PIECE_ML, spacing_mm)}
    if len(pieces) < 2:
        return SpinePieces(main_piece(mask, spacing_mm))
    lowest_mm = _middle_of(sacrum, spacing_mm)
    main = max(pieces, key=lambda n: len(pieces[n]))
    kept, spine = [main], pieces.pop(main)
    pieces = {n: piece for n, piece in pieces.items() if piece[:, 2].max() > lowest_mm}
    while (nearest := _next_piece(spine, pieces)) is not None:
        kept.append(nearest)
        spine = np.concatenate([spine, pieces.pop(nearest)])
    told = TOLD_FROM_ML * 1000 / spacing_mm**3
    left_out = [
        (float(piece[:, 2].min() / spacing_mm), float(piece[:, 2].max() / spacing_mm))
        for piece in pieces.values()
        if len(piece) >= told and _may_belong(spine, piece)
    ]
    return SpinePieces(np.isin(number, kept), tuple(left_out))


def without_specks(mask: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.bool_]:
    """A mask without its pieces under `SPECK_ML`; as it is where it has no larger one."""
    pieces, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    size = np.bincount(pieces.ravel(), minlength=count + 1)
    size[0] = 0
    large = size * spacing_mm**3 / 1000 >= SPECK_ML
    return large[pieces] if large.any() else mask


def _numbered(mask: NDArray[np.bool_], spacing_mm: float, bridge_mm: float) -> NDArray[np.int32]:
    """The number, from 1, of the piece each voxel of the mask belongs to; 0 elsewhere."""
    reach = max(round(bridge_mm / 2 / spacing_mm), 1)
    joined, _ = ndimage.label(ndimage.binary_dilation(mask, iterations=reach))
    return np.where(mask, joined, 0)


def _of_size(owner: NDArray[np.int32], least_ml: float, spacing_mm: float) -> NDArray[np.int64]:
    """Numbers of the pieces with at least so much bone."""
    return np.flatnonzero(np.bincount(owner) * spacing_mm**3 / 1000 >= least_ml)


def _middle_of(sacrum: NDArray[np.bool_], spacing_mm: float) -> float:
    """Height of the middle of the sacrum, mm; minus infinity where there is too little of it."""
    if sacrum.sum() * spacing_mm**3 / 1000 < LEAST_SACRUM_ML:
        return -np.inf
    largest = main_piece(sacrum, spacing_mm)
    return float(np.argwhere(largest)[:, 2].mean() * spacing_mm)


def _next_piece(spine: Points, pieces: dict[int, Points]) -> int | None:
    """The number of the nearest piece that continues the spine; None where none does."""
    gaps = {n: _gap_mm(spine, piece, end) for n, piece in pieces.items() if (end := _beyond(spine, piece)) is not None}
    for nearest in sorted(gaps, key=lambda n: gaps[n]):
        end = _beyond(spine, pieces[nearest])
        if end is not None and gaps[nearest] <= GAP_MM and _continues(spine, pieces[nearest], end):
            return nearest
    return None


def _beyond(spine: Points, piece: Points) -> End | None:
    """The upper (1) or lower (-1) end of the spine that a piece lies beyond with most of its bone."""
    ends: Sequence[End] = (1, -1)
    for end in ends:
        if float(np.mean(end * piece[:, 2] > (end * spine[:, 2]).max())) >= MOSTLY:
            return end
    return None


def _gap_mm(spine: Points, piece: Points, end: End) -> float:
    """The shortest way from the end of the spine to a piece beyond it."""
    near = spine[end * spine[:, 2] >= (end * spine[:, 2]).max() - COURSE_MM]
    facing = piece[end * piece[:, 2] <= (end * piece[:, 2]).min() + COURSE_MM]
    distance, _ = cKDTree(near).query(facing)
    return float(distance.min())


def _continues(spine: Points, piece: Points, end: End) -> bool:
    """Whether a piece lies in line with the end of the spine, and that with it, and is about as thick and as wide."""
    opposite: End = -1 if end == 1 else 1
    ratio = _calibre(spine, end) / _calibre(piece, opposite)
    spread = _spread_mm(piece, opposite) / _spread_mm(spine, end)
    alike = 1 / CALIBRE <= ratio <= CALIBRE and spread <= SPREAD
    return alike and _in_cone(spine, piece, end) and _in_cone(piece, spine, opposite)


def _in_cone(one: Points, other: Points, end: End) -> bool:
    """Whether the near end of another piece lies in line with an end of one."""
    way = _section(other, -end).mean(axis=0) - _section(one, end).mean(axis=0)
    along = _direction(one, end)
    length = float(way @ along)
    aside = float(np.linalg.norm(way - length * along))
    return length > 0 and aside <= ASIDE_MM + ASIDE_SHARE * length


def _may_belong(spine: Points, piece: Points) -> bool:
    """Whether a piece that does not continue the spine is where more of it could be."""
    end = _beyond(spine, piece)
    if end is None:
        return False
    way = _section(piece, -end).mean(axis=0) - _section(spine, end).mean(axis=0)
    return bool(abs(way[0]) <= TOLD_ASIDE_MM and abs(way[1]) <= TOLD_BEFORE_MM)


def _section(piece: Points, end: int, length_mm: float = SECTION_MM) -> Points:
    """So much of a piece from one of its ends."""
    height = end * piece[:, 2]
    return piece[height >= height.max() - length_mm]


def _calibre(piece: Points, end: int) -> float:
    """Points to the mm along an end of a piece."""
    section = _section(piece, end)
    return len(section) / max(float(np.ptp(section[:, 2])), 1.0)


def _spread_mm(piece: Points, end: int) -> float:
    """Root mean square distance from its middle, across the spine, of the bone of an end of a piece."""
    return float(np.sqrt(_section(piece, end)[:, :2].var(axis=0).sum())) + 1.0


def _direction(piece: Points, end: int) -> Points:
    """Unit vector of the spine's course out of an end; straight up or down for a piece too short to have one.

    A slice counts by its bone: those with processes alone say little.
    """
    section = _section(piece, end, COURSE_MM)
    slopes = np.zeros(2)
    if np.ptp(section[:, 2]) >= LEAST_COURSE_MM:
        heights, place, count = np.unique(section[:, 2], return_inverse=True, return_counts=True)
        middles = [np.bincount(place, section[:, axis]) / count for axis in (0, 1)]
        slopes = np.array([np.polyfit(heights, middle, 1, w=count)[0] for middle in middles])
    direction = end * np.append(slopes, 1.0)
    return direction / np.linalg.norm(direction)
