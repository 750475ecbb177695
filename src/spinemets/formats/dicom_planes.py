"""The slices of a volume as DICOM states them: LPS millimetres, rows and columns.

A DICOM patient coordinate grows to the left, to the back and to the head; ours to the
right, to the front and to the head. Axis I of a volume counts columns, so it runs along
a row; J counts rows; K counts slices. Slices carry their own positions: a left-handed
I, J, K and a K that leans are as good as any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import StudyError
from spinemets.volume import Volume

PERPENDICULAR = 1e-4
"""Largest cosine between rows and columns of a DICOM image."""


def lps(ras_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3) RAS vectors or points as LPS, of the same shape; its own inverse."""
    return np.asarray(ras_mm, dtype=np.float64) * (-1.0, -1.0, 1.0)


@dataclass(frozen=True)
class Planes:
    """Slices along K.

    Attributes
    ----------
    image_orientation : (6,) ndarray
        Unit vectors along a row (increasing column) and along a column (increasing row), LPS.
    pixel_spacing_mm : (2,) ndarray
        Distance between rows, then between columns.
    positions_mm : (K, 3) ndarray
        Centre of the first pixel of every slice, LPS.
    slice_spacing_mm : float
        Distance between slices along their normal.
    """

    image_orientation: NDArray[np.float64]
    pixel_spacing_mm: NDArray[np.float64]
    positions_mm: NDArray[np.float64]
    slice_spacing_mm: float

    @property
    def normal(self) -> NDArray[np.float64]:
        """(3,) unit vector across the slices: row direction times column direction, LPS."""
        return np.cross(self.image_orientation[:3], self.image_orientation[3:])

    @classmethod
    def of(cls, volume: Volume) -> Planes:
        """The slices of a volume.

        Raises
        ------
        StudyError
            If rows and columns are not perpendicular: DICOM has no words for that.
        """
        along_row, along_column, across = lps(volume.affine[:3, :3].T)
        column_spacing, row_spacing, _ = volume.spacing_mm
        orientation = np.concatenate([along_row / column_spacing, along_column / row_spacing])
        cosine = float(abs(orientation[:3] @ orientation[3:]))
        if cosine > PERPENDICULAR:
            raise StudyError(
                f"rows and columns meet at a cosine of {cosine:.3g}, DICOM takes at most {PERPENDICULAR:g}; "
                "resample the volume to a rectangular grid first"
            )
        first = np.zeros((volume.shape[2], 3))
        first[:, 2] = np.arange(volume.shape[2])
        normal = np.cross(orientation[:3], orientation[3:])
        return cls(
            orientation,
            np.array([row_spacing, column_spacing]),
            lps(volume.world(first)),
            float(abs(normal @ across)),
        )
