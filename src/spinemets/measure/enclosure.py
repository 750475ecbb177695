"""What lies within the outline of a bone, whether its mask holds it or not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def enclosed(bone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Voxels with bone on both sides along at least two of the axes; bone itself is among them."""
    sides = np.zeros(bone.shape, np.uint8)
    for axis in range(bone.ndim):
        before = np.maximum.accumulate(bone, axis=axis)
        after = np.flip(np.maximum.accumulate(np.flip(bone, axis), axis=axis), axis)
        sides += before & after
    return sides >= 2
