"""How deep voxels lie within a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def squared_depth(mask: NDArray[np.bool_]) -> NDArray[np.unsignedinteger]:
    """Squared distance of every voxel of a mask to the nearest voxel outside it, in voxels; exact.

    `scipy.ndimage.distance_transform_edt` squared, several times as fast for a mask of some hundred voxels a side: the
    lower envelope of parabolas is taken along one axis after the other [1]_, only as far as the mask is deep.

    Parameters
    ----------
    mask : (I, J, K) ndarray of bool
        What lies beyond the array is outside.

    Returns
    -------
    (I, J, K) ndarray of uint16 or uint32
        0 outside the mask.

    Notes
    -----
    .. [1] Felzenszwalb PF, Huttenlocher DP. Theory of Computing 2012;8:415-428.

    Examples
    --------
    >>> squared_depth(np.ones((1, 5, 5), bool)).max()
    np.uint16(1)
    >>> squared_depth(np.ones((5, 5, 5), bool))[2, 2]
    array([1, 4, 9, 4, 1], dtype=uint16)
    """
    dtype = np.uint16 if max(mask.shape) < 256 else np.uint32
    squared = _steps(np.pad(mask, 1), dtype) ** 2
    for _ in range(2):
        squared = _lower_envelope(np.ascontiguousarray(np.moveaxis(squared, 0, 2)))
    return np.ascontiguousarray(np.moveaxis(squared, 0, 2)[1:-1, 1:-1, 1:-1])


def _steps(mask: NDArray[np.bool_], dtype: type[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
    """Steps along the first axis to the nearest voxel outside a mask whose first and last plane are empty."""
    steps = np.zeros(mask.shape, dtype)
    for plane in range(1, len(mask)):
        np.add(steps[plane - 1], dtype(1), out=steps[plane], where=mask[plane])
    for plane in range(len(mask) - 2, 0, -1):
        np.minimum(steps[plane], steps[plane + 1] + dtype(1), out=steps[plane])
    return steps


def _lower_envelope(squared: NDArray[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
    """The smallest sum of a value and the squared distance to it along the first axis."""
    lowest = squared.copy()
    for step in range(1, min(int(np.sqrt(squared.max())), len(squared) - 1) + 1):
        raised = squared + squared.dtype.type(step**2)
        np.minimum(lowest[step:], raised[:-step], out=lowest[step:])
        np.minimum(lowest[:-step], raised[step:], out=lowest[:-step])
    return lowest
