"""Limits typed a second time from clinical.md §1.5 and §1.6."""

import numpy as np
import pytest

from spinemets.anatomy import Region, Side
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.rules.collapse import collapse_percent, decided_by_value
from spinemets.rules.posterolateral import borderline, involved_items, open_sides
from spinemets.rules.sins_table import Alignment
from spinemets.rules.spinal_alignment import read_alignment

UNKNOWN = NotAssessed(Reason.OUT_OF_FIELD, "cut")
TRANSLATION_MM = {"C": 3.5, "T": 2.5, "L": 4.5}
ANGLE_DEG = {"C": 11.0, "T": 5.0, "L": 5.0}


def known(value, error=0.0, unit="mm"):
    return Measured(value, unit, value - error, value + error, "typed")


def reading(region, slips=(0.0,), angles=(0.0,), scoliosis=0.0, error=0.0):
    def wrap(value):
        return value if isinstance(value, NotAssessed) else known(value, error)

    return read_alignment(Region(region), map(wrap, slips), map(wrap, angles), [wrap(scoliosis)])


@pytest.mark.parametrize(("region", "limit"), TRANSLATION_MM.items())
@pytest.mark.parametrize("sense", [1, -1])
def test_a_slip_is_a_subluxation_above_the_limit_of_its_region_and_not_at_it(region, limit, sense):
    assert reading(region, [sense * (limit + 0.1)]).case_word == "subluxation"
    assert reading(region, [sense * limit]).case_word == "normal"


@pytest.mark.parametrize(("region", "limit"), ANGLE_DEG.items())
def test_an_angle_over_the_limit_is_a_deformity_of_unknown_age(region, limit):
    assert reading(region, angles=[limit + 0.1]).case_word == "deformity_age_unknown"
    assert reading(region, angles=[limit]).case_word == "normal"


@pytest.mark.parametrize("region", "CTL")
def test_a_bend_to_the_back_is_no_deformity_and_one_to_either_side_is(region):
    """Fisher 2010: kyphosis or scoliosis."""
    assert reading(region, angles=[-40.0]).case_word == "normal"
    assert reading(region, angles=[-3.0], error=30.0, slips=()).case_word == "deformity_age_unknown"
    for side in (-1, 1):
        assert reading(region, scoliosis=side * 40.0).case_word == "deformity_age_unknown"


def test_a_scoliosis_over_ten_degrees_is_one_too():
    assert reading("L", scoliosis=10.1).case_word == "deformity_age_unknown"
    assert reading("L", scoliosis=10.0).case_word == "normal"


def test_a_slip_that_may_be_over_leaves_everything_open_and_says_so():
    found = reading("T", [2.4], error=0.3)
    assert found.case_word == "not_assessable"
    assert "slip_at_threshold" in found.flags


def test_what_was_not_measured_is_open():
    assert reading("T", [UNKNOWN]).case_word == "not_assessable"
    assert reading("T", angles=[UNKNOWN]).case_word == "deformity_age_unknown"
    assert reading("T", [5.0, UNKNOWN]).possible == {Alignment.SUBLUXATION}


@pytest.mark.parametrize(("region", "limit", "end"), [("C", 11.0, 22.0), ("T", 5.0, 15.0), ("L", 5.0, 15.0)])
def test_a_bend_of_at_most_its_limit_is_none_while_its_interval_ends_below_another(region, limit, end):
    """The value decides, as for a loss of height; what the interval crosses is said."""
    near = reading(region, angles=[4.0], error=end - 4.01, slips=())
    assert near.case_word == "normal"
    assert near.flags == ("supine", "angle_at_threshold")
    far = reading(region, angles=[4.0], error=end - 4.0, slips=())
    assert far.case_word == "deformity_age_unknown"
    assert reading(region, angles=[4.0], error=limit - 4.0, slips=()).flags == ("supine",)


def test_a_scoliosis_of_at_most_ten_degrees_is_none_until_its_interval_reaches_twenty():
    assert reading("T", slips=(), angles=(), scoliosis=9.0, error=10.9).case_word == "normal"
    assert reading("T", slips=(), angles=(), scoliosis=9.0, error=11.0).case_word == "deformity_age_unknown"


@pytest.mark.parametrize(("region", "limit"), TRANSLATION_MM.items())
@pytest.mark.parametrize("value", np.linspace(0.0, 1.6, 9))
def test_a_slip_whose_interval_holds_more_than_its_limit_is_never_normal(region, limit, value):
    """Four points are not lost to an error, however small the value."""
    for error in np.linspace(0.0, 2.0, 9) * limit:
        possible = reading(region, [value * limit], error=float(error), angles=(), scoliosis=0.0).possible
        assert (possible == {Alignment.NORMAL}) <= (value * limit + error <= limit)


@pytest.mark.parametrize("region", "CTL")
@pytest.mark.parametrize("what", ["slips", "angles", "scoliosis"])
@pytest.mark.parametrize("error", [0.0, 0.7, 3.0, 7.0])
def test_a_worse_slip_or_bend_never_lowers_the_worst_that_alignment_may_be(region, what, error):
    worst = []
    for value in np.linspace(0.0, 30.0, 61):
        given = float(value) if what == "scoliosis" else [float(value)]
        possible = reading(region, **{"slips": [], "angles": [], what: given}, error=error).possible
        worst.append(max(possible or set(Alignment)))
    assert worst == sorted(worst)


