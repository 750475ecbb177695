import copy
import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason, VertebraFindings
from spinemets.formats.report_json import ReportSchemaError, check_report_document, report_schema, write_report_json
from spinemets.report import RESEARCH_USE_ONLY, SCHEMA_ID, InputSeries, Report
from spinemets.spine import Spine, Vertebra

LEFT_OUT = InputSeries("scout", used=False, reason="one slice")
ABDOMEN = InputSeries("abdomen.nii.gz", used=True, role="ct", uid="1.2.840", spacing_mm=(1.0, 1.0, 3.0))
SINS_ANSWER = {
    "level": "L1",
    "component_points": {
        "location": 3,
        "pain": None,
        "bone_lesion": 2,
        "alignment": 2,
        "collapse": 1,
        "posterolateral": 1,
    },
    "possible_points": {"pain": [0, 1, 3]},
    "total": None,
    "attainable_totals": [9, 10, 12],
    "total_range": [9, 12],
    "imaging_subtotal": 9,
    "category": "potentially_unstable",
    "possible_categories": ["potentially_unstable"],
    "surgical_consultation_suggested": True,
    "flags": [],
}
ESCC_SITE = {
    "grade": "1b",
    "possible_grades": ["1b"],
    "status": "graded",
    "reason": None,
    "slice": 12,
    "level": "L1",
    "high_grade_2_3": False,
    "high_grade_from_1c": False,
    "sac_deformed": True,
    "slices": [{"index": 12, "grade": "1b", "epidural_area_mm2": 31.0, "mscc_ap": 0.02}],
    "distribution": {"1b": 0.9, "1c": 0.1},
    "reference": "adjacent",
    "flags": ["single_slice"],
}


def measured(value, unit="mm"):
    return Measured(value, unit, value, value, "callipers")


def findings():
    """Everything later work fills, filled."""
    small = NotAssessed(Reason.TOO_SMALL, "under 10 voxels")
    lesion = {
        "type": "lytic",
        "volume_ml": measured(2.5, "mL"),
        "mean_hu": measured(55.0, "[hnsf'U]"),
        "p99_hu": small,
        "body_fraction": measured(0.3, "1"),
        "regions": {"body": 0.3, "pedicle_left": 0.8, "facet_left": small},
    }
    return VertebraFindings(
        Level.L1,
        heights_mm=dict.fromkeys(("anterior", "middle", "posterior"), measured(20.0)),
        reference_mm=NotAssessed(Reason.NO_REFERENCE, "no neighbour"),
        height_loss=dict.fromkeys(("anterior", "middle", "posterior", "max"), measured(0.2, "1")),
        genant=measured(1, "1"),
        lesions=(lesion,),
        posterior_wall={"bulge": measured(2.0)},
        signs={"vacuum": {"value": False, "method": "gas in the body"}, "fluid": small},
        fracture={
            "present": {"value": True, "method": "height loss of at least 0.2"},
            "p_metastatic": measured(0.8, "1"),
            "prior": measured(0.5, "1"),
            "verdict": "metastatic",
            "contributions": ({"sign": "vacuum", "log_odds": -0.3},),
        },
        sins_case={"level": "L1", "pain": "unknown", "collapse_percent": {"low": 15, "high": 25}},
        sins=SINS_ANSWER,
    )


def report(**parts):
    spine = Spine((Vertebra(Level.L1, 0.9, ((Level.L2, 0.1),), True, np.array([1.0, 2.0, 3.0]), 30.0),), False)
    return Report((ABDOMEN, LEFT_OUT), spine, **parts)


@pytest.fixture
def full():
    parts = {"vertebrae": (findings(),), "escc": (ESCC_SITE,)}
    return report(**parts, governing={"sins_level": Level.L1, "escc_level": NotApplicable("below_conus")})


def test_the_schema_is_itself_valid_and_versioned():
    Draft202012Validator.check_schema(report_schema())
    assert report_schema()["$id"] == SCHEMA_ID
    assert report_schema()["properties"]["research_use_only"]["const"] == RESEARCH_USE_ONLY


def test_the_schema_knows_every_level_reason_and_role():
    from spinemets.volume import ROLES

    definitions = report_schema()["$defs"]
    assert definitions["level"]["enum"] == [level.value for level in Level]
    assert definitions["reason"]["enum"] == [reason.value for reason in Reason]
    assert definitions["input"]["properties"]["role"]["enum"] == list(ROLES)


