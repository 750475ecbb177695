"""Cortex and the edge of bone as a CT shows them.

A mask that a reader draws on CT holds what looks like bone, and a thin shell looks wider than it is: blurred by the
scanner, its half maximum lies outside the bone. So bone itself begins beneath the surface of the mask, by as much as
puts that half maximum on the surface. Cortex drawn in the outermost voxels instead makes the bone of the image larger
than the mask: by 0.4 to 0.7 mm on every side with a soft kernel, at voxels of 0.6 to 1.5 mm. How deep depends on the
kernel: what a sharp one shows is hardly wider than the shell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.simulate.ct_kernel import CtKernel
from spinemets.simulate.tissue_values import CORTEX_HU, CORTEX_MM
from spinemets.simulate.tissues import LabelledAnatomy

SHELL_MM = 0.5
"""The shell of a vertebral body, for which half maximum and surface are made to agree (ours)."""


def surface_depth_mm(edge_mm: float, kernel: CtKernel) -> float:
    """From the surface of a mask to that of the bone in it, mm, in an anatomy with voxels of this edge.

    Examples
    --------
    >>> soft = CtKernel.of_sharpness(0.0)
    >>> round(surface_depth_mm(0.8, soft), 2), round(surface_depth_mm(1.2, soft), 2)
    (0.79, 0.95)
    """
    return max(kernel.half_maximum_mm(edge_mm) - SHELL_MM / 2, 0.0)


@dataclass(frozen=True, eq=False)
class Cortex:
    """Where the cortex of an anatomy is.

    Attributes
    ----------
    held : (I, J, K) ndarray of float32
        Share of each voxel that is cortex.
    surface : (I, J, K) ndarray of bool
        The outermost voxels of bone.
    density : float
        Of cortex, HU.
    """

    held: NDArray[np.float32]
    surface: NDArray[np.bool_]
    density: float


def add_cortex(
    image: NDArray[np.float32],
    anatomy: LabelledAnatomy,
    bone: NDArray[np.bool_],
    kernel: CtKernel,
    rng: np.random.Generator,
) -> Cortex:
    """Give the outer layers of bone their share of cortex and of what surrounds the bone, in place.

    Parameters
    ----------
    image : (I, J, K) ndarray of float32
        HU of each tissue, spongy bone up to the surface of its mask.
    anatomy : LabelledAnatomy
        Whose tissues they are.
    bone : (I, J, K) ndarray of bool
        Where there is bone.
    kernel : CtKernel
        That will show it.
    rng : Generator
        Of this patient's thickness and density.
    """
    edge = float(np.linalg.norm(anatomy.affine[:3, 0]))
    thickness = np.zeros(256)
    for tissue, mm in CORTEX_MM.items():
        thickness[tissue] = mm * rng.normal(1.0, 0.12)
    density = np.float32(rng.normal(CORTEX_HU.mean, CORTEX_HU.between))
    shares = layer_shares(thickness, edge, surface_depth_mm(edge, kernel))
    every = Cortex(np.zeros(image.shape, np.float32), np.zeros(image.shape, bool), float(density))
    left = bone
    for layer in range(len(shares.cortex)):
        inner = eroded(left)
        outer = np.nonzero(left & ~inner)
        codes = anatomy.tissue[outer]
        around, sides, deeper = neighbours(image, left, inner, outer)
        rest = shares.cortex[layer:, codes].sum(axis=0) * sides.clip(max=2)  # where the cortices of two sides meet
        held = np.where(deeper, shares.cortex[layer, codes], rest).clip(max=1.0)
        outside = np.minimum(shares.outside[layer], 1 - held)  # a thin plate keeps its cortex
        own = image[outer]
        image[outer] = own + outside * (around - own) + held * np.maximum(density - own, 0.0)
        every.held[outer] = held
        if layer == 0:
            every.surface[outer] = True
        left = inner
    return every


@dataclass(frozen=True)
class LayerShares:
    """What the layers of voxels of a bone hold, from its surface inwards.

    Attributes
    ----------
    cortex : (L, 256) ndarray of float
        Share of cortex in each layer of each tissue.
    outside : (L,) ndarray of float
        Share of what surrounds the bone.
    """

    cortex: NDArray[np.float64]
    outside: NDArray[np.float64]


def layer_shares(thickness_mm: NDArray[np.float64], edge_mm: float, depth_mm: float) -> LayerShares:
    """Shares of layers of voxels in a bone that begins `depth_mm` beneath its mask.

    Each depth is shared by the two layers whose middles are nearest, as linear interpolation reads them again, so that
    neither amount nor mean depth of the cortex hangs on the size of the voxels. What would lie outside the mask goes
    to the outermost layer.

    Parameters
    ----------
    thickness_mm : (256,) ndarray of float
        Cortex of each tissue.
    edge_mm : float
        Edge of a voxel.
    depth_mm : float
        `surface_depth_mm`.
    """
    deepest = depth_mm + float(thickness_mm.max())
    middles = np.arange(-1, int(np.ceil(deepest / edge_mm)) + 1) + 0.5
    outer = depth_mm / edge_mm - middles
    inner = (depth_mm + thickness_mm[None]) / edge_mm - middles[:, None]
    cortex = hat_integral(inner) - hat_integral(outer)[:, None]
    cortex[1] += cortex[0]
    return LayerShares(cortex[1:], hat_integral(outer)[1:])


def hat_integral(x: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Integral from minus infinity to `x` of the triangle of height 1 over -1 to 1, the weight of linear interpolation.

    Examples
    --------
    >>> hat_integral(np.array([-1.0, 0.0, 0.5, 2.0]))
    array([0.   , 0.5  , 0.875, 1.   ])
    """
    near = np.clip(np.asarray(x, np.float64), -1.0, 1.0)
    return np.where(near < 0, (1 + near) ** 2 / 2, 1 - (1 - near) ** 2 / 2)


def neighbours(
    image: NDArray[np.float32], left: NDArray[np.bool_], inner: NDArray[np.bool_], voxels: tuple[NDArray[np.intp], ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Of `voxels`, the mean of the neighbours by a face outside `left`, their number, and whether one is in `inner`."""
    total, count = np.zeros(len(voxels[0]), np.float32), np.zeros(len(voxels[0]), np.float32)
    deeper = np.zeros(len(voxels[0]), bool)
    for axis in range(3):
        for step in (-1, 1):
            place = list(voxels)
            place[axis] = np.clip(voxels[axis] + step, 0, image.shape[axis] - 1)
            index = tuple(place)
            outside = ~left[index]
            total += np.where(outside, image[index], 0.0)
            count += outside
            deeper |= inner[index]
    return np.where(count > 0, total / np.maximum(count, 1), image[voxels]), count, deeper


def eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask without the voxels that share a face with its outside."""
    inner = mask.copy()
    for axis in range(3):
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        inner[tuple(low)] &= mask[tuple(high)]
        inner[tuple(high)] &= mask[tuple(low)]
    return inner
