"""How much of a part of a vertebra is darker than a tissue that it is compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.signal import EDGE_MM, LEAST_VOXELS, PartOnImage, Signal, is_large
from spinemets.volume import Volume

ALIKE_MM = 3.0
"""Signal is averaged over about so much within the part, lest noise turn dark voxels bright (ours)."""


def dark_share(part: PartOnImage, margin_mm: float, reference: Signal | NotAssessed, method: str) -> Finding:
    """Share of the voxels wholly in a part whose signal is less than a reference's.

    The interval is that of the reference and of a surface `EDGE_MM` off.

    Parameters
    ----------
    part : PartOnImage
        The voxels.
    margin_mm : float
        Voxels nearer to the surface are left out.
    reference : Signal or NotAssessed
        On the same series.
    method : str
        For the reader of the report.
    """
    if isinstance(reference, NotAssessed):
        return reference
    inside = part.least_mm > margin_mm
    count = int(inside.sum())
    if count < LEAST_VOXELS or not is_large(part):
        return NotAssessed(Reason.TOO_SMALL, f"{count} voxels of the series lie wholly in what is looked at")
    value = _share(part, inside, reference.value)
    found = [value]
    for shift in (-EDGE_MM, 0.0, EDGE_MM):
        moved = part.least_mm > margin_mm + shift
        if moved.sum() >= LEAST_VOXELS:
            found += [_share(part, moved, limit) for limit in (reference.low, reference.high)]
    return Measured(value, "1", min(found), max(found), method)


def _share(part: PartOnImage, inside: NDArray[np.bool_], limit: float) -> float:
    return float((_smooth(part.image, inside)[inside] < limit).mean())


def _smooth(image: Volume, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Signal averaged over neighbours inside only, along those axes whose voxels are fine."""
    size = [2 * int(ALIKE_MM / (2 * step)) + 1 for step in image.spacing_mm]
    weight = ndimage.uniform_filter(inside.astype(np.float64), size, mode="constant")
    total = ndimage.uniform_filter(np.where(inside, image.array, 0.0).astype(np.float64), size, mode="constant")
    return np.asarray(total / np.maximum(weight, 1e-9))
