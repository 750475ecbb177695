"""`train.py task=fracture`: from fractures to a shipped model of their cause."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spinemets.formats.fracture_table import write_table
from spinemets.training.fracture_card import modalities, model_card, told
from spinemets.training.fracture_cases import Cases
from spinemets.training.fracture_choice import CHOSEN, NESTED, best_model
from spinemets.training.fracture_data import FractureData
from spinemets.training.fracture_onnx import export_fracture_model
from spinemets.whole_files import write_text

log = logging.getLogger(__name__)

SIMULATED_LICENCE = "Apache-2.0"
"""Of models that learnt from simulated fractures only; the default of the configuration."""
SIMULATED_ONLY = "calibrated on simulated cases only"
OWNERS_LICENCE = "none stated; it is for the owner of the table to give"
COLUMNS = ("auc", "auc_low", "auc_high", "log_loss", "calibration_error")


def train_fracture(
    data: FractureData, folder: str, out: str, seed: int, version: str, licence: str, command: str
) -> dict[str, Any]:
    """Fit, choose, calibrate, compare, export.

    Parameters
    ----------
    data : FractureData
        The cases.
    folder, out : str
        For the tables and the comparison; and of models: ``<out>/fracture/`` is written, cards included.
    seed : int
        Of masking and resampling.
    version, licence, command : str
        For the cards. `SIMULATED_LICENCE` is no licence of a model that learnt from a table.

    Returns
    -------
    dict
        Figures of every way to fit, on cases it did not learn from.

    Raises
    ------
    SpinemetsError
        If there are too few cases.
    """
    run = Path(folder)
    run.mkdir(parents=True, exist_ok=True)
    cases = data.cases()
    write_table(run / "table.csv", cases.rows)
    model, table = best_model(cases, seed)
    training = {"command": command, "seed": seed, **learnt_from(data, cases, table[CHOSEN])}
    description = {"version": version, **scope(data, licence, model.names, training), "training": training}
    difference = export_fracture_model(model, Path(out), description)
    write_text(Path(out) / "fracture" / "MODEL_CARD.md", model_card(description, model.names, table))
    write_text(run / "comparison.json", json.dumps(table, indent=1) + "\n")
    for line in summary(table):
        log.info(line)
    log.info("%s/fracture written; largest difference from numpy %.2g", out, difference)
    return table


def learnt_from(data: FractureData, cases: Cases, chosen: dict[str, Any]) -> dict[str, Any]:
    """What cards say of the cases, how many studies and rows they are, and of what was chosen by them."""
    return {
        "cases": data.origin,
        **(data.counts | {f"mr_{split}": count for split, count in data.mr_counts.items()} if data.simulated else {}),
        "studies": len(set(cases.studies)),
        "rows": len(cases.rows),
        "metastatic_rows": int(cases.truth.sum()),
        "way": chosen["name"],
        "factor": round(chosen["factor"], 4),
    }


def scope(data: FractureData, licence: str, inputs: Sequence[str], training: dict[str, Any]) -> dict[str, Any]:
    """Licence, modality and calibration: what those may say of a model that learnt from such cases."""
    if data.simulated:
        return {"licence": licence, "modality": modalities(inputs), "calibration": SIMULATED_ONLY}
    return {
        "licence": OWNERS_LICENCE if licence == SIMULATED_LICENCE else licence,
        "modality": modalities(inputs),
        "calibration": f"calibrated on {told(training)}",
    }


def summary(table: dict[str, dict[str, Any]]) -> list[str]:
    """Lines of the comparison, the best loss first, and which of them is optimistic."""
    rows = sorted((row["log_loss"], name) for name, row in table.items() if "log_loss" in row)
    lines = [f"{'on cases it did not learn from':52}" + "".join(f"{name:>18}" for name in COLUMNS)]
    lines += [f"{name:52}" + "".join(_cell(table[name].get(key)) for key in COLUMNS) for _, name in rows]
    chosen = table[CHOSEN]["name"]
    return [*lines, f"'{chosen}', here not calibrated, was chosen by this loss, which is optimistic; '{NESTED}' is not"]


def _cell(value: float | None) -> str:
    return " " * 18 if value is None else f"{value:18.3f}"
