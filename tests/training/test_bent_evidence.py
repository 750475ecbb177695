"""Evidence whose line is bent at the mean of an input."""

import dataclasses

import numpy as np
import pytest

from spinemets.training.additive import AdditiveModel
from spinemets.training.fracture_choice import _in_units_of
from spinemets.training.fracture_fits import fit_logistic


@pytest.mark.parametrize("bent", [True, False])
def test_a_bent_line_learns_that_much_of_a_sign_tells_more_than_its_absence(bent):
    rng = np.random.default_rng(0)
    depth = rng.normal(0, 1, 4000)
    truth = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * depth + 2.0 * np.maximum(depth, 0))))
    model = fit_logistic(depth[:, None], truth, ["wall_depth"], 1e-4, rng, bent, copies=1)
    below, middle, above = model.evidence(model.centre + np.array([[-1.0], [0.0], [1.0]]))
    assert middle == pytest.approx(0, abs=1e-9)
    assert above > -1.5 * below if bent else above == pytest.approx(-below)
    assert below < 0 < above


def test_weights_in_the_units_of_another_model_tell_the_same():
    def drawn(centre, scale, seed):
        weights = np.random.default_rng(seed).normal(0, 1, 6)
        nothing = np.zeros(2)
        return AdditiveModel(("wall_depth", "jigsaw"), centre, scale, weights, weights[None], nothing)

    one, other = (
        drawn(np.array([2.0, 0.5]), np.array([1.0, 0.5]), 0),
        drawn(np.array([2.4, 0.5]), np.array([2.0, 0.4]), 1),
    )
    turned = dataclasses.replace(one, weights=_in_units_of(one, other))
    below = np.array([[1.5, np.nan], [0.2, 0.3], [np.nan, 0.6], [2.0, 0.5]])  # below both middles, or of equal middles
    assert turned.evidence(below) == pytest.approx(other.evidence(below))
    above = np.array([[3.0, np.nan], [4.0, np.nan]])
    assert np.diff(turned.evidence(above)) == pytest.approx(np.diff(other.evidence(above)))
