"""`verify.py lesions`: lesions that the image does not show are told apart, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from spinemets.anatomy import LesionLabel
from spinemets.volume import Volume

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
SHOWN, HIDDEN = (slice(2, 8),) * 3, (slice(12, 18), slice(2, 8), slice(2, 8))


@pytest.fixture
def verify(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import lesions

    return lesions


def mask(*places):
    array = np.zeros((40, 20, 20), np.uint8)
    for place in places:
        array[place] = LesionLabel.LYTIC
    return Volume(array, np.diag([1.5, 1.5, 1.5, 1.0]))


def visible():
    return mask(SHOWN).array > 0


def test_a_hidden_lesion_is_missed_among_all_and_not_asked_for_among_the_visible(verify):
    cases = verify.both("one", mask(SHOWN, HIDDEN), visible(), mask(SHOWN))
    assert [one.found_by_overlap for one in cases[verify.ALL].lesions] == [True, False]
    assert [one.found_by_overlap for one in cases[verify.VISIBLE].lesions] == [True]
    assert cases[verify.ALL].dice() == pytest.approx(2 / 3)
    assert cases[verify.VISIBLE].dice() == 1.0
    assert "1 of 2 visible" in verify.told("one", cases)


def test_what_is_found_of_a_hidden_lesion_is_no_false_one_and_what_lies_elsewhere_is(verify):
    elsewhere = (slice(24, 30), slice(2, 8), slice(2, 8))
    cases = verify.both("one", mask(SHOWN, HIDDEN), visible(), mask(HIDDEN, elsewhere))
    for case in cases.values():
        assert case.false_ml == pytest.approx((6**3 * 1.5**3 / 1000,))
    assert not cases[verify.VISIBLE].lesions[0].found_by_overlap


def test_a_piece_over_both_counts_whole_so_that_nothing_too_large_is_forgiven(verify):
    bridge = (slice(2, 18), slice(2, 8), slice(2, 8))
    found = verify.both("one", mask(SHOWN, HIDDEN), visible(), mask(bridge))[verify.VISIBLE]
    assert found.dice() == pytest.approx(2 * 6 / (6 + 16))
