"""How much of an intervertebral foramen, the gap between the pedicles of two neighbours, a lesion fills."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level, Side
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import crop
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.region_labels import RegionLabel
from spinemets.volume import Volume

PEDICLE = {Side.LEFT: RegionLabel.PEDICLE_LEFT, Side.RIGHT: RegionLabel.PEDICLE_RIGHT}
LEAST_VOXELS = 20
"""A pedicle of fewer voxels has no edges (ours)."""
PERCENTILES = (5.0, 95.0)
"""Edges of a pedicle: single voxels beyond do not count (ours)."""
LEAST_GAP_MM = 3.0
"""With less between two pedicles there is no gap to look at (ours)."""
Box = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Opposite corners in the axes of the upper vertebra, mm."""


def foramen_share(
    lesions: Volume, vertebrae: Volume, labels: Volume, above: VertebraAxes, below: Level, side: Side
) -> Finding:
    """Share of a foramen, bone left out, that is lesion; the interval is that of edges half a voxel off.

    The foramen reaches from pedicle to pedicle, as wide and as deep as they are.

    Parameters
    ----------
    lesions, vertebrae, labels : Volume
        Lesion labels, VerSe ids and `RegionLabel` values on one grid.
    above : VertebraAxes
        The upper vertebra.
    below : Level
        The lower one.
    side : Side
        The patient's.
    """
    pedicles = [_pedicle(vertebrae, labels, level, above, side) for level in (above.level, below)]
    if any(len(one) < LEAST_VOXELS for one in pedicles):
        detail = f"the {side.value} pedicles of {above.level} and {below} were not both told from the rest"
        return NotAssessed(Reason.OUT_OF_FIELD, detail)
    low, high = _between(pedicles)
    if high[2] - low[2] < LEAST_GAP_MM:
        return NotAssessed(Reason.TOO_SMALL, f"there is no gap between the pedicles of {above.level} and {below}")
    half = float(vertebrae.spacing_mm.max()) / 2
    found = [_filled(lesions, vertebrae, above, (low - shift, high + shift)) for shift in (0.0, -half, half)]
    if found[0] is None:
        return NotAssessed(Reason.TOO_SMALL, f"bone takes the gap between the pedicles of {above.level} and {below}")
    shares = [one for one in found if one is not None]
    method = f"share of the {side.value} foramen {above.level}/{below}, bone left out, within the lesion mask"
    return Measured(shares[0], "1", min(shares), max(shares), method)


def _pedicle(vertebrae: Volume, labels: Volume, level: Level, axes: VertebraAxes, side: Side) -> NDArray[np.float64]:
    """(N, 3) places of a pedicle in the axes of the upper vertebra."""
    own = (vertebrae.array == level.verse_id) & (labels.array == PEDICLE[side])
    return axes.coordinates(vertebrae.world(np.argwhere(own)))


def _between(pedicles: Sequence[NDArray[np.float64]]) -> Box:
    """Corners of the gap below the upper and above the lower pedicle."""
    edges = np.array([np.percentile(one, PERCENTILES, axis=0) for one in pedicles])
    low, high = edges[:, 0].mean(axis=0), edges[:, 1].mean(axis=0)
    low[2], high[2] = edges[1, 1, 2], edges[0, 0, 2]
    return low, high


def _filled(lesions: Volume, vertebrae: Volume, axes: VertebraAxes, box: Box) -> float | None:
    """Share of the voxels of a box that are no bone and are lesion; None where all are bone."""
    corners = axes.world(np.array(list(itertools.product(*zip(*box, strict=True)))))
    index = vertebrae.index(corners)
    start, stop = np.floor(index.min(axis=0)).astype(int), np.ceil(index.max(axis=0)).astype(int) + 1
    ids, spots = crop(vertebrae, start, stop), crop(lesions, start, stop)
    free = np.argwhere(ids.array == 0)
    place = axes.coordinates(ids.world(free))
    free = free[((place >= box[0]) & (place <= box[1])).all(axis=1)]
    return float((spots.array[tuple(free.T)] > 0).mean()) if len(free) else None
