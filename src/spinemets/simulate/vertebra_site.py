"""A vertebra as a place for disease: its own axes, its parts and its surfaces on the grid of the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.region_labels import IN_BODY, RegionLabel
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.dimensions import DiscSize, VertebraSize
from spinemets.simulate.disease import Box
from spinemets.simulate.implicit import Array
from spinemets.simulate.tissues import CANAL, Tissue

MARGIN_MM = 26.0
"""Room kept round a vertebra, for tumour that leaves the bone (ours)."""
WALL_GAP_MM = 2.5
"""Fat between the canal and the bone round it is at most so thick (ours)."""


@dataclass(frozen=True, eq=False)
class VertebraSite:
    """One vertebra in a box of the patient's grid.

    Attributes
    ----------
    level : Level
        Which.
    box : tuple of slice
        The box.
    axes : VertebraAxes
        Its axes; the centre is that of the body.
    right, front, up : (I, J, K) ndarray of float32
        Distances from the centre of the body along its axes, mm.
    bone : (I, J, K) ndarray of bool
        The vertebra.
    regions : (I, J, K) ndarray of uint8
        `RegionLabel` of it.
    tissue : (I, J, K) ndarray of uint8
        `Tissue` of everything in the box.
    edge_mm : float
        Edge of a voxel.
    """

    level: Level
    box: Box
    axes: VertebraAxes
    right: Array
    front: Array
    up: Array
    bone: NDArray[np.bool_]
    regions: NDArray[np.uint8]
    tissue: NDArray[np.uint8]
    edge_mm: float

    @property
    def body(self) -> NDArray[np.bool_]:
        """The body, the ribs' joints with it."""
        return np.isin(self.regions, IN_BODY)

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel, ml."""
        return self.edge_mm**3 / 1000.0

    def part(self, name: str) -> NDArray[np.bool_]:
        """The voxels of a part by its name in ``report.json``; `body` holds the ribs' joints."""
        if name == "body":
            return self.body
        return np.isin(self.regions, [label for label in RegionLabel if label.report_name == name])

    def points(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(N, 3) right, front and up of the voxels of a mask, mm."""
        return np.stack([axis[mask] for axis in (self.right, self.front, self.up)], axis=1).astype(np.float64)

    def extent(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(3,) lower and upper end of the body along its axes, mm, a few stray voxels left out."""
        points = self.points(self.body)
        return np.percentile(points, 1.0, axis=0), np.percentile(points, 99.0, axis=0)


def site_of(
    axes: VertebraAxes,
    affine: NDArray[np.float64],
    bone: NDArray[np.bool_],
    regions: NDArray[np.uint8],
    tissue: NDArray[np.uint8],
) -> VertebraSite:
    """The site of one vertebra, given whole arrays of the patient; `bone` is that vertebra.

    Raises
    ------
    ValueError
        If the patient shows nothing of it.
    """
    if not bone.any():
        raise ValueError(f"the anatomy shows nothing of {axes.level}")
    edge = float(np.linalg.norm(affine[:3, 0]))
    margin = int(np.ceil(MARGIN_MM / edge))
    ends = [np.flatnonzero(bone.any(axis=tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    spans = [
        slice(max(int(end[0]) - margin, 0), min(int(end[-1]) + margin + 1, n))
        for end, n in zip(ends, bone.shape, strict=True)
    ]
    box = (spans[0], spans[1], spans[2])
    index = np.meshgrid(*[np.arange(span.start, span.stop, dtype=np.float32) for span in box], indexing="ij")
    place = [sum(affine[row, n] * index[n] for n in range(3)) + affine[row, 3] for row in range(3)]
    local = [sum(row[n] * (place[n] - axes.centre_mm[n]) for n in range(3)).astype(np.float32) for row in axes.rows]
    own = bone[box]
    return VertebraSite(
        axes.level, box, axes, local[0], local[1], local[2], own, np.where(own, regions[box], 0).astype(np.uint8),
        tissue[box], edge,
    )  # fmt: skip


def canal_room(site: VertebraSite) -> NDArray[np.bool_]:
    """What yields in the canal: epidural fat, the sac's fluid, and the fat between the canal and the bone round it."""
    yielding = np.isin(site.tissue, (Tissue.EPIDURAL_FAT, Tissue.CSF))
    near = ndimage.binary_dilation(np.isin(site.tissue, CANAL), iterations=int(np.ceil(WALL_GAP_MM / site.edge_mm)))
    return np.asarray(yielding | (near & (site.tissue == Tissue.FAT)))


def placed_vertebra(site: VertebraSite) -> PlacedVertebra:
    """The body of a site in the terms in which bodies are collapsed: its extent along its own axes."""
    low, high = site.extent()
    width, depth, height = (high - low + site.edge_mm).tolist()
    middle = site.axes.world(((low + high) / 2)[None])[0]
    size = VertebraSize(height, width, depth, 0.0, 0.0, 0.0, 0.0, 1.0)
    return PlacedVertebra(site.level, size, width, depth, DiscSize(0.0, 0.0, 0.0), middle, site.axes.rows)


@dataclass(frozen=True)
class Surface:
    """A smooth surface of a body: height along `up` over right and front, a polynomial of degree 4."""

    weights: NDArray[np.float64]
    scale: tuple[float, float]

    def __call__(self, right: Array, front: Array) -> Array:
        """Height of the surface, mm."""
        terms = _terms(right / self.scale[0], front / self.scale[1])
        return np.asarray(sum(w * term for w, term in zip(self.weights, terms, strict=True)), dtype=np.float32)


def endplate(site: VertebraSite, *, upper: bool) -> Surface:
    """The upper or the lower endplate of a body, fitted to its outermost voxels."""
    points = site.points(site.body)
    low, high = site.extent()
    scale = (float(max(-low[0], high[0])), float(max(-low[1], high[1])))
    sign = 1.0 if upper else -1.0
    cell = np.floor(points[:, :2] / 2.0).astype(int)
    keys, which = np.unique(cell, axis=0, return_inverse=True)
    tops = np.full(len(keys), -np.inf)
    np.maximum.at(tops, which.ravel(), sign * points[:, 2])
    centre = (keys + 0.5) * 2.0
    inside = (np.abs(centre / np.array(scale)) < 0.85).all(axis=1)
    terms = np.stack(_terms(centre[inside, 0] / scale[0], centre[inside, 1] / scale[1]), axis=1)
    weights = np.linalg.lstsq(terms, sign * tops[inside], rcond=None)[0]
    return Surface(weights, scale)


def _terms(x: Array, y: Array) -> list[Array]:
    x, y = np.clip(x, -1.1, 1.1), np.clip(y, -1.1, 1.1)
    return [np.ones_like(x), x, y, x * x, x * y, y * y, x * x * y, x * y * y, x**4, y**4]
