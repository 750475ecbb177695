"""Tumour that has left the bone: beside the body, or into the epidural space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.simulate.disease import Deposit
from spinemets.simulate.disease_canvas import EPIDURAL, PARAVERTEBRAL, DiseaseCanvas
from spinemets.simulate.implicit import Array
from spinemets.simulate.irregular import FLOAT, Growth, grown
from spinemets.simulate.lesion_matter import tumour_hu
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.vertebra_site import VertebraSite, canal_room

YIELDING = (Tissue.MUSCLE, Tissue.FAT, Tissue.LUNG, Tissue.SOFT_ORGAN)
"""What a mass beside the body takes; discs, vessels and the cord withstand it."""
CURTAIN_SHARE = 0.4
"""Of epidural masses that the midline ligament divides in two lobes (ours)."""


@dataclass(frozen=True)
class Spread:
    """Soft tissue outside the bone: `where` is `PARAVERTEBRAL` or `EPIDURAL`, `volume_ml` what it is meant to be."""

    where: int
    volume_ml: float


def spread(
    canvas: DiseaseCanvas, site: VertebraSite, shape: Growth, spreads: tuple[Spread, ...], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Labels of what leaves the bone of one lesion, on the box of its site; drawn on the canvas as well."""
    labels = np.zeros(site.bone.shape, np.uint8)
    for one in spreads:
        mass = mass_shape(site, shape, one, rng)
        if mass is None:
            continue
        labels[mass.mask] = one.where
        canvas.add([mass_deposit(site, mass, rng)])
    canvas.soft_tissue[site.box][labels > 0] = labels[labels > 0]
    return labels


def mass_shape(site: VertebraSite, shape: Growth, one: Spread, rng: np.random.Generator) -> Growth | None:
    """The mass, grown from where the lesion reaches the surface; None where it reaches nothing that yields."""
    room = canal_room(site) if one.where == EPIDURAL else np.isin(site.tissue, YIELDING) & ~canal_room(site)
    exits = shape.mask & ndimage.binary_dilation(room, iterations=max(1, round(1.5 / site.edge_mm)))
    if not exits.any():
        return None
    start = middle_of(site, exits, rng)
    lower, upper = site.extent()
    beyond = np.maximum(np.maximum(site.up - upper[2], lower[2] - site.up), 0.0)
    penalty = 0.6 * beyond.astype(np.float32)
    if one.where == EPIDURAL and rng.random() < CURTAIN_SHARE:
        penalty = penalty + np.float32(4.0) * np.exp(-((site.right / 1.8) ** 2))
    if one.where == PARAVERTEBRAL:
        penalty = penalty + np.float32(8.0) * (site.front < lower[1] - 4.0)
    room &= np.abs(site.up) < upper[2] + 20.0
    if one.where == PARAVERTEBRAL:
        room = ndimage.binary_opening(room, iterations=1)
    if not room.any():
        return None
    return grown(site, start, room, one.volume_ml, rng, relief=0.10, stretch=1.25, penalty_mm=penalty)


def middle_of(site: VertebraSite, exits: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """(3,) a voxel of the surface near the middle of one of its stretches."""
    points = site.points(exits)
    chosen = points[rng.integers(len(points))]
    near = points[np.linalg.norm(points - chosen, axis=1) < 8.0]
    return np.asarray(near.mean(axis=0))


def mass_deposit(site: VertebraSite, mass: Growth, rng: np.random.Generator) -> Deposit:
    """Tumour tissue in a mass, its edge as smooth as a capsule's."""
    smooth: FLOAT = ndimage.gaussian_filter(mass.mask.astype(np.float32), 0.7 / site.edge_mm)
    hu, rise = tumour_hu(site.bone.shape, rng, site.edge_mm)
    return Deposit(site.box, np.clip(1.25 * smooth - 0.1, 0.0, 1.0) * (~site.bone), hu, rise)
