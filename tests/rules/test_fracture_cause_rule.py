"""Verdicts at their limits."""

import pytest

from spinemets.rules.fracture_cause import verdict


@pytest.mark.parametrize(
    ("p", "low", "high", "lesion", "answer"),
    [
        (0.80, 0.51, 0.99, True, "metastatic"),
        (0.79, 0.60, 0.90, True, "indeterminate"),
        (0.95, 0.50, 0.99, None, "indeterminate"),
        (0.20, 0.01, 0.49, None, "osteoporotic"),
        (0.20, 0.01, 0.49, False, "osteoporotic"),
        (0.20, 0.01, 0.49, True, "both"),
        (0.10, 0.01, 0.50, False, "indeterminate"),
        (0.21, 0.10, 0.30, False, "indeterminate"),
    ],
)
def test_a_verdict_needs_the_probability_and_its_interval(p, low, high, lesion, answer):
    assert verdict(p, low, high, has_lesion=lesion).value == answer


@pytest.mark.parametrize("numbers", [(0.5, 0.6, 0.7), (0.5, 0.1, 0.4), (1.2, 0.5, 1.3)])
def test_a_probability_outside_its_interval_is_refused(numbers):
    with pytest.raises(ValueError, match=f"got {numbers[0]}"):
        verdict(*numbers, has_lesion=None)
