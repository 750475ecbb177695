"""The vertebrae of a mask, with what is known of their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Level
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.label_boxes import indices_of, label_boxes
from spinemets.spine import Spine, Vertebra
from spinemets.volume import Volume

FLAG = "levels_from_mask"
"""Set on a spine whose levels were given and not found."""


@dataclass(frozen=True)
class KnownName:
    """How sure the name of a vertebra is.

    Attributes
    ----------
    probability : float
        Of the name it has.
    alternatives : tuple of (Level, float)
        Other names, the runner-up first.
    partly_visible : bool
        It is known that the image cuts it, though its mask need not touch the edge.
    """

    probability: float = 1.0
    alternatives: tuple[tuple[Level, float], ...] = ()
    partly_visible: bool = False


def spine_from_mask(mask: Volume) -> Spine:
    """The vertebrae of a mask of VerSe ids from elsewhere, its names taken as read, each with probability 1.

    Raises
    ------
    StudyError
        If a label is no VerSe id of a vertebra or the sacrum.
    NoSpineFoundError
        If the mask is empty.
    """
    return Spine(vertebrae_of_mask(mask), level_ambiguous=False, flags=(FLAG,))


def vertebrae_of_mask(mask: Volume, names: Mapping[Level, KnownName] | None = None) -> tuple[Vertebra, ...]:
    """The vertebrae of a mask of VerSe ids, from head to foot.

    Parameters
    ----------
    mask : Volume
        VerSe ids, 0 elsewhere.
    names : mapping of Level to KnownName, optional
        How sure each name is; probability 1 where nothing is said.

    Raises
    ------
    StudyError
        If a label is no VerSe id of a vertebra or the sacrum.
    NoSpineFoundError
        If the mask is empty.
    """
    ends = () if mask.array.dtype == np.uint8 else (mask.array.min(), mask.array.max())
    beyond = next((int(end) for end in ends if not 0 <= end <= 255), None)
    if beyond is not None:
        raise StudyError(f"vertebra labels must be VerSe ids from 1 to 28, got {beyond}")
    vertebrae = []
    labels = mask.array.astype(np.uint8, copy=False)
    for number, box in enumerate(label_boxes(labels), start=1):
        if box is None:
            continue
        if number not in LEVEL_OF_VERSE_ID:
            raise StudyError(f"vertebra label {number} is no VerSe id; 1-7 C, 8-19 T, 20-25 L, 26 sacrum, 28 T13")
        level = LEVEL_OF_VERSE_ID[number]
        known = (names or {}).get(level, KnownName())
        index = indices_of(labels[box] == number) + [axis.start for axis in box]
        at_edge = any(axis.start == 0 or axis.stop == count for axis, count in zip(box, mask.shape, strict=True))
        vertebrae.append(
            Vertebra(
                level,
                known.probability,
                known.alternatives,
                at_edge or known.partly_visible,
                mask.world(index.mean(axis=0)),
                len(index) * mask.voxel_volume_mm3 / 1000,
            )
        )
    if not vertebrae:
        raise NoSpineFoundError("no spine found: the vertebra mask is empty")
    return tuple(sorted(vertebrae, key=lambda vertebra: vertebra.level.order))
