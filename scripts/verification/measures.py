"""Error of heights, lesion shares, angles, slips and sides on simulated vertebrae of which all of these are known.

Patients of the test seeds (``--split validation``: of those that set what intervals hold); every image grid is oblique
and anisotropic, perhaps flipped, and differs from case to case.
In every second patient one body has collapsed, in the others the spine has slipped and bent at one disc. Every
vertebra between the ends of the field has a lesion in its body and one in its posterior elements. Truth comes from the
parameters of collapse and displacement, and for lesions from the fine grid that they were drawn on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from spinemets.anatomy import LesionLabel, Level, Region, Subregion
from spinemets.datasets.splits import SEEDS
from spinemets.findings import Finding, Measured, VertebraFindings
from spinemets.geometry import Grid, corners_mm, resample
from spinemets.measure.lesions import Lesion, lesions_by_level
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.displacement import Displacement, cobb_of_deg, corner_slip_mm, displaced
from spinemets.simulate.fracture import Collapse, collapsed, placed_spine
from spinemets.simulate.masks import render_masks
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.subject import random_subject
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.vertebra_assessment import assess_vertebrae
from spinemets.volume import Volume

FINE_MM = 0.8
MARGIN_MM = 20.0
"""Kept round the vertebrae: more than any measurement of masks looks at (`body_assessment.ROUND_BONE_MM`)."""
FIELDS = ((Level.T4, Level.T9), (Level.T11, Level.L4), (Level.C3, Level.T1), (Level.T12, Level.L5))
VOXELS_MM = (1.0, 2.0, 3.0)
KINDS = ("loss", "fraction", "angle", "slip")
Row = dict[str, Any]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Mean absolute errors, and how often an interval holds the truth, by region and voxel."""
    rows: list[Row] = []
    for number in range(options.cases):
        seed, field = SEEDS[options.split][2000 + number], FIELDS[number // 2 % len(FIELDS)]
        if not set(field) <= set(random_subject(seed).levels):
            print(f"\rseed {seed} is left out: this patient has no {field[0]} or no {field[1]}")
            continue
        rows += patient(seed, field, np.random.default_rng(seed), breaks=number % 2 == 0)
        count = len({(row["seed"], row["level"]) for row in rows})
        print(f"\rpatient {number + 1} of {options.cases}, {count} vertebrae", end="", flush=True)
    print()
    table = [summary(rows, region, voxel) for voxel in VOXELS_MM for region in ("C", "T", "L")]
    print("| " + " | ".join(table[0]) + " |\n|" + "---|" * len(table[0]))
    for line in table:
        print("| " + " | ".join(f"{v:.3g}" if isinstance(v, float) else str(v) for v in line.values()) + " |")
    return {"rows": rows, "table": table}


def patient(seed: int, field: tuple[Level, Level], rng: np.random.Generator, *, breaks: bool) -> list[Row]:
    """Every vertebra of a patient that has both neighbours in the field, at every voxel size."""
    subject = random_subject(seed)
    placed = placed_spine(subject)
    levels = [level for level in subject.levels if field[0].order < level.order < field[1].order]
    chosen = levels[int(rng.integers(len(levels)))]
    losses = {level: Collapse() for level in levels}
    displacement = None
    if breaks:
        losses[chosen] = Collapse(*(float(x) for x in rng.choice([0.0, 0.15, 0.3, 0.5, 0.7], 3)))
    else:
        front, right, kyphosis, scoliosis = rng.uniform(-1, 1, 4) * [7, 5, 14, 12]
        displacement = Displacement(chosen, front, right, kyphosis, scoliosis)
    anatomy = parametric_anatomy(seed, spacing_mm=FINE_MM, field=field, displacement=displacement)
    if breaks:
        anatomy = collapsed(anatomy, placed[chosen], losses[chosen])
    elif displacement is not None:
        placed = displaced(placed, displacement)
    lesion, sides = lesions_in(anatomy, placed, levels, rng)
    truth = {level: truth_of(level, placed, losses[level], anatomy, lesion, sides) for level in levels}
    if breaks:  # the plane of a collapsed endplate is not among the parameters
        for row in truth.values():
            row.pop("angle"), row.pop("slip")
    anatomy, lesion = round_the_spine(anatomy, lesion)
    rows = []
    for voxel in VOXELS_MM:
        found = measured(anatomy, lesion, scanner_grid(anatomy, voxel, rng), levels)
        rows += [
            compared(found[level], truth[level]) | {"seed": seed, "voxel_mm": voxel, "level": str(level)}
            for level in levels
        ]
    return rows


def round_the_spine(anatomy: LabelledAnatomy, lesion: np.ndarray) -> tuple[LabelledAnatomy, np.ndarray]:
    """Anatomy and lesions without what lies more than `MARGIN_MM` from every vertebra, of which nothing is measured."""
    index = np.argwhere(anatomy.vertebra > 0)
    margin = int(np.ceil(MARGIN_MM / FINE_MM))
    start = np.maximum(index.min(axis=0) - margin, 0)
    part = tuple(slice(int(a), int(b)) for a, b in zip(start, index.max(axis=0) + margin + 1, strict=True))
    affine = anatomy.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ start
    arrays = {name: getattr(anatomy, name)[part] for name in ("tissue", "vertebra", "subregion")}
    return replace(anatomy, affine=affine, **arrays), lesion[part]


def lesions_in(
    anatomy: LabelledAnatomy, placed: Mapping[Level, PlacedVertebra], levels: Iterable[Level], rng: np.random.Generator
) -> tuple[np.ndarray, dict[Level, str]]:
    """A ball in each body and one in the posterior elements of one side, and which side that is."""
    lesion, sides = np.zeros(anatomy.vertebra.shape, np.uint8), {}
    for level in levels:
        own = anatomy.vertebra == level.verse_id
        body = np.argwhere(own & (anatomy.subregion == Subregion.BODY))
        ball(lesion, body, body[rng.integers(len(body))], rng.uniform(5, 12))
        arch = np.argwhere(own & (anatomy.subregion != Subregion.BODY))
        right_mm = placed[level].local(arch @ anatomy.affine[:3, :3].T + anatomy.affine[:3, 3])[:, 0]
        sides[level] = str(rng.choice(["left", "right"]))
        aside = arch[np.abs(right_mm - (12 if sides[level] == "right" else -12)) < 3]
        ball(lesion, arch, aside[rng.integers(len(aside))], 5.0)
    return lesion, sides


def ball(lesion: np.ndarray, voxels: np.ndarray, centre: np.ndarray, radius_mm: float) -> None:
    """Mark those of the voxels (N, 3) that lie in a ball."""
    inside = np.linalg.norm(voxels - centre, axis=1) < radius_mm / FINE_MM
    lesion[tuple(voxels[inside].T)] = LesionLabel.LYTIC


def truth_of(
    level: Level,
    placed: Mapping[Level, PlacedVertebra],
    loss: Collapse,
    anatomy: LabelledAnatomy,
    lesion: np.ndarray,
    sides: Mapping[Level, str],
) -> Row:
    """What should be measured at one level."""
    body = (anatomy.vertebra == level.verse_id) & (anatomy.subregion == Subregion.BODY)
    return {
        "region": level.region.value,
        "loss": [getattr(loss, name) for name in ("anterior", "middle", "posterior")],
        "fraction": float((lesion[body] > 0).mean()),
        "side": sides[level],
        "angle": cobb_of_deg(placed, level),
        "slip": corner_slip_mm(placed, level),
    }


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


Found = tuple[VertebraFindings | None, tuple[Lesion, ...]]


def measured(anatomy: LabelledAnatomy, lesion: np.ndarray, grid: Grid, levels: Iterable[Level]) -> dict[Level, Found]:
    """Findings and lesions of every level on one grid."""
    masks = render_masks(anatomy, grid)
    spots = resample(Volume(lesion, anatomy.affine), grid, order=0, antialias=False).astype(np.uint8)
    found = assess_vertebrae(spine_from_mask(masks.vertebrae), masks.vertebrae, masks.subregions)
    regions = vertebra_regions(masks.vertebrae, masks.subregions)
    lesions = lesions_by_level(Volume(spots, grid.affine), masks.vertebrae, regions.labels)
    by_level = {one.level: one for one in found.vertebrae}
    return {level: (by_level.get(level), lesions.get(level, ())) for level in levels}


def compared(found: Found, truth: Row) -> Row:
    """Errors of one vertebra, and whether each interval holds the truth; what was not assessed is left out."""
    findings, lesions = found
    row: Row = {"region": truth["region"], "errors": [], "assessed": findings is not None}
    if findings is not None and isinstance(findings.height_loss, dict):
        for name, loss in zip(("anterior", "middle", "posterior"), truth["loss"], strict=True):
            _compare(row, "loss", findings.height_loss[name], loss)
    if findings is not None and isinstance(findings.alignment, dict) and "angle" in truth:
        for kind, names in (
            ("angle", ("kyphosis_deg", "scoliosis_deg")),
            ("slip", ("slip_below_mm", "side_slip_below_mm")),
        ):
            for name, value in zip(names, truth[kind], strict=True):
                _compare(row, kind, findings.alignment[name], value)
    shares = [one.body_fraction for one in lesions if isinstance(one.body_fraction, Measured)]
    if shares:
        value, low, high = (sum(getattr(share, name) for share in shares) for name in ("value", "low", "high"))
        _compare(row, "fraction", Measured(value, "1", low, high, "sum"), truth["fraction"])
    row["swapped"] = _is_swapped(lesions, truth["side"])
    return row


def _compare(row: Row, kind: str, finding: Finding, truth: float) -> None:
    if isinstance(finding, Measured):
        held = bool(finding.low - 1e-6 <= truth <= finding.high + 1e-6)
        row["errors"].append((kind, abs(finding.value - truth), held, (finding.low - truth, finding.high - truth)))


def _is_swapped(lesions: Iterable[Lesion], side: str) -> bool:
    """Whether the lesions take more of the posterior elements of the other side."""
    taken = {"left": 0.0, "right": 0.0}
    for lesion in lesions:
        for name, share in lesion.regions.items():
            for known in taken:
                if known in name and "costovertebral" not in name and isinstance(share, Measured):
                    taken[known] += share.value
    return taken[{"left": "right", "right": "left"}[side]] > taken[side]


def summary(rows: list[Row], region: str, voxel_mm: float) -> Row:
    """Means over the vertebrae of one region at one voxel size."""
    own = [row for row in rows if row["region"] == region and row["voxel_mm"] == voxel_mm]
    line: Row = {"voxel, mm": voxel_mm, "region": Region(region).name.lower(), "vertebrae": len(own)}
    for kind in KINDS:
        errors = [error for row in own for name, error, *_ in row["errors"] if name == kind]
        held = [inside for row in own for name, _, inside, _ in row["errors"] if name == kind]
        line[f"{kind} error"] = float(np.mean(errors)) if errors else float("nan")
        line[f"{kind} 95 %"] = float(np.quantile(errors, 0.95)) if errors else float("nan")
        line[f"{kind} held"] = float(np.mean(held)) if held else float("nan")
    line["sides swapped"] = sum(row["swapped"] for row in own)
    return line
