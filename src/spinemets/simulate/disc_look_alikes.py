"""Benign findings at a disc that look like metastases: Schmorl's node, worn disc, gas in a disc, discitis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Subregion
from spinemets.measure.region_labels import RegionLabel
from spinemets.simulate.bone_look_alikes import sclerosis
from spinemets.simulate.disease import Deposit
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.irregular import FLOAT, grain, ramp
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.vertebra_site import VertebraSite, endplate

DEEPEST_DISC_MM = 16.0
"""A disc is sought so far below a body."""
GAS_HU = -850.0
SOFT = (Tissue.FAT, Tissue.MUSCLE)


def disc_below(site: VertebraSite) -> NDArray[np.bool_]:
    """The disc under the body of a site."""
    floor = endplate(site, upper=False)(site.right, site.front)
    below = (site.up < floor + 2.0) & (site.up > floor - DEEPEST_DISC_MM)
    labels, count = ndimage.label((site.tissue == Tissue.DISC) & below)
    if count == 0:
        return np.zeros(site.bone.shape, bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def distance_mm(mask: NDArray[np.bool_], edge_mm: float) -> FLOAT:
    """Distance of every voxel to a mask, mm; far where the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, 99.0, np.float32)
    return (ndimage.distance_transform_edt(~mask) * edge_mm).astype(np.float32)


def schmorl_node(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Press disc into an endplate, with a rim of reactive bone; its volume, ml."""
    upper = bool(rng.random() < 0.5)
    low, high = site.extent()
    right, front = rng.uniform(0.25, 0.75, 2) * (high - low)[:2] + low[:2]
    plate = float(endplate(site, upper=upper)(np.array([right]), np.array([front]))[0])
    wide, deep = rng.uniform(4.0, 7.5), rng.uniform(3.0, 0.42 * (high - low)[2])
    ragged = 1.0 + 0.12 * grain(site.bone.shape, rng, 4.0, site.edge_mm)
    flat = np.hypot(site.right - right, site.front - front) / wide
    radius = np.sqrt(flat**2 + ((site.up - plate) / deep) ** 2) * ragged
    node = site.body & (radius < 1.0)
    canvas.relabel(site, node, Tissue.DISC)
    rim = site.body & ~node
    depth = distance_mm(node, site.edge_mm)
    share = sclerosis(depth, rng.uniform(1.0, 2.5)) * rim
    canvas.add([Deposit(site.box, share, float(rng.uniform(150.0, 380.0)), adds=True)])
    return int(node.sum()) * site.voxel_ml


def degenerative(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Harden both endplates of a disc on the side that bears more, with spurs and often gas; sclerotic volume, ml."""
    disc = disc_below(site)
    bodies = canvas.regions[site.box] == RegionLabel.BODY
    depth = distance_mm(disc, site.edge_mm)
    angle = rng.uniform(0.0, np.pi)
    toward = (np.cos(angle) * site.right + np.sin(angle) * site.front) / 14.0
    ragged = depth + 1.4 * grain(site.bone.shape, rng, 7.0, site.edge_mm)
    share = sclerosis(ragged, rng.uniform(2.0, 6.0)) * ramp(toward, -0.9, 0.6) * bodies
    canvas.add([Deposit(site.box, share.astype(np.float32), float(rng.uniform(160.0, 420.0)), adds=True)])
    spur(canvas, site, disc, toward, rng)
    if rng.random() < 0.5:
        vacuum_disc(canvas, site, rng)
    return int((share > 0.5).sum()) * site.voxel_ml


def spur(
    canvas: DiseaseCanvas, site: VertebraSite, disc: NDArray[np.bool_], toward: FLOAT, rng: np.random.Generator
) -> None:
    """Let the rim of the body above a disc stand out, beak-like, on one side."""
    reach = float(rng.uniform(3.0, 6.5))
    out, off = distance_mm(site.body, site.edge_mm), distance_mm(disc, site.edge_mm)
    beak = (out < reach * (1.0 - off / (1.2 * reach))) & (off < reach) & (toward > 0.35)
    beak &= np.isin(canvas.anatomy.tissue[site.box], SOFT)
    near = ndimage.binary_dilation(site.body, iterations=1) | beak
    pieces, _ = ndimage.label(near)
    beak &= np.isin(pieces, np.unique(pieces[site.body]))
    canvas.relabel(site, beak, Tissue.VERTEBRAL_BODY, subregion=Subregion.BODY, region=RegionLabel.BODY)


def vacuum_disc(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Put a flat bubble of gas into the middle of the disc below; its volume, ml."""
    disc = disc_below(site)
    inside = (ndimage.distance_transform_edt(disc) * site.edge_mm).astype(np.float32)
    middle = ndimage.maximum_filter(inside, round(5.0 / site.edge_mm))
    patch = ramp(grain(site.bone.shape, rng, 11.0, site.edge_mm), 0.0, 0.7)
    share = ramp(inside - middle, -rng.uniform(0.7, 1.4), -0.2) * patch * (inside > 0.8) * disc
    canvas.add([Deposit(site.box, share.astype(np.float32), GAS_HU)])
    return float(share.sum()) * site.voxel_ml


def discitis(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Eat away both endplates round a disc that has turned to fluid, with swelling all round; eroded volume, ml."""
    disc = disc_below(site)
    bodies = canvas.regions[site.box] == RegionLabel.BODY
    depth = distance_mm(disc, site.edge_mm)
    eaten = ramp(grain(site.bone.shape, rng, 7.0, site.edge_mm), -0.6, 1.2) * rng.uniform(4.0, 8.0)
    erosion = bodies & (depth < eaten)
    canvas.relabel(site, erosion, Tissue.DISC)
    focus = disc | erosion
    beyond = distance_mm(focus, site.edge_mm)
    left = bodies & ~erosion
    hu = float(rng.uniform(28.0, 48.0))
    swollen = (1.0 - ramp(beyond + 1.5 * grain(site.bone.shape, rng, 9.0, site.edge_mm), 4.0, 9.0)) * np.isin(
        canvas.anatomy.tissue[site.box], SOFT
    )
    reaction = sclerosis(beyond, rng.uniform(4.0, 7.0)) * left
    canvas.add(
        [
            Deposit(site.box, reaction, float(rng.uniform(70.0, 190.0)), adds=True),
            Deposit(site.box, (0.75 * (beyond < 1.6) * left).astype(np.float32), 140.0),
            Deposit(site.box, (0.9 * focus).astype(np.float32), hu, 10.0),
            Deposit(site.box, (0.9 * swollen).astype(np.float32), hu + 12.0, 35.0),
        ]
    )  # fmt: skip
    return int(erosion.sum()) * site.voxel_ml
