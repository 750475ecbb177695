"""One sac, one cord in every slice, and tumour beside the sac, from what the canal network says of every voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import CanalLabel
from spinemets.volume import Volume

LEAST_SAC_MM3 = 500.0
"""What is smaller is no thecal sac: less than 5 mm of the narrowest one (ours)."""
LEAST_TUMOUR_MM2 = 5.0
"""A piece of tumour has at least this area in some slice (`clinical.md` §2.3)."""
LEAST_THICKNESS_MM = 2.5
"""And is this thick in two slices, where it lies in as many (ours).

A thinner band before the sac may be ligament, veins or the rim of a disc as well, as in a healthy neck. The answer
leaves it out; one more reading keeps it, so that its grade stays possible.
"""
BESIDE_MM = 1.5
"""And comes this close to the sac within a slice (ours; some pixels of the network)."""


def canal_labels(
    share: NDArray[np.float32], image: Volume, *, thickness_mm: float = LEAST_THICKNESS_MM
) -> NDArray[np.uint8]:
    """`CanalLabel` values: one sac, one cord in every slice, and tumour beside the sac.

    Parameters
    ----------
    share : (4, I, J, K) ndarray
        Of the rest, cord, CSF and tumour.
    image : Volume
        Whose axis K runs across the slices; for its spacing.
    thickness_mm : float
        What is thinner in all slices, or in all of several but one, is no tumour.
    """
    best = share.argmax(axis=0)
    voxel_mm3 = image.voxel_volume_mm3
    sac = _largest((best == 1) | (best == 2))
    if sac.sum() * voxel_mm3 < LEAST_SAC_MM3:
        return np.zeros(best.shape, np.uint8)
    cord = (best == 1) & sac
    for k in range(best.shape[2]):
        sac[:, :, k] = ndimage.binary_fill_holes(_largest(sac[:, :, k]))
        cord[:, :, k] = ndimage.binary_fill_holes(_largest(cord[:, :, k] & sac[:, :, k]))
    labels = np.where(sac, CanalLabel.THECAL_SAC, 0).astype(np.uint8)
    labels[cord] = CanalLabel.CORD
    labels[_beside((best == 3) & ~sac, sac, image, thickness_mm)] = CanalLabel.EPIDURAL_TUMOUR
    return labels


def _beside(tumour: NDArray[np.bool_], sac: NDArray[np.bool_], image: Volume, thickness_mm: float) -> NDArray[np.bool_]:
    """Pieces of tumour large and thick enough in some slice that come within `BESIDE_MM` of the sac in one."""
    pieces, count = ndimage.label(tumour, structure=np.ones((3, 3, 3)))
    spacing = np.asarray(image.spacing_mm, dtype=np.float64)
    pixel_mm2 = float(spacing[:2].prod())
    near = np.zeros_like(sac)
    largest_mm2, slices, thick = np.zeros(count + 1), np.zeros(count + 1), np.zeros(count + 1)
    for k in range(sac.shape[2]):
        area = np.bincount(pieces[:, :, k].ravel(), minlength=count + 1) * pixel_mm2
        largest_mm2 = np.maximum(largest_mm2, area)
        slices += area > 0
        if tumour[:, :, k].any():
            deep = 2 * ndimage.distance_transform_edt(tumour[:, :, k], sampling=spacing[:2]) - spacing[:2].min()
            thick[np.unique(pieces[:, :, k][deep >= thickness_mm])] += 1
        if sac[:, :, k].any():
            between_centres = ndimage.distance_transform_edt(~sac[:, :, k], sampling=spacing[:2])
            near[:, :, k] = between_centres <= BESIDE_MM + spacing[:2].max()
    touching = np.unique(pieces[near])
    enough = (largest_mm2 >= LEAST_TUMOUR_MM2) & (thick >= np.minimum(slices, 2))
    return np.isin(pieces, [n for n in touching if n > 0 and enough[n]])


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(mask)
    if count < 2:
        return mask.copy()
    return pieces == int(np.bincount(pieces.ravel())[1:].argmax()) + 1
