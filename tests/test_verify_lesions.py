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


def test_subtraction_marks_what_changes_where_it_meets_a_lesion_and_by_its_sign(verify):
    """A lesion of 9 mm that is darker throughout, and another change as large that is not joined to it."""
    truth, elsewhere = mask(SHOWN), (slice(24, 30), slice(2, 8), slice(2, 8))
    bone = mask((slice(0, 36), slice(0, 12), slice(0, 12)))
    healthy = truth.with_array(np.full(truth.shape, 150.0, np.float32))
    image = healthy.array.copy()
    image[SHOWN], image[elsewhere] = 30.0, 30.0
    found = verify.by_subtraction(truth, healthy.with_array(image), healthy, bone)
    assert set(np.unique(found.array)) == {0, LesionLabel.LYTIC}
    assert not found.array[elsewhere].any()
    overlap = 2 * ((found.array > 0) & (truth.array > 0)).sum() / ((found.array > 0).sum() + (truth.array > 0).sum())
    assert overlap > 0.75  # the edge of a change by 120 lies where a third of it is left, outside the mask
    brighter = verify.by_subtraction(truth, healthy.with_array(300.0 - image), healthy, bone)
    assert set(np.unique(brighter.array)) == {0, LesionLabel.BLASTIC}
