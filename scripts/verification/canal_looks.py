"""The canal network on axial T2 as other scanners make them: what falls, and whether the answer says so.

Every test patient is scanned in each look with all else as it was. A look that is graded wrongly says so where the true
grade stays possible; one that is not assessable says so too. All numbers of a look are ours.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spinemets.datasets.splits import SEEDS
from spinemets.inference.canal import CanalModel
from spinemets.simulate.axial_plan import ALL_GRADES
from spinemets.simulate.axial_scan import AxialScan, random_scan
from spinemets.simulate.axial_t2 import axial_cases
from verification.canal import CODE, agreement, dice_table, one_case, shipped
from verification.case_rows import kept_in, rows_of

FIRST = 7000
"""Number of the first test seed that is used here."""
LOOKS: dict[str, Callable[[AxialScan], AxialScan]] = {
    "as drawn": lambda scan: scan,
    "noise x 3": lambda scan: replace(scan, noise=3 * scan.noise),
    "echo time x 0.6": lambda scan: replace(scan, echo=0.6),
    "echo time x 1.4": lambda scan: replace(scan, echo=1.4),
    "gaps of 40 %": lambda scan: replace(scan, gap=0.4),
    "tilt of 15°": lambda scan: replace(scan, tilt_deg=(15.0, 0.0)),
    "slices of 5 mm": lambda scan: replace(scan, slice_mm=5.0),
    "half the resolution": lambda scan: replace(scan, pixel_mm=2 * scan.pixel_mm),
    "begins beside the tumour": lambda scan: replace(scan, below_mm=14.0),
}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Agreement, Dice and what was said, for each look."""
    if CanalModel.load() is None:
        print("models/canal is not there: nothing to measure")
        return {"not_assessable": "no_model"}
    folder = kept_in(options.out, "canal_looks", CODE, shipped().card.sha256)
    rows = rows_of(range(options.cases), looks_of, folder, options.jobs)
    result = {look: summary([row[look] for row in rows]) for look in LOOKS}
    for look, figures in result.items():
        print(look, figures)
    return {"rows": rows, "looks": result}


def looks_of(number: int) -> dict[str, Any]:
    """The row of a test patient in each look; grades take turns."""
    seed, grade = SEEDS["test"][FIRST + number], ALL_GRADES[number % len(ALL_GRADES)]
    scans = [look(random_scan(seed)) for look in LOOKS.values()]
    cases = axial_cases(seed, grade, scans)
    return {look: one_case(case, shipped()) for look, case in zip(LOOKS, cases, strict=True)}


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Agreement over all patients with a true grade, and how many of the others were told to be unsure."""
    told = [row for row in rows if row["truth"] is not None]
    graded = [row for row in told if row["grade"] is not None]
    unsure = [row["truth"] in row["possible"] for row in graded if row["grade"] != row["truth"]]
    reasons = sorted({row["reason"].split(":")[0] for row in told if row["grade"] is None and row["reason"]})
    figures = agreement(rows).get("all", {})
    return {
        "patients": len(told),
        "graded": len(graded),
        "exact": figures.get("exact"),
        "kappa": figures.get("kappa"),
        "wrong, the true grade stays possible": f"{sum(unsure)} of {len(unsure)}",
        "grade 2 or 3 called lower": figures.get("grade 2 or 3 called lower"),
        "not graded for": reasons,
        "dice": {name: round(value, 3) for name, value in dice_table(rows).items() if np.isfinite(value)},
    }
