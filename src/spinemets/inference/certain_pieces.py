"""Which pieces of what a network marks it is sure of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.measure.lesion_pieces import CONNECTED


def certain_pieces(
    mask: NDArray[np.bool_], probability: NDArray[np.float32], *, core: float, least_voxels: float
) -> NDArray[np.bool_]:
    """The pieces of a mask that are certain over a good part, and not in a spot.

    Parameters
    ----------
    mask : (I, J, K) ndarray of bool
        What is marked; voxels of a piece touch at a face, an edge or a corner.
    probability : (I, J, K) ndarray
        Of the class that it is marked as.
    core : float
        From this probability on a voxel is certain.
    least_voxels : float
        A piece with fewer certain voxels is left out.
    """
    pieces, count = ndimage.label(mask, structure=CONNECTED)
    cores = np.bincount(pieces[probability >= core], minlength=count + 1)
    kept: NDArray[np.bool_] = mask & (cores >= least_voxels)[pieces]
    return kept
