"""Figures against scikit-learn, and against bins counted by hand."""

import numpy as np
import pytest

from spinemets.training.fracture_figures import auc, auc_interval, calibration_error, figures

TRUTH = np.array([True, True, True, False, False, False, True, False])
SCORE = np.array([0.9, 0.8, 0.3, 0.3, 0.2, 0.6, 0.7, 0.1])


def test_the_area_is_that_of_scikit_learn():
    metrics = pytest.importorskip(
        "sklearn.metrics", reason="the figures are compared with scikit-learn, of the extra [train]"
    )
    assert auc(TRUTH, SCORE) == pytest.approx(metrics.roc_auc_score(TRUTH, SCORE))
    assert figures(TRUTH, SCORE, list("abcdefgh"))["log_loss"] == pytest.approx(metrics.log_loss(TRUTH, SCORE))
    assert figures(TRUTH, SCORE, list("abcdefgh"))["brier"] == pytest.approx(metrics.brier_score_loss(TRUTH, SCORE))


def test_the_area_of_one_class_is_unknown():
    assert np.isnan(auc(np.array([True, True]), np.array([0.1, 0.2])))


def test_calibration_error_is_the_mean_gap_over_bins():
    truth = np.array([True, False, True, True])
    probability = np.array([0.55, 0.58, 0.95, 1.0])  # bins: 0.565 stated, 1/2 seen; 0.975 stated, all seen
    assert calibration_error(truth, probability) == pytest.approx(0.5 * 0.065 + 0.5 * 0.025)


def test_the_interval_resamples_studies_and_not_rows():
    rng = np.random.default_rng(0)
    truth = np.arange(60) % 2 == 0
    score = np.where(truth, 0.6, 0.4) + rng.normal(0, 0.2, 60)
    low, high = auc_interval(truth, score, [str(n) for n in range(60)], resamples=400)
    assert low < auc(truth, score) < high
    doubled = auc_interval(np.tile(truth, 4), np.tile(score, 4), [str(n % 60) for n in range(240)], resamples=400)
    assert doubled[1] - doubled[0] == pytest.approx(high - low, abs=0.03)  # the same studies again tell nothing new
