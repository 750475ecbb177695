"""The form of a collapsed body: how much it loses where, and what its posterior wall does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Subregion
from spinemets.measure.region_labels import RegionLabel
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.fracture import Collapse
from spinemets.simulate.irregular import grain
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.vertebra_site import VertebraSite, canal_room, endplate

BULGE_MM = (2.5, 5.0)
RETROPULSION_MM = (3.0, 6.5)
"""How far the wall stands out behind (ours; clinical.md §1.3 takes 2 mm for the least)."""


def random_collapse(cause: FractureClass, rng: np.random.Generator, *, asymmetric: bool) -> Collapse:
    """Losses of height: wedge or biconcave in osteoporosis, even or wedge in a metastasis (ours, after Genant)."""
    worst = float(rng.uniform(0.22, 0.55))
    biconcave = cause is FractureClass.OSTEOPOROTIC and rng.random() < 0.4
    crush = cause is FractureClass.METASTATIC and rng.random() < 0.6
    if biconcave:
        losses = (rng.uniform(0.1, 0.5) * worst, worst, rng.uniform(0.0, 0.25) * worst)
    elif crush:
        losses = (worst, rng.uniform(0.8, 1.0) * worst, rng.uniform(0.5, 0.9) * worst)
    else:
        losses = (worst, rng.uniform(0.6, 0.95) * worst, rng.uniform(0.0, 0.2) * worst)
    tilt = rng.uniform(0.10, 0.22) if asymmetric else rng.uniform(0.0, 0.04)
    anterior, middle, posterior = (float(loss) for loss in losses)
    return Collapse(anterior, middle, posterior, tilt=float(tilt * rng.choice([-1.0, 1.0])))


def behind_body(site: VertebraSite) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """The canal's yielding tissue behind a body, and the distance of every voxel behind the posterior wall, mm."""
    low, _ = site.extent()
    wall = low[1]
    half = 0.8 * float(np.ptp(site.points(site.body)[:, 0])) / 2
    room = canal_room(site) & (np.abs(site.right) < half)
    columns = ndimage.grey_dilation(np.where(site.body, -site.front, -99.0), size=(1, 1, 3))
    back = np.max(columns, axis=1, keepdims=True)
    local = np.where(back > -90.0, -site.front - back, wall - site.front)
    return room, local.astype(np.float32)


def bulge(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Let the posterior wall stand out evenly, convex from rim to rim; how far, mm."""
    depth = float(rng.uniform(*BULGE_MM))
    room, behind = behind_body(site)
    low, high = site.extent()
    height = (site.up - (low[2] + high[2]) / 2) / (0.5 * (high[2] - low[2]))
    wide = site.right / (0.36 * (high[0] - low[0]))
    grown = room & (behind < depth * np.clip(1.0 - height**2, 0, 1) * np.clip(1.0 - wide**2, 0, 1))
    _join(canvas, site, grown)
    return depth


def retropulsion(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Push the upper posterior corner into the canal, angular; how far, mm."""
    depth = float(rng.uniform(*RETROPULSION_MM))
    room, behind = behind_body(site)
    low, high = site.extent()
    top = np.minimum(endplate(site, upper=True)(site.right, site.front), high[2])
    down = (top - site.up) / (0.45 * (high[2] - low[2]))
    wide = np.abs(site.right - rng.uniform(-3.0, 3.0)) / (0.30 * (high[0] - low[0]))
    ragged = 1.0 + 0.10 * grain(site.bone.shape, rng, 4.0, site.edge_mm)
    inside = (down > -0.05) & (down < 1.0) & (wide < 1.0)
    grown = room & inside & (behind < depth * np.clip(1.0 - down, 0, 1) * (1.0 - 0.5 * wide**2) * ragged)
    _join(canvas, site, grown)
    return depth


def _join(canvas: DiseaseCanvas, site: VertebraSite, grown: NDArray[np.bool_]) -> None:
    pieces, _ = ndimage.label(grown | site.body)
    held = grown & np.isin(pieces, np.unique(pieces[site.body]))
    canvas.relabel(site, held, Tissue.VERTEBRAL_BODY, subregion=Subregion.BODY, region=RegionLabel.BODY)
