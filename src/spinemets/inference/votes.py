"""Where the voxels of vertebrae vote that the centres of their bodies are.

The idea of Panoptic-DeepLab (Cheng 2020, arXiv 1911.10194). Indices are voxels of the network's isotropic grid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MARGIN_MM = 30.0
"""How far outside the image a centre is looked for, for vertebrae that its edge cuts."""
MIN_DISTANCE_MM = 6.0
"""Places closer than this, at which votes gather, are one (ours): votes of neighbours are drawn towards each other."""
VOTE_SIGMA_MM, VOTE_SPREAD_MM = 1.5, 5.0
"""Votes are smoothed by this before their peaks are taken, and those of one vertebra are spread no wider than that
(ours). Votes of neighbouring cervical bodies may peak 7 mm apart."""
LEAST_SPACING = 0.45
"""Centroids of neighbouring bodies are at least this far apart, as a share of their diameter (ours).

In Panjabi's tables bodies and discs together are 0.7 to 1.0 of it, and the halves of one body are 0.28 to 0.37 of it
apart from C3 to L5.
"""
ARCH_MM = 9.0
"""What an arch votes for is another vertebra from this distance to the centre of any body on (ours)."""
MIN_VOLUME_ML = 0.4
"""A vertebra, or the visible part of one, is at least this large (ours)."""
MAX_MISS_MM = 18.0
"""A voxel whose vote falls further than this from every centre belongs to none (ours)."""


def voted_centres(
    index: NDArray[np.int64], votes: NDArray[np.float64], body: NDArray[np.bool_], spacing_mm: float
) -> NDArray[np.float64]:
    """(N, 3) places that bodies vote for, then those that arches and processes without a body in sight vote for."""
    of_body = body[tuple(index.T)]
    bodies = _peaks(votes[of_body], body.shape, spacing_mm)
    centres = list(_apart(bodies, index[of_body], votes[of_body], body, spacing_mm))
    for centre in _peaks(votes[~of_body], body.shape, spacing_mm):
        needed = max(LEAST_SPACING * body_diameter_mm(centre, body, spacing_mm), ARCH_MM)
        if all(np.linalg.norm(centre - other) * spacing_mm >= needed for other in centres):
            centres.append(centre)
    return np.array(centres).reshape(-1, 3)


def _peaks(votes: NDArray[np.float64], shape: tuple[int, ...], spacing_mm: float) -> NDArray[np.float64]:
    """(N, 3) places where votes gather, strongest first, none closer than `MIN_DISTANCE_MM`."""
    margin = int(MARGIN_MM / spacing_mm)
    size = np.array(shape) + 2 * margin
    cell = np.round(votes).astype(np.int64) + margin
    inside = ((cell >= 0) & (cell < size)).all(axis=1)
    flat = np.ravel_multi_index(tuple(cell[inside].T), tuple(size))
    counts = np.bincount(flat, minlength=int(size.prod())).reshape(size).astype(np.float32)
    density = ndimage.gaussian_filter(counts, VOTE_SIGMA_MM / spacing_mm)
    reach = max(int(MIN_DISTANCE_MM / spacing_mm / 2), 1)
    top = (density == ndimage.maximum_filter(density, size=2 * reach + 1)) & (density > 0)
    place = np.argwhere(top)
    strength = density[top]
    needed = MIN_VOLUME_ML * 1000 / spacing_mm**3 / (2 * np.pi) ** 1.5 / (VOTE_SPREAD_MM / spacing_mm) ** 3
    kept: list[NDArray[np.int64]] = []
    for number in np.argsort(-strength):
        if strength[number] < needed:
            break
        apart = [np.linalg.norm(place[number] - other) * spacing_mm for other in kept]
        if not apart or min(apart) >= MIN_DISTANCE_MM:
            kept.append(place[number])
    return np.array(kept, dtype=np.float64).reshape(-1, 3) - margin


def _apart(
    centres: NDArray[np.float64],
    index: NDArray[np.int64],
    votes: NDArray[np.float64],
    body: NDArray[np.bool_],
    spacing_mm: float,
) -> NDArray[np.float64]:
    """Centres, strongest first, without those whose bodies lie too close to a stronger one's for their diameter.

    `index` and `votes` are of voxels of bodies, which lie where they are: between two neighbours votes are drawn
    towards the middle.
    """
    while True:
        owner = nearest_centre(votes, centres, MAX_MISS_MM / spacing_mm)
        places = [
            index[owner == n].mean(axis=0) if (owner == n).any() else centres[n - 1] for n in range(1, len(centres) + 1)
        ]
        needed = [LEAST_SPACING * body_diameter_mm(place, body, spacing_mm) for place in places]
        for weaker in range(len(centres) - 1, 0, -1):
            apart = [float(np.linalg.norm(places[weaker] - other)) * spacing_mm for other in places[:weaker]]
            if min(apart) < needed[weaker]:
                centres = np.delete(centres, weaker, axis=0)
                break
        else:
            return centres


def body_diameter_mm(centre: NDArray[np.float64], body: NDArray[np.bool_], spacing_mm: float) -> float:
    """Diameter of a circle as large as the largest axial section of the body within 12 mm of a centre."""
    across, along = int(35 / spacing_mm), int(12 / spacing_mm)
    middle, reach = np.round(centre).astype(int), np.array([across, across, along])
    low, high = np.maximum(middle - reach, 0), np.maximum(middle + reach + 1, 0)
    box = body[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    area = float(box.sum(axis=(0, 1)).max(initial=0)) * spacing_mm**2
    return float(np.sqrt(4 * area / np.pi))


def nearest_centre(votes: NDArray[np.float64], centres: NDArray[np.float64], limit: float) -> NDArray[np.int64]:
    """1-based number of the centre nearest to each vote, 0 where none is within `limit`."""
    best = np.full(len(votes), limit)
    owner = np.zeros(len(votes), np.int64)
    for number, centre in enumerate(centres, start=1):
        distance = np.linalg.norm(votes - centre, axis=1)
        closer = distance < best
        best[closer] = distance[closer]
        owner[closer] = number
    return owner
