"""An additive model worked out by hand."""

import numpy as np
import pytest

from spinemets.training.additive import AdditiveModel

MODEL = AdditiveModel(
    names=("jigsaw", "wall_depth"),
    centre=np.array([0.5, 2.0]),
    scale=np.array([0.5, 2.0]),
    weights=np.array([0.1, -0.2, -1.0, 0.8]),
    resampled=np.array([[0.1, -0.2, -1.5, 0.8], [0.1, -0.2, -0.5, 0.8]]),
    missing_variance=np.array([1.0, 0.64]),
)
CELLS = np.array([[1.0, 4.0], [np.nan, 100.0], [np.nan, np.nan]])


def test_contributions_are_those_worked_out_by_hand():
    assert MODEL.contributions(CELLS) == pytest.approx(
        np.array([[0.1 - 1.0, -0.2 + 0.8], [0.0, -0.2 + 3 * 0.8], [0, 0]])
    )


def test_with_nothing_assessed_the_prior_stands():
    assert MODEL.probability(CELLS, prior=0.3)[2] == pytest.approx(0.3)


def test_the_probability_is_that_of_the_sum():
    log_odds = np.log(0.3 / 0.7) + (0.1 - 1.0) + (-0.2 + 0.8)
    assert MODEL.probability(CELLS, prior=0.3)[0] == pytest.approx(1 / (1 + np.exp(-log_odds)))


def test_the_spread_holds_weights_and_what_was_not_seen():
    # first row: evidence of -2.. and -1.. times z = 1, so 0.5 apart from their mean; third row: only what is missing
    assert MODEL.spread(CELLS) == pytest.approx([0.5, 1.0, np.sqrt(1.64)])


def test_scaling_multiplies_all_evidence():
    half = MODEL.scaled(0.5)
    assert half.evidence(CELLS) == pytest.approx(0.5 * MODEL.evidence(CELLS))
    assert half.spread(CELLS) == pytest.approx(0.5 * MODEL.spread(CELLS))
