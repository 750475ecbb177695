"""Compare masks with reference masks: `spinemets evaluate PRED REF`; those of lesions in `spinemets.lesion_evaluation`.

What the numbers mean stands in `spinemets.measure.agreement`,
`spinemets.measure.surface_distance` and, once for the reader, in `DEFINITIONS`, which is
written with the results. A number that is not defined, such as a surface distance of a
missed vertebra, is left out and counted in ``coverage``.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from spinemets.errors import StudyError
from spinemets.label_tables import label_table
from spinemets.lesion_evaluation import evaluate_lesions
from spinemets.mask_pairs import mask_pairs
from spinemets.measure.agreement import DETECTED_IOU, ID_DISTANCE_MM, MATCHED_DICE
from spinemets.measure.vertebra_agreement import CaseAgreement, compare_vertebrae

log = logging.getLogger(__name__)

TASKS = ("vertebrae", "lesions")

DEFINITIONS = {
    "foreground_dice": "Dice of all vertebrae taken as one; 1 where both masks are empty",
    "dice": "Dice by label, mean over the vertebrae of the reference; a missed one counts 0",
    "instance_dice": "Dice after one-to-one matching by overlap whatever the label, mean over the vertebrae of the "
    f"reference; unmatched, or under {MATCHED_DICE}, counts 0",
    "id_rate": "share of reference vertebrae whose predicted centroid is nearest to their own reference centroid and "
    f"at most {ID_DISTANCE_MM:g} mm from it",
    "id_precision": "the same hits as a share of the predicted vertebrae",
    "d_mean_mm": "mean distance of centroids over the vertebrae that carry the same label in both",
    "hd95_mm": "larger of the two directed 95th percentiles of the surface distance by label, mean over the "
    "vertebrae that are in both; coverage says how many are",
    "assd_mm": "average symmetric surface distance by label, over the same vertebrae",
    "instance_hd95_mm": "hd95_mm over matched vertebrae whatever the label",
    "instance_assd_mm": "assd_mm over matched vertebrae whatever the label",
    "level_accuracy": "share of matched vertebrae with the right label",
    "detection_recall": f"share of reference vertebrae matched with an intersection of more than {DETECTED_IOU:g} of "
    "the union",
    "detection_precision": "the same matches as a share of the predicted vertebrae",
    "coverage": "share of reference vertebrae whose label is in the prediction",
}
"""Name of each metric of a case to its definition; the summary is the mean over cases."""

CSV_COLUMNS = (
    "case",
    "level",
    "reference_ml",
    "predicted_ml",
    "dice",
    "hd95_mm",
    "assd_mm",
    "centroid_distance_mm",
    "identified",
    "matched_level",
    "matched_dice",
    "matched_hd95_mm",
    "matched_assd_mm",
    "detected",
)


@dataclass(frozen=True)
class Settings:
    """How masks of vertebrae are read.

    Attributes
    ----------
    prediction_labels, reference_labels : str
        Names of tables in `spinemets.label_tables`.
    partial_reference : bool
        The reference leaves vertebrae beyond its first and last unlabelled (VerSe: those that are
        cut by the end of the scan); what is predicted there, and matches nothing, is ignored.
    """

    prediction_labels: str = "verse"
    reference_labels: str = "verse"
    partial_reference: bool = False


def evaluate(
    prediction: Path,
    reference: Path,
    *,
    task: str = "vertebrae",
    out: Path | None = None,
    settings: Settings = Settings(),
) -> dict[str, Any]:
    """Metrics of masks against reference masks.

    Parameters
    ----------
    prediction, reference : Path
        Two mask files, or two folders whose files carry the same names.
    task : str
        One of `TASKS`.
    out : Path or None
        Folder for ``metrics.json``, ``metrics.csv`` and plots, if any.
    settings : Settings
        How the masks are read.

    Returns
    -------
    dict
        What ``metrics.json`` holds.

    Raises
    ------
    StudyError
        If the task is unknown, a reference has no prediction, there is nothing to compare, or masks do not compare.
    """
    if task not in TASKS:
        raise StudyError(f"no evaluation for task '{task}'; there is one for {', '.join(TASKS)}")
    pairs = mask_pairs(Path(prediction), Path(reference))
    if task == "lesions":
        metrics, texts = evaluate_lesions(pairs)
    else:
        metrics, texts = _evaluate_vertebrae(pairs, settings)
    if out is not None:
        _write(Path(out), metrics, texts)
    return metrics


def _evaluate_vertebrae(
    pairs: Mapping[str, tuple[Path, Path]], settings: Settings
) -> tuple[dict[str, Any], dict[str, str]]:
    """What ``metrics.json`` holds, and every other file by its name."""
    from spinemets.formats.agreement_plots import dice_by_level_svg, level_confusion_svg

    cases = _cases(pairs, settings)
    metrics = _document("vertebrae", settings, cases)
    plots = {"dice_by_level.svg": dice_by_level_svg(cases), "levels.svg": level_confusion_svg(cases)}
    return metrics, {"metrics.csv": _csv(metrics["cases"]), **plots}


def _document(task: str, settings: Settings, cases: Sequence[CaseAgreement]) -> dict[str, Any]:
    return {
        "software": {"name": "spinemets", "version": version("spinemets")},
        "task": task,
        "settings": vars(settings),
        "definitions": DEFINITIONS,
        "summary": summary([case.metrics for case in cases]),
        "cases": [case.to_json_dict() for case in cases],
    }


def _cases(pairs: Mapping[str, tuple[Path, Path]], settings: Settings) -> list[CaseAgreement]:
    for table in (settings.prediction_labels, settings.reference_labels):
        label_table(table)
    cases = [_case(name, *files, settings) for name, files in pairs.items()]
    if not any(case.vertebrae for case in cases):
        raise StudyError("there is no vertebra in any reference, so there is nothing to compare with")
    return cases


def summary(cases: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Mean, median, extremes and number of cases of every metric, over the cases in which it is defined."""
    found = {name: [case[name] for case in cases if name in case] for name in DEFINITIONS}
    return {
        name: {
            "mean": float(np.mean(values)),
            "median": float(np.median(values)),
            "min": min(values),
            "max": max(values),
            "cases": len(values),
        }
        for name, values in found.items()
        if values
    }


def _case(name: str, prediction: Path, reference: Path, settings: Settings) -> CaseAgreement:
    from spinemets.formats.study import read_mask

    masks = []
    for path, table, role in (
        (reference, settings.reference_labels, "reference"),
        (prediction, settings.prediction_labels, "prediction"),
    ):
        mask = read_mask(path)
        masks.append(mask.with_array(label_table(table).to_verse(mask.array, mask_name=f"{role} {path.name}")))
    log.info("comparing %s", name)
    return compare_vertebrae(name, *masks, partial_reference=settings.partial_reference)


def _write(out: Path, metrics: dict[str, Any], texts: Mapping[str, str]) -> None:
    from spinemets.whole_files import write_text

    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(out / name, text)
    write_text(out / "metrics.json", json.dumps(metrics, indent=2, allow_nan=False) + "\n")


def _csv(cases: Sequence[Mapping[str, Any]]) -> str:
    """One row for each vertebra of each reference; what is not defined is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for case in cases:
        writer.writerows({"case": case["name"], **vertebra} for vertebra in case["vertebrae"])
    return text.getvalue()