@pytest.mark.parametrize("which", ["first version", "everything filled"])
def test_a_report_is_read_back_as_it_was_written(which, full, tmp_path):
    written = report() if which == "first version" else full
    write_report_json(tmp_path / "report.json", written)
    assert json.loads((tmp_path / "report.json").read_text()) == written.to_json_dict()


ABSENT = object()
BREAKS = [
    ("spine.levels.0.probability", 1.2, "probability.*1.2 is greater than the maximum"),
    ("spine.levels.0.probability", None, "probability.*None is not of type 'number'"),
    ("spine.levels.0.alternatives.0.probability", -0.1, "-0.1 is less than the minimum"),
    ("spine.levels.0.level", "L7", "'L7' is not one of"),
    ("spine.levels.0.centroid_mm", [1.0, 2.0], "too short"),
    ("spine.levels", [], "non-empty"),
    ("vertebrae", [], r"\$.spine"),
    ("escc.0.series", 7, r"\$.escc"),
    ("spine.level_ambiguous", ABSENT, "'level_ambiguous' is a required property"),
    ("research_use_only", ABSENT, "'research_use_only' is a required property"),
    ("research_use_only", "Cleared for diagnosis.", "research_use_only"),
    ("schema", "urn:spinemets:schema:report-2", "report-1' was expected"),
    ("sins", 7, "'sins' was unexpected"),
    ("escc", None, r"\$.escc"),
    ("escc", [], r"\$.escc"),
    ("escc.0.grade", "4", r"\$.escc"),
    ("vertebrae.0.sins", ABSENT, "'sins' is a required property"),
    ("vertebrae.0.sins", None, r"vertebrae\[0\].sins"),
    ("vertebrae.0.sins.total", 19, r"vertebrae\[0\].sins"),
    ("vertebrae.0.lesions", None, r"vertebrae\[0\].lesions"),
    ("vertebrae.0.lesions.0.regions.rib", 0.5, r"vertebrae\[0\].lesions"),
    ("vertebrae.0.lesions.0.regions.body", 1.5, r"vertebrae\[0\].lesions"),
    ("vertebrae.0.height_loss.max.value", 20.0, r"vertebrae\[0\].height_loss"),
    ("vertebrae.0.heights_mm.anterior", 20.0, r"vertebrae\[0\].heights_mm"),
    ("vertebrae.0.heights_mm.anterior.low", 20.5, r"anterior: 20.0 lies outside \[20.5, 20.0\]"),
    ("vertebrae.0.genant", {"not_assessable": "lazy", "detail": "no time"}, r"vertebrae\[0\].genant"),
    ("vertebrae.0.genant", {"not_assessable": "metal"}, r"vertebrae\[0\].genant"),
    ("vertebrae.0.fracture.verdict", "normal", r"vertebrae\[0\].fracture"),
    ("inputs", [], "inputs"),
    ("inputs.0.role", ABSENT, "'role' is a required property"),
    ("inputs.1.reason", ABSENT, "'reason' is a required property"),
    ("governing.sins_level", None, "sins_level"),
]


def broken(document, path, value):
    """`document` with the key at a dotted `path` replaced, or taken out."""
    document = copy.deepcopy(document)
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    node = document
    for key in parents:
        node = node[key]
    if value is ABSENT:
        del node[last]
    else:
        node[last] = value
    return document


@pytest.mark.parametrize(("path", "value", "message"), BREAKS)
def test_a_document_that_breaks_the_contract_is_refused(path, value, message, full):
    document = full.to_json_dict()
    check_report_document(document)
    with pytest.raises(ReportSchemaError, match=message):
        check_report_document(broken(document, path, value))


def test_a_report_off_its_schema_leaves_no_file(tmp_path):
    with pytest.raises(ReportSchemaError, match="sins_level"):
        write_report_json(tmp_path / "report.json", report(governing={"sins_level": None, "escc_level": None}))
    assert list(Path(tmp_path).iterdir()) == []


def test_a_number_json_does_not_have_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report_json(tmp_path / "report.json", report(provenance={"threshold": float("nan")}))
