"""Error of heights and lesion shares on simulated vertebrae whose collapse and lesions are known.

Patients of the test seeds; every image grid is oblique and anisotropic and differs from case to case. Truth comes from
the parameters of the collapse, and for lesions from the fine grid that they were drawn on.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from spinemets.anatomy import LesionLabel, Level, Region, Subregion
from spinemets.datasets.splits import SEEDS
from spinemets.findings import Measured
from spinemets.geometry import Grid, corners_mm, resample
from spinemets.measure.lesions import lesions_by_level
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.simulate.fracture import Collapse, collapsed, placed_spine
from spinemets.simulate.masks import render_masks
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.subject import random_subject
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.vertebra_assessment import assess_vertebrae
from spinemets.volume import Volume

FINE_MM = 0.8
FIELDS = ((Level.C4, Level.T1), (Level.T5, Level.T9), (Level.T11, Level.L3), (Level.L1, Level.L5))
VOXELS_MM = (1.0, 2.0, 3.0)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Mean absolute errors, and how often an interval holds the truth, by region and voxel."""
    rows: list[dict[str, Any]] = []
    for number in range(options.cases):
        seed, field = SEEDS["test"][2000 + number], FIELDS[number % len(FIELDS)]
        rows += patient(seed, field, np.random.default_rng(seed))
        print(f"\rpatient {number + 1} of {options.cases}, {len(rows)} vertebrae", end="", flush=True)
    print()
    table = [summary(rows, region, voxel) for region in ("C", "T", "L") for voxel in VOXELS_MM]
    for line in table:
        print(
            "  ".join(
                f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in line.items()
            )
        )
    return {"rows": rows, "table": table}


def patient(seed: int, field: tuple[Level, Level], rng: np.random.Generator) -> list[dict[str, Any]]:
    """One vertebra of a patient, collapsed and with a lesion, at every voxel size."""
    anatomy = parametric_anatomy(seed, spacing_mm=FINE_MM, field=field)
    names = [level for level in random_subject(seed).levels if field[0].order < level.order < field[1].order]
    level = names[int(rng.integers(len(names)))]
    placed = placed_spine(random_subject(seed))[level]
    loss = Collapse(*(float(x) for x in rng.choice([0.0, 0.15, 0.3, 0.5, 0.7], 3)))
    broken = collapsed(anatomy, placed, loss)
    lesion = lesion_in(broken, level, rng)
    rows = []
    for voxel in VOXELS_MM:
        grid = scanner_grid(broken, voxel, rng)
        rows.append(measured(broken, lesion, level, loss, grid) | {"seed": seed, "voxel_mm": voxel})
    return rows


def lesion_in(anatomy: LabelledAnatomy, level: Level, rng: np.random.Generator) -> np.ndarray:
    """A ball somewhere in a body, on the grid of the anatomy."""
    body = np.argwhere((anatomy.vertebra == level.verse_id) & (anatomy.subregion == Subregion.BODY))
    centre = body[rng.integers(len(body))]
    radius = rng.uniform(5, 12) / FINE_MM
    inside = np.linalg.norm(body - centre, axis=1) < radius
    lesion = np.zeros(anatomy.vertebra.shape, np.uint8)
    lesion[tuple(body[inside].T)] = LesionLabel.LYTIC
    return lesion


def scanner_grid(anatomy: LabelledAnatomy, voxel_mm: float, rng: np.random.Generator) -> Grid:
    """An oblique grid that covers an anatomy: slices of `voxel_mm`, pixels a third finer."""
    turn = Rotation.from_euler("xyz", rng.uniform(-12, 12, 3), degrees=True).as_matrix()
    axes = rng.permutation(3)
    signs = rng.choice([-1.0, 1.0], 3)
    spacing = np.full(3, 0.7 * voxel_mm)
    spacing[int(rng.integers(3))] = voxel_mm
    corners = corners_mm(anatomy.vertebra.shape, anatomy.affine)
    matrix = turn[:, axes] * signs * spacing
    index = corners @ np.linalg.inv(matrix).T
    shape = np.ceil(np.ptp(index, axis=0)).astype(int) + 1
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = matrix @ index.min(axis=0) + rng.uniform(-0.5, 0.5, 3) * voxel_mm
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def measured(anatomy: LabelledAnatomy, lesion: np.ndarray, level: Level, loss: Collapse, grid: Grid) -> dict[str, Any]:
    """What is measured on one grid beside the truth."""
    masks = render_masks(anatomy, grid)
    spots = resample(Volume(lesion, anatomy.affine), grid, order=0, antialias=False).astype(np.uint8)
    found = assess_vertebrae(spine_from_mask(masks.vertebrae), masks.vertebrae, masks.subregions)
    own = next((one for one in found.vertebrae if one.level is level), None)
    row: dict[str, Any] = {"region": level.region.value, "level": str(level)}
    if own is not None and isinstance(own.height_loss, dict):
        for name in ("anterior", "middle", "posterior"):
            value = own.height_loss[name]
            if isinstance(value, Measured):
                row[f"{name}_error"] = abs(value.value - getattr(loss, name))
                row[f"{name}_held"] = bool(value.low - 1e-6 <= getattr(loss, name) <= value.high + 1e-6)
    regions = vertebra_regions(masks.vertebrae, masks.subregions)
    lesions = lesions_by_level(Volume(spots, grid.affine), masks.vertebrae, regions.labels).get(level, ())
    body = (anatomy.vertebra == level.verse_id) & (anatomy.subregion == Subregion.BODY)
    truth = float((lesion[body] > 0).mean())
    shares = [one.body_fraction for one in lesions if isinstance(one.body_fraction, Measured)]
    if shares:
        row["fraction_error"] = abs(sum(share.value for share in shares) - truth)
        row["fraction_held"] = bool(sum(s.low for s in shares) <= truth <= sum(s.high for s in shares))
    return row


def summary(rows: list[dict[str, Any]], region: str, voxel_mm: float) -> dict[str, Any]:
    """Means over the vertebrae of one region at one voxel size."""
    own = [row for row in rows if row["region"] == region and row["voxel_mm"] == voxel_mm]
    losses = [row[key] for row in own for key in row if key.endswith("or_error") or key == "middle_error"]
    held = [row[key] for row in own for key in row if key.endswith("or_held") or key == "middle_held"]
    fractions = [row["fraction_error"] for row in own if "fraction_error" in row]
    inside = [row["fraction_held"] for row in own if "fraction_held" in row]

    def mean(values: list[Any]) -> float:
        return float(np.mean(values)) if values else float("nan")

    return {
        "region": Region(region).name.lower(),
        "voxel_mm": voxel_mm,
        "vertebrae": len(own),
        "loss_error": mean(losses),
        "loss_held": mean(held),
        "fraction_error": mean(fractions),
        "fraction_held": mean(inside),
    }
