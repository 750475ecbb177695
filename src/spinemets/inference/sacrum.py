"""What of the bone below the last vertebra is the sacrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.inference.instances import END_VOXELS, Instances

LEAST_OF_OTHERS = 0.35
"""A lowest vertebra wholly in the image has at least this share of the volume of the largest one (ours; L6 is about as
large as L5)."""
ON_SACRUM_MM = 5.0
"""And this close to the sacrum what has less is a part of it (ours)."""
MIN_SACRUM_ML = 1.0
"""Less sacrum than this is a mistake (ours; the tip of S1 that an image still shows has more)."""


def told_from_sacrum(
    found: Instances, mask: NDArray[np.bool_], spacing_mm: float
) -> tuple[Instances, NDArray[np.bool_], NDArray[np.bool_]]:
    """Vertebrae without pieces of the sacrum, the sacrum, and what of it had been taken for vertebrae.

    Parameters
    ----------
    found : Instances
        What look like vertebrae.
    mask : (I, J, K) ndarray of bool
        What looks like the sacrum; where it is none, nothing is the sacrum and all vertebrae stay.
    spacing_mm : float
        Voxel edge, mm.
    """
    vertebrae, remnant = without_sacral_remnant(found, mask, spacing_mm)
    if is_sacrum(vertebrae, mask | remnant, spacing_mm):
        return vertebrae, mask | remnant, remnant
    return found, np.zeros_like(mask), np.zeros_like(mask)


def without_sacral_remnant(
    found: Instances, sacrum: NDArray[np.bool_], spacing_mm: float
) -> tuple[Instances, NDArray[np.bool_]]:
    """Instances without lowest ones that are pieces of the sacrum, and their voxels.

    The first sacral body looks like one more lumbar vertebra, of which the network then finds a part, or several; the
    last ones look like another. No vertebra lies as low as the middle of the sacrum.
    """
    remnant = np.zeros(sacrum.shape, dtype=bool)
    while len(found.centres) > 1 and sacrum.any():
        own = found.labels == len(found.centres)
        size = np.bincount(found.labels.ravel(), minlength=len(found.centres) + 1)[1:]
        known = sacrum | remnant
        if size[-1] and not (
            _is_part_of(own, known, LEAST_OF_OTHERS * size[:-1].max(), spacing_mm)
            or _is_lower_part_of(own, known, size.max(), spacing_mm)
        ):
            break
        remnant |= own
        found = Instances(np.where(own, 0, found.labels).astype(np.uint8), found.centres[:-1])
    return found, remnant


def _is_part_of(own: NDArray[np.bool_], sacrum: NDArray[np.bool_], least: float, spacing_mm: float) -> bool:
    """Whether bone wholly inside the image has less than `least` voxels and lies on the sacrum."""
    if own.sum() > least or own[:, :, :END_VOXELS].any():
        return False
    return _lies_on(own, sacrum, spacing_mm)


def _is_lower_part_of(own: NDArray[np.bool_], sacrum: NDArray[np.bool_], largest: int, spacing_mm: float) -> bool:
    """Whether bone lies on the sacrum and below its middle.

    A mistake that looks like sacrum has vertebrae below it as well, but five vertebrae that grew together are more
    than the `largest` one, in voxels.
    """
    if sacrum.sum() <= largest:
        return False
    middle, height = (float(np.argwhere(bone)[:, 2].mean()) for bone in (sacrum, own))
    return height < middle and _lies_on(own, sacrum, spacing_mm)


def _lies_on(own: NDArray[np.bool_], sacrum: NDArray[np.bool_], spacing_mm: float) -> bool:
    index = np.argwhere(own)
    box = tuple(slice(max(int(a) - 6, 0), int(b) + 7) for a, b in zip(index.min(0), index.max(0), strict=True))
    return float(ndimage.distance_transform_edt(~sacrum[box])[own[box]].min()) * spacing_mm <= ON_SACRUM_MM


def is_sacrum(found: Instances, mask: NDArray[np.bool_], spacing_mm: float) -> bool:
    """Whether a mask may be the sacrum: `MIN_SACRUM_ML` or more, its middle below that of every vertebra."""
    if mask.sum() * spacing_mm**3 / 1000 < MIN_SACRUM_ML:
        return False
    return bool(np.flatnonzero(mask.any(axis=(0, 1))).mean() < found.centres[:, 2].min())
