"""Irregular shapes of a known volume, and the noise that gives matter its inner structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.simulate.implicit import Array
from spinemets.simulate.roughness import roughness
from spinemets.simulate.vertebra_site import VertebraSite

FLOAT = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Growth:
    """A shape grown from a point.

    Attributes
    ----------
    radius : (I, J, K) ndarray of float32
        Distance from where it began, mm, with a relief; the shape is where it is at most `limit`.
    limit : float
        Radius at the edge of the shape, mm.
    mask : (I, J, K) ndarray of bool
        The shape: voxels that were allowed and are within the limit.
    """

    radius: FLOAT
    limit: float
    mask: NDArray[np.bool_]

    def share(self, edge_mm: float) -> FLOAT:
        """Part of each voxel inside the limit, falling from 1 to 0 over `edge_mm`; the mask does not matter."""
        return np.clip((self.limit - self.radius) / np.float32(edge_mm) + 0.5, 0.0, 1.0).astype(np.float32)


def grown(
    site: VertebraSite,
    start: Array,
    allowed: NDArray[np.bool_],
    volume_ml: float,
    rng: np.random.Generator,
    *,
    relief: float = 0.16,
    stretch: float = 1.35,
    penalty_mm: FLOAT | None = None,
) -> Growth:
    """An irregular shape of a volume round a point.

    Parameters
    ----------
    site : VertebraSite
        Where it grows.
    start : (3,) array
        Right, front and up of the point, mm.
    allowed : (I, J, K) ndarray of bool
        What it may take; it takes all of it when the volume is larger.
    volume_ml : float
        Volume of its mask, met to a voxel where what is allowed lies in one piece.
    rng : numpy Generator
        Of its form.
    relief : float
        Standard deviation of its surface, as a share of its radius.
    stretch : float
        Each half axis is longer or shorter by up to this factor.
    penalty_mm : (I, J, K) ndarray, optional
        Added to the radius, to keep the shape away from somewhere.

    Raises
    ------
    ValueError
        If nothing is allowed, or the volume is smaller than a voxel.
    """
    count = round(volume_ml / site.voxel_ml)
    if not allowed.any() or count < 1:
        raise ValueError(f"no room for {volume_ml:g} ml among {int(allowed.sum())} voxels of {site.level}")
    size = (3 * volume_ml * 1000 / (4 * np.pi)) ** (1 / 3)
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0].astype(np.float32)
    factors = np.exp(rng.uniform(-1.0, 1.0, 3) * np.log(stretch))
    factors = (factors / np.prod(factors) ** (1 / 3)).astype(np.float32)
    offset = [axis - np.float32(place) for axis, place in zip((site.right, site.front, site.up), start, strict=True)]
    square = np.zeros(allowed.shape, np.float32)
    for row, factor in zip(axes, factors, strict=True):
        square += ((row[0] * offset[0] + row[1] * offset[1] + row[2] * offset[2]) / factor) ** 2
    rough = roughness(rng, relief * size, shortest_mm=max(0.9 * size, 3.0), longest_mm=3.2 * size + 3.0, count=14)
    radius = np.sqrt(square) + rough(site.right, site.front, site.up).astype(np.float32)
    if penalty_mm is not None:
        radius = radius + penalty_mm
    values = np.sort(radius[allowed])
    limit = float(values[min(count, len(values)) - 1])
    return Growth(radius, limit, in_one_piece(allowed & (radius <= limit)))


def in_one_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part of a mask whose voxels share faces."""
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def grain(shape: tuple[int, ...], rng: np.random.Generator, size_mm: float, edge_mm: float) -> FLOAT:
    """Noise of zero mean and unit variance whose structures are about `size_mm` across."""
    noise = rng.standard_normal(shape, np.float32)
    sigma = max(size_mm / edge_mm / 2.5, 0.3)
    smooth = ndimage.gaussian_filter(noise, sigma, mode="nearest", truncate=3.0)
    return np.asarray((smooth - smooth.mean()) / max(float(smooth.std()), 1e-6), dtype=np.float32)


def ramp(values: Array, low: float, high: float) -> FLOAT:
    """0 below `low`, 1 above `high`, a smooth step between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)
