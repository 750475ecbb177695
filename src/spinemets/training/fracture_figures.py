"""How well the cause of fractures is told: area under the curve with its interval, calibration, losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.training.additive import Array

BINS = 10
"""Of equal width, for the calibration error."""
RESAMPLES = 1000
DRAWS = 200
"""Of truths, for the calibration error that chance makes."""
INTERVAL = ("auc_low", "auc_high")


def auc(truth: NDArray[np.bool_], score: Array) -> float:
    """Share of pairs of a metastatic and an osteoporotic case that the score puts in order, ties counting half."""
    first, second = score[truth], score[~truth]
    if not len(first) or not len(second):
        return float("nan")
    above = (first[:, None] > second).mean() + 0.5 * (first[:, None] == second).mean()
    return float(above)


def auc_interval(
    truth: NDArray[np.bool_], score: Array, groups: Sequence[str], seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % interval of the area: percentiles over resampled studies."""
    rng = np.random.default_rng(seed)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(member == number) for number in range(len(names))]
    areas = []
    for _ in range(resamples):
        pick = np.concatenate([rows[number] for number in rng.integers(len(names), size=len(names))])
        areas.append(auc(truth[pick], score[pick]))
    low, high = np.nanpercentile(areas, [2.5, 97.5])
    return float(low), float(high)


def calibration_error(truth: NDArray[np.bool_], probability: Array) -> float:
    """Expected calibration error: mean distance of stated and seen frequency over bins, by their cases."""
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    total = 0.0
    for number in range(BINS):
        own = place == number
        if own.any():
            total += own.mean() * abs(float(probability[own].mean()) - float(truth[own].mean()))
    return float(total)


def usual_calibration_error(probability: Array, seed: int = 0, draws: int = DRAWS) -> float:
    """Mean calibration error that so many cases would show by chance if every probability were right."""
    rng = np.random.default_rng(seed)
    return float(
        np.mean([calibration_error(rng.random(len(probability)) < probability, probability) for _ in range(draws)])
    )


def figures(truth: NDArray[np.bool_], probability: Array, groups: Sequence[str] | None = None) -> dict[str, Any]:
    """All figures of one classifier on one set of cases; the interval of the area needs the study of each."""
    likely = np.clip(np.where(truth, probability, 1 - probability), 1e-9, 1.0)
    interval = {} if groups is None else dict(zip(INTERVAL, auc_interval(truth, probability, groups), strict=True))
    studies = {} if groups is None else {"studies": len(set(groups))}
    return {
        "cases": len(truth),
        "metastatic": int(truth.sum()),
        **studies,
        "auc": auc(truth, probability),
        **interval,
        "log_loss": float(-np.log(likely).mean()),
        "brier": float(((probability - truth) ** 2).mean()),
        "calibration_error": calibration_error(truth, probability),
        "calibration_error_by_chance": usual_calibration_error(probability),
    }
