import dataclasses

import pytest

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason, VertebraFindings


def test_a_measurement_is_written_with_its_interval():
    height = Measured(21.5, "mm", 20.9, 22.1, "mean over the central 5 mm")
    assert height.to_json_dict() == {
        "value": 21.5,
        "unit": "mm",
        "low": 20.9,
        "high": 22.1,
        "method": "mean over the central 5 mm",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 30.0}, r"30.0 lies outside its own interval \[20.9, 22.1\]"),
        ({"value": float("nan")}, "finite, got nan"),
        ({"high": float("inf")}, "finite.*inf"),
        ({"unit": ""}, "unit and a method"),
        ({"method": ""}, "unit and a method"),
    ],
)
def test_an_impossible_measurement_is_refused(change, message):
    height = Measured(21.5, "mm", 20.9, 22.1, "callipers")
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(height, **change)


def test_what_was_not_assessed_is_written_with_the_reason_and_never_a_value():
    metal = NotAssessed(Reason.METAL, "screws at L4")
    assert metal.to_json_dict() == {"not_assessable": "metal", "detail": "screws at L4"}


def test_a_reason_may_be_given_by_its_name_but_must_exist():
    assert NotAssessed("no_model", "none is shipped").code is Reason.NO_MODEL
    with pytest.raises(ValueError, match="lazy"):
        NotAssessed("lazy", "no time")


def test_a_reason_without_a_sentence_is_refused():
    with pytest.raises(ValueError, match="'metal' needs a detail"):
        NotAssessed(Reason.METAL, " ")


def test_what_does_not_apply_is_written_with_its_code():
    assert NotApplicable("below_conus").to_json_dict() == {"not_applicable": "below_conus"}


def test_a_sentence_is_not_a_code():
    with pytest.raises(ValueError, match="'Below the conus' is not a code"):
        NotApplicable("Below the conus")


def test_a_level_nobody_looked_at_is_not_assessed_in_every_section():
    findings = VertebraFindings(Level.T7)
    sections = [getattr(findings, field.name) for field in dataclasses.fields(findings) if field.name != "level"]
    assert {section.code for section in sections} == {Reason.NO_MODEL}
