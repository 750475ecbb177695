import json

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed, Reason, VertebraFindings
from spinemets.report import InputSeries, Report, plain
from spinemets.spine import Spine, Vertebra
from spinemets.volume import LeftOut, Series, Volume

ABDOMEN = InputSeries("abdomen.nii.gz", used=True, role="ct")


def spine(*levels):
    return Spine(
        tuple(Vertebra(level, 0.9, ((Level.T6, 0.1),), False, np.array([1.0, 2.0, 3.456]), 30.0) for level in levels),
        level_ambiguous=True,
    )


def test_the_document_has_exactly_the_keys_of_the_contract():
    document = Report((ABDOMEN,), spine(Level.L1)).to_json_dict()
    assert list(document) == [
        "schema",
        "software",
        "research_use_only",
        "inputs",
        "spine",
        "vertebrae",
        "escc",
        "governing",
        "review_statements",  # beyond the contract: what the paper states of treatment
        "not_assessed",
        "provenance",
    ]
    assert document["spine"] == {
        "level_ambiguous": True,
        "levels": [
            {
                "level": "L1",
                "verse_id": 20,
                "probability": 0.9,
                "alternatives": [{"level": "T6", "probability": 0.1}],
                "partly_visible": False,
                "centroid_mm": [1.0, 2.0, 3.46],
            }
        ],
    }


def test_sections_nobody_filled_say_so_and_none_looks_normal():
    document = Report((ABDOMEN,), spine(Level.L1)).to_json_dict()
    vertebra = document["vertebrae"][0]
    sections = [vertebra[name] for name in vertebra if name != "level"]
    assert {section["not_assessable"] for section in sections} == {"no_model"}
    assert document["escc"]["not_assessable"] == "missing_sequence"
    assert {answer["not_assessable"] for answer in document["governing"].values()} == {"no_model"}


def test_a_reason_is_listed_once_with_the_levels_it_holds_for():
    metal = NotAssessed(Reason.METAL, "screws")
    vertebrae = (VertebraFindings(Level.L1, genant=metal), VertebraFindings(Level.L2, genant=metal))
    listed = Report((ABDOMEN,), spine(Level.L1, Level.L2), vertebrae).to_json_dict()["not_assessed"]
    assert [entry for entry in listed if entry["item"] == "genant"] == [
        {"item": "genant", "levels": ["L1", "L2"], "not_assessable": "metal", "detail": "screws"}
    ]


def test_a_reason_inside_a_section_is_listed_too():
    height = Measured(20.0, "mm", 19.0, 21.0, "mean over the central 5 mm")
    small = NotAssessed(Reason.OUT_OF_FIELD, "front cut off")
    findings = VertebraFindings(Level.L1, heights_mm={"anterior": small, "middle": height, "posterior": height})
    report = Report((ABDOMEN,), spine(Level.L1), (findings,))
    assert report.to_json_dict()["not_assessed"][0] == {
        "item": "heights_mm",
        "levels": ["L1"],
        "not_assessable": "out_of_field",
        "detail": "front cut off",
    }


def test_what_holds_for_the_whole_study_comes_first():
    study = (("escc", NotAssessed(Reason.MISSING_SEQUENCE, "no axial T2")),)
    first = Report((ABDOMEN,), spine(Level.L1), not_assessed=study).to_json_dict()["not_assessed"][0]
    assert first == {"item": "escc", "not_assessable": "missing_sequence", "detail": "no axial T2"}


def test_findings_for_another_spine_are_refused():
    with pytest.raises(ValueError, match="findings are for L2, the spine has L1"):
        Report((ABDOMEN,), spine(Level.L1), (VertebraFindings(Level.L2),))


def test_a_series_in_use_is_shown_with_its_grid_and_without_its_files(tmp_path):
    volume = Volume(np.zeros((4, 5, 6)), np.diag([0.7, 0.8, 3.0, 1.0]))
    series = Series("ct", volume, "chest", "1.2.3", (tmp_path / "secret.dcm",), {"kernel": "B70"}, ("short_field",))
    shown = InputSeries.of(series).to_json_dict()
    assert shown == {
        "name": "chest",
        "used": True,
        "role": "ct",
        "uid": "1.2.3",
        "shape": [4, 5, 6],
        "spacing_mm": [0.7, 0.8, 3.0],
        "acquisition": {"kernel": "B70"},
        "flags": ["short_field"],
    }


def test_a_series_left_out_is_shown_with_the_reason():
    shown = InputSeries.of(LeftOut("scout", "one slice")).to_json_dict()
    assert shown == {"name": "scout", "used": False, "reason": "one slice"}


def test_a_series_must_say_what_it_is_or_why_it_was_left_out():
    with pytest.raises(ValueError, match="'a' is used and so must have a role"):
        InputSeries("a", used=True)
    with pytest.raises(ValueError, match="'a' is left out and so must have a reason"):
        InputSeries("a", used=False)


def test_numpy_values_enums_and_findings_become_plain_json():
    value = {Level.L1: (np.float32(0.5), np.int64(3), np.array([1, 2]), Reason.METAL)}
    assert json.dumps(plain(value)) == '{"L1": [0.5, 3, [1, 2], "metal"]}'
