"""Benign findings inside a vertebra that look like metastases: bone island, haemangioma, cement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spinemets.simulate.disease import Deposit
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.irregular import FLOAT, Growth, grain, grown, ramp
from spinemets.simulate.lesion_matter import inner_bone
from spinemets.simulate.vertebra_site import VertebraSite

ENOSTOSIS_HU, ENOSTOSIS_SPREAD, ENOSTOSIS_LIMITS = 1190.0, 239.0, (890.0, 1800.0)
"""Ulano 2016, AJR 207:362-8; the lower limit is the published cut-off."""
ENOSTOSIS_ML = (0.08, 0.9)
HAEMANGIOMA_ML = (1.5, 9.0)
COLUMN_APART_MM, COLUMN_MM = 3.8, 0.85
"""Distance and radius of the thick trabeculae of a haemangioma (ours)."""
CEMENT_HU = (1500.0, 2600.0)
"""Polymethyl methacrylate with barium; common reference range (clinical.md §3.4)."""
CEMENT_ML = (1.5, 6.0)


def enostosis(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Draw a bone island, as dense as cortex and with a brush border; its volume, ml."""
    volume = float(np.exp(rng.uniform(*np.log(ENOSTOSIS_ML))))
    shape = _in_body(site, volume, rng, relief=0.08, stretch=1.7)
    brushed = shape.radius + 0.55 * grain(site.bone.shape, rng, 1.6, site.edge_mm)
    share = np.clip((shape.limit - brushed) / (1.1 * site.edge_mm) + 0.5, 0.0, 1.0) * site.bone
    mean = float(np.clip(rng.normal(ENOSTOSIS_HU, ENOSTOSIS_SPREAD), *ENOSTOSIS_LIMITS))
    canvas.add([Deposit(site.box, share.astype(np.float32), mean)])
    return int(shape.mask.sum()) * site.voxel_ml


def haemangioma(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Draw thick upright trabeculae in fatty stroma: stripes from the side, dots from above; its volume, ml."""
    largest = 0.8 * int(site.body.sum()) * site.voxel_ml
    shape = _in_body(site, min(float(rng.uniform(*HAEMANGIOMA_ML)), largest), rng, relief=0.10, stretch=1.2)
    inside = shape.share(2.0) * inner_bone(site)
    stroma = rng.uniform(-40.0, 45.0) + 12.0 * grain(site.bone.shape, rng, 3.0, site.edge_mm)
    columns = _columns(site, rng) * inside
    strut = float(rng.uniform(330.0, 520.0))
    canvas.add([Deposit(site.box, 0.9 * inside, stroma), Deposit(site.box, columns, strut)])
    return int(shape.mask.sum()) * site.voxel_ml


def _columns(site: VertebraSite, rng: np.random.Generator) -> FLOAT:
    """Share of upright columns on a loose lattice across the body."""
    steps = np.arange(-32.0, 32.0, COLUMN_APART_MM)
    lattice = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    lattice += rng.normal(0.0, 0.28 * COLUMN_APART_MM, lattice.shape)
    radius = COLUMN_MM * np.exp(rng.normal(0.0, 0.25, len(lattice)))
    where = np.stack([site.right, site.front], axis=-1)
    distance, which = cKDTree(lattice).query(where.reshape(-1, 2))
    edge = site.edge_mm
    share = np.clip((radius[which] - distance) / edge + 0.5, 0.0, 1.0) * np.minimum(2.2 * radius[which] / edge, 1.0)
    return np.asarray(share.reshape(site.bone.shape), dtype=np.float32)


def cement(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Draw what vertebroplasty leaves: cement that has run between the trabeculae; its volume, ml."""
    largest = 0.5 * int(site.body.sum()) * site.voxel_ml
    volume = min(float(rng.uniform(*CEMENT_ML)), largest)
    shape = _in_body(site, volume, rng, relief=0.26, stretch=1.5)
    fringed = shape.radius + 1.1 * grain(site.bone.shape, rng, 2.0, site.edge_mm)
    share = np.clip((shape.limit - fringed) / (1.2 * site.edge_mm) + 0.5, 0.0, 1.0) * site.body
    grains = 1.0 + 0.12 * grain(site.bone.shape, rng, 2.0, site.edge_mm)
    canvas.add([Deposit(site.box, share.astype(np.float32), np.float32(rng.uniform(*CEMENT_HU)) * grains)])
    return int(shape.mask.sum()) * site.voxel_ml


def _in_body(
    site: VertebraSite, volume_ml: float, rng: np.random.Generator, *, relief: float, stretch: float
) -> Growth:
    points = site.points(inner_bone(site).astype(bool) & site.body)
    start: NDArray[np.float64] = points[rng.integers(len(points))] * 0.8
    volume = max(volume_ml, 2.0 * site.voxel_ml)
    return grown(site, start, site.body, volume, rng, relief=relief, stretch=stretch)


def sclerosis(depth_mm: FLOAT, thickness_mm: float) -> FLOAT:
    """Share of reactive bone at a depth below a surface, fading over its thickness."""
    return (1.0 - ramp(depth_mm, 0.4 * thickness_mm, 1.4 * thickness_mm)).astype(np.float32)
