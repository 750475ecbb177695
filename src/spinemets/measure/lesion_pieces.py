"""Which lesion of a mask belongs to which vertebra, and of what type it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from spinemets.anatomy import LEVEL_OF_VERSE_ID, LesionLabel, Level
from spinemets.label_boxes import held_box
from spinemets.volume import Volume

NEAR_MM = 8.0
"""A lesion outside every vertebra belongs to the one within this distance, else to none (ours)."""
CONNECTED = np.ones((3, 3, 3))
"""Voxels that share a corner belong to one lesion."""
MIXED_FROM = 0.2
"""A lesion is mixed where the lesser of lytic and blastic takes at least this share of it (`clinical.md` §1.6, [D])."""


class LesionType(str, Enum):
    """What a lesion does to bone."""

    LYTIC = "lytic"
    BLASTIC = "blastic"
    MIXED = "mixed"


@dataclass(frozen=True, eq=False)
class LesionPiece:
    """The voxels of one lesion in one vertebra.

    Attributes
    ----------
    level : Level
        The vertebra.
    type : LesionType
        By the labels of its voxels.
    start : (3,) tuple of int
        First voxel of its box.
    mask : (I, J, K) ndarray of bool
        Its voxels in that box.
    """

    level: Level
    type: LesionType
    start: tuple[int, int, int]
    mask: NDArray[np.bool_]


def lesion_pieces(lesions: Volume, vertebrae: Volume) -> Iterator[LesionPiece]:
    """Every lesion of a mask, from head to foot and the largest of a vertebra first, as they stand in the report.

    Parameters
    ----------
    lesions : Volume
        `LesionLabel` values.
    vertebrae : Volume
        VerSe ids on the same grid.
    """
    owner = lesion_owners(lesions, vertebrae)
    boxes = enumerate(ndimage.find_objects(owner), start=1)
    found = [(LEVEL_OF_VERSE_ID[number], box) for number, box in boxes if box is not None]
    for level, box in sorted(found, key=lambda one: one[0].order):
        for piece in separate(owner[box] == level.verse_id):
            inner = ndimage.find_objects(piece.astype(np.uint8))[0]
            start = tuple(int(own.start + part.start) for own, part in zip(box, inner, strict=True))
            kind = type_of(lesions.array[box][piece])
            yield LesionPiece(level, kind, (start[0], start[1], start[2]), piece[inner])


def separate(lesion: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The connected pieces of a mask, the largest first."""
    box = held_box(lesion.view(np.uint8))
    if box is None:
        return []
    pieces, _ = ndimage.label(lesion[box], structure=CONNECTED)
    sizes = np.bincount(pieces.ravel())[1:]
    ordered = sorted(zip(sizes, range(1, len(sizes) + 1), strict=True), reverse=True)
    separated = []
    for _, number in ordered:
        piece = np.zeros(lesion.shape, bool)
        piece[box] = pieces == number
        separated.append(piece)
    return separated


def type_of(labels: NDArray[np.uint8]) -> LesionType:
    """Lytic, blastic or mixed, by the `LesionLabel` of its voxels."""
    share = float((labels == LesionLabel.BLASTIC).mean())
    if MIXED_FROM <= share <= 1 - MIXED_FROM:
        return LesionType.MIXED
    return LesionType.BLASTIC if share > 0.5 else LesionType.LYTIC


def lesion_owners(lesions: Volume, vertebrae: Volume) -> NDArray[np.uint8]:
    """VerSe id of the vertebra that each lesion voxel belongs to: its own, or the nearest.

    A lesion of which no voxel is within `NEAR_MM` of a vertebra belongs to none.
    """
    owner = np.zeros(lesions.shape, np.uint8)
    box = held_box(lesions.array.astype(np.uint8, copy=False))
    if box is None:
        return owner
    np.copyto(owner[box], vertebrae.array[box].astype(np.uint8, copy=False), where=lesions.array[box] > 0)
    wide = widened(box, vertebrae, NEAR_MM + 2)
    present, near, bones = lesions.array[wide] > 0, owner[wide], vertebrae.array[wide]
    if not (present & (near == 0)).any():
        return owner
    surface = np.argwhere((bones > 0) & ~ndimage.binary_erosion(bones > 0))
    if len(surface) == 0:
        return owner
    homeless = np.argwhere(present & (near == 0))
    distance, nearest = cKDTree(surface * vertebrae.spacing_mm).query(homeless * vertebrae.spacing_mm)
    pieces, count = ndimage.label(present, structure=CONNECTED)
    closest = np.full(count + 1, np.inf)
    closest[np.unique(pieces[near > 0])] = 0.0
    piece = pieces[tuple(homeless.T)]
    np.minimum.at(closest, piece, distance)
    take = closest[piece] <= NEAR_MM
    near[tuple(homeless[take].T)] = bones[tuple(surface[nearest[take]].T)]
    return owner


def widened(box: tuple[slice, ...], volume: Volume, margin_mm: float) -> tuple[slice, ...]:
    """A box of voxels with a margin, within the volume."""
    reach = np.ceil(margin_mm / volume.spacing_mm).astype(int)
    return tuple(
        slice(max(axis.start - r, 0), min(axis.stop + r, n))
        for axis, r, n in zip(box, reach, volume.shape, strict=True)
    )
