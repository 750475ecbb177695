"""Cause of simulated fractures of the test seeds under the masks that our networks draw, beside the true masks.

Everything as `spinemets assess` does it on the CT alone: outlines, levels and lesions by networks. The fractured
vertebra is the one drawn over most of the true one's place, whatever it is called. One that is missed, or whose
outline shows no fracture, has no cause; how many is said, and of how many the outline shows one but leaves it open.
The masks are compared on the fractures of which both tell a probability.
"""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from spinemets.anatomy import LEVEL_OF_VERSE_ID
from spinemets.datasets.fracture_measurements import FIRST_SEED, cause_of_seed, measured_fractures
from spinemets.errors import StudyError
from spinemets.formats.fracture_table import FractureRow, row_of, without_lesion_mask
from spinemets.fracture_features import is_fractured
from spinemets.inference.fracture import FractureModel
from spinemets.inference.models import Models
from spinemets.pipeline import examine
from spinemets.simulate.fracture_case import FractureCase, fracture_case
from spinemets.training.fracture_data import simulated_rows
from spinemets.training.fracture_figures import figures
from spinemets.volume import Series, Study, Volume
from verification.case_rows import Row, kept_in, rows_of
from verification.fracture import print_figures, probability, required_model, show

CODE = ("spinemets.pipeline", "spinemets.simulate.fracture_case", "spinemets.datasets.fracture_measurements")
LEAST_OVERLAP = 0.2
"""A vertebra is found where one mask covers at least so much of it (ours)."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Area under the curve, calibration and loss under either masks, and how many fractures either finds."""
    model, used = required_model(), networks()
    models = (used.spine.locator_card, used.spine.spine_card, *(one.card for one in [used.lesion] if one is not None))
    if used.lesion is None:
        print("this version ships no lesion network: outlines alone")
    seeds = [FIRST_SEED["test"] + number for number in range(options.cases)]
    folder = kept_in(options.out, "fracture_networks", CODE, *(card.sha256 for card in models))
    rows = rows_of(seeds, network_row, folder, options.jobs)
    kept = measured_fractures(Path(options.cache) / "fractures", "test", options.cases, show)
    true = {row.study: row for row in simulated_rows(kept)}
    drawn = [row_of(f"simulated-{one['seed']}", one["vertebra"], one["cause"]) for one in rows if one["told"]]
    both = [row for row in drawn if row.study in true]
    table = {
        "true masks": _figures(model, [true[row.study] for row in both]),
        "networks' masks": _figures(model, both),
        "true outlines, lesions not looked for": _figures(
            model, [without_lesion_mask(true[row.study]) for row in both]
        ),
        "networks' outlines, lesions not looked for": _figures(model, [without_lesion_mask(row) for row in both]),
    }
    counts = {"simulated": len(rows), "true masks": len(true), "networks": len(drawn), "both": len(both)}
    counts["networks, surely"] = sum(row["fractured"] for row in rows)
    print("\nfractures " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    print_figures(table)
    return {"figures": table, "fractures": counts, "rows": rows}


@cache
def networks() -> Models:
    """The shipped networks, opened once in each process."""
    return Models()


def network_row(seed: int) -> Row:
    """One fracture as the report has it: whether its vertebra and its fracture were found, and what is said of it."""
    case = fracture_case(seed, cause_of_seed(seed))
    row: Row = {"seed": seed, "cause": case.truth.cause, "level": str(case.truth.level)}
    row |= {"fractured": False, "told": False}
    try:
        found = examine(Study((Series("ct", case.ct, name="ct"),), ()), models=networks())
    except StudyError as error:
        return row | {"refused": str(error)}
    level = drawn_as(case, found.results[0].vertebrae)
    for vertebra in found.report.to_json_dict()["vertebrae"]:
        if vertebra["level"] == level:
            told = "value" in vertebra["fracture"].get("p_metastatic", {})
            return row | {"fractured": bool(is_fractured(vertebra)), "told": told, "vertebra": vertebra}
    return row


def drawn_as(case: FractureCase, vertebrae: Volume) -> str | None:
    """The level under which most of the fractured vertebra was drawn; None where none covers `LEAST_OVERLAP` of it."""
    own = vertebrae.array[case.vertebrae.array == case.truth.level.verse_id]
    counts = np.bincount(own)
    counts[0] = 0
    number = int(counts.argmax())
    return str(LEVEL_OF_VERSE_ID[number]) if counts[number] >= LEAST_OVERLAP * len(own) else None


def _figures(model: FractureModel, rows: list[FractureRow]) -> dict[str, Any]:
    return figures(np.array([row.is_metastatic for row in rows]), probability(model, rows), [row.study for row in rows])
