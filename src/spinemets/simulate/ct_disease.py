"""Disease in a CT image before the scanner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.simulate.disease import Disease
from spinemets.simulate.tissue_values import Phase


def with_disease(image: NDArray[np.float32], disease: Disease, phase: Phase) -> NDArray[np.float32]:
    """HU of every voxel with the deposits of a disease laid over it, in their order.

    Parameters
    ----------
    image : (I, J, K) ndarray of float32
        HU of the anatomy of the disease, before the scanner.
    disease : Disease
        What is laid over it.
    phase : Phase
        Of the contrast medium.

    Raises
    ------
    ValueError
        If the image is not on the grid of the disease.
    """
    if image.shape != disease.anatomy.tissue.shape:
        raise ValueError(f"the image has {image.shape} voxels, the disease {disease.anatomy.tissue.shape}")
    result = image.copy()
    for deposit in disease.deposits:
        below = result[deposit.box]
        hu = np.asarray(deposit.hu, np.float32) + np.float32(0.0 if phase is Phase.NONE else deposit.enhancement_hu)
        result[deposit.box] = below + deposit.share * (hu if deposit.adds else hu - below)
    return result
