"""Present, absent and too close to say."""

import pytest

from spinemets.findings import Measured, NotAssessed
from spinemets.rules.presence import Presence, all_of, any_of, at_least, less_than, more_than, opposite

YES, NO, OPEN = Presence.PRESENT, Presence.ABSENT, Presence.AT_THRESHOLD
UNSEEN = NotAssessed("too_small", "x")


def within(low, value, high):
    return Measured(value, "1", low, high, "typed")


@pytest.mark.parametrize(
    ("low", "value", "high", "least", "more", "less"),
    [
        (0.6, 0.7, 0.8, YES, YES, NO),
        (0.5, 0.5, 0.5, YES, NO, NO),
        (0.2, 0.3, 0.4, NO, NO, YES),
        (0.4, 0.6, 0.7, OPEN, OPEN, OPEN),
        (0.4, 0.45, 0.5, OPEN, NO, OPEN),
        (0.5, 0.6, 0.7, YES, OPEN, NO),
    ],
)
def test_an_interval_on_both_sides_of_a_half_is_at_the_threshold(low, value, high, least, more, less):
    finding = within(low, value, high)
    assert at_least(finding, 0.5) is least
    assert more_than(finding, 0.5) is more
    assert less_than(finding, 0.5) is less


def test_what_was_not_measured_stays_so():
    assert at_least(UNSEEN, 0.5) is UNSEEN
    assert more_than(UNSEEN, 0.5) is UNSEEN
    assert opposite(UNSEEN) is UNSEEN


@pytest.mark.parametrize(
    ("signs", "every", "some"),
    [
        ((YES, YES), YES, YES),
        ((YES, NO), NO, YES),
        ((NO, NO), NO, NO),
        ((YES, OPEN), OPEN, YES),
        ((NO, OPEN), NO, OPEN),
        ((YES, UNSEEN), UNSEEN, YES),
        ((NO, UNSEEN), NO, UNSEEN),
    ],
)
def test_signs_together(signs, every, some):
    assert all_of(*signs) is every
    assert any_of(*signs) is some
