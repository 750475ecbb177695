"""Winking owl, ivory vertebra, risk of fracture, plain film and what the review states: numbers typed a second time."""

import pytest

from spinemets.findings import Measured, NotApplicable, NotAssessed
from spinemets.rules.flare import denser, possible_flare
from spinemets.rules.fracture_risk import high_fracture_risk, visible_on_film
from spinemets.rules.ivory import ivory, suggests_paget
from spinemets.rules.treatment import statements
from spinemets.rules.winking_owl import winking_owl

UNSEEN = NotAssessed("no_reference", "x")


def number(value, unit="1", error=0.0):
    return Measured(value, unit, value - error, value + error, "typed")


@pytest.mark.parametrize(("ratio", "expected"), [(0.49, "present"), (0.5, "absent"), (1.0, "absent")])
def test_a_pedicle_winks_below_half_of_the_other_shadow(ratio, expected):
    assert winking_owl(number(ratio)).value == expected


@pytest.mark.parametrize(
    ("dense", "change", "disc", "expected"),
    [
        (0.80, 0.05, 0.80, "present"),
        (0.79, 0.05, 0.80, "absent"),
        (0.90, 0.10, 0.80, "absent"),
        (0.90, -0.10, 0.80, "absent"),
        (0.90, -0.09, 0.80, "present"),
        (0.90, 0.05, 0.79, "absent"),
    ],
)
def test_an_ivory_vertebra_is_dense_of_its_size_and_between_tall_discs(dense, change, disc, expected):
    assert ivory(number(dense), [number(change), number(0.0)], [number(disc), number(1.0)]).value == expected


def test_a_size_that_may_be_unchanged_is_open_and_one_that_grew_is_paget():
    assert ivory(number(0.9), [number(0.05, error=0.1)], [number(1.0)]).value == "at_threshold"
    assert ivory(number(0.9), [number(0.0, error=0.02)], [number(1.0)]).value == "present"
    assert ivory(number(0.9), [UNSEEN], [number(1.0)]) is UNSEEN
    assert suggests_paget(number(0.9), [number(0.15)])
    assert not suggests_paget(number(0.9), [number(0.05)])
    assert not suggests_paget(number(0.5), [number(0.15)])


@pytest.mark.parametrize(("missing", "expected"), [(0.5, "present"), (0.49, "absent")])
def test_the_risk_is_high_from_half_of_the_cortex_on(missing, expected):
    assert high_fracture_risk(number(missing)).value == expected


@pytest.mark.parametrize(
    ("diameter", "deficit", "expected"),
    [(10.1, 0.5, "present"), (10.0, 0.9, "absent"), (30.0, 0.49, "absent")],
)
def test_a_film_shows_more_than_a_centimetre_with_half_of_the_trabeculae_lost(diameter, deficit, expected):
    assert visible_on_film(number(diameter, "mm"), number(deficit)).value == expected


def lines(categories, grades):
    return [statement.lines for statement in statements(categories, grades)]


@pytest.mark.parametrize(
    ("categories", "grades", "expected"),
    [
        (None, None, []),
        (["stable"], None, []),
        (["stable", "unstable"], ["1b"], []),
        (["unstable"], None, ["461-464", "462-464, 575-578", "445-448"]),
        (["potentially_unstable"], ["1c"], ["462-464, 575-578", "445-448"]),
        (["stable"], ["1b", "1c"], ["492-498"]),
        (["stable"], ["1c", "2"], []),
        (None, ["2", "3"], ["492-498"]),
        (None, ["0"], ["650-655"]),
        (["stable"], ["0"], ["492-498", "650-655"]),
    ],
)
def test_a_statement_stands_only_where_all_it_rests_on_is_known(categories, grades, expected):
    assert lines(categories, grades) == expected


def test_statements_are_the_reviews_and_name_what_they_miss():
    found = statements(["unstable"], ["3"])
    assert all(statement.text.startswith("the review states") for statement in found)
    assert found[-1].not_known == ("whether the tumour is very radiosensitive", "whether the patient tolerates surgery")


def test_cementoplasty_is_named_only_without_epidural_tumour_and_misses_the_pain():
    (only,) = statements(None, ["0"])
    assert "cementoplasty" in only.text
    assert "without epidural extension" in only.text
    assert only.not_known == ("pain",)
    for grades in (None, ["1a"], ["0", "1a"], ["3"]):
        assert not any("cementoplasty" in one.text for one in statements(["stable"], grades))


# clinical.md §1.7, X13, typed a second time: a rim or a new sclerotic lesion at least 100 HU denser, with a response.
NOTHING_NEW = NotApplicable("no_new_sclerotic_lesion")


@pytest.mark.parametrize(
    ("rise", "error", "expected"),
    [(100.0, 0.0, "present"), (99.0, 0.0, "absent"), (95.0, 10.0, "at_threshold"), (-150.0, 0.0, "absent")],
)
def test_bone_is_denser_from_100_hu_on_and_open_where_its_interval_holds_them(rise, error, expected):
    assert denser(number(rise, "[hnsf'U]", error)).value == expected
    assert possible_flare(number(rise, "[hnsf'U]", error), NOTHING_NEW, "yes").value == expected
    assert possible_flare(number(0.0, "[hnsf'U]"), number(rise, "[hnsf'U]", error), "yes").value == expected
    assert possible_flare(number(rise, "[hnsf'U]", error), NOTHING_NEW, "no").value == "absent"
    assert possible_flare(number(rise, "[hnsf'U]", error), NOTHING_NEW, "unknown").code.value == "not_stated"


def test_two_dates_that_were_not_compared_show_no_flare_and_no_absence_of_one():
    assert denser(UNSEEN) is UNSEEN
    assert possible_flare(UNSEEN, UNSEEN, "yes") is UNSEEN
