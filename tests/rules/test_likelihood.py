"""Chances by an interval, against the normal distribution of SciPy."""

import pytest
from scipy.stats import norm

from spinemets.findings import Measured
from spinemets.rules.likelihood import chance_over


def measured(value, low, high):
    return Measured(value, "mm", low, high, "test")


@pytest.mark.parametrize("limit", [-3.0, 0.5, 2.0, 2.9, 3.5, 9.0])
def test_half_the_interval_is_a_normal_error_of_ninety_percent(limit):
    error = 1.2 / norm.ppf(0.95)
    assert chance_over(measured(2.0, 0.8, 3.2), limit) == pytest.approx(norm.sf(limit, 2.0, error), abs=1e-4)


def test_each_end_of_an_interval_speaks_for_its_own_side():
    skew = measured(0.3, 0.1, 0.7)
    assert chance_over(skew, 0.7) == pytest.approx(0.05, abs=1e-4)
    assert chance_over(skew, 0.1) == pytest.approx(0.95, abs=1e-4)
    assert chance_over(skew, 0.3) == pytest.approx(0.5)


@pytest.mark.parametrize(("value", "expected"), [(1.0, 0.0), (2.0, 0.0), (2.1, 1.0)])
def test_a_number_without_error_is_over_its_limit_or_not(value, expected):
    assert chance_over(measured(value, value, value), 2.0) == expected


@pytest.mark.parametrize("value", [-3.0, 0.0, 1.5, 4.0])
def test_either_way_counts_both_tails(value):
    error = 2.0 / norm.ppf(0.95)
    expected = norm.sf(2.5, value, error) + norm.cdf(-2.5, value, error)
    found = chance_over(measured(value, value - 2.0, value + 2.0), 2.5, either_way=True)
    assert found == pytest.approx(expected, abs=1e-4)
