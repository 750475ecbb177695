"""Smooth random relief, the same at a point however finely it is sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.simulate.implicit import Array


@dataclass(frozen=True)
class Roughness:
    """A sum of plane waves in random directions.

    Attributes
    ----------
    waves : (N, 3) ndarray
        Wave vectors, radians per mm.
    phases : (N,) ndarray
        Radians.
    amplitude_mm : float
        Standard deviation of the relief.
    """

    waves: Array
    phases: Array
    amplitude_mm: float

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        """Relief at each point, mm; coordinates broadcast against one another."""
        total: Array = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
        for (kx, ky, kz), phase in zip(self.waves.astype(np.float32), self.phases, strict=True):
            total += np.cos(kx * x + (ky * y + (kz * z + np.float32(phase))))
        return total * np.float32(self.amplitude_mm * np.sqrt(2.0 / len(self.phases)))


def roughness(
    rng: np.random.Generator, amplitude_mm: float, shortest_mm: float = 7.0, longest_mm: float = 40.0, count: int = 8
) -> Roughness:
    """A random relief with wavelengths between `shortest_mm` and `longest_mm`."""
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = np.exp(rng.uniform(np.log(shortest_mm), np.log(longest_mm), count))
    return Roughness(directions * (2 * np.pi / lengths)[:, None], rng.uniform(0, 2 * np.pi, count), amplitude_mm)
