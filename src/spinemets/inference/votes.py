"""Where the voxels of vertebrae vote that the centres of their bodies are.

The idea of Panoptic-DeepLab (Cheng 2020, arXiv 1911.10194). Indices are voxels of the network's isotropic grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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


@dataclass(frozen=True, eq=False)
class Ballot:
    """Voxels of vertebrae and their votes.

    Attributes
    ----------
    index, votes : (M, 3) ndarray
        Voxels, and where each votes that the centre of its body is.
    body : (I, J, K) ndarray of bool
        Voxels of bodies.
    spacing_mm : float
        Voxel edge, mm.
    """

    index: NDArray[np.int64]
    votes: NDArray[np.float64]
    body: NDArray[np.bool_]
    spacing_mm: float

    @property
    def of_body(self) -> NDArray[np.bool_]:
        """(M,) whether a voxel is one of a body."""
        return self.body[tuple(self.index.T)]

    def among(self, chosen: NDArray[np.bool_]) -> Ballot:
        """The same with the chosen (M,) of the voxels alone to vote."""
        return replace(self, index=self.index[chosen], votes=self.votes[chosen])

    def owner(self, centres: NDArray[np.float64]) -> NDArray[np.int64]:
        """(M,) 1-based number of the centre nearest to each vote, 0 where none is within `MAX_MISS_MM`."""
        return _nearest(self.votes, centres, MAX_MISS_MM / self.spacing_mm)

    def diameter_mm(self, place: NDArray[np.float64]) -> float:
        """Of the body at a place."""
        return body_diameter_mm(place, self.body, self.spacing_mm)


def voted_centres(ballot: Ballot) -> NDArray[np.float64]:
    """(N, 3) places that bodies vote for, then those that arches and processes without a body in sight vote for."""
    bodies, others = ballot.among(ballot.of_body), ballot.among(~ballot.of_body)
    centres = list(_apart(_peaks(bodies), bodies))
    for centre in _peaks(others):
        needed = max(LEAST_SPACING * ballot.diameter_mm(centre), ARCH_MM)
        if all(np.linalg.norm(centre - other) * ballot.spacing_mm >= needed for other in centres):
            centres.append(centre)
    return np.array(centres).reshape(-1, 3)


def _peaks(ballot: Ballot) -> NDArray[np.float64]:
    """(N, 3) places where votes gather, strongest first, none closer than `MIN_DISTANCE_MM`."""
    spacing_mm = ballot.spacing_mm
    margin = int(MARGIN_MM / spacing_mm)
    size = np.array(ballot.body.shape) + 2 * margin
    cell = np.round(ballot.votes).astype(np.int64) + margin
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


def _apart(centres: NDArray[np.float64], bodies: Ballot) -> NDArray[np.float64]:
    """Centres, strongest first, without those whose bodies lie too close to a stronger one's for their diameter.

    Voxels of bodies lie where they are: between two neighbours votes are drawn towards the middle.
    """
    while True:
        owner = bodies.owner(centres)
        places = [
            bodies.index[owner == n].mean(axis=0) if (owner == n).any() else centres[n - 1]
            for n in range(1, len(centres) + 1)
        ]
        needed = [LEAST_SPACING * bodies.diameter_mm(place) for place in places]
        for weaker in range(len(centres) - 1, 0, -1):
            apart = [float(np.linalg.norm(places[weaker] - other)) * bodies.spacing_mm for other in places[:weaker]]
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


def _nearest(votes: NDArray[np.float64], centres: NDArray[np.float64], limit: float) -> NDArray[np.int64]:
    best = np.full(len(votes), limit)
    owner = np.zeros(len(votes), np.int64)
    for number, centre in enumerate(centres, start=1):
        distance = np.linalg.norm(votes - centre, axis=1)
        closer = distance < best
        best[closer] = distance[closer]
        owner[closer] = number
    return owner
