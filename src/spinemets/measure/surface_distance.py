"""Distances between the surfaces of two masks, in millimetres.

The surface of a mask is every voxel of it with one of its six neighbours outside; the
outside of the grid counts as outside. Distances run between centres of surface voxels in
world space, so anisotropic, oblique and sheared grids need no special care.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SurfaceDistances:
    """Distance of every surface voxel of one mask from the surface of the other.

    Attributes
    ----------
    from_reference_mm : (N,) ndarray
        For each surface voxel of the reference.
    from_prediction_mm : (M,) ndarray
        For each surface voxel of the prediction.
    """

    from_reference_mm: NDArray[np.float64]
    from_prediction_mm: NDArray[np.float64]

    @property
    def hd95_mm(self) -> float:
        """The larger of the two directed 95th percentiles, mm."""
        directed = self.from_reference_mm, self.from_prediction_mm
        return float(max(np.percentile(distances, 95) for distances in directed))

    @property
    def assd_mm(self) -> float:
        """Average symmetric surface distance: the mean over the surface voxels of both, mm."""
        return float(np.concatenate([self.from_reference_mm, self.from_prediction_mm]).mean())


def surface_distances(reference: Mask, prediction: Mask, affine: NDArray[np.float64]) -> SurfaceDistances:
    """Distances between the surfaces of two masks on one grid.

    Parameters
    ----------
    reference, prediction : (I, J, K) ndarray of bool
        Masks; neither may be empty.
    affine : (4, 4) ndarray
        From voxel index to world mm.

    Raises
    ------
    ValueError
        If the shapes differ or a mask is empty: the distance to nothing is not defined.
    """
    if reference.shape != prediction.shape:
        raise ValueError(f"masks of shape {reference.shape} and {prediction.shape} do not share a grid")
    if not (reference.any() and prediction.any()):
        raise ValueError("the surface distance to an empty mask is not defined")
    points_mm = [_surface(mask) @ affine[:3, :3].T for mask in (reference, prediction)]
    trees = [KDTree(points) for points in points_mm]
    return SurfaceDistances(trees[1].query(points_mm[0])[0], trees[0].query(points_mm[1])[0])


def _surface(mask: Mask) -> NDArray[np.intp]:
    """(N, 3) indices of the voxels of `mask` that have a neighbour outside."""
    return np.argwhere(mask & ~ndimage.binary_erosion(mask))
