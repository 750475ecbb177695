"""One vertebra from another: every voxel votes for the centre of its own body.

The idea of Panoptic-DeepLab (Cheng 2020, arXiv 1911.10194), with the spine's order as
a further check. Indices and lengths are voxels of the network's isotropic grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.inference.side_by_side import in_a_row
from spinemets.inference.spine_classes import OFFSET_UNIT_MM
from spinemets.inference.two_bodies import divided
from spinemets.inference.votes import MIN_VOLUME_ML, Ballot, voted_centres

END_VOXELS = 3
"""A piece that comes this close to the end of the grid is cut by it."""
BEYOND_MM = 9.0
"""What votes this far beyond the outermost centre, at the end of the image, is another vertebra's tip (ours)."""
LEAST_OF_NEIGHBOURS = 0.35
"""Between two others a vertebra has at least this share of the smaller one's volume (ours), unless these are further
apart than `NEIGHBOURS_APART`."""
NEIGHBOURS_APART = 1.2
"""Of the wider body's diameter: by Panjabi's tables neighbours from C3 to L5 are 0.8 to 1.0 of it apart, and next but
one at least 1.5 (ours)."""


@dataclass(frozen=True)
class Instances:
    """Vertebrae found, from head to foot, not yet named.

    Attributes
    ----------
    labels : (I, J, K) ndarray of uint8
        1 to N from head to foot, 0 elsewhere.
    centres : (N, 3) ndarray
        Voted centre of each, voxel index; may lie outside the array.
    """

    labels: NDArray[np.uint8]
    centres: NDArray[np.float64]


def find_instances(
    vertebra: NDArray[np.bool_], body: NDArray[np.bool_], offset: NDArray[np.floating[Any]], spacing_mm: float
) -> Instances:
    """Vertebrae from the network's classes and offsets.

    Parameters
    ----------
    vertebra, body : (I, J, K) ndarray of bool
        Voxels of any part of a vertebra, and of its body; K runs to the head.
    offset : (3, I, J, K) ndarray of float
        Vote of each voxel, in units of `OFFSET_UNIT_MM`.
    spacing_mm : float
        Voxel edge, mm.
    """
    index = np.argwhere(vertebra)
    if len(index) == 0:
        return Instances(np.zeros(vertebra.shape, np.uint8), np.zeros((0, 3)))
    votes = index + offset[:, vertebra].T.astype(np.float32) * (OFFSET_UNIT_MM / spacing_mm)
    ballot = Ballot(index, votes, body, spacing_mm)
    centres = in_a_row(divided(_without_small(voted_centres(ballot), ballot), ballot), ballot)
    while (slight := _slightest_between(centres, ballot)) is not None:
        centres = np.delete(centres, slight, axis=0)
    owner = ballot.owner(centres)
    order = np.argsort(-centres[:, 2])
    rank = np.zeros(len(centres) + 1, np.uint8)
    rank[order + 1] = np.arange(1, len(centres) + 1)
    labels = np.zeros(vertebra.shape, np.uint8)
    labels[tuple(index.T)] = rank[owner]
    whole = Instances(labels, centres[order])
    for end in (1, -1):
        whole = _with_stump(whole, vertebra, offset, spacing_mm, end)
    return Instances(_without_crumbs(whole.labels, spacing_mm), whole.centres)


def _with_stump(
    found: Instances, vertebra: NDArray[np.bool_], offset: NDArray[np.floating[Any]], spacing_mm: float, end: int
) -> Instances:
    """Instances with the vertebra of which the image's upper (``end`` 1) or lower (-1) end shows only a tip, if any.

    A piece at that end whose voxels vote beyond the outermost centre is no part of that vertebra, though they
    vote too near for a centre of their own: the further away it is, the less the network sees of it.
    """
    if len(found.centres) == 0 or len(found.centres) > 250:
        return found
    outermost = 1 if end > 0 else len(found.centres)
    index = np.argwhere(vertebra & np.isin(found.labels, (0, outermost)))
    vote = index + offset[:, index[:, 0], index[:, 1], index[:, 2]].T.astype(np.float32) * (OFFSET_UNIT_MM / spacing_mm)
    beyond = end * (vote[:, 2] - found.centres[outermost - 1][2]) * spacing_mm > BEYOND_MM
    far = np.zeros(vertebra.shape, dtype=bool)
    far[tuple(index[beyond].T)] = True
    pieces, _ = ndimage.label(far, structure=np.ones((3, 3, 3)))
    ends = pieces[:, :, -END_VOXELS:] if end > 0 else pieces[:, :, :END_VOXELS]
    tip = np.isin(pieces, np.setdiff1d(ends, 0)) & far
    if tip.sum() * spacing_mm**3 / 1000 < MIN_VOLUME_ML:
        return found
    labels = found.labels.copy()
    labels[(labels > 0) & ~tip] += end > 0
    labels[tip] = 1 if end > 0 else len(found.centres) + 1
    centre = vote[tip[tuple(index.T)]].mean(axis=0)[None]
    centres = np.vstack([centre, found.centres] if end > 0 else [found.centres, centre])
    return Instances(labels, centres)


def _without_small(centres: NDArray[np.float64], ballot: Ballot) -> NDArray[np.float64]:
    """Centres without those that less than `MIN_VOLUME_ML` votes for."""
    volume_ml = np.bincount(ballot.owner(centres), minlength=len(centres) + 1)[1:] * ballot.spacing_mm**3 / 1000
    return centres[volume_ml >= MIN_VOLUME_ML]


def _slightest_between(centres: NDArray[np.float64], ballot: Ballot) -> int | None:
    """The number of a centre that is no vertebra: too little bone for one, between two too near for a third.

    A vertebra that collapsed to a plate keeps its arch, and one that was destroyed leaves a gap. Of several slight
    pieces in a row, such as tips of processes, each is compared with the next above and below that is not as slight.
    """
    order = np.argsort(-centres[:, 2])
    size = np.bincount(ballot.owner(centres), minlength=len(centres) + 1)[1:]
    worst, least = None, LEAST_OF_NEIGHBOURS
    for place, own in enumerate(order):
        larger = size[order] * LEAST_OF_NEIGHBOURS > size[own]
        if not larger[:place].any() or not larger[place + 1 :].any():
            continue
        above = order[np.flatnonzero(larger[:place])[-1]]
        below = order[place + 1 + np.flatnonzero(larger[place + 1 :])[0]]
        share = size[own] / max(min(size[above], size[below]), 1)
        wide = max(ballot.diameter_mm(centres[n]) for n in (above, below))
        near = np.linalg.norm(centres[above] - centres[below]) * ballot.spacing_mm < NEIGHBOURS_APART * wide
        if near and share < least:
            worst, least = int(own), share
    return worst


def _without_crumbs(labels: NDArray[np.uint8], spacing_mm: float) -> NDArray[np.uint8]:
    """Labels without stray pieces and without holes.

    Of each vertebra, pieces under a tenth of its largest or 0.1 ml go, and what it encloses on all sides
    becomes its own: destroyed bone is still that vertebra's.
    """
    result = np.zeros_like(labels)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        pieces, count = ndimage.label(labels[box] == number, structure=np.ones((3, 3, 3)))
        size = np.bincount(pieces.ravel(), minlength=count + 1)
        size[0] = 0
        keep = size >= min(0.1 * size.max(), 100 / spacing_mm**3)
        own = ndimage.binary_fill_holes(keep[pieces])
        result[box][own & (result[box] == 0)] = number
    return result
