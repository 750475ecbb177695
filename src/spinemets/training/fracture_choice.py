"""Which additive model tells the cause of a fracture best on cases that it did not learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from spinemets.errors import SpinemetsError
from spinemets.fracture_features import MEASURES, SIGNS
from spinemets.training.additive import AdditiveModel, Array, logistic
from spinemets.training.fracture_cases import (
    FOLDS,
    LEAST_ASSESSED,
    NO_INPUTS,
    Cases,
    folds,
    parts,
    require_enough,
    usable_inputs,
)
from spinemets.training.fracture_figures import figures
from spinemets.training.fracture_fits import fit_logistic, fit_weights_of_evidence

CT7 = ("other_osteoporotic_fractures", "lesions_elsewhere")
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
RESAMPLED = 40
"""Fits to resampled studies, for the interval (ours)."""
FACTOR_RANGE = (0.5, 1.5)
"""All evidence is multiplied by a number in this range so that probabilities fit unseen cases (ours)."""
NESTED = "chosen and calibrated inside each fold"
BOOSTING = "gradient boosting"
CHOSEN = "chosen"
"""Rows of the comparison beside those of the ways."""
Fit = Callable[[Array, NDArray[np.bool_], Sequence[str]], AdditiveModel]


@dataclass(frozen=True, eq=False)
class Choice:
    """The way to fit that lost least in folds of some cases.

    Attributes
    ----------
    name : str
        Of the way.
    fit : Fit
        What fits.
    inputs : tuple of str
        Columns that it is given.
    factor : float
        By what its evidence is multiplied.
    evidence : mapping of str to (N,) ndarray
        Of every way, for each case by what the other folds taught; not multiplied.
    """

    name: str
    fit: Fit
    inputs: tuple[str, ...]
    factor: float
    evidence: dict[str, Array]

    def model_of(self, cases: Cases) -> AdditiveModel | None:
        """The calibrated model that the way learns from cases."""
        model = fitted(cases, self.fit, self.inputs)
        return None if model is None else model.scaled(self.factor)


def candidates(cases: Cases, seed: int) -> dict[str, tuple[Fit, tuple[str, ...]]]:
    """Ways to fit, each with its inputs; none if no column is usable."""
    signs = usable_inputs(cases, [column.name for column in SIGNS if column.name not in NO_INPUTS])
    measures = usable_inputs(cases, [column.name for column in MEASURES if column.name not in NO_INPUTS])
    elsewhere = tuple(name for name in signs if name in CT7)
    found: dict[str, tuple[Fit, tuple[str, ...]]] = {"weights of evidence, signs": (fit_weights_of_evidence, signs)}
    sets = {"signs": signs, "measurements": (*measures, *elsewhere), "signs and measurements": (*signs, *measures)}
    for (what, names), strength, bent in product(sets.items(), STRENGTHS, (False, True)):
        form = "bent logistic" if bent else "logistic"
        found[f"{form}, {what}, penalty {strength:g}"] = (_logistic(strength, seed, bent), names)
    return {name: way for name, way in found.items() if way[1]}


def _logistic(strength: float, seed: int, bent: bool) -> Fit:
    def fit(cells: Array, truth: NDArray[np.bool_], names: Sequence[str]) -> AdditiveModel:
        return fit_logistic(cells, truth, names, strength, np.random.default_rng(seed), bent)

    return fit


def choose(cases: Cases, seed: int) -> Choice | None:
    """The way that loses least in folds of the cases; None if no column is usable."""
    ways, place = candidates(cases, seed), folds(cases, seed)
    evidence = {name: _unseen_evidence(cases, place, fit, names) for name, (fit, names) in ways.items()}
    if not evidence:
        return None
    prior = prior_log_odds(cases.truth)
    losses = {name: figures(cases.truth, logistic(own + prior))["log_loss"] for name, own in evidence.items()}
    name = min(losses, key=lambda way: losses[way])
    return Choice(name, *ways[name], calibrating_factor(cases.truth, evidence[name]), evidence)


def best_model(cases: Cases, seed: int) -> tuple[AdditiveModel, dict[str, dict[str, Any]]]:
    """The additive model of the way that loses least on cases it did not learn from, and the figures of all ways.

    The model is chosen, calibrated and learnt from all cases. Its figures are those of `NESTED`: each fold is told by
    a model that was chosen, calibrated and learnt without it. The row of the chosen way itself is optimistic, since
    the folds that it is measured on chose it.

    Raises
    ------
    SpinemetsError
        If there are too few cases.
    """
    require_enough(cases)
    choice = choose(cases, seed)
    if choice is None:
        raise SpinemetsError(
            f"no column was assessed in {LEAST_ASSESSED} studies of either cause: nothing to learn from"
        )
    truth, place, prior = cases.truth, folds(cases, seed), prior_log_odds(cases.truth)
    table: dict[str, dict[str, Any]] = {
        name: figures(truth, logistic(own + prior)) for name, own in choice.evidence.items()
    }
    nested = logistic(unseen_by_choice(cases, place, seed) + prior)
    table[NESTED] = figures(truth, nested, cases.studies)
    table[BOOSTING] = figures(truth, _unseen_boosted(cases, place, seed), cases.studies)
    table[CHOSEN] = {"name": choice.name, "factor": choice.factor, "inputs": list(choice.inputs)}
    model = choice.fit(cases.cells(choice.inputs), truth, choice.inputs)
    return with_uncertainty(model, choice.fit, cases, seed).scaled(choice.factor), table


def fitted(cases: Cases, fit: Fit, names: Sequence[str]) -> AdditiveModel | None:
    """A model of those inputs that vary and were assessed in either class; None if there are none."""
    own = usable_inputs(cases, names, least=1)
    return fit(cases.cells(own), cases.truth, own) if own else None


def _evidence(model: AdditiveModel | None, asked: Cases) -> Array:
    return np.zeros(len(asked.rows)) if model is None else model.evidence(asked.cells(model.names))


def _unseen_evidence(cases: Cases, place: NDArray[np.int64], fit: Fit, names: Sequence[str]) -> Array:
    evidence = np.zeros(len(cases.rows))
    for number in range(FOLDS):
        taught, asked = parts(cases, place, number)
        evidence[place == number] = _evidence(fitted(taught, fit, names), asked)
    return evidence


def unseen_by_choice(cases: Cases, place: NDArray[np.int64], seed: int) -> Array:
    """(N,) evidence by models in whose choice, calibration and learning the fold of the case had no part."""
    evidence = np.zeros(len(cases.rows))
    for number in range(FOLDS):
        taught, asked = parts(cases, place, number)
        choice = choose(taught, seed)
        evidence[place == number] = _evidence(None if choice is None else choice.model_of(taught), asked)
    return evidence


def _unseen_boosted(cases: Cases, place: NDArray[np.int64], seed: int) -> Array:
    probability = np.zeros(len(cases.rows))
    for number in range(FOLDS):
        probability[place == number] = boosted_probability(*parts(cases, place, number), seed)
    return probability


def with_uncertainty(model: AdditiveModel, fit: Fit, train: Cases, seed: int) -> AdditiveModel:
    """The model with weights of resampled studies, and how much each contribution varies.

    Raises
    ------
    SpinemetsError
        If fewer than half of the resamples can teach every input.
    """
    rng = np.random.default_rng([seed, 1])
    weights = []
    for _ in range(RESAMPLED):
        again = train.resampled(rng)
        if set(usable_inputs(again, model.names, least=1)) == set(model.names):
            other = fit(again.cells(model.names), again.truth, model.names)
            weights.append(_in_units_of(model, other))
    cells = train.cells(model.names)
    seen = ~np.isnan(cells)
    shares = model.contributions(cells)
    variance = np.array([shares[seen[:, j], j].var() for j in range(len(model.names))])
    if len(weights) < RESAMPLED / 2:
        raise SpinemetsError(
            f"only {len(weights)} of {RESAMPLED} resamples had enough of every input, which makes the interval too "
            "narrow; give more fractures, or fewer columns"
        )
    return replace(model, resampled=np.array(weights), missing_variance=variance)


def _in_units_of(model: AdditiveModel, other: AdditiveModel) -> Array:
    """Weights of another model as they would stand with this one's middles and spreads.

    Exact but between the two middles, and above them where the line of an input is bent: there by what the bend adds
    over the distance of the middles.
    """
    _, slopes, bends = other.weights.reshape(3, -1)
    stretch, shift = model.scale / other.scale, (model.centre - other.centre) / other.scale
    offset = other.weights[: len(model.names)] + slopes * shift + bends * np.maximum(shift, 0.0)
    return np.concatenate([offset, slopes * stretch, bends * stretch])


def prior_log_odds(truth: NDArray[np.bool_]) -> float:
    """Of a metastatic fracture among the cases: what evidence, which is of no prior, is added to."""
    return float(np.log(truth.sum() / (~truth).sum()))


def calibrating_factor(truth: NDArray[np.bool_], evidence: Array) -> float:
    """By what to multiply evidence so that probabilities at the prior of the cases fit the truth best."""
    prior, side = prior_log_odds(truth), np.where(truth, 1.0, -1.0)

    def loss(factor: float) -> float:
        return float(np.logaddexp(0.0, -side * (factor * evidence + prior)).mean())

    return float(minimize_scalar(loss, bounds=FACTOR_RANGE, method="bounded").x)


def boosted_probability(train: Cases, asked: Cases, seed: int) -> Array:
    """(N,) probability by gradient boosting on signs and measurements; the prior where no column is usable."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    names = usable_inputs(train, [column.name for column in (*SIGNS, *MEASURES) if column.name not in NO_INPUTS])
    if not names:
        return np.full(len(asked.rows), float(train.truth.mean()))
    trees = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, max_depth=3, min_samples_leaf=8, random_state=seed
    )
    trees.fit(train.cells(names), train.truth)
    return np.asarray(trees.predict_proba(asked.cells(names))[:, 1], dtype=np.float64)