def test_an_angle_at_its_limit_is_flagged_and_every_reading_says_supine():
    assert "angle_at_threshold" in reading("C", angles=[11.0], error=1.0).flags
    assert "supine" in reading("C").flags


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (Measured(0.05, "1", 0.0, 0.12, "x"), (0.0, 0.0)),
        (Measured(0.05, "1", 0.0, 0.25, "x"), (0.0, 25.0)),
        (Measured(0.15, "1", 0.08, 0.22, "x"), (0.0, 22.0)),
        (Measured(0.20, "1", 0.12, 0.28, "x"), (12.0, 28.0)),
        (Measured(0.22, "1", 0.05, 0.39, "x"), (10.0, 39.0)),
        (Measured(0.60, "1", 0.55, 0.66, "x"), (55.0, 66.0)),
    ],
)
def test_a_loss_below_a_tenth_is_none_and_from_a_fifth_a_collapse(loss, expected):
    assert collapse_percent(loss) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("loss", "by_interval", "expected"),
    [
        (Measured(0.05, "1", 0.0, 0.09, "x"), False, False),
        (Measured(0.05, "1", 0.0, 0.12, "x"), False, True),
        (Measured(0.05, "1", 0.0, 0.25, "x"), False, False),
        (Measured(0.15, "1", 0.08, 0.22, "x"), False, False),
        (Measured(0.22, "1", 0.05, 0.39, "x"), False, True),
        (Measured(0.22, "1", 0.05, 0.39, "x"), True, False),
        (Measured(0.22, "1", 0.12, 0.39, "x"), False, False),
        (UNKNOWN, False, False),
    ],
)
def test_it_is_said_where_the_value_of_a_loss_decides_and_not_its_interval(loss, by_interval, expected):
    assert decided_by_value(loss, by_interval=by_interval) is expected


def test_a_loss_that_was_not_measured_is_unknown():
    assert collapse_percent(UNKNOWN) is None


def test_elements_are_involved_from_a_fifth_on_their_own_side():
    regions = {
        "pedicle_left": known(0.2, unit="1"),
        "facet_right": known(0.19, unit="1"),
        "lamina_right": known(0.9, unit="1"),
    }
    sides, other = involved_items([regions])
    assert sides == {Side.LEFT: ["pedicle"], Side.RIGHT: []}
    assert other == ["lamina"]


def test_two_lesions_add_up_and_what_was_too_small_is_left_out():
    shares = [{"pedicle_left": known(0.12, unit="1")}, {"pedicle_left": known(0.1, unit="1"), "facet_left": UNKNOWN}]
    sides, _ = involved_items(shares)
    assert sides[Side.LEFT] == ["pedicle"]


@pytest.mark.parametrize(
    ("ml", "broken", "expected"),
    [((0.2, 0.11), ["pedicle_left"], ["pedicle"]), ((0.2, 0.09), ["pedicle_left"], []), ((0.9, 0.9), [], [])],
)
def test_three_tenths_of_a_millilitre_in_a_broken_element_count_however_small_its_share(ml, broken, expected):
    shares = [{"pedicle_left": known(0.05, unit="1")}] * 2
    sides, _ = involved_items(shares, [{"pedicle_left": one, "pedicle_right": 2.0} for one in ml], broken)
    assert sides == {Side.LEFT: expected, Side.RIGHT: []}


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"pedicle_left": known(0.30, 0.05, unit="1")}, set()),
        ({"pedicle_left": known(0.21, 0.05, unit="1")}, {Side.LEFT}),
        ({"pedicle_left": known(0.19, 0.05, unit="1")}, {Side.LEFT}),
        ({"pedicle_left": known(0.10, 0.05, unit="1")}, set()),
        ({"pedicle_left": known(0.19, 0.05, unit="1"), "facet_left": known(0.9, 0.05, unit="1")}, set()),
        ({"pedicle_left": known(0.9, 0.0, unit="1"), "facet_right": known(0.21, 0.05, unit="1")}, {Side.RIGHT}),
        ({"lamina_left": known(0.2, 0.05, unit="1"), "body": known(0.2, 0.05, unit="1")}, set()),
        ({"pedicle_left": UNKNOWN}, set()),
    ],
)
def test_a_side_is_open_where_an_interval_holds_the_limit_and_nothing_else_decides_it(shares, expected):
    assert open_sides([shares], involved_items([shares])[0]) == expected


def test_intervals_of_two_lesions_add_up_before_a_side_is_called_open():
    halves = [{"pedicle_left": known(0.1, 0.02, unit="1")}] * 2
    assert open_sides(halves, involved_items(halves)[0]) == {Side.LEFT}


def test_a_broken_pedicle_is_decided_by_what_its_share_does_not_reach():
    shares = [{"pedicle_left": known(0.05, 0.02, unit="1")}]
    sides, _ = involved_items(shares, [{"pedicle_left": 0.4}], ["pedicle_left"])
    assert sides[Side.LEFT] == ["pedicle"]
    assert open_sides(shares, sides) == frozenset()


def test_a_share_whose_interval_holds_the_limit_is_borderline():
    assert borderline([{"pedicle_left": known(0.21, 0.05, unit="1"), "body": known(0.9, 0.05, unit="1")}]) == [
        "pedicle_left"
    ]
