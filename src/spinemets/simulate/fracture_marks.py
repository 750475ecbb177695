"""What a broken body holds on CT beside its form: impacted bone, clefts, gaps, blood."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spinemets.measure.region_labels import RegionLabel
from spinemets.simulate.disc_look_alikes import distance_mm
from spinemets.simulate.disease import Deposit
from spinemets.simulate.irregular import FLOAT, grain, ramp
from spinemets.simulate.lesion_matter import inner_bone
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.vertebra_site import VertebraSite, canal_room, endplate

GAS_HU, FLUID_HU, BLOOD_HU = -820.0, 14.0, (48.0, 72.0)
"""Common reference ranges (clinical.md §3.4); gas fills a cleft in part."""
AROUND = (Tissue.FAT, Tissue.MUSCLE)
MARROW_HU = 70.0
"""Of old spongy bone that shows through a gap of the cortex (ours)."""


def below_plate(site: VertebraSite) -> FLOAT:
    """Depth below the upper endplate, mm."""
    return np.asarray(endplate(site, upper=True)(site.right, site.front) - site.up, dtype=np.float32)


def impaction_band(site: VertebraSite, rng: np.random.Generator) -> Deposit:
    """Crushed trabeculae under the broken endplate: a dense, uneven band."""
    depth = below_plate(site) + 0.9 * grain(site.bone.shape, rng, 6.0, site.edge_mm)
    middle, width = rng.uniform(2.5, 5.0), rng.uniform(1.2, 2.4)
    share = np.exp(-(((depth - middle) / width) ** 2)) * inner_bone(site) * site.body
    share *= 0.65 + 0.35 * ramp(grain(site.bone.shape, rng, 8.0, site.edge_mm), -1.0, 0.5)
    return Deposit(site.box, np.clip(share, 0.0, 1.0).astype(np.float32), float(rng.uniform(120.0, 280.0)), adds=True)


def fracture_line(site: VertebraSite, rng: np.random.Generator) -> Deposit:
    """A dark crack of about a millimetre through the spongy bone, along the endplate."""
    depth = below_plate(site) + 1.0 * grain(site.bone.shape, rng, 9.0, site.edge_mm)
    share = np.clip(1.3 - np.abs(depth - rng.uniform(4.5, 8.0)) / (0.7 * site.edge_mm), 0.0, 1.0)
    share = 0.8 * share * inner_bone(site) * site.body
    return Deposit(site.box, share.astype(np.float32), float(rng.uniform(5.0, 35.0)))


def cleft(site: VertebraSite, rng: np.random.Generator, *, gas: bool) -> Deposit:
    """A flat hollow under the endplate, in front of the middle, filled with gas or fluid."""
    low, high = site.extent()
    depth = below_plate(site) + 0.8 * grain(site.bone.shape, rng, 6.0, site.edge_mm)
    wide = site.right / (rng.uniform(0.24, 0.38) * (high[0] - low[0]))
    deep = (site.front - rng.uniform(0.0, 0.2) * high[1]) / (rng.uniform(0.22, 0.34) * (high[1] - low[1]))
    thick = rng.uniform(0.7, 1.7) * np.sqrt(np.clip(1.0 - wide**2 - deep**2, 0.0, 1.0))
    share = np.clip((thick - np.abs(depth - rng.uniform(3.5, 5.5))) / site.edge_mm + 0.5, 0.0, 1.0) * (thick > 0)
    share = share * inner_bone(site) * site.body
    return Deposit(site.box, share.astype(np.float32), GAS_HU if gas else FLUID_HU)


def cortical_gaps(site: VertebraSite, rng: np.random.Generator) -> Deposit:
    """Breaks of the front and side walls, each narrow and with its fragments beside it, like a jigsaw."""
    shell = site.body & ~ndimage.binary_erosion(site.body, iterations=max(1, round(1.4 / site.edge_mm)))
    around = np.arctan2(site.front, site.right) + 0.10 * grain(site.bone.shape, rng, 6.0, site.edge_mm)
    share = np.zeros(site.bone.shape, np.float32)
    for angle in rng.uniform(-0.2 * np.pi, 1.2 * np.pi, rng.integers(2, 5)):
        off = np.abs(np.angle(np.exp(1j * (around - angle)))) * np.hypot(site.front, site.right)
        share = np.maximum(share, np.clip(1.4 - off / rng.uniform(0.8, 1.5), 0.0, 0.85))
    mid = np.abs(site.up) < 0.42 * np.ptp(site.points(site.body)[:, 2])
    return Deposit(site.box, (share * shell * mid).astype(np.float32), MARROW_HU)


def cortical_defect(site: VertebraSite, rng: np.random.Generator) -> Deposit:
    """A stretch of the wall that is gone to the eye: thin osteoporotic cortex crushed out of sight."""
    shell = site.body & ~ndimage.binary_erosion(site.body, iterations=max(1, round(1.4 / site.edge_mm)))
    around = np.arctan2(site.front, site.right)
    off = np.abs(np.angle(np.exp(1j * (around - rng.uniform(0.0, np.pi)))))
    share = 0.85 * ramp(-off, -0.55, -0.35) * shell * (np.abs(below_plate(site) - 6.0) < 5.0)
    return Deposit(site.box, share.astype(np.float32), MARROW_HU)


def haematoma(site: VertebraSite, rng: np.random.Generator, *, focal: bool) -> Deposit:
    """Blood beside the body: thin and all round, or a thicker one on one side."""
    out = distance_mm(site.body, site.edge_mm)
    thick = rng.uniform(3.0, 6.5) * (1.0 + 0.15 * grain(site.bone.shape, rng, 12.0, site.edge_mm))
    if focal:
        around = np.arctan2(site.front, site.right)
        off = np.abs(np.angle(np.exp(1j * (around - rng.choice([0.15, 0.85]) * np.pi))))
        thick = thick + rng.uniform(6.0, 9.0) * np.exp(-((off / 0.6) ** 2))
    high, low = endplate(site, upper=True), endplate(site, upper=False)
    top, floor = high(site.right, site.front), low(site.right, site.front)
    off_rim = np.maximum(np.maximum(site.up - top, floor - site.up), 0.0)
    share = np.clip((thick - out - 1.2 * off_rim) / 1.5 + 0.5, 0.0, 1.0)
    share *= np.isin(site.tissue, AROUND) & (site.front > 0.8 * site.extent()[0][1])
    return Deposit(site.box, share.astype(np.float32), float(rng.uniform(*BLOOD_HU)))


def epidural_blood(site: VertebraSite, rng: np.random.Generator) -> Deposit:
    """A thin layer of blood behind the body."""
    out = distance_mm(site.body, site.edge_mm)
    share = np.clip((rng.uniform(2.0, 3.5) - out) / 1.2 + 0.5, 0.0, 1.0)
    share *= canal_room(site)
    return Deposit(site.box, share.astype(np.float32), float(rng.uniform(*BLOOD_HU)))


def pedicle_crack(site: VertebraSite, rng: np.random.Generator) -> Deposit:
    """A fracture that runs on through one pedicle."""
    side = rng.choice([RegionLabel.PEDICLE_LEFT, RegionLabel.PEDICLE_RIGHT])
    pedicle = site.regions == side
    if not pedicle.any():
        return Deposit(site.box, np.zeros(site.bone.shape, np.float32), 0.0)
    middle = site.points(pedicle).mean(axis=0)
    plane = (site.front - middle[1]) * 0.85 + (site.up - middle[2]) * 0.5
    share = 0.85 * np.clip(1.5 - np.abs(plane) / site.edge_mm, 0.0, 1.0) * pedicle
    return Deposit(site.box, share.astype(np.float32), 40.0)


def hollow_marrow(site: VertebraSite, rng: np.random.Generator) -> Deposit:
    """Spongy bone so thin that it looks destroyed: fatty, with a vague edge."""
    share = 0.8 * ramp(grain(site.bone.shape, rng, 10.0, site.edge_mm), 0.2, 1.2) * inner_bone(site) * site.body
    return Deposit(site.box, share.astype(np.float32), float(rng.uniform(-30.0, 30.0)))
