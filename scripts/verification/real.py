"""Real CT that no network has learnt from.

`LEAST_SPACING` of `spinemets.inference.votes` was first set with `abdomen_ct` and `chest_ct` in view. It is set on
simulated validation patients now, but what these images taught of how to separate vertebrae is still in the code.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from spinemets.formats.study import read_mask, read_study
from spinemets.inference.segment import SpineModels, SpineSegmentation, segment_spine
from spinemets.label_tables import label_table
from spinemets.measure.vertebra_agreement import compare_vertebrae
from spinemets.volume import Volume


def data_root() -> Path:
    """$SPINEMETS_DATA, or an exit that says what is missing."""
    root = os.environ.get("SPINEMETS_DATA")
    if not root:
        raise SystemExit("set SPINEMETS_DATA to the folder of real images")
    return Path(root)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Every real CT: agreement where there is a reference, levels everywhere."""
    ct = data_root() / "ct"
    models = SpineModels.load()
    slab = read_mask(ct / "abdomen_dicom_totalseg.nii.gz")
    jobs = {
        "abdomen_ct": (ct / "abdomen_ct.nii.gz", read_mask(ct / "abdomen_vert.nii.gz")),
        "abdomen_dicom": (ct / "abdomen_dicom", slab.with_array(label_table("totalsegmentator").to_verse(slab.array))),
        "l3_crop_ct": (ct / "l3_crop_ct.nii.gz", read_mask(ct / "l3_crop_vert.nii.gz")),
        "lytic_lumbar_ct": (ct / "lytic_lumbar_ct.nii.gz", None),
        "chest_ct": (ct / "chest_ct.nii.gz", None),
    }
    return {name: one(name, path, reference, models) for name, (path, reference) in jobs.items()}


def one(name: str, path: Path, reference: Volume | None, models: SpineModels) -> dict[str, Any]:
    """Segment one CT and say how it went."""
    series = read_study(path).first("ct")
    assert series is not None
    found = segment_spine(series.volume, models)
    result = levels_of(found)
    print(f"\n{name}: {result['levels']}  ambiguous {result['level_ambiguous']}")
    if reference is not None:
        result |= agreement(name, reference, found)
    return result


def levels_of(found: SpineSegmentation) -> dict[str, Any]:
    """Levels, their probabilities, and whether they are ambiguous."""
    vertebrae = found.spine.vertebrae
    return {
        "levels": " ".join(f"{v.level}{'*' if v.partly_visible else ''}" for v in vertebrae),
        "probability": {str(v.level): round(v.probability, 3) for v in vertebrae},
        "volume_ml": {str(v.level): round(v.volume_ml, 1) for v in vertebrae},
        "level_ambiguous": found.spine.level_ambiguous,
        "seconds": {name: round(value, 2) for name, value in found.seconds.items()},
    }


def agreement(name: str, reference: Volume, found: SpineSegmentation) -> dict[str, Any]:
    """Dice of all vertebrae (sacrum apart), by label, and by overlap whatever the label."""
    vertebrae_only = [
        mask.with_array(np.where(mask.array == 26, 0, mask.array).astype(np.uint8))
        for mask in (reference, found.vertebrae)
    ]
    aligned = Volume(vertebrae_only[0].array, found.vertebrae.affine)
    if aligned.shape != found.vertebrae.shape or not np.allclose(reference.affine, found.vertebrae.affine, atol=0.01):
        aligned = _on_grid(vertebrae_only[0], found.vertebrae)
    prediction = Volume(vertebrae_only[1].array, found.vertebrae.affine)
    case = compare_vertebrae(name, aligned, prediction, partial_reference=True)
    metrics = case.metrics
    keys = ("foreground_dice", "dice", "instance_dice", "level_accuracy", "hd95_mm", "detection_precision")
    print("  " + "  ".join(f"{key} {metrics[key]:.3f}" for key in keys if key in metrics))
    print("  " + "  ".join(f"{row.level}>{row.matched_level} {row.matched_dice:.3f}" for row in case.vertebrae))
    return {"agreement": json.loads(json.dumps(case.to_json_dict(), default=str))}


def _on_grid(mask: Volume, grid: Volume) -> Volume:
    """The same voxels in another storage order: labels at the nearest point, checked to lie on the same grid."""
    from spinemets.geometry import Grid, resample

    return grid.with_array(resample(mask, Grid.of(grid), order=0).astype(np.uint8))
