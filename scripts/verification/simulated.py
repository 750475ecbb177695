"""Patients of the test seeds, the held-out label maps, and crops that do not tell the level."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from spinemets.anatomy import Level
from spinemets.datasets.label_maps import load_anatomy
from spinemets.datasets.splits import SEEDS
from spinemets.errors import NoSpineFoundError
from spinemets.geometry import Grid
from spinemets.inference.segment import SpineModels, segment_spine
from spinemets.measure.vertebra_agreement import compare_vertebrae
from spinemets.simulate.ct import render_ct
from spinemets.simulate.masks import render_masks
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.tissues import LabelledAnatomy
from verification.real import data_root

HELD_OUT_MAPS = ("verse0007_vert", "gl017_vert")
SPACING_MM = 1.2
"""Of the anatomy that is drawn; the scanner's pixels and slices come from the seed."""
CROPS = ((Level.L1, Level.L3), (Level.T6, Level.T8), (Level.L2, Level.L4), (Level.T4, Level.T7))
"""Fields of view with neither sacrum nor the last rib nor the skull in them."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Dice and levels over whole patients, held-out maps, and the share of crops called ambiguous."""
    models = SpineModels.load()
    seeds = list(SEEDS["test"])[: options.cases]
    rows = {}
    for number, seed in enumerate(seeds):
        field = "whole" if number % 2 == 0 else "random"
        name = f"seed {seed} {field}"
        rows[name] = told(name, compare(parametric_anatomy(seed, spacing_mm=SPACING_MM, field=field), seed, models))
    for name in HELD_OUT_MAPS:
        anatomy = load_anatomy(data_root() / "anatomy", name, spacing_mm=SPACING_MM)
        rows[name] = told(name, compare(anatomy, 200_000, models))
    crops = []
    for number in range(options.cases):
        seed = SEEDS["test"][1000 + number]
        anatomy = parametric_anatomy(seed, spacing_mm=SPACING_MM, field=CROPS[number % len(CROPS)])
        crops.append(told(f"crop of seed {seed}", compare(anatomy, seed, models)))
    flagged = float(np.mean([row.get("ambiguous", True) for row in crops]))
    print(f"crops called ambiguous: {flagged:.2f} of {len(crops)}")
    return {"cases": rows, "crops": crops, "crops_ambiguous": flagged, "summary": summary(rows)}


def told(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row, printed."""
    numbers = (f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items())
    print(f"{name:24} " + "  ".join(numbers), flush=True)
    return row


def compare(anatomy: LabelledAnatomy, seed: int, models: SpineModels) -> dict[str, Any]:
    """Agreement of one simulated CT with its truth."""
    image = render_ct(anatomy, seed)
    truth = render_masks(anatomy, Grid.of(image)).vertebrae
    try:
        found = segment_spine(image, models)
    except NoSpineFoundError as error:
        return {"foreground_dice": 0.0, "dice": 0.0, "levels_right": 0, "levels": 0, "error": str(error)}
    without_sacrum = [
        mask.with_array(np.where(mask.array == 26, 0, mask.array).astype(np.uint8)) for mask in (truth, found.vertebrae)
    ]
    case = compare_vertebrae(anatomy.name, *without_sacrum)
    whole = [row for row in case.vertebrae if row.reference_ml > 2.0]
    right = sum(row.matched_level is row.level for row in whole)
    return {
        "foreground_dice": case.foreground_dice,
        "dice": case.metrics.get("dice", 0.0),
        "instance_dice": case.metrics.get("instance_dice", 0.0),
        "levels_right": right,
        "levels": len(whole),
        "ambiguous": found.spine.level_ambiguous,
        "found": " ".join(str(v.level) for v in found.spine.vertebrae),
    }


def summary(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Means over cases, and the share of all vertebrae with the right name."""
    values = list(rows.values())
    result = {
        "foreground_dice": float(np.mean([row["foreground_dice"] for row in values])),
        "dice": float(np.mean([row["dice"] for row in values])),
        "levels_right": sum(row["levels_right"] for row in values) / max(sum(row["levels"] for row in values), 1),
    }
    print("mean  " + "  ".join(f"{key} {value:.3f}" for key, value in result.items()))
    return result
