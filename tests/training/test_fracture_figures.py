"""Figures against scikit-learn, and against bins counted by hand."""

import numpy as np
import pytest

from spinemets.training.fracture_figures import auc, auc_interval, calibration_error, figures, usual_calibration_error

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


def test_by_chance_few_cases_show_a_calibration_error_that_many_do_not():
    """In a bin of n cases with probability p the mean gap is that of a binomial: about sqrt(2 p (1 - p) / (pi n))."""
    few, many = (usual_calibration_error(np.full(count, 0.5), draws=2000) for count in (100, 2500))
    assert few == pytest.approx(np.sqrt(2 * 0.25 / (np.pi * 100)), rel=0.05)
    assert few / many == pytest.approx(5.0, rel=0.1)
    assert usual_calibration_error(np.array([0.0, 1.0])) == 0.0
