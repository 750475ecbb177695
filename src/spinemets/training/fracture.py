"""`train.py task=fracture`: from fractures to a shipped model of their cause."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from spinemets.formats.atomic import write_text
from spinemets.formats.fracture_table import write_table
from spinemets.training.fracture_choice import best_model
from spinemets.training.fracture_data import FractureData
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
    simulated = data.table is None
    counts = {"fractures": len(set(cases.studies)), "rows": len(cases.rows), "metastatic_rows": int(cases.truth.sum())}
    training = {"command": command, "seed": seed, "cases": data.origin, **(data.counts if simulated else {}), **counts}
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


def summary(table: dict[str, dict[str, Any]]) -> list[str]:
    """Lines of the comparison, the best loss first."""
    rows = sorted((row["log_loss"], name) for name, row in table.items() if "log_loss" in row)
    lines = [f"{'on cases it did not learn from':52}" + "".join(f"{name:>18}" for name in COLUMNS)]
    return lines + [f"{name:52}" + "".join(_cell(table[name].get(key)) for key in COLUMNS) for _, name in rows]


def _cell(value: float | None) -> str:
    return " " * 18 if value is None else f"{value:18.3f}"
