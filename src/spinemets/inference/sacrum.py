"""What of the bone below the last vertebra is the sacrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.inference.instances import END_VOXELS, Instances

LEAST_OF_ABOVE = 0.35
"""A lowest vertebra wholly in the image has at least this share of the volume of the one above it (ours; L6 is about
as large as L5)."""
ON_SACRUM_MM = 5.0
"""And this close to the sacrum what has less is a part of it (ours)."""
MIN_SACRUM_ML = 1.0
"""Less sacrum than this is a mistake (ours; the tip of S1 that an image still shows has more)."""


def without_sacral_remnant(
    found: Instances, sacrum: NDArray[np.bool_], spacing_mm: float
) -> tuple[Instances, NDArray[np.bool_]]:
    """Instances without a lowest one that is too small for a whole vertebra and lies on the sacrum, and its voxels.

    The first sacral body looks like one more lumbar vertebra, of which the network then finds a part.
    """
    nothing = np.zeros(sacrum.shape, dtype=bool)
    count = len(found.centres)
    if count < 2 or not sacrum.any():
        return found, nothing
    own = found.labels == count
    above = int((found.labels == count - 1).sum())
    index = np.argwhere(own)
    if len(index) == 0 or len(index) > LEAST_OF_ABOVE * above or index[:, 2].min() < END_VOXELS:
        return found, nothing
    box = tuple(slice(max(int(a) - 6, 0), int(b) + 7) for a, b in zip(index.min(0), index.max(0), strict=True))
    gap_mm = float(ndimage.distance_transform_edt(~sacrum[box])[own[box]].min()) * spacing_mm
    if gap_mm > ON_SACRUM_MM:
        return found, nothing
    return Instances(np.where(own, 0, found.labels).astype(np.uint8), found.centres[:-1]), own


def is_sacrum(found: Instances, mask: NDArray[np.bool_], spacing_mm: float) -> bool:
    """Whether a mask may be the sacrum: `MIN_SACRUM_ML` or more, its middle below that of every vertebra."""
    if mask.sum() * spacing_mm**3 / 1000 < MIN_SACRUM_ML:
        return False
    return bool(np.flatnonzero(mask.any(axis=(0, 1))).mean() < found.centres[:, 2].min())
