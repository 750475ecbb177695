"""SINS scores and ESCC grades on the page."""

import pytest
from test_html import SITE, report, section

from spinemets.anatomy import Level
from spinemets.findings import NotApplicable, VertebraFindings
from spinemets.formats.html import report_html

POINTS = {"location": 2, "pain": None, "bone_lesion": 2, "alignment": 0, "collapse": 3, "posterolateral": 3}
SINS = {
    "level": "L1",
    "component_points": POINTS,
    "possible_points": {"pain": [0, 1, 3]},
    "total": None,
    "attainable_totals": [10, 11, 13],
    "total_range": [10, 13],
    "imaging_subtotal": 10,
    "category": None,
    "possible_categories": ["potentially_unstable", "unstable"],
    "surgical_consultation_suggested": True,
    "flags": [],
}


def test_a_score_is_a_table_of_points_with_its_range_and_no_category_that_is_not_unanimous():
    vertebrae = (VertebraFindings(Level.L1, sins=SINS), VertebraFindings(Level.L2, sins=NotApplicable("no_lesion")))
    text = section(report_html(report(vertebrae=vertebrae)), "SINS")
    assert "L1 2 0 or 1 or 3 2 0 3 3 10 to 13 10, 11, 13 undecided: potentially unstable or unstable" in text
    assert "surgical consultation suggested" in text
    assert "No lesion. L2: no score" in text


def test_a_score_that_is_decided_shows_one_total_and_its_category():
    decided = {**SINS, "component_points": {**POINTS, "pain": 3}, "possible_points": {}, "total": 13}
    decided |= {"attainable_totals": [13], "total_range": [13, 13], "category": "unstable"}
    text = section(
        report_html(report(vertebrae=(VertebraFindings(Level.L1, sins=decided), VertebraFindings(Level.L2)))), "SINS"
    )
    assert "L1 2 3 2 0 3 3 13 unstable" in text


def test_an_undecided_score_says_how_likely_each_category_is():
    chances = {
        "stable": {"low": 0.0, "high": 0.0},
        "potentially_unstable": {"low": 0.841, "high": 0.914},
        "unstable": {"low": 0.12, "high": 0.12},
    }
    shares = {name: [{"points": [1], "probability": 1.0}] for name in POINTS}
    open_score = SINS | {"component_probability": shares, "category_probability": chances}
    for likely in ("potentially_unstable", None):
        told = VertebraFindings(Level.L1, sins=open_score | {"likely_category": likely})
        text = section(report_html(report(vertebrae=(told, VertebraFindings(Level.L2)))), "SINS")
        assert "potentially unstable 84 to 92 %" in text
        assert "unstable 12 %" in text
        assert "stable 0 %" not in text
        assert ("likely potentially unstable" in text) == (likely is not None)


ALARMS = [
    ({"grade": "3", "possible_grades": ["2", "3"]}, "L1: Compression of the spinal cord, ESCC 3."),
    ({"possible_grades": ["1b", "1c", "2"]}, "not excluded, ESCC 2 stays possible."),
    ({"grade": None, "possible_grades": [], "flags": ["tumour_in_some_readings"]}, "L1: Tumour in the spinal canal"),
]


@pytest.mark.parametrize(("change", "said"), ALARMS)
def test_a_cord_that_may_be_compressed_is_told_before_everything_but_the_notice(change, said):
    page = report_html(report(escc=(SITE | change,)))
    assert said in page.split("<h2>")[0]
    assert 'role="alert"' not in report_html(report(escc=(SITE,)))


def test_of_several_sites_the_series_is_named():
    page = report_html(report(escc=(SITE | {"series": "lower"}, SITE | {"level": None, "series": "upper"})))
    assert "L1, lower" in page
    assert "Level unknown, upper" in page


FLAGS = {
    "single_slice": "one slice alone",
    "displacement_without_deformation": "displaced and not flattened",
    "non_tumour_compression": "disc, bone or ligament",
    "no_csf_without_compression": "anything from 1c to 3",
    "canal_outlined_by_network": "outlines of cord, sac and tumour",
    "tumour_in_some_readings": "not clearance",
    "readings_not_all_usable": "could not be graded",
    "one_sided_reference": "one side of the tumour",
    "grade_open_by_taper": "another grade possible",
}


@pytest.mark.parametrize(("flag", "said"), FLAGS.items())
def test_a_flag_of_the_canal_is_a_sentence_and_no_code(flag, said):
    text = section(report_html(report(escc=(SITE | {"flags": [flag]},))), "Epidural spinal cord compression (ESCC)")
    assert said in text
    assert flag not in text
    assert flag.replace("_", " ") not in text


def test_every_number_of_a_slice_has_a_name_with_its_unit():
    from spinemets.measure.compression_findings import IN_SLICE

    row = {"index": 12, "grade": "1b"} | dict.fromkeys(IN_SLICE, 0.25)
    text = section(report_html(report(escc=(SITE | {"slices": [row]},))), "Epidural spinal cord compression (ESCC)")
    head = text.split("undeformed sac and cord")[1].split("12 1b")[0]
    assert head.count(", mm") == sum(name.endswith(("_mm", "_mm2")) for name in IN_SLICE)
    assert "_" not in head
    assert " mm2" not in head


def test_a_measure_of_a_slice_is_shown_with_its_interval_and_its_method():
    gap = {"value": 1.274, "unit": "mm", "low": 0.86, "high": 1.63, "method": "least distance of the edges"}
    shift = {"value": -0.03, "unit": "mm", "low": -0.4, "high": 0.34, "method": "centre"}
    lost = {"value": 0.118, "unit": "1", "low": 0.05, "high": 0.186, "method": "areas"}
    row = {"index": 12, "grade": "1b", "cord_gap_mm": 1.274, "cord_shift_mm": 0, "sac_area_loss": 0.118}
    row |= {"csf_fraction": None, "measures": {"cord_gap_mm": gap, "cord_shift_mm": shift, "sac_area_loss": lost}}
    row["measures"]["csf_fraction"] = {"not_applicable": "no_cord_in_slice"}
    page = report_html(report(escc=(SITE | {"slices": [row]},)))
    text = section(page, "Epidural spinal cord compression (ESCC)")
    assert "1.3 (0.9 to 1.6) 0.0 (-0.4 to 0.3) 12 % (5 to 19) no cord in slice" in text
    assert 'title="least distance of the edges"' in page
    assert "measures" not in text
