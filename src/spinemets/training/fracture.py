"""`train.py task=fracture`: from fractures to a shipped model of their cause."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from spinemets.formats.atomic import write_text
from spinemets.formats.fracture_table import write_table
from spinemets.training.fracture_choice import Cases, best_model, boosted
from spinemets.training.fracture_data import FractureData
from spinemets.training.fracture_figures import figures
from spinemets.training.fracture_onnx import export_fracture_model

log = logging.getLogger(__name__)

CALIBRATION = {True: "calibrated on simulated cases only", False: "calibrated on the cases of the table"}
"""What the report says of every probability."""
COLUMNS = ("auc", "auc_low", "auc_high", "log_loss", "calibration_error")


def train_fracture(
    data: FractureData, folder: str, out: str, seed: int, version: str, licence: str, command: str
) -> dict[str, Any]:
    """Fit, choose, calibrate, compare, export.

    Parameters
    ----------
    data : FractureData
        The cases.
    folder : str
        For the tables and the comparison.
    out : str
        Folder of models: ``<out>/fracture/`` is written.
    seed : int
        Of masking and resampling.
    version, licence, command : str
        For the card.

    Returns
    -------
    dict
        Figures of every way to fit, on validation cases.

    Raises
    ------
    SpinemetsError
        If there are too few cases.
    """
    run = Path(folder)
    run.mkdir(parents=True, exist_ok=True)
    train, validation = data.cases()
    write_table(run / "train.csv", train.rows)
    write_table(run / "validation.csv", validation.rows)
    model, table = best_model(train, validation, seed)
    table["chosen, calibrated"] = figures(
        validation.truth, model.probability(validation.cells(model.names)), validation.studies
    )
    table["gradient boosting"] = boosted(train, validation, seed)
    simulated = data.table is None
    counts = _counts("", train) | _counts("validation_", validation)
    training = {"command": command, "seed": seed, "cases": data.origin, **counts}
    chosen = table["chosen"]
    description = {
        "version": version,
        "licence": licence,
        "modality": ["CT"],
        "calibration": CALIBRATION[simulated],
        "training": training | {"way": chosen["name"], "factor": round(chosen["factor"], 4)},
    }
    difference = export_fracture_model(model, Path(out), description)
    write_text(run / "comparison.json", json.dumps(table, indent=1) + "\n")
    for line in summary(table):
        log.info(line)
    log.info("%s/fracture written; largest difference from numpy %.2g", out, difference)
    return table


def _counts(prefix: str, cases: Cases) -> dict[str, int]:
    truth = cases.truth
    return {
        f"{prefix}fractures": len(set(cases.studies)),
        f"{prefix}rows": len(truth),
        f"{prefix}metastatic_rows": int(truth.sum()),
    }


def summary(table: dict[str, dict[str, Any]]) -> list[str]:
    """Lines of the comparison, the best loss first."""
    rows = sorted((row["log_loss"], name) for name, row in table.items() if "log_loss" in row)
    lines = [f"{'on validation cases':52}" + "".join(f"{name:>18}" for name in COLUMNS)]
    return lines + [f"{name:52}" + "".join(_cell(table[name].get(key)) for key in COLUMNS) for _, name in rows]


def _cell(value: float | None) -> str:
    return " " * 18 if value is None else f"{value:18.3f}"
