"""The form of a collapsed body: how much it loses where, and what its posterior wall does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Subregion
from spinemets.measure.region_labels import RegionLabel
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.fracture import Collapse
from spinemets.simulate.implicit import Array
from spinemets.simulate.irregular import grain
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.simulate.tissues import CANAL, Tissue
from spinemets.simulate.vertebra_site import WALL_GAP_MM, VertebraSite, canal_room, endplate

BULGE_MM = (2.5, 5.0)
"""How far the wall stands out behind the line between its rims (ours; clinical.md §1.3 takes 2 mm for the least)."""
RETROPULSION_MM = (3.0, 6.5)
"""How far the upper corner is pushed behind where it was (ours)."""
CENTRAL = 0.36
"""A bulge takes this share of the width of the body to either side of the mid-plane (ours)."""


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
    """What gives way behind a body, and the distance of every voxel behind the posterior wall, mm.

    Fat and fluid of the canal give way, and the ligament between them and the bone. The wall is the last voxel of the
    body on a line through the grid, or of the line next above or below where that one misses the body.
    """
    low, _ = site.extent()
    half = 0.8 * float(np.ptp(site.points(site.body)[:, 0])) / 2
    room = (canal_room(site) | _ligament(site)) & (np.abs(site.right) < half)
    own = np.max(np.where(site.body, -site.front, -99.0), axis=1, keepdims=True)
    back = np.where(own > -90.0, own, ndimage.grey_dilation(own, size=(1, 1, 3)))
    local = np.where(back > -90.0, -site.front - back, low[1] - site.front)
    return room, local.astype(np.float32)


def _ligament(site: VertebraSite) -> NDArray[np.bool_]:
    """Soft tissue that is neither bone nor canal, as near to the canal as its fat is."""
    near = ndimage.binary_dilation(np.isin(site.tissue, CANAL), iterations=int(np.ceil(WALL_GAP_MM / site.edge_mm)))
    return np.asarray(near & (site.tissue == Tissue.MUSCLE))


def rim_line(site: VertebraSite) -> Array:
    """Place, to the front of the body's centre, of the line between the rims of the posterior wall at every voxel, mm.

    A wall is a little hollow from rim to rim: the line joins the ends of the parabolas fitted to it.
    """
    rear = np.where(site.body, site.front, np.inf).argmin(axis=1)[:, None, :]
    right, front, up = (np.take_along_axis(axis, rear, axis=1)[:, 0] for axis in (site.right, site.front, site.up))
    share, wide = _share_up(site, up), _share_wide(site, right)
    used = site.body.any(axis=1) & (np.abs(wide) < 1) & (share > 0.1) & (share < 0.9)
    weights = np.linalg.lstsq(_wall_terms(wide[used], share[used]), front[used], rcond=None)[0]
    across = np.clip(_share_wide(site, site.right), -1, 1).ravel()
    lower, upper = (
        (_wall_terms(across, np.full_like(across, end)) @ weights).reshape(site.bone.shape) for end in (0.0, 1.0)
    )
    line: Array = (lower + (upper - lower) * _share_up(site, site.up) - site.edge_mm / 2).astype(np.float32)
    return line


def _wall_terms(wide: Array, share: Array) -> Array:
    powers = [(m, n) for m in (0, 1, 2, 4) for n in (0, 1, 2) if m < 4 or n == 0]
    return np.stack([wide**m * share**n for m, n in powers], axis=1).astype(np.float32)


def _share_up(site: VertebraSite, up: Array) -> Array:
    """0 at the lower end of the body, 1 at the upper."""
    low, high = site.extent()
    share: Array = ((up - low[2]) / (high[2] - low[2])).astype(np.float32)
    return share


def _share_wide(site: VertebraSite, right: Array) -> Array:
    """0 in the mid-plane, 1 as far aside as a bulge reaches."""
    low, high = site.extent()
    wide: Array = (right / (CENTRAL * (high[0] - low[0]))).astype(np.float32)
    return wide


def bulge(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Let the posterior wall stand out evenly, convex from rim to rim; how far behind the line between them, mm."""
    depth = float(rng.uniform(*BULGE_MM))
    room, behind = behind_body(site)
    height, wide = 2 * _share_up(site, site.up) - 1, _share_wide(site, site.right)
    aim = depth * np.clip(1.0 - height**2, 0, 1) * np.clip(1.0 - wide**2, 0, 1)
    return _grown(canvas, site, room & (behind > 0), rim_line(site) - site.front, aim)


def retropulsion(canvas: DiseaseCanvas, site: VertebraSite, rng: np.random.Generator) -> float:
    """Push the upper posterior corner into the canal, angular; how far behind the wall that was there, mm."""
    depth = float(rng.uniform(*RETROPULSION_MM))
    room, behind = behind_body(site)
    low, high = site.extent()
    top = np.minimum(endplate(site, upper=True)(site.right, site.front), high[2])
    down = (top - site.up) / (0.45 * (high[2] - low[2]))
    wide = np.abs(site.right - rng.uniform(-3.0, 3.0)) / (0.30 * (high[0] - low[0]))
    ragged = 1.0 + 0.10 * grain(site.bone.shape, rng, 4.0, site.edge_mm)
    inside = (down > -0.05) & (down < 1.0) & (wide < 1.0)
    aim = np.where(inside, depth * np.clip(1.0 - down, 0, 1) * (1.0 - 0.5 * wide**2) * ragged, 0.0)
    return _grown(canvas, site, room & (behind > 0), behind - site.edge_mm / 2, aim)


def _grown(
    canvas: DiseaseCanvas, site: VertebraSite, room: NDArray[np.bool_], behind: Array, aim: NDArray[np.float64]
) -> float:
    """Let the body grow to `aim` behind a surface, as far as there is room and it hangs together.

    Returns how far it reaches, mm, as it then stands on the grid: to half a voxel.
    """
    grown = room & (aim > 0) & (behind < aim)
    pieces, _ = ndimage.label(grown | site.body)
    held = grown & np.isin(pieces, np.unique(pieces[site.body]))
    canvas.relabel(site, held, Tissue.VERTEBRAL_BODY, subregion=Subregion.BODY, region=RegionLabel.BODY)
    return float(np.minimum(aim, behind + site.edge_mm / 2)[held].max(initial=0.0))
