"""One vertebra from another: every voxel votes for the centre of its own body.

The idea of Panoptic-DeepLab (Cheng 2020, arXiv 1911.10194), with the spine's order as
a further check. Indices and lengths are voxels of the network's isotropic grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.inference.spine_classes import OFFSET_UNIT_MM

MARGIN_MM = 30.0
"""How far outside the image a centre is looked for, for vertebrae that its edge cuts."""
MIN_DISTANCE_MM = 9.0
"""Centres closer than this are one; neighbouring cervical bodies are 13 mm apart or more (ours)."""
VOTE_SIGMA_MM = 2.5
MIN_VOLUME_ML = 0.4
"""A vertebra, or the visible part of one, is at least this large (ours)."""
LEAST_SPACING = 0.55
"""Neighbouring centres are at least this far apart, as a share of the body's diameter (ours; in
Panjabi's tables bodies and discs together are 0.7 to 1.0 of it)."""
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
MAX_MISS_MM = 18.0
"""A voxel whose vote falls further than this from every centre belongs to none (ours)."""


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
    vertebra: NDArray[np.bool_], body: NDArray[np.bool_], offset: NDArray[np.float32], spacing_mm: float
) -> Instances:
    """Vertebrae from the network's classes and offsets.

    Parameters
    ----------
    vertebra, body : (I, J, K) ndarray of bool
        Voxels of any part of a vertebra, and of its body; K runs to the head.
    offset : (3, I, J, K) ndarray of float32
        Vote of each voxel, in units of `OFFSET_UNIT_MM`.
    spacing_mm : float
        Voxel edge, mm.
    """
    index = np.argwhere(vertebra)
    if len(index) == 0:
        return Instances(np.zeros(vertebra.shape, np.uint8), np.zeros((0, 3)))
    votes = index + offset[:, vertebra].T * (OFFSET_UNIT_MM / spacing_mm)
    weight = np.where(body[vertebra], 1.0, 0.25)
    centres = _apart(_peaks(votes, weight, vertebra.shape, spacing_mm), body, spacing_mm)
    owner = _nearest(votes, centres, MAX_MISS_MM / spacing_mm)
    owner, centres = _drop_small(owner, centres, spacing_mm)
    while (slight := _slightest_between(owner, centres, body, spacing_mm)) is not None:
        centres = np.delete(centres, slight, axis=0)
        owner = _nearest(votes, centres, MAX_MISS_MM / spacing_mm)
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
    found: Instances, vertebra: NDArray[np.bool_], offset: NDArray[np.float32], spacing_mm: float, end: int
) -> Instances:
    """Instances with the vertebra of which the image's upper (``end`` 1) or lower (-1) end shows only a tip, if any.

    A piece at that end whose voxels vote beyond the outermost centre is no part of that vertebra, though they
    vote too near for a centre of their own: the further away it is, the less the network sees of it.
    """
    if len(found.centres) == 0 or len(found.centres) > 250:
        return found
    outermost = 1 if end > 0 else len(found.centres)
    index = np.argwhere(vertebra & np.isin(found.labels, (0, outermost)))
    vote = index + offset[:, index[:, 0], index[:, 1], index[:, 2]].T * (OFFSET_UNIT_MM / spacing_mm)
    beyond = end * (vote[:, 2] - found.centres[outermost - 1][2]) * spacing_mm > BEYOND_MM
    far = np.zeros(vertebra.shape, dtype=bool)
    far[tuple(index[beyond].T)] = True
    pieces, _ = ndimage.label(far, structure=np.ones((3, 3, 3)))
    ends = pieces[:, :, -END_VOXELS:] if end > 0 else pieces[:, :, :END_VOXELS]
    tip = np.isin(pieces, np.setdiff1d(ends, 0)) & far
    if tip.sum() * spacing_mm**3 / 1000 < MIN_VOLUME_ML:
        return found
    labels = found.labels.astype(np.int64)
    labels[(labels > 0) & ~tip] += end > 0
    labels[tip] = 1 if end > 0 else len(found.centres) + 1
    centre = vote[tip[tuple(index.T)]].mean(axis=0)[None]
    centres = np.vstack([centre, found.centres] if end > 0 else [found.centres, centre])
    return Instances(labels.astype(np.uint8), centres)


