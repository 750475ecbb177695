"""Voxel values from what is stored: rescaled, in the narrowest usual type, and finite."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import StudyError


def narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """The same values as uint8, int16 or int32, the first that holds them, or as float32.

    8- and 16-bit signed types stay as they are. Integers beyond int32 become int64.
    """
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return array.astype(np.float32, copy=False)
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.name in ("uint8", "int16"):
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    for dtype in (np.int16, np.int32):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return array.astype(dtype, copy=False)
    return array.astype(np.int64)


def rescaled(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    """``slope * stored + intercept``, integers where that leaves integers.

    Parameters
    ----------
    stored : ndarray
        Values as written in the file, integers or floats.
    slope, intercept : float
        The linear map of the header.
    """
    if (slope, intercept) == (1.0, 0.0):
        return narrowed(stored)
    whole = float(slope).is_integer() and float(intercept).is_integer() and max(abs(slope), abs(intercept)) < 2**31
    if whole and stored.dtype.kind in "iu" and stored.dtype.itemsize <= 4:
        return narrowed(stored.astype(np.int64) * int(slope) + int(intercept))
    with np.errstate(over="ignore", invalid="ignore"):
        return (stored * np.float64(slope) + np.float64(intercept)).astype(np.float32)


def require_finite(array: NDArray[Any], name: str) -> None:
    """Raise `StudyError` if any value is NaN or infinite."""
    if array.dtype.kind != "f":
        return
    bad = int(array.size - np.count_nonzero(np.isfinite(array)))
    if bad:
        raise StudyError(
            f"{name}: {bad} of {array.size} voxels are NaN or infinite, finite values are needed; "
            "fill them (air is -1024 HU) and try again"
        )
