"""One sac, one cord in every slice, and tumour beside the sac, from what the canal network says of every voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import CanalLabel
from spinemets.inference.certain_pieces import certain_pieces
from spinemets.label_boxes import held_box
from spinemets.measure.lesion_pieces import CONNECTED
from spinemets.volume import Volume

LEAST_SAC_MM3 = 500.0
"""What is smaller is no thecal sac: less than 5 mm of the narrowest one (ours)."""
LEAST_TUMOUR_MM2 = 5.0
"""A piece of tumour has at least this area in some slice (`clinical.md` §2.3)."""
CORE, LEAST_CORE_MM3 = 0.9, 20.0
"""And holds so much of what is tumour with at least this probability (ours).

On 36 validation patients, by the mean of the readings, pieces of true tumour of grade 1b and more have 59 mm³ or more
of it but for one with 6, those of 1a none, false ones none, 8, 11 and, a flow void, 45 (ad hoc); bands before the sac
of a healthy neck none. What has less may be ligament, veins, a disc or a flow void as well. The answer leaves it out;
one more reading keeps it, so that its grade stays possible.
"""
BESIDE_MM = 1.5
"""A piece comes this close to the sac within a slice (ours; some pixels of the network)."""


def canal_labels(share: NDArray[np.float32], image: Volume, *, core_mm3: float = LEAST_CORE_MM3) -> NDArray[np.uint8]:
    """`CanalLabel` values: one sac, one cord in every slice, and tumour beside the sac.

    Parameters
    ----------
    share : (4, I, J, K) ndarray
        Of the rest, cord, CSF and tumour.
    image : Volume
        Whose axis K runs across the slices; for its spacing.
    core_mm3 : float
        What holds less that is tumour for nearly sure is none.
    """
    box = held_box((share[0] < share[1:].max(axis=0)).view(np.uint8))
    labels = np.zeros(share.shape[1:], np.uint8)
    if box is not None:  # as much of a slice as holds anything: the rest is empty, and most of it
        labels[box] = _labels_within(share[(slice(None), *box)], image, core_mm3)
    return labels


def _labels_within(share: NDArray[np.float32], image: Volume, core_mm3: float) -> NDArray[np.uint8]:
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
    tumour = _beside((best == 3) & ~sac, sac, image)
    sure = certain_pieces(tumour, share[3], core=CORE, least_voxels=core_mm3 / voxel_mm3)
    labels[sure] = CanalLabel.EPIDURAL_TUMOUR
    return labels


def _beside(tumour: NDArray[np.bool_], sac: NDArray[np.bool_], image: Volume) -> NDArray[np.bool_]:
    """Pieces of tumour large enough in some slice that come within `BESIDE_MM` of the sac in one."""
    pieces, count = ndimage.label(tumour, structure=CONNECTED)
    spacing = np.asarray(image.spacing_mm, dtype=np.float64)
    pixel_mm2 = float(spacing[:2].prod())
    near = np.zeros_like(sac)
    largest_mm2 = np.zeros(count + 1)
    for k in range(sac.shape[2]):
        area = np.bincount(pieces[:, :, k].ravel(), minlength=count + 1) * pixel_mm2
        largest_mm2 = np.maximum(largest_mm2, area)
        if sac[:, :, k].any():
            between_centres = ndimage.distance_transform_edt(~sac[:, :, k], sampling=spacing[:2])
            near[:, :, k] = between_centres <= BESIDE_MM + spacing[:2].max()
    touching = np.unique(pieces[near])
    return np.isin(pieces, [n for n in touching if n > 0 and largest_mm2[n] >= LEAST_TUMOUR_MM2])


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(mask)
    if count < 2:
        return mask.copy()
    return pieces == int(np.bincount(pieces.ravel())[1:].argmax()) + 1
