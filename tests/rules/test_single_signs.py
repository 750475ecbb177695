"""Thresholds typed a second time from clinical.md (§1.5, X5, X6, X7) and the papers it names."""

import math

import pytest

from spinemets.errors import SpinemetsError
from spinemets.rules.adc import adc_in_1e3, unit_of_size
from spinemets.rules.dixon import signal_drop
from spinemets.rules.enostosis import enostosis
from spinemets.rules.genant import Deformity, deformity, genant_grade
from spinemets.rules.mscc import mscc
from spinemets.rules.signs import answer_signs


@pytest.mark.parametrize(
    ("percent", "grade"),
    [(0, 0), (19.9, 0), (20, 1), (24.9, 1), (25, 2), (40, 2), (40.1, 3), (100, 3)],
)
def test_genant_grades_and_their_edges(percent, grade):
    assert genant_grade(percent / 100) == grade


def test_an_edge_is_met_by_heights_that_give_it():
    assert genant_grade(1 - 15 / 20) == 2
    assert genant_grade(1 - 12 / 20) == 2


@pytest.mark.parametrize("loss", [-0.1, 1.1, math.nan])
def test_a_loss_that_is_no_fraction_is_refused(loss):
    with pytest.raises(ValueError, match=f"got {loss}"):
        genant_grade(loss)


@pytest.mark.parametrize(
    ("losses", "shape"),
    [
        ((0.3, 0.1, 0.0), "wedge"),
        ((0.1, 0.3, 0.0), "biconcave"),
        ((0.3, 0.3, 0.3), "crush"),
        ((0.3, 0.3, 0.1), "wedge"),
    ],
)
def test_the_column_that_lost_most_names_the_shape(losses, shape):
    assert deformity(dict(zip(("anterior", "middle", "posterior"), losses, strict=True))) is Deformity(shape)


def test_a_shape_needs_three_columns():
    with pytest.raises(ValueError, match="are needed, got anterior"):
        deformity({"anterior": 0.2})


@pytest.mark.parametrize(
    ("mean_hu", "max_hu", "label"),
    [
        (654, 787, "metastasis_favoured"),  # Ulano's metastases
        (1190, 1323, "enostosis_favoured"),  # and his bone islands
        (884.9, 1059.9, "metastasis_favoured"),
        (885.1, 1060.1, "enostosis_favoured"),
        (884, 1100, "discordant"),
        (885, 1200, "at_threshold"),
        (900, 1060, "at_threshold"),
    ],
)
def test_dense_lesions_by_mean_and_maximum(mean_hu, max_hu, label):
    answer = answer_signs({"enostosis": {"mean_hu": mean_hu, "max_hu": max_hu, "treated": False}})["enostosis"]
    assert answer["label"] == label
    assert answer["threshold"] == {"mean_hu": 885, "max_hu": 1060}
    assert "Ulano 2016" in answer["source"]
    assert "Azar 2021" in answer["source"]


def test_treated_lesions_are_not_judged_and_unknown_treatment_leaves_both_open():
    treated = answer_signs({"enostosis": {"mean_hu": 654, "max_hu": 787, "treated": True}})["enostosis"]
    unknown = answer_signs({"enostosis": {"mean_hu": 654, "max_hu": 787}})["enostosis"]
    assert treated["label"] == "not_applicable_treated"
    assert unknown["label"] is None
    assert unknown["possible_labels"] == ["metastasis_favoured", "not_applicable_treated"]


def test_a_maximum_below_the_mean_is_refused():
    with pytest.raises(ValueError, match="maximum 700 HU is below the mean 800"):
        enostosis(800, 700, treated=False)


@pytest.mark.parametrize(
    ("in_phase", "out_phase", "percent", "label"),
    [
        (200, 130, 35.0, "benign_favoured"),
        (200, 160, 20.0, "at_threshold"),
        (200, 161, 19.5, "malignant_favoured"),
        (100, 106, -6.0, "malignant_favoured"),
        (0, 10, None, "not_assessable"),
    ],
)
def test_a_drop_of_signal_of_more_than_20_percent_is_benign(in_phase, out_phase, percent, label):
    answer = answer_signs({"dixon": {"in_phase": in_phase, "out_phase": out_phase, "sequence": "t1"}})["dixon"]
    assert (answer["drop_percent"], answer["label"], answer["threshold"]) == (percent, label, 20)
    assert sorted(answer["other_thresholds"].values()) == [15.9, 19.8, 22.0, 35.0]


@pytest.mark.parametrize("signals", [(math.inf, 1), (1, -1), (1, math.nan)])
def test_a_signal_that_none_can_have_is_refused(signals):
    with pytest.raises(ValueError, match="finite and not negative"):
        signal_drop(*signals)


