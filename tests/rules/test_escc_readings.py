"""A site read several times."""

import pytest

from spinemets.rules.escc_readings import BY_NETWORK, SUSPECTED, UNREADABLE, with_readings


def answer(grade, shares=None, status="graded", **more):
    known = {"grade": grade, "status": status, "distribution": shares or {grade: 1.0}, "possible_grades": [grade]}
    return {**known, "flags": [], "reason": None, "high_grade_2_3": None, "high_grade_from_1c": None, **more}


ABSENT = answer(None, {}, status="not_assessable", reason="no tumour", possible_grades=[])


def test_readings_that_agree_leave_one_grade():
    found = with_readings(answer("2"), [answer("2")] * 5)
    assert found["distribution"] == {"2": 1.0}
    assert found["possible_grades"] == ["2"]
    assert found["high_grade_2_3"] is True
    assert found["flags"] == [BY_NETWORK]


def test_readings_that_differ_make_every_grade_of_theirs_possible_in_its_share():
    found = with_readings(answer("1c", {"1c": 0.8, "1b": 0.2}), [answer("1c"), answer("2"), answer("2")])
    assert found["grade"] == "1c"
    assert found["distribution"] == {"1b": pytest.approx(0.05), "1c": pytest.approx(0.45), "2": pytest.approx(0.5)}
    assert found["possible_grades"] == ["1b", "1c", "2"]
    assert found["high_grade_2_3"] is None
    assert found["high_grade_from_1c"] is None


def test_a_reading_whose_masks_are_of_no_use_is_told():
    assert UNREADABLE in with_readings(answer("2"), [answer("2"), None])["flags"]


def test_tumour_that_some_readings_show_is_told_though_the_mean_shows_none():
    found = with_readings(ABSENT, [ABSENT, answer("1b"), answer("2"), None])
    assert found["grade"] is None
    assert SUSPECTED in found["flags"]
    assert found["reason"] == "no tumour; 2 of 4 readings of the image show tumour, up to grade 2"


def test_without_tumour_in_any_reading_the_reason_stays():
    found = with_readings(ABSENT, [ABSENT, answer("0")])
    assert (found["reason"], found["flags"]) == ("no tumour", [BY_NETWORK])


def test_tumour_in_a_reading_of_a_site_without_is_told():
    found = with_readings(answer("0"), [answer("0"), answer("2")])
    assert SUSPECTED in found["flags"]
    assert found["possible_grades"] == ["0", "1a", "1b", "1c", "2"]
    assert SUSPECTED not in with_readings(answer("0"), [answer("0")] * 5)["flags"]


def test_a_cord_in_some_readings_is_told_though_the_mean_shows_roots():
    below = answer(None, {}, status="not_applicable_below_conus", reason="no cord", possible_grades=[])
    doubtful = answer(None, {}, status="not_assessable", possible_grades=["1c", "2", "3"])
    found = with_readings(below, [below, answer("1c"), doubtful])
    assert SUSPECTED in found["flags"]
    assert found["reason"] == "no cord; 2 of 3 readings of the image show tumour, up to grade 3"
    assert with_readings(below, [below])["reason"] == "no cord"
