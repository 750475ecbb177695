"""Which lesions of a simulated patient an image shows: told by the same image, noise and all, without the disease.

Tumour between the trabeculae of thin bone may change its CT number by less than the noise. No reader marks it on CT,
and no reference standard that readers made has it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.measure.lesion_pieces import CONNECTED
from spinemets.volume import Volume, require_same_grid

LEAST_CHANGE_HU, CHANGE_BLUR_MM = 25.0, 2.0
"""A lesion that changes the CT by less, on average over its extent and after a blur, cannot be seen (ours)."""
LEAST_CHANGE_OF_SIGNAL = 0.04
"""The same for MR, where the brightest tissue of the sequence has 1 (ours: about a sixth of the signal of marrow on T2,
as much as its noise at most)."""
BRIGHTEST = 99.5
"""Percentile of an MR image that stands for its brightest tissue (ours)."""


def seen_on_ct(lesions: Volume, image: Volume, healthy: Volume) -> NDArray[np.bool_]:
    """Voxels of the lesions that a CT shows; parameters as those of `seen`."""
    return seen(lesions, image, healthy, LEAST_CHANGE_HU)


def seen_on_mr(lesions: Volume, image: Volume, healthy: Volume) -> NDArray[np.bool_]:
    """Voxels of the lesions that an MR shows; parameters as those of `seen`."""
    return seen(lesions, image, healthy, LEAST_CHANGE_OF_SIGNAL * float(np.percentile(healthy.array, BRIGHTEST)))


def seen(lesions: Volume, image: Volume, healthy: Volume, least: float) -> NDArray[np.bool_]:
    """Voxels of the lesions that an image shows.

    Parameters
    ----------
    lesions : Volume
        `LesionLabel`; a lesion is a connected piece.
    image, healthy : Volume
        On the same grid, of the same patient, scanner and noise with the disease and without it.
    least : float
        Change from which on a lesion is seen, in the unit of the image.

    Returns
    -------
    ndarray of bool
        Of the shape of the image: whole lesions.

    Raises
    ------
    GeometryMismatchError
        If the three lie on more than one grid.
    """
    require_same_grid(image, lesions, mask_name="the mask of the lesions")
    require_same_grid(image, healthy, mask_name="the image without the disease")
    change = image.array.astype(np.float32) - healthy.array
    change = np.abs(ndimage.gaussian_filter(change, CHANGE_BLUR_MM / image.spacing_mm))
    pieces, count = ndimage.label(lesions.array > 0, structure=CONNECTED)
    mean = np.r_[0.0, np.atleast_1d(ndimage.mean(change, pieces, np.arange(1, count + 1)))] if count else np.zeros(1)
    return np.asarray((mean >= least)[pieces] & (pieces > 0))
