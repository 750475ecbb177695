"""The truth about a simulated patient's disease in the shape of a report, and its lesions on the grid of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason, VertebraFindings
from spinemets.geometry import Grid, resample
from spinemets.rules.genant import genant_grade
from spinemets.simulate.disease import Disease, FractureTruth, LesionTruth
from spinemets.simulate.fracture import COLUMN_SHARE
from spinemets.volume import Volume

METHOD = "known from the simulation"
HU_NOT_TOLD = NotAssessed(Reason.NOT_STATED, "the truth is what was simulated; CT numbers are measured on the image")
NO_CLASSIFIER = NotAssessed(Reason.NOT_STATED, "the cause is known from the simulation, no probability is stated")


def render_lesions(disease: Disease, grid: Grid) -> Volume:
    """`LesionLabel` at the points of a grid, each that of the nearest point of the anatomy."""
    source = Volume(disease.lesions, disease.anatomy.affine)
    return Volume(resample(source, grid, order=0, antialias=False).astype(np.uint8), grid.affine)


def vertebra_truth(disease: Disease, levels: Sequence[Level]) -> tuple[VertebraFindings, ...]:
    """What is known of every level of a spine."""
    fractures = {one.level: one for one in disease.fractures}
    findings = []
    for level in levels:
        lesions = tuple(lesion_json(one) for one in disease.lesion_truth if one.level is level)
        broken = fractures.get(level)
        shape = {} if broken is None else _shape(broken, float(np.linalg.norm(disease.anatomy.affine[:3, 0])))
        findings.append(VertebraFindings(level, lesions=lesions, fracture=_fracture(broken, bool(lesions)), **shape))
    return tuple(findings)


def lesion_json(truth: LesionTruth) -> dict[str, Any]:
    """One lesion as the report writes it."""
    return {
        "type": truth.type,
        "volume_ml": Measured(truth.volume_ml, "ml", truth.volume_ml, truth.volume_ml, METHOD),
        "mean_hu": HU_NOT_TOLD,
        "p99_hu": HU_NOT_TOLD,
        "body_fraction": Measured.fraction(truth.body_fraction, 0.0, METHOD),
        "regions": dict(truth.regions),
    }


def _fracture(truth: FractureTruth | None, has_lesion: bool) -> dict[str, Any]:
    cause: Any = NotApplicable("no_fracture") if truth is None else truth.cause
    if truth is not None and truth.cause == "osteoporotic" and has_lesion:
        cause = "both"
    return {
        "present": {"value": truth is not None, "method": METHOD},
        "p_metastatic": NO_CLASSIFIER,
        "prior": NO_CLASSIFIER,
        "verdict": cause,
        "contributions": (),
    }


def _shape(truth: FractureTruth, voxel_mm: float) -> dict[str, Any]:
    """Losses of height with the largest, Genant's grade, the signs and the posterior wall of a collapsed body.

    The largest of the three columns decides, as everywhere; a tilt is not counted. Nothing is said of a wall that
    neither bulges nor is retropulsed.
    """
    depth, half = truth.wall_mm, voxel_mm / 2
    wall = {"posterior_wall": {"depth_mm": Measured(depth, "mm", max(depth - half, 0.0), depth + half, METHOD)}}
    losses = {name: truth.losses[name] for name in COLUMN_SHARE}
    worst = max(losses.values())
    grade = int(genant_grade(worst))
    return {
        "height_loss": {n: Measured.fraction(v, 0.0, METHOD) for n, v in {**losses, "max": worst}.items()},
        "genant": Measured(grade, "1", grade, grade, METHOD),
        "signs": {name: {"value": present, "method": METHOD} for name, present in truth.signs.items()},
        **(wall if depth > 0 else {}),
    }
