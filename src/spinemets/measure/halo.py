"""The rim round a lesion on T2: how much of it is brighter than marrow and than the lesion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.signal import PartOnImage, Signal, values_at
from spinemets.volume import Volume

RIM_MM = (1.0, 4.0)
"""The rim lies so far outside the lesion (`clinical.md` §1.7, X9, [D])."""
TO_MARROW, TO_LESION = 1.5, 1.2
"""It is bright from so many times the signal of marrow, and of the lesion's core (`clinical.md` §1.7, X9, [D])."""
IN_BONE_MM = 1.5
"""It is looked at so far inside the surface of the bone: cortex, disc and CSF are no rim (ours)."""
DIRECTIONS = 96
"""Over so many directions, evenly about the lesion, the rim is averaged (ours)."""
LEAST_IN_SECTOR, LEAST_SECTORS = 3, 24
"""A direction needs so many voxels, and the rim so many directions (ours)."""


def halo_share(lesion: PartOnImage, bone: Volume, marrow: Signal | NotAssessed, core: Signal | NotAssessed) -> Finding:
    """Share of the directions round a lesion in which its rim is bright.

    Parameters
    ----------
    lesion : PartOnImage
        The lesion on T2.
    bone : Volume
        Signed depth within its vertebra.
    marrow, core : Signal or NotAssessed
        Of unaffected marrow, and of the lesion's core, on the same series.
    """
    if isinstance(core, NotAssessed):
        return core
    if isinstance(marrow, NotAssessed):
        return marrow
    rim = (lesion.most_mm <= -RIM_MM[0]) & (lesion.least_mm >= -RIM_MM[1])
    places = lesion.image.world(np.argwhere(rim))
    values = lesion.image.array[rim].astype(np.float64)
    if len(places):
        in_bone = values_at(bone, places) > IN_BONE_MM
        places, values = places[in_bone], values[in_bone]
    centre = lesion.image.world(np.argwhere(lesion.depth_mm > 0)).mean(axis=0)
    means = _sector_means(places - centre, values)
    if len(means) < LEAST_SECTORS:
        detail = f"the rim is seen in {len(means)} directions; it takes {LEAST_SECTORS} in which bone lies beside it"
        return NotAssessed(Reason.TOO_SMALL, detail)
    value, low, high = (
        float((means >= max(TO_MARROW * one, TO_LESION * other)).mean())
        for one, other in ((marrow.value, core.value), (marrow.high, core.high), (marrow.low, core.low))
    )
    method = f"of {len(means)} directions in bone, {RIM_MM[0]:g} to {RIM_MM[1]:g} mm outside the lesion"
    return Measured(value, "1", low, high, method)


def _sector_means(offsets: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean signal in each of `DIRECTIONS` that has enough voxels."""
    if not len(offsets):
        return np.zeros(0)
    sector = (offsets @ _directions().T).argmax(axis=1)
    counts = np.bincount(sector, minlength=DIRECTIONS)
    sums = np.bincount(sector, values, minlength=DIRECTIONS)
    known = counts >= LEAST_IN_SECTOR
    return np.asarray(sums[known] / counts[known])


def _directions() -> NDArray[np.float64]:
    """(`DIRECTIONS`, 3) unit vectors that share the sphere evenly: a Fibonacci spiral from pole to pole."""
    number = np.arange(DIRECTIONS)
    height = 1 - (2 * number + 1) / DIRECTIONS
    turn = np.pi * (1 + np.sqrt(5)) * number
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)