@pytest.mark.parametrize(
    ("value", "unit", "label"),
    [
        (0.82, "1e-3 mm2/s", "malignant_favoured"),
        (1.0, "1e-3 mm2/s", "indeterminate"),
        (1.5, "um2/ms", "indeterminate"),
        (1.94, "10^-3 mm2/s", "benign_favoured"),
        (820, "1e-6 mm2/s", "malignant_favoured"),
        (0.00194, "mm2/s", "benign_favoured"),
    ],
)
def test_diffusion_by_bands_in_any_unit(value, unit, label):
    answer = answer_signs({"adc": {"value": value, "unit": unit}})["adc"]
    assert answer["label"] == label
    assert answer["threshold"] == {"malignant_below": 1.0, "benign_above": 1.5}
    assert 0.695 in answer["published_cuts"]


@pytest.mark.parametrize(("value", "expected"), [(820, 0.82), (0.82, 0.82), (0.00082, 0.82)])
def test_a_value_without_a_unit_is_told_by_its_size_and_says_so(value, expected):
    answer = answer_signs({"adc": {"value": value}})["adc"]
    assert answer["value"] == pytest.approx(expected)
    assert answer["flags"] == ["unit_told_by_size"]


@pytest.mark.parametrize(
    ("value", "unit", "message"),
    [
        (0.8, "furlong", "'furlong' is not understood"),
        (-1.0, "mm2/s", "not negative, got -1"),
        (0.8, "mm2/s", "more than free water"),
    ],
)
def test_an_adc_that_no_tissue_has_is_refused(value, unit, message):
    with pytest.raises(ValueError, match=message):
        adc_in_1e3(value, unit)


def test_a_size_between_the_units_is_refused():
    with pytest.raises(ValueError, match=r"0\.01 fits no unit"):
        unit_of_size(0.01)


def test_cord_compression_of_the_contract():
    answer = answer_signs({"mscc": {"above_mm": 6.2, "below_mm": 5.8, "at_mm": 4.8}})["mscc"]
    assert answer["mscc_percent"] == 20.0
    assert "Miyanji 2007" in answer["source"]


@pytest.mark.parametrize("diameters", [(0, 5, 4), (5, 0, 4), (5, 5, -1)])
def test_a_cord_without_width_is_refused(diameters):
    with pytest.raises(ValueError, match="diameters must be positive"):
        mscc(*diameters)


HEIGHTS = {"anterior": 15.0, "middle": 17.0, "posterior": 19.0}
REFERENCE = {"anterior": 19.0, "middle": 19.0, "posterior": 19.5}


def test_height_loss_of_the_contract():
    answer = answer_signs({"height_loss": {"level": "T9", "heights_mm": HEIGHTS, "reference_mm": REFERENCE}})
    assert answer["height_loss"]["max_loss_percent"] == 21.1
    assert answer["height_loss"]["genant"] == 1
    assert answer["height_loss"]["level"] == "T9"


def test_a_taller_body_has_lost_nothing():
    answer = answer_signs({"height_loss": {"heights_mm": REFERENCE, "reference_mm": HEIGHTS}})["height_loss"]
    assert (answer["max_loss_percent"], answer["genant"]) == (0.0, 0)


def test_a_column_that_was_not_measured_leaves_a_lower_bound_and_no_grade():
    part = {"anterior": 15.0, "middle": 17.0}
    answer = answer_signs({"height_loss": {"heights_mm": part, "reference_mm": REFERENCE}})["height_loss"]
    assert answer["max_loss_percent"] is None
    assert answer["genant"] is None
    assert answer["at_least_percent"] == 21.1


def test_a_list_of_cases_gives_a_list_of_answers():
    cases = [{"mscc": {"above_mm": 6, "below_mm": 6, "at_mm": 3}}, {"adc": {"value": 0.7}}]
    answers = answer_signs(cases)
    assert [list(answer) for answer in answers] == [["mscc"], ["adc"]]
    assert answers[0]["mscc"]["mscc_percent"] == 50.0


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({}, "one of enostosis, dixon"),
        ({"halo": {}}, "no sign 'halo'"),
        ({"mscc": 3}, "mscc must be an object"),
        ({"mscc": {"above_mm": 6}}, "mscc: below_mm is missing"),
        ({"mscc": {"above": 6}}, "mscc: there is no key 'above'"),
        ({"dixon": {"in_phase": "a", "out_phase": 1}}, "in_phase must be a number, got 'a'"),
        ({"dixon": {"in_phase": True, "out_phase": 1}}, "in_phase must be a number, got True"),
        ({"enostosis": {"mean_hu": 1, "max_hu": 2, "treated": "no"}}, "treated must be true or false, got 'no'"),
        ({"adc": {"value": 1, "unit": "s"}}, "unit 's' is not understood"),
        ({"height_loss": {"heights_mm": [], "reference_mm": {}}}, "heights_mm must be an object"),
        ({"height_loss": {"heights_mm": {"anterior": 1}, "reference_mm": {"middle": 1}}}, "share none"),
        ({"height_loss": {"heights_mm": HEIGHTS, "reference_mm": {"anterior": 0}}}, "anterior must be positive, got 0"),
        ({"height_loss": {"level": "Q1", "heights_mm": HEIGHTS, "reference_mm": REFERENCE}}, "'Q1' is not a vertebral"),
    ],
)
def test_a_case_that_cannot_be_taken_is_refused(case, message):
    with pytest.raises(SpinemetsError, match=message):
        answer_signs(case)
