"""Compare lesion masks with reference masks: the task ``lesions`` of `spinemets evaluate`."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import StudyError
from spinemets.measure.lesion_agreement import (
    CRITERIA,
    LEAST_IOU,
    LEAST_ML,
    LesionCase,
    LesionMatch,
    cohens_kappa,
    compare_lesions,
)
from spinemets.measure.lesion_pieces import MIXED_FROM, LesionType

log = logging.getLogger(__name__)

TYPES = tuple(LesionType)
SIZES_ML = (LEAST_ML, 1.0, 3.0, np.inf)
"""Edges of the sizes that are told apart (ours)."""
RESAMPLES, SEED = 1000, 0
"""Draws of the bootstrap, and what makes them the same in every run."""
INTERVAL = (2.5, 97.5)
"""Percentiles of the 95 % interval."""

DEFINITIONS = {
    "dice": "Dice of all lesion voxels, mean over the cases with a lesion in the reference",
    "dice_every_case": "the same over every case; 1 where both masks are empty, 0 where only one is",
    "lytic_dice": "Dice of lytic voxels, mean over the cases with lytic voxels in the reference",
    "blastic_dice": "the same of blastic voxels",
    "sensitivity": f"share of the lesions of the reference of at least {LEAST_ML:g} ml that are found; by overlap: a "
    "predicted voxel lies in it; by iou: matched one to one with an intersection of at least "
    f"{LEAST_IOU:g} of the union",
    "false_positives_per_scan": f"predicted lesions of at least {LEAST_ML:g} ml, by case, that overlap no lesion of "
    "the reference, or are matched to none",
    "type_kappa": "Cohen's kappa, unweighted, of lytic, blastic and mixed over the lesions that are overlapped; a "
    f"lesion is mixed where the lesser of both labels takes at least {MIXED_FROM:g} of it",
    "type_counts": "the table behind it: rows the reference, columns the prediction, in the order of types",
    "lesion_dice": "Dice of each lesion of the reference with all predicted lesions that overlap it; missed counts 0",
    "interval": f"{INTERVAL[0]:g}th and {INTERVAL[1]:g}th percentile of {RESAMPLES} bootstrap samples of whole cases",
}
CSV_COLUMNS = (
    "case", "type", "volume_ml", "found_by_overlap", "found_by_iou", "dice", "iou", "predicted_type", "false_ml",
)  # fmt: skip


def evaluate_lesions(pairs: Mapping[str, tuple[Path, Path]]) -> tuple[dict[str, Any], dict[str, str]]:
    """What ``metrics.json`` holds, and every other file by its name.

    Parameters
    ----------
    pairs : mapping of str to (Path, Path)
        Case name to its predicted and reference mask of `LesionLabel`.

    Raises
    ------
    StudyError
        If a mask has another label, or no case has a lesion in either mask.
    """
    cases = [_case(name, *files) for name, files in pairs.items()]
    if not any(case.voxels["lesion"][1] or case.voxels["lesion"][2] for case in cases):
        raise StudyError("there is no lesion in any mask, so there is nothing to compare")
    document = {
        "software": {"name": "spinemets", "version": version("spinemets")},
        "task": "lesions",
        "settings": {"least_ml": LEAST_ML, "least_iou": LEAST_IOU},
        "definitions": DEFINITIONS,
        "summary": lesion_summary(cases),
        "cases": [case.to_json_dict() for case in cases],
    }
    from spinemets.formats.agreement_plots import lesion_dice_svg

    return document, {"metrics.csv": _csv(cases), "lesions.svg": lesion_dice_svg(cases)}


def _case(name: str, prediction: Path, reference: Path) -> LesionCase:
    from spinemets.formats.study import read_mask

    log.info("comparing %s", name)
    try:
        return compare_lesions(name, read_mask(reference), read_mask(prediction))
    except ValueError as error:
        raise StudyError(str(error)) from error


Cases = Sequence[LesionCase]
Figure = Callable[[Cases], float | None]


def lesion_summary(cases: Cases) -> dict[str, Any]:
    """Figures over cases, with intervals by case; what is not defined is left out."""
    lesions = _lesions(cases)
    summary: dict[str, Any] = {"cases": len(cases), "lesions": len(lesions), "types": [one.value for one in TYPES]}
    stated = {name: _with_interval(figure, cases) for name, figure in _FIGURES.items()}
    summary |= {name: figure for name, figure in stated.items() if figure is not None}
    for name, by_criterion in (("sensitivity", _sensitivity), ("false_positives_per_scan", _false_positives)):
        stated = {one: _with_interval(partial(by_criterion, one), cases) for one in CRITERIA}
        summary[name] = {one: figure for one, figure in stated.items() if figure is not None}
    summary["type_counts"] = type_counts(lesions).tolist()
    summary["by_type"] = {one.value: _group([row for row in lesions if row.type is one]) for one in TYPES}
    summary["by_size"] = {
        f"{low:g} ml and more" if high == np.inf else f"{low:g} to {high:g} ml": _group(
            [row for row in lesions if low <= row.volume_ml < high]
        )
        for low, high in pairwise(SIZES_ML)
    }
    return summary


def _lesions(cases: Cases) -> list[LesionMatch]:
    return [lesion for case in cases for lesion in case.lesions]


def _dice(what: str, cases: Cases) -> float | None:
    return _mean([case.dice(what) for case in cases if case.voxels[what][1]])


def _sensitivity(criterion: str, cases: Cases) -> float | None:
    return _mean([_found(lesion, criterion) for lesion in _lesions(cases)])


def _false_positives(criterion: str, cases: Cases) -> float | None:
    return _mean([float(case.false_positives[criterion]) for case in cases])


_FIGURES: dict[str, Figure] = {
    "dice": partial(_dice, "lesion"),
    "dice_every_case": lambda cases: _mean([case.dice() for case in cases]),
    "lytic_dice": partial(_dice, "lytic"),
    "blastic_dice": partial(_dice, "blastic"),
    "type_kappa": lambda cases: cohens_kappa(type_counts(_lesions(cases))),
}


def type_counts(lesions: Sequence[LesionMatch]) -> NDArray[np.int64]:
    """(3, 3) lesions that are overlapped, by type in the reference and in the prediction."""
    counts = np.zeros((len(TYPES), len(TYPES)), np.int64)
    for lesion in lesions:
        if lesion.predicted_type is not None:
            counts[TYPES.index(lesion.type), TYPES.index(lesion.predicted_type)] += 1
    return counts


def _found(lesion: LesionMatch, criterion: str) -> float:
    return float(lesion.found_by_overlap if criterion == "overlap" else lesion.found_by_iou)


def _group(lesions: Sequence[LesionMatch]) -> dict[str, Any]:
    """Number, sensitivity and mean Dice of some lesions."""
    if not lesions:
        return {"lesions": 0}
    return {
        "lesions": len(lesions),
        "sensitivity": {criterion: _mean([_found(one, criterion) for one in lesions]) for criterion in CRITERIA},
        "lesion_dice": _mean([one.dice for one in lesions]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _with_interval(figure: Figure, cases: Cases) -> dict[str, float] | None:
    """A figure and its bootstrap interval; None where it is not defined."""
    value = figure(cases)
    if value is None:
        return None
    rng = np.random.default_rng(SEED)
    drawn = [figure([cases[i] for i in rng.integers(len(cases), size=len(cases))]) for _ in range(RESAMPLES)]
    low, high = np.percentile([one for one in drawn if one is not None], INTERVAL)
    return {"value": value, "low": float(low), "high": float(high)}


def _csv(cases: Sequence[LesionCase]) -> str:
    """One row for each lesion of a reference, then one for each that overlaps none."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for case in cases:
        writer.writerows({"case": case.name, **lesion.to_json_dict()} for lesion in case.lesions)
        writer.writerows({"case": case.name, "false_ml": volume_ml} for volume_ml in case.false_ml)
    return text.getvalue()
