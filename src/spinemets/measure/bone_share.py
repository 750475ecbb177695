"""How much of the surroundings of a place is bone, at places along a vertebra's own axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.geometry import crop
from spinemets.measure.axes import VertebraAxes
from spinemets.volume import Volume

SMOOTHING = 0.5
"""Standard deviation, in voxels, of the smoothing of the mask before its surface is taken (ours)."""

Places = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class BoneShare:
    """Share of bone round a vertebra, 0 to 1; the surface is at one half.

    Attributes
    ----------
    part : Volume
        The voxels of the mask that were looked at.
    axes : VertebraAxes
        The axes along which it is asked for.
    share : (I, J, K) ndarray of float32
        Of every voxel of `part`.
    """

    part: Volume
    axes: VertebraAxes
    share: NDArray[np.float32]

    @classmethod
    def of(cls, mask: Volume, axes: VertebraAxes, limits_mm: Sequence[tuple[float, float]]) -> BoneShare:
        """Share of bone of a binary mask between two places to the right, front and up of the centre of `axes`."""
        corners = np.array(np.meshgrid(*limits_mm)).reshape(3, -1).T
        index = mask.index(axes.world(corners))
        part = crop(mask, np.floor(index.min(axis=0)) - 1, np.ceil(index.max(axis=0)) + 2)
        share = ndimage.gaussian_filter(part.array.astype(np.float32), SMOOTHING, mode="constant")
        return cls(part, axes, share)

    def at(self, places: Places) -> NDArray[np.float32]:
        """(R, F, U) share at evenly spaced places to the right, front and up."""
        shape = tuple(len(values) for values in places)
        if 0 in self.share.shape or 0 in shape:
            return np.zeros(shape, np.float32)
        step = np.array([values[1] - values[0] if len(values) > 1 else 1.0 for values in places])
        to_index = np.linalg.inv(self.part.affine)[:3, :3] @ self.axes.rows.T
        first = self.part.index(self.axes.centre_mm) + to_index @ [values[0] for values in places]
        # the same as map_coordinates at these places, without as many coordinates
        return np.asarray(
            ndimage.affine_transform(self.share, to_index * step, first, shape, np.float32, order=1, mode="constant")
        )
