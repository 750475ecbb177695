"""Disease in a CT image before the scanner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.simulate.bone_surface import Cortex
from spinemets.simulate.disease import Deposit, Disease
from spinemets.simulate.tissue_values import Phase

FACES = ndimage.generate_binary_structure(3, 1).astype(np.float32)


def with_disease(
    image: NDArray[np.float32], disease: Disease, phase: Phase, cortex: Cortex | None = None
) -> NDArray[np.float32]:
    """HU of every voxel with the deposits of a disease laid over it, in their order.

    Parameters
    ----------
    image : (I, J, K) ndarray of float32
        HU of the anatomy of the disease, before the scanner.
    disease : Disease
        What is laid over it.
    phase : Phase
        Of the contrast medium.
    cortex : Cortex, optional
        Of the image: what of it lies beneath a surface that a deposit spares is spared as well.

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
        if cortex is not None and not deposit.adds:
            result[deposit.box] += spared(deposit, cortex) * np.maximum(cortex.density - result[deposit.box], 0)
    return result


def spared(deposit: Deposit, cortex: Cortex) -> NDArray[np.float32]:
    """Share of cortex in the voxels of a deposit that it leaves, beneath the outermost voxels that it leaves."""
    surface = cortex.surface[deposit.box]
    taken = ndimage.correlate(np.where(surface, deposit.share, np.float32(0)), FACES, mode="constant")
    beside = ndimage.correlate(surface.astype(np.float32), FACES, mode="constant")
    left = np.where((beside > 0) & ~surface, 1 - taken / np.maximum(beside, 1), 0)
    return np.asarray(left * cortex.held[deposit.box] * deposit.share, np.float32)
