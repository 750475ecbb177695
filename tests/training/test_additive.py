"""An additive model worked out by hand."""

import numpy as np
import pytest

from spinemets.training.additive import AdditiveModel, left_open

MODEL = AdditiveModel(
    names=("jigsaw", "wall_depth"),
    centre=np.array([0.5, 2.0]),
    scale=np.array([0.5, 2.0]),
    weights=np.array([0.1, -0.2, -1.0, 0.8, 0.0, 0.5]),
    resampled=np.array([[0.1, -0.2, -1.5, 0.8, 0.0, 0.5], [0.1, -0.2, -0.5, 0.8, 0.0, 0.5]]),
    missing_variance=np.array([1.0, 0.64]),
)
CELLS = np.array([[1.0, 4.0], [np.nan, 100.0], [np.nan, np.nan], [np.nan, 0.0]])


def test_contributions_are_those_worked_out_by_hand():
    assert MODEL.contributions(CELLS) == pytest.approx(
        # the wall tells 0.8 a spread below its mean, and 0.8 + 0.5 above it
        np.array([[0.1 - 1.0, -0.2 + 1.3], [0.0, -0.2 + 3 * 1.3], [0, 0], [0.0, -0.2 - 0.8]])
    )


def test_with_nothing_assessed_the_prior_stands():
    assert MODEL.probability(CELLS, prior=0.3)[2] == pytest.approx(0.3)


def test_the_probability_is_that_of_the_sum():
    log_odds = np.log(0.3 / 0.7) + (0.1 - 1.0) + (-0.2 + 1.3)
    assert MODEL.probability(CELLS, prior=0.3)[0] == pytest.approx(1 / (1 + np.exp(-log_odds)))


def test_the_spread_holds_weights_and_what_was_not_seen():
    # first row: evidence of -2.. and -1.. times z = 1, so 0.5 apart from their mean; third row: only what is missing
    assert MODEL.spread(CELLS) == pytest.approx([0.5, 1.0, np.sqrt(1.64), 1.0])


def test_scaling_multiplies_all_evidence():
    half = MODEL.scaled(0.5)
    assert half.evidence(CELLS) == pytest.approx(0.5 * MODEL.evidence(CELLS))
    assert half.spread(CELLS) == pytest.approx(0.5 * MODEL.spread(CELLS))


@pytest.mark.parametrize(
    ("assessed", "open_inputs"),
    [
        ({"jigsaw"}, {"vacuum_cleft", "wall_depth", "lesions_elsewhere"}),  # a CT: nothing of MR
        ({"fluid_sign"}, {"adc_label", "wall_depth", "lesions_elsewhere"}),  # an MR: nothing of CT
        ({"jigsaw", "fluid_sign"}, {"vacuum_cleft", "adc_label", "wall_depth", "lesions_elsewhere"}),
        ({"wall_depth"}, {"jigsaw", "vacuum_cleft", "fluid_sign", "adc_label", "lesions_elsewhere"}),  # either
        ({"lesions_elsewhere", "adc_label"}, {"fluid_sign", "wall_depth"}),  # CT7 is told on MR as well
    ],
)
def test_what_another_scan_would_tell_is_not_left_open(assessed, open_inputs):
    names = ("jigsaw", "vacuum_cleft", "fluid_sign", "adc_label", "wall_depth", "lesions_elsewhere")
    seen = np.array([[name in assessed for name in names]])
    found = left_open(seen, names)[0]
    assert {name for name, share in zip(names, found, strict=True) if share == 1} == open_inputs
    assert set(found) <= {0.0, 1.0}
