import numpy as np
import pytest
from pydicom.sr.codedict import codes as standard

from spinemets import escc_assessment
from spinemets.anatomy import Level
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_escc import escc_findings, structure_finding
from spinemets.formats.dicom_segments import canal_segments
from spinemets.measure.compression_findings import IN_SLICE
from spinemets.rules.escc_slice import Grade
from spinemets.volume import Volume

ROW = {
    "index": 7,
    "grade": "2",
    "epidural_area_mm2": 61.5,
    "sac_indentation_mm": 4.2,
    "sac_area_loss": 0.31,
    "cord_gap_mm": 0.0,
    "mscc_ap": 0.22,
    "cord_area_loss": 0.18,
    "cord_shift_mm": 1.4,
    "csf_fraction": 0.27,
}
UNITS = {
    "TUMOUR_AREA": (61.5, standard.UCUM.SquareMillimeter.value),
    "SAC_DENT": (4.2, standard.UCUM.Millimeter.value),
    "SAC_AREA_LOSS": (0.31, standard.UCUM.NoUnits.value),
    "CORD_GAP": (0.0, standard.UCUM.Millimeter.value),
    "MSCC_AP": (0.22, standard.UCUM.NoUnits.value),
    "CORD_AREA_LOSS": (0.18, standard.UCUM.NoUnits.value),
    "CORD_SHIFT": (1.4, standard.UCUM.Millimeter.value),
    "CSF_FRACTION": (0.27, standard.UCUM.NoUnits.value),
    "SLICE": (7, standard.UCUM.NoUnits.value),
}
SITE = {
    "grade": "2",
    "possible_grades": ["1c", "2"],
    "status": "graded",
    "reason": None,
    "slice": 7,
    "level": "T7",
    "sac_deformed": True,
    "slices": [ROW, {**ROW, "index": 8, "grade": "1b", "cord_gap_mm": None, "csf_fraction": None}],
    "distribution": {"1c": 0.1, "2": 0.9},
    "reference": "one_sided",
    "flags": [],
}
UNGRADED = SITE | {
    "grade": None, "possible_grades": [], "slice": None, "level": None, "sac_deformed": None, "slices": [],
    "distribution": {}, "reference": None, "status": "not_assessable",
}  # fmt: skip


def numbers(finding):
    return {number.name.value: (number.value, number.unit.value) for number in finding.numbers}


def judged(finding, name):
    return [one.value.value for one in finding.judgements if one.name == name]


def test_every_measure_of_a_slice_is_told_with_its_unit():
    _, seven, _ = escc_findings(SITE, {7: (1.0, 2.0, 3.0)})
    assert numbers(seven) == UNITS
    assert judged(seven, codes.ESCC_GRADE) == ["ESCC_2"]
    assert (seven.label, seven.centroid_mm) == ("ESCC slice 7", (1.0, 2.0, 3.0))


def test_the_report_has_no_measure_that_the_document_leaves_out():
    assert set(codes.ESCC_MEASURES) == set(IN_SLICE)
    assert set(codes.ESCC_GRADES) == {grade.value for grade in Grade}


def test_what_was_not_measured_in_a_slice_is_left_out_and_not_zero():
    *_, eight = escc_findings(SITE, {})
    assert set(UNITS) - set(numbers(eight)) == {"CORD_GAP", "CSF_FRACTION"}
    assert eight.centroid_mm is None


def test_a_site_says_its_grade_what_stays_possible_where_and_how_it_was_told():
    site = next(escc_findings(SITE, {7: (1.0, 2.0, 3.0)}))
    assert (site.kind, site.site, site.centroid_mm) == (codes.ESCC, codes.VERTEBRAL_CANAL, (1.0, 2.0, 3.0))
    assert judged(site, codes.ESCC_GRADE) == ["ESCC_2"]
    assert judged(site, codes.ESCC_POSSIBLE) == ["ESCC_1C", "ESCC_2"]
    assert judged(site, codes.ESCC_LEVEL) == [codes.level_code(Level.T7).value]
    assert judged(site, codes.ESCC_REFERENCE) == ["ONE_SIDED"]
    assert judged(site, codes.SAC_DEFORMED) == [standard.SCT.Yes.value]
    assert numbers(site) == {"SLICE": (7, "1"), "ESCC_P_1C": (0.1, "1"), "ESCC_P_2": (0.9, "1")}


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("resolution: pixels of 0.90 mm; at most 0.8 mm can be graded", "resolution"),
        ("missing_mask: tumour and no sac in slice 4; a complete block is not excluded", "missing_mask"),
        ("no_reference: no slice far enough from tumour shows a whole sac", "no_reference"),
        ("not_axial: slices are tilted by 31° from the cord; at most 20° can be graded", "NOT_AXIAL"),
        (escc_assessment.NOT_CLEARANCE, "NOT_CLEARANCE"),
        (f"{escc_assessment.NOT_CLEARANCE}; 3 of 8 readings of the image show tumour", "NOT_CLEARANCE"),
    ],
)
def test_a_site_without_a_grade_has_the_reason_in_its_place_and_never_grade_0(reason, code):
    (site,) = escc_findings(UNGRADED | {"reason": reason}, {})
    assert [one.value.value for one in site.judgements] == [code]
    assert site.numbers == ()


def test_below_the_end_of_the_cord_the_question_does_not_arise():
    (site,) = escc_findings(UNGRADED | {"status": "not_applicable_below_conus", "reason": "no cord in any slice"}, {})
    assert judged(site, codes.ESCC_GRADE) == ["BELOW_CONUS"]


def test_a_reason_that_has_no_code_is_refused():
    with pytest.raises(ValueError, match="'the moon' is not a valid Reason"):
        list(escc_findings(UNGRADED | {"reason": "the moon: it is full"}, {}))


def test_a_structure_of_the_canal_has_its_volume():
    array = np.zeros((5, 5, 5), np.uint8)
    array[1:3, 1:4, 2:4] = 3
    (segment,) = canal_segments(Volume(array, np.diag([0.5, 0.5, 4.0, 1.0])))
    found = structure_finding(segment, 9, voxel_mm3=0.5 * 0.5 * 4.0)
    assert [(one.name, one.unit) for one in found.numbers] == [(codes.VOLUME, codes.MILLILITRE)]
    assert found.numbers[0].value == pytest.approx(2 * 3 * 2 * 0.001)
    assert (found.label, found.kind, found.segment_number) == ("epidural tumour", codes.NEOPLASM, 9)
    assert found.site == codes.VERTEBRAL_CANAL