def _peaks(
    votes: NDArray[np.float64], weight: NDArray[np.float64], shape: tuple[int, ...], spacing_mm: float
) -> NDArray[np.float64]:
    """(N, 3) places where votes gather, strongest first, none closer than `MIN_DISTANCE_MM`."""
    margin = int(MARGIN_MM / spacing_mm)
    size = np.array(shape) + 2 * margin
    cell = np.round(votes).astype(np.int64) + margin
    inside = ((cell >= 0) & (cell < size)).all(axis=1)
    flat = np.ravel_multi_index(tuple(cell[inside].T), tuple(size))
    counts = np.bincount(flat, weights=weight[inside], minlength=int(size.prod())).reshape(size).astype(np.float32)
    density = ndimage.gaussian_filter(counts, VOTE_SIGMA_MM / spacing_mm)
    reach = max(int(MIN_DISTANCE_MM / spacing_mm / 2), 1)
    top = (density == ndimage.maximum_filter(density, size=2 * reach + 1)) & (density > 0)
    place = np.argwhere(top)
    strength = density[top]
    needed = MIN_VOLUME_ML * 1000 / spacing_mm**3 / (2 * np.pi) ** 1.5 / (2 * VOTE_SIGMA_MM / spacing_mm) ** 3
    kept: list[NDArray[np.int64]] = []
    for number in np.argsort(-strength):
        if strength[number] < needed:
            break
        apart = [np.linalg.norm(place[number] - other) * spacing_mm for other in kept]
        if not apart or min(apart) >= MIN_DISTANCE_MM:
            kept.append(place[number])
    return np.array(kept, dtype=np.float64).reshape(-1, 3) - margin


def _apart(centres: NDArray[np.float64], body: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.float64]:
    """Centres, strongest first, without those too close to a stronger one for bodies of that diameter."""
    kept: list[NDArray[np.float64]] = []
    for centre in centres:
        needed = LEAST_SPACING * body_diameter_mm(centre, body, spacing_mm)
        if all(np.linalg.norm(centre - other) * spacing_mm >= needed for other in kept):
            kept.append(centre)
    return np.array(kept).reshape(-1, 3)


def body_diameter_mm(centre: NDArray[np.float64], body: NDArray[np.bool_], spacing_mm: float) -> float:
    """Diameter of a circle as large as the largest axial section of the body within 12 mm of a centre."""
    across, along = int(35 / spacing_mm), int(12 / spacing_mm)
    middle, reach = np.round(centre).astype(int), np.array([across, across, along])
    low, high = np.maximum(middle - reach, 0), np.maximum(middle + reach + 1, 0)
    box = body[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    area = float(box.sum(axis=(0, 1)).max(initial=0)) * spacing_mm**2
    return float(np.sqrt(4 * area / np.pi))


def _nearest(votes: NDArray[np.float64], centres: NDArray[np.float64], limit: float) -> NDArray[np.int64]:
    """1-based number of the centre nearest to each vote, 0 where none is within `limit`."""
    best = np.full(len(votes), limit)
    owner = np.zeros(len(votes), np.int64)
    for number, centre in enumerate(centres, start=1):
        distance = np.linalg.norm(votes - centre, axis=1)
        closer = distance < best
        best[closer] = distance[closer]
        owner[closer] = number
    return owner


def _drop_small(
    owner: NDArray[np.int64], centres: NDArray[np.float64], spacing_mm: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    volume_ml = np.bincount(owner, minlength=len(centres) + 1)[1:] * spacing_mm**3 / 1000
    keep = volume_ml >= MIN_VOLUME_ML
    renumber = np.concatenate([[0], np.where(keep, np.cumsum(keep), 0)])
    return renumber[owner], centres[keep]


def _slightest_between(
    owner: NDArray[np.int64], centres: NDArray[np.float64], body: NDArray[np.bool_], spacing_mm: float
) -> int | None:
    """The number of a centre that is no vertebra: too little bone for one, between two too near for a third.

    A vertebra that collapsed to a plate keeps its arch, and one that was destroyed leaves a gap.
    """
    order = np.argsort(-centres[:, 2])
    size = np.bincount(owner, minlength=len(centres) + 1)[1:]
    worst, least = None, LEAST_OF_NEIGHBOURS
    for above, own, below in zip(order, order[1:], order[2:], strict=False):
        share = size[own] / max(min(size[above], size[below]), 1)
        if share >= least:
            continue
        wide = max(body_diameter_mm(centres[n], body, spacing_mm) for n in (above, below))
        if np.linalg.norm(centres[above] - centres[below]) * spacing_mm < NEIGHBOURS_APART * wide:
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
