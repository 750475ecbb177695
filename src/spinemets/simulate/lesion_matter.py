"""What the patterns of metastases are made of, as deposits over a CT image, and which label each voxel gets.

CT numbers: lytic 30-80 HU by common reference (clinical.md §3.4), blastic 654 +- 176 HU on average (Ulano 2016, AJR
207:362-8, untreated). What the patterns look like inside is ours, after the review's words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LesionLabel
from spinemets.simulate.disease import Deposit
from spinemets.simulate.irregular import FLOAT, Growth, grain, ramp
from spinemets.simulate.vertebra_site import VertebraSite

TUMOUR_HU, TUMOUR_SPREAD, TUMOUR_LIMITS = 52.0, 10.0, (32.0, 78.0)
TUMOUR_GRAIN_HU = 7.0
ENHANCEMENT_HU = (20.0, 60.0)
BLASTIC_HU, BLASTIC_SPREAD, BLASTIC_LIMITS = 654.0, 176.0, (360.0, 1000.0)
BLASTIC_GRAIN = 0.10
"""Spread within a blastic lesion, as a share of its CT number (ours; published maxima are a fifth above the mean)."""
SCLEROTIC_EDGE_SHARE = 0.15
"""Of geographic lesions that have one (ours)."""


@dataclass(frozen=True, eq=False)
class Matter:
    """Deposits of a lesion and the `LesionLabel` of each voxel of its site, 0 outside."""

    deposits: tuple[Deposit, ...]
    labels: NDArray[np.uint8]


def tumour_hu(shape: tuple[int, ...], rng: np.random.Generator, edge_mm: float) -> tuple[FLOAT, float]:
    """CT number of tumour tissue from place to place, and its rise after contrast medium."""
    mean = float(np.clip(rng.normal(TUMOUR_HU, TUMOUR_SPREAD), *TUMOUR_LIMITS))
    return mean + TUMOUR_GRAIN_HU * grain(shape, rng, 4.0, edge_mm), float(rng.uniform(*ENHANCEMENT_HU))


def blastic_hu(site: VertebraSite, depth: FLOAT, rng: np.random.Generator, factor: float = 1.0) -> FLOAT:
    """CT number of tumour bone: denser in the middle, clouded, with a mean drawn after Ulano."""
    mean = factor * float(np.clip(rng.normal(BLASTIC_HU, BLASTIC_SPREAD), *BLASTIC_LIMITS))
    cloud = 1.0 + BLASTIC_GRAIN * grain(site.bone.shape, rng, 4.5, site.edge_mm)
    return np.asarray(mean * cloud * (0.9 + 0.2 * depth), dtype=np.float32)


def inner_bone(site: VertebraSite) -> FLOAT:
    """1 in spongy bone, 0 in the outermost voxels of the bone and outside: what a lesion takes that spares cortex."""
    steps = max(1, round(0.9 / site.edge_mm))
    return ndimage.binary_erosion(site.bone, iterations=steps).astype(np.float32)


def reach(site: VertebraSite, *, cortex_broken: bool) -> FLOAT:
    """Where a lesion may replace matter: bone and the seam beside it, or spongy bone alone."""
    if not cortex_broken:
        return inner_bone(site)
    near = ndimage.binary_dilation(site.bone, iterations=max(1, round(0.8 / site.edge_mm)))
    return near.astype(np.float32)


def geographic(site: VertebraSite, shape: Growth, rng: np.random.Generator, *, cortex_broken: bool) -> Matter:
    """One hole, its edge sharp, ill-defined or sclerotic, with some spicules of bone left in it."""
    sclerotic = rng.random() < SCLEROTIC_EDGE_SHARE
    edge = site.edge_mm * rng.uniform(1.0, 1.4) if sclerotic or rng.random() < 0.5 else rng.uniform(2.0, 4.5)
    wavy = shape.radius + 0.35 * edge * grain(site.bone.shape, rng, 3.0, site.edge_mm)
    share = np.clip((shape.limit - wavy) / edge + 0.5, 0.0, 1.0)
    spared = rng.uniform(0.0, 0.5) * ramp(grain(site.bone.shape, rng, 2.2, site.edge_mm), 1.0, 2.0)
    share *= reach(site, cortex_broken=cortex_broken) * (1.0 - spared)
    hu, rise = tumour_hu(site.bone.shape, rng, site.edge_mm)
    deposits = [Deposit(site.box, share.astype(np.float32), hu, rise)]
    if sclerotic:
        width = rng.uniform(1.0, 2.2)
        rim = np.exp(-(((shape.radius - shape.limit - 0.7 * width) / width) ** 2)) * inner_bone(site)
        deposits.append(Deposit(site.box, (0.85 * rim).astype(np.float32), float(rng.uniform(420.0, 650.0))))
    return Matter(tuple(deposits), labelled(shape, LesionLabel.LYTIC))


def moth_eaten(site: VertebraSite, shape: Growth, rng: np.random.Generator, *, cortex_broken: bool) -> Matter:
    """Many holes of a few millimetres, some run together; thinned bone between them."""
    return _holes(site, shape, rng, cortex_broken, size_mm=rng.uniform(3.0, 4.5), edge_mm=3.0, between=0.35)


def permeative(site: VertebraSite, shape: Growth, rng: np.random.Generator, *, cortex_broken: bool) -> Matter:
    """Countless small holes that thin out towards an edge nobody could draw."""
    return _holes(site, shape, rng, cortex_broken, size_mm=1.9, edge_mm=6.0, between=0.45)


def _holes(
    site: VertebraSite,
    shape: Growth,
    rng: np.random.Generator,
    cortex_broken: bool,
    *,
    size_mm: float,
    edge_mm: float,
    between: float,
) -> Matter:
    noise = grain(site.bone.shape, rng, size_mm, site.edge_mm)
    eaten = between + (1.0 - between) * ramp(noise, -0.35, 0.55)
    share = shape.share(edge_mm) * eaten
    share *= np.maximum(
        reach(site, cortex_broken=cortex_broken), 0.45 * reach(site, cortex_broken=True) * (noise > 0.4)
    )
    hu, rise = tumour_hu(site.bone.shape, rng, site.edge_mm)
    return Matter((Deposit(site.box, share.astype(np.float32), hu, rise),), labelled(shape, LesionLabel.LYTIC))


def nodular(site: VertebraSite, shape: Growth, rng: np.random.Generator, *, cortex_broken: bool) -> Matter:
    """A dense nodule, rounder and softer at its edge than a bone island; it spares the cortex."""
    edge = rng.uniform(1.5, 3.5)
    share = shape.share(edge) * site.bone
    depth = np.clip((shape.limit - shape.radius) / max(0.6 * abs(shape.limit), 1.0), 0.0, 1.0).astype(np.float32)
    deposit = Deposit(site.box, share.astype(np.float32), blastic_hu(site, depth, rng))
    return Matter((deposit,), labelled(shape, LesionLabel.BLASTIC))


def diffuse(site: VertebraSite, shape: Growth, rng: np.random.Generator, *, cortex_broken: bool) -> Matter:
    """Patchy sclerosis through most of a body, less dense than a nodule."""
    share = np.clip(shape.share(5.0) * 1.1, 0.0, 1.0) * site.bone
    hu = blastic_hu(site, np.full(site.bone.shape, 0.5, np.float32), rng, factor=0.75)
    deposit = Deposit(site.box, (share * 0.95).astype(np.float32), hu)
    return Matter((deposit,), labelled(shape, LesionLabel.BLASTIC))


def ivory(site: VertebraSite, shape: Growth, rng: np.random.Generator, *, cortex_broken: bool) -> Matter:
    """All of a body white, its form kept."""
    share = ndimage.gaussian_filter(shape.mask.astype(np.float32), 1.0 / site.edge_mm) * site.bone
    hu = blastic_hu(site, np.full(site.bone.shape, 0.5, np.float32), rng, factor=1.15)
    deposit = Deposit(site.box, np.clip(share * 1.2, 0.0, 0.97).astype(np.float32), hu)
    return Matter((deposit,), labelled(shape, LesionLabel.BLASTIC))


def mixed(site: VertebraSite, shape: Growth, rng: np.random.Generator, *, cortex_broken: bool) -> Matter:
    """Holes and dense islands side by side in one lesion; the smaller part is at least a fifth."""
    noise = grain(site.bone.shape, rng, max(0.7 * shape.limit, 4.0), site.edge_mm)
    part = float(rng.uniform(0.3, 0.7))
    cut = float(np.quantile(noise[shape.mask], part))
    envelope = shape.share(rng.uniform(1.5, 3.0))
    dense = np.clip((noise - cut) / 0.25 + 0.5, 0.0, 1.0).astype(np.float32)
    hu, rise = tumour_hu(site.bone.shape, rng, site.edge_mm)
    hole = envelope * (1.0 - dense) * reach(site, cortex_broken=cortex_broken)
    island = envelope * dense * site.bone
    white = blastic_hu(site, np.clip((noise - cut) / 1.5, 0.0, 1.0).astype(np.float32), rng, factor=0.95)
    labels = labelled(shape, LesionLabel.LYTIC)
    labels[shape.mask & (noise > cut)] = LesionLabel.BLASTIC
    deposits = (
        Deposit(site.box, hole.astype(np.float32), hu, rise),
        Deposit(site.box, island.astype(np.float32), white),
    )
    return Matter(deposits, labels)


def labelled(shape: Growth, label: LesionLabel) -> NDArray[np.uint8]:
    """A label volume of a site with one label where the shape is."""
    return np.where(shape.mask, np.uint8(label), np.uint8(0))


PATTERNS: dict[str, Callable[..., Matter]] = {
    function.__name__: function for function in (geographic, moth_eaten, permeative, nodular, diffuse, ivory, mixed)
}
"""How each pattern is made."""
