"""ESCC grades in words, and the limits that stand for them."""

import pytest

from spinemets.formats.escc_words import MEANING, grade_meaning, limits_in_words, shares_of_grades
from spinemets.rules.escc_slice import Grade


def test_every_grade_has_its_words():
    assert set(MEANING) == set(Grade)
    assert len(set(MEANING.values())) == len(Grade)


def test_what_is_no_grade_has_none():
    with pytest.raises(ValueError, match="'4' is not a valid Grade"):
        grade_meaning("4")


def test_shares_are_told_from_the_largest_on_and_none_as_nothing():
    assert shares_of_grades({"1a": 0.004, "1b": 0.25, "1c": 0.746}) == "1c 75 %, 1b 25 %, 1a under 1 %"


def test_limits_are_those_of_the_rule():
    """Typed a second time from clinical.md §2.3."""
    words = ("from 1 mm or a loss of 10 %", "at most 0.5 mm", "a pixel more", "displacement of 1 mm", "a pool of 3 mm²")
    for told in words:
        assert told in limits_in_words()
