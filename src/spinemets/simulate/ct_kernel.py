"""The reconstruction kernel of a simulated CT, from soft to sharp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

SOFT_MM, SHARPENED_MM = 0.75, 0.45
"""Standard deviation of the blur of the softest kernel, and by how much the sharpest one blurs less (ours)."""
WIDE_MM, OVERSHOOT, OVERSHOOT_FROM = 1.3, 0.5, 0.4
"""A sharp kernel adds so much of what a wider blur takes away, from this sharpness on: edges overshoot (ours)."""


@dataclass(frozen=True)
class CtKernel:
    """A blur in the slice, and how much of the difference from a wider one is added to it.

    Attributes
    ----------
    sigma_mm : float
        Standard deviation of the blur, mm.
    overshoot : float
        Share of the difference from the same blur with `WIDE_MM` instead.
    """

    sigma_mm: float
    overshoot: float

    @classmethod
    def of_sharpness(cls, sharpness: float) -> CtKernel:
        """The kernel of a sharpness from 0 (soft) to 1 (bone)."""
        overshoot = OVERSHOOT * sharpness if sharpness >= OVERSHOOT_FROM else 0.0
        return cls(SOFT_MM - SHARPENED_MM * sharpness, overshoot)

    def filtered(self, slices: NDArray[np.float32], edge_mm: float) -> NDArray[np.float32]:
        """(I, J, K) slices with pixels of `edge_mm` as the kernel shows them."""
        sharp = _blurred(slices, self.sigma_mm / edge_mm)
        if not self.overshoot:
            return sharp
        return sharp + np.float32(self.overshoot) * (sharp - _blurred(slices, WIDE_MM / edge_mm))

    def half_maximum_mm(self, voxel_mm: float) -> float:
        """From the middle of a thin shell to where its image falls to half, mm.

        The shell is drawn in voxels of `voxel_mm` and read by linear interpolation, which add a triangle each, of
        variance edge²/6. Without overshoot this is sqrt(2 ln 2) standard deviations.

        Examples
        --------
        >>> round(CtKernel(0.75, 0.0).half_maximum_mm(0.8), 3)
        1.037
        """
        drawn = voxel_mm**2 / 3
        narrow, wide = np.sqrt(self.sigma_mm**2 + drawn), np.sqrt(WIDE_MM**2 + drawn)

        def profile(x: float) -> float:
            near = (1 + self.overshoot) * np.exp(-((x / narrow) ** 2) / 2) / narrow
            return float(near - self.overshoot * np.exp(-((x / wide) ** 2) / 2) / wide)

        return float(optimize.brentq(lambda x: profile(x) - profile(0.0) / 2, 0.0, 2 * narrow))


def _blurred(slices: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    result: NDArray[np.float32] = ndimage.gaussian_filter(slices, (sigma, sigma, 0.0), mode="nearest")
    return result
