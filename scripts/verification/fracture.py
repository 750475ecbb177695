"""Cause of simulated fractures of the test seeds: the shipped model on what our code measures under the true masks.

Beside it, on the same cases: the ceiling, that is the likelihood ratio of the signs as they were drawn with the very
frequencies that they were drawn from, taken for independent; gradient boosting on simulated fractures of the seeds
that the model learnt from, where it learnt from simulated ones; and the model with every item of Table 1 removed in
turn. All of it is about simulated fractures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.datasets.fracture_measurements import measured_fractures
from spinemets.errors import ModelError
from spinemets.formats.fracture_table import FractureRow, without_lesion_mask
from spinemets.fracture_features import BY_NAME
from spinemets.inference.fracture import FractureModel
from spinemets.rules.fracture_cause import Verdict, verdict
from spinemets.simulate.sign_frequencies import SIGN_FREQUENCIES, FractureClass
from spinemets.training.fracture_cases import Cases
from spinemets.training.fracture_choice import boosted_probability
from spinemets.training.fracture_data import FractureData, simulated_rows
from spinemets.training.fracture_figures import auc, figures

PRIOR = 0.5
"""As many of either class were simulated."""
LEARNT_ELSEWHERE = (
    "this model learnt from a table of one's own, which is not here: gradient boosting beside it is left out, and "
    "the figures are of simulated fractures, which say little of patients like those of the table"
)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Area under the curve with its interval, calibration, verdicts, beside the ceiling and gradient boosting."""
    model = required_model()
    cache = Path(options.cache) / "fractures"
    cases = list(measured_fractures(cache, "test", options.cases, show))
    found = [case for case in cases if case["measured"] is not None]
    rows = simulated_rows(found)
    truth = np.array([row.is_metastatic for row in rows])
    studies = [row.study for row in rows]
    bare = [without_lesion_mask(row) for row in rows]
    table = {
        "ceiling: true signs, true frequencies": figures(truth, _ceiling(found), studies),
        "model, lesion mask": figures(truth, probability(model, rows), studies),
        "model, no lesion mask": figures(truth, probability(model, bare), studies),
    }
    learnt = learnt_from(cache, model)
    if learnt is None:
        print(f"\n{LEARNT_ELSEWHERE}")
    else:
        name = f"gradient boosting, {len(set(learnt.studies))} fractures of the seeds learnt from"
        table[name] = figures(truth, boosted_probability(learnt, Cases(rows), seed=1), studies)
    removed = without_each_item(model, rows, truth)
    verdicts = _verdicts(model, rows, truth)
    _print(table, removed, verdicts, len(cases), len(found))
    return {
        "note": LEARNT_ELSEWHERE if learnt is None else None,
        "simulated": len(cases), "found": len(found), "figures": table, "auc_without": removed, "verdicts": verdicts,
        "training": model.details.get("training"),
    }  # fmt: skip


def required_model() -> FractureModel:
    """The shipped model.

    Raises
    ------
    ModelError
        If there is none.
    """
    model = FractureModel.load()
    if model is None:
        raise ModelError("there is no models/fracture; run 'python train.py task=fracture out=models' first")
    return model


def show(done: int) -> None:
    """Say on one line how many fractures are measured."""
    print(f"\r{done} fractures", end="", flush=True)


def probability(model: FractureModel, rows: Sequence[FractureRow]) -> NDArray[np.float64]:
    """(N,) probability of a metastatic cause, with as many of either before anything is seen."""
    return np.array([model.explain(row.values, PRIOR).p_metastatic for row in rows])


def learnt_from(cache: Path, model: FractureModel) -> Cases | None:
    """Simulated fractures of the seeds that the model learnt from; None if it learnt from a table."""
    training = model.details.get("training", {})
    counts = [training.get(split) for split in ("train", "validation")]
    on_mr = [training.get(split, 0) for split in ("mr_train", "mr_validation")]
    return None if None in counts else FractureData(str(cache), *counts, *on_mr).cases()


def without_each_item(model: FractureModel, rows: Sequence[FractureRow], truth: NDArray[np.bool_]) -> dict[str, float]:
    """Area under the curve with nothing assessed of each item of Table 1 in turn."""
    return {item: auc(truth, probability(model, [_removed(row, item) for row in rows])) for item in _items(model)}


def _ceiling(cases: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    """Probability by the signs as they were drawn, taken for independent as they are but for four pairs."""
    log_odds = np.zeros(len(cases))
    for number, case in enumerate(cases):
        log_odds[number] = sum(log_odds_of(name, present) for name, present in case["signs"].items())
    return 1 / (1 + np.exp(-log_odds))


def log_odds_of(name: str, present: bool) -> float:
    """What the presence or absence of a sign tells, by the table that it was drawn from."""
    ill, brittle = (
        SIGN_FREQUENCIES[name].of(cause) for cause in (FractureClass.METASTATIC, FractureClass.OSTEOPOROTIC)
    )
    return float(np.log(ill / brittle) if present else np.log((1 - ill) / (1 - brittle)))


def _items(model: FractureModel) -> list[str]:
    return sorted({BY_NAME[name].item for name in model.inputs})


def _removed(row: FractureRow, item: str) -> FractureRow:
    """The row as if nothing of an item had been assessed."""
    return replace(row, values={name: None if BY_NAME[name].item == item else v for name, v in row.values.items()})


def _verdicts(model: FractureModel, rows: Sequence[FractureRow], truth: NDArray[np.bool_]) -> dict[str, float]:
    """Share of cases with a verdict, and how many of these are right."""
    answers = [model.explain(row.values, PRIOR) for row in rows]
    said = [verdict(one.p_metastatic, one.low, one.high, has_lesion=None) for one in answers]
    decided = np.array([one is not Verdict.INDETERMINATE for one in said])
    right = np.array([(one is Verdict.METASTATIC) == ill for one, ill in zip(said, truth, strict=True)])
    accuracy = float(right[decided].mean()) if decided.any() else float("nan")
    return {"decided": float(decided.mean()), "right_of_decided": accuracy}


def _print(
    table: dict[str, dict[str, Any]], removed: dict[str, float], verdicts: dict[str, float], made: int, found: int
) -> None:
    print(f"\n{made} simulated, {found} found by their loss of height")
    print_figures(table)
    for item, area in removed.items():
        print(f"without {item:44} AUC {area:.3f}")
    print(f"verdict in {verdicts['decided']:.2f} of cases, right in {verdicts['right_of_decided']:.2f} of these")


def print_figures(table: dict[str, dict[str, Any]]) -> None:
    """One line for each row of figures."""
    for name, row in table.items():
        span = f"{row['auc']:.3f} ({row['auc_low']:.3f} to {row['auc_high']:.3f})"
        error = f"{row['calibration_error']:.3f} (by chance {row['calibration_error_by_chance']:.3f})"
        print(f"{name:52} AUC {span}  calibration error {error}  loss {row['log_loss']:.3f}")
