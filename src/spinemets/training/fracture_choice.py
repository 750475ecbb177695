"""Which additive model tells the cause of a fracture best on cases that it did not learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from spinemets.errors import SpinemetsError
from spinemets.formats.fracture_table import FractureRow, values
from spinemets.fracture_features import MEASURES, SIGNS
from spinemets.training.additive import AdditiveModel, Array, logistic
from spinemets.training.fracture_figures import figures
from spinemets.training.fracture_fits import fit_logistic, fit_weights_of_evidence

NO_INPUTS = (
    "trabecular", "trabecular_reference",
    "height_loss_anterior", "height_loss_middle", "height_loss_posterior", "height_loss_max",
    "lesion_body_share", "pedicle_lesion_share",
    "pedicles_spared", "other_fractures", "other_levels_with_lesions",
)  # fmt: skip
"""Columns that are no inputs: how thin the bone and where the height is lost in either class was chosen by us for the
simulation and stands in no table; a lesion mask that is true gives the answer away; the last ones say again what
another column says."""
CT7 = ("other_osteoporotic_fractures", "lesions_elsewhere")
LEAST_ROWS = 10
"""An input was assessed in so many rows of either class (ours)."""
LEAST_CASES = 15
"""Fewer cases of a class teach nothing (ours)."""
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)
RESAMPLED = 40
"""Fits to resampled studies, for the interval (ours)."""
FACTOR_RANGE = (0.5, 1.5)
"""All evidence is multiplied by a number in this range so that probabilities fit unseen cases (ours)."""
FOLDS = 5
Fit = Callable[[Array, NDArray[np.bool_], Sequence[str]], AdditiveModel]


@dataclass(frozen=True, eq=False)
class Cases:
    """Rows with their truth."""

    rows: Sequence[FractureRow]

    @property
    def truth(self) -> NDArray[np.bool_]:
        """(N,) whether metastatic."""
        return np.array([row.is_metastatic for row in self.rows], dtype=bool)

    @property
    def studies(self) -> list[str]:
        """Of each row."""
        return [row.study for row in self.rows]

    def cells(self, names: Sequence[str]) -> Array:
        """(N, F) cells of some columns."""
        return values(self.rows, names)

    def resampled(self, rng: np.random.Generator) -> Cases:
        """As many studies, drawn with replacement."""
        by_study: dict[str, list[FractureRow]] = {}
        for row in self.rows:
            by_study.setdefault(row.study, []).append(row)
        names = list(by_study)
        return Cases([row for n in rng.integers(len(names), size=len(names)) for row in by_study[names[n]]])


def require_enough(cases: Cases) -> None:
    """Raise `SpinemetsError` unless there are `LEAST_CASES` studies of either class."""
    for ill, name in ((True, "metastatic"), (False, "osteoporotic")):
        count = len({row.study for row in cases.rows if row.is_metastatic == ill})
        if count < LEAST_CASES:
            raise SpinemetsError(f"{count} studies with a {name} fracture; at least {LEAST_CASES} are needed to learn")


def usable_inputs(cases: Cases, names: Sequence[str]) -> tuple[str, ...]:
    """Columns that were assessed in enough rows of both classes and that vary."""
    cells, truth = cases.cells(names), cases.truth
    seen = ~np.isnan(cells)
    enough = (seen[truth].sum(axis=0) >= LEAST_ROWS) & (seen[~truth].sum(axis=0) >= LEAST_ROWS)
    lowest, highest = cells.min(axis=0, where=seen, initial=np.inf), cells.max(axis=0, where=seen, initial=-np.inf)
    usable = enough & (highest > lowest)
    return tuple(name for name, use in zip(names, usable, strict=True) if use)


def candidates(cases: Cases, seed: int) -> dict[str, tuple[Fit, tuple[str, ...]]]:
    """Ways to fit, each with its inputs.

    Raises
    ------
    SpinemetsError
        If no column is usable.
    """
    signs = usable_inputs(cases, [column.name for column in SIGNS if column.name not in NO_INPUTS])
    measures = usable_inputs(cases, [column.name for column in MEASURES if column.name not in NO_INPUTS])
    elsewhere = tuple(name for name in signs if name in CT7)
    found: dict[str, tuple[Fit, tuple[str, ...]]] = {"weights of evidence, signs": (fit_weights_of_evidence, signs)}
    sets = {"signs": signs, "measurements": (*measures, *elsewhere), "signs and measurements": (*signs, *measures)}
    for what, names in sets.items():
        for strength in STRENGTHS:
            found[f"logistic, {what}, penalty {strength:g}"] = (_logistic(strength, seed), names)
    found = {name: way for name, way in found.items() if way[1]}
    if not found:
        raise SpinemetsError(f"no column was assessed in {LEAST_ROWS} rows of either cause: nothing to learn from")
    return found


def _logistic(strength: float, seed: int) -> Fit:
    def fit(cells: Array, truth: NDArray[np.bool_], names: Sequence[str]) -> AdditiveModel:
        return fit_logistic(cells, truth, names, strength, np.random.default_rng(seed))

    return fit


def best_model(cases: Cases, seed: int) -> tuple[AdditiveModel, dict[str, dict[str, Any]]]:
    """The additive model of the way that loses least on cases it did not learn from, and the figures of all ways.

    Figures and calibration come from `FOLDS` folds of studies, each told by what the others taught; the model itself
    learns from all.

    Raises
    ------
    SpinemetsError
        If there are too few cases.
    """
    require_enough(cases)
    ways, place = candidates(cases, seed), folds(cases, seed)
    evidence = {name: _unseen_evidence(cases, place, fit, names) for name, (fit, names) in ways.items()}
    table: dict[str, dict[str, Any]] = {name: figures(cases.truth, logistic(own)) for name, own in evidence.items()}
    chosen = min(table, key=lambda name: table[name]["log_loss"])
    fit, names = ways[chosen]
    factor = calibrating_factor(cases.truth, evidence[chosen])
    calibrated = figures(cases.truth, logistic(factor * evidence[chosen]), cases.studies)
    boosted = figures(cases.truth, _unseen_boosted(cases, place, seed), cases.studies)
    table |= {"chosen, calibrated": calibrated, "gradient boosting": boosted}
    model = with_uncertainty(fit(cases.cells(names), cases.truth, names), fit, cases, seed)
    return model.scaled(factor), table | {"chosen": {"name": chosen, "factor": factor, "inputs": list(names)}}


def folds(cases: Cases, seed: int) -> NDArray[np.int64]:
    """(N,) number of the fold of each row; rows of one study share it."""
    studies, member = np.unique(cases.studies, return_inverse=True)
    return np.random.default_rng([seed, 2]).permutation(len(studies))[member] % FOLDS


def _parts(cases: Cases, place: NDArray[np.int64], number: int) -> tuple[Cases, Cases]:
    """Cases outside a fold, and those in it."""
    outside = [row for row, own in zip(cases.rows, place, strict=True) if own != number]
    return Cases(outside), Cases([row for row, own in zip(cases.rows, place, strict=True) if own == number])


def _unseen_evidence(cases: Cases, place: NDArray[np.int64], fit: Fit, names: Sequence[str]) -> Array:
    evidence = np.zeros(len(cases.rows))
    for number in range(FOLDS):
        taught, asked = _parts(cases, place, number)
        evidence[place == number] = fit(taught.cells(names), taught.truth, names).evidence(asked.cells(names))
    return evidence


def _unseen_boosted(cases: Cases, place: NDArray[np.int64], seed: int) -> Array:
    probability = np.zeros(len(cases.rows))
    for number in range(FOLDS):
        probability[place == number] = boosted_probability(*_parts(cases, place, number), seed)
    return probability


def with_uncertainty(model: AdditiveModel, fit: Fit, train: Cases, seed: int) -> AdditiveModel:
    """The model with weights of resampled studies, and how much each contribution varies.

    Raises
    ------
    SpinemetsError
        If fewer than half of the resamples have enough of every input.
    """
    rng = np.random.default_rng([seed, 1])
    weights = []
    for _ in range(RESAMPLED):
        again = train.resampled(rng)
        if set(usable_inputs(again, model.names)) == set(model.names):
            other = fit(again.cells(model.names), again.truth, model.names)
            weights.append(_in_units_of(model, other))
    cells = train.cells(model.names)
    seen = ~np.isnan(cells)
    parts = model.contributions(cells)
    variance = np.array([parts[seen[:, j], j].var() for j in range(len(model.names))])
    if len(weights) < RESAMPLED / 2:
        raise SpinemetsError(
            f"only {len(weights)} of {RESAMPLED} resamples had enough of every input, which makes the interval too "
            "narrow; give more fractures, or fewer columns"
        )
    return replace(model, resampled=np.array(weights), missing_variance=variance)


def _in_units_of(model: AdditiveModel, other: AdditiveModel) -> Array:
    """Weights of another model as they would stand with this one's middles and spreads."""
    count = len(model.names)
    slopes = other.weights[count:] * model.scale / other.scale
    shift = other.weights[count:] * (model.centre - other.centre) / other.scale
    return np.concatenate([other.weights[:count] + shift, slopes])


def calibrating_factor(truth: NDArray[np.bool_], evidence: Array) -> float:
    """By what to multiply evidence so that probabilities fit the truth best."""
    signed = np.where(truth, evidence, -evidence)

    def loss(factor: float) -> float:
        return float(np.logaddexp(0.0, -factor * signed).mean())

    return float(minimize_scalar(loss, bounds=FACTOR_RANGE, method="bounded").x)


def boosted_probability(train: Cases, asked: Cases, seed: int) -> Array:
    """(N,) probability by gradient boosting on signs and measurements."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    names = usable_inputs(train, [column.name for column in (*SIGNS, *MEASURES) if column.name not in NO_INPUTS])
    trees = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, max_depth=3, min_samples_leaf=8, random_state=seed
    )
    trees.fit(train.cells(names), train.truth)
    return np.asarray(trees.predict_proba(asked.cells(names))[:, 1], dtype=np.float64)
