"""Vertebrae of a label map with their canal, and their parts by where these lie round it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Level
from spinemets.errors import StudyError
from spinemets.label_boxes import Box, label_boxes
from spinemets.measure.canal import CanalAxis, canal_axis, canal_mask, foramen_centre
from spinemets.measure.regions import VertebralFrame, body_centre, partition, vertebral_frame

LEAST_ML = 1.5
"""Less of a vertebra than this has no parts worth telling apart (ours)."""
MARGIN = 12
"""Voxels round a vertebra in which its canal is looked at."""


@dataclass(frozen=True)
class SpineOnGrid:
    """Vertebrae of a label map on an RAS+ isotropic grid; lengths in voxels.

    Attributes
    ----------
    vertebra : (I, J, K) ndarray of uint8
        VerSe ids.
    boxes : mapping of Level to tuple of slice
        Where each vertebra lies, the sacrum apart.
    centres : mapping of Level to (3,) ndarray
        Middle of each body.
    axis : CanalAxis
        The middle of the canal.
    canal : (I, J, K) ndarray of bool
        The bony canal.
    """

    vertebra: NDArray[np.uint8]
    boxes: dict[Level, Box]
    centres: dict[Level, NDArray[np.float64]]
    axis: CanalAxis
    canal: NDArray[np.bool_]


def spine_on_grid(ids: NDArray[np.uint8], spacing_mm: float, name: str = "") -> SpineOnGrid:
    """The vertebrae and the canal of a map of VerSe ids on an RAS+ isotropic grid.

    Raises
    ------
    StudyError
        If fewer than two vertebrae have a closed foramen.
    """
    boxes: dict[Level, Box] = {}
    centres: dict[Level, NDArray[np.float64]] = {}
    foramina = []
    for number, box in enumerate(label_boxes(ids), start=1):
        level = LEVEL_OF_VERSE_ID.get(number)
        if box is None or level is None or level is Level.SACRUM:
            continue
        mask = ids[box] == number
        if mask.sum() * spacing_mm**3 < LEAST_ML * 1000:
            continue
        low = np.array([part.start for part in box])
        boxes[level] = box
        centres[level] = body_centre(mask) + low
        middle = foramen_centre(mask)
        touches = any(part.start == 0 or part.stop == n for part, n in zip(box, ids.shape, strict=True))
        if middle is not None and not touches:
            foramina.append(middle + low)
    if len(foramina) < 2:
        raise StudyError(f"label map {name}: only {len(foramina)} vertebrae with a closed foramen; two are needed")
    axis = canal_axis(foramina, ids.shape[2])
    _put_in_front(centres, boxes, ids, axis)
    return SpineOnGrid(ids, boxes, centres, axis, canal_mask(ids > 0, axis, spacing_mm))


def _put_in_front(
    centres: dict[Level, NDArray[np.float64]], boxes: dict[Level, Box], ids: NDArray[np.uint8], axis: CanalAxis
) -> None:
    """Correct the middle of bodies of which less is left than of what lies behind the canal.

    A body lies in front of the canal, on the side on which most are; the thickest part of a vertebra whose body is
    destroyed may be its spinous process.
    """
    usual = np.median([centre - axis.at(centre[2]) for centre in centres.values()], axis=0)
    for level, box in boxes.items():
        if (centres[level] - axis.at(centres[level][2])) @ usual > 0:
            continue
        low = np.array([part.start for part in box])
        mask = ids[box] == level.verse_id
        index = np.argwhere(mask)
        ahead = index[(index + low - axis.at(float(index[:, 2].mean()) + low[2])) @ usual > 0]
        if len(ahead):
            front = np.zeros(mask.shape, bool)
            front[tuple(ahead.T)] = True
            centres[level] = body_centre(front) + low


def partition_spine(spine: SpineOnGrid, spacing_mm: float) -> NDArray[np.uint8]:
    """(I, J, K) `Subregion` labels of every vertebra, by the canal-referenced partition."""
    result = np.zeros(spine.vertebra.shape, np.uint8)
    for level, box in spine.boxes.items():
        low = np.array([max(part.start - MARGIN, 0) for part in box])
        wide = tuple(slice(a, part.stop + MARGIN) for a, part in zip(low, box, strict=True))
        mask = spine.vertebra[wide] == level.verse_id
        frame = vertebral_frame(spine.centres[level], spine.axis, spacing_mm)
        local = VertebralFrame(frame.origin - low, frame.right, frame.front, frame.up)
        label = partition(mask, level, local, spine.canal[wide], spacing_mm)
        result[wide][mask] = label[mask]
    return result
