"""Several axial T2 series in one study, and axial T2 without any series that shows vertebrae."""

import json
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from box_vertebra import PITCH_MM
from canal_phantom import CASE, model, phantom
from test_canal_reading import FRAME, ct, given_on, reading

from spinemets import series_assessment
from spinemets.anatomy import CanalLabel
from spinemets.canal_reading import NO_SPINE, worst_first
from spinemets.cli import main
from spinemets.errors import GeometryMismatchError, NoSpineFoundError, StudyError
from spinemets.findings import NotAssessed, Reason
from spinemets.pipeline import Clinical, examine
from spinemets.results import write_image, write_results
from spinemets.rules.escc_readings import SUSPECTED
from spinemets.simulate.epidural import EpiduralCase
from spinemets.volume import Series, Study, Volume

MILD = EpiduralCase(indentation_mm=1.9)
FREE = EpiduralCase(length_mm=0.0)


def axial(name, case=CASE, up_mm=0.0, uid=None, slice_mm=4.0):
    """A stack and its masks, moved up by so much."""
    image, masks = phantom(case=case, slice_mm=slice_mm)
    affine = image.affine.copy()
    affine[2, 3] += up_mm
    return Series("t2_axial", Volume(image.array, affine, FRAME), name=name, uid=uid), masks


def examined(*series, network=None, with_ct=True, clinical=None, **masks):
    first, ids = ct()
    if with_ct:
        masks |= {"vertebrae": first.volume.with_array(ids), "lesions": first.volume.with_array(0 * ids)}
        series = (first, *series)
    return examine(Study(series), models=reading(network), masks=masks, clinical=clinical or Clinical())


def listed(found):
    return {entry.name: entry.reason if not entry.used else "used" for entry in found.report.inputs}


@pytest.mark.parametrize("mild_first", [True, False])
def test_every_axial_t2_has_its_site_and_the_worst_leads(mild_first, tmp_path):
    upper, lower = axial("upper", MILD, PITCH_MM, "1.2.8")[0], axial("lower", uid="1.2.9")[0]
    found = examined(*((upper, lower) if mild_first else (lower, upper)), network=model())
    assert (MILD.grade, CASE.grade) == ("1b", "2")
    told = [(site["series"], site["series_uid"], site["grade"], site["level"]) for site in found.report.escc]
    assert told == [("lower", "1.2.9", "2", "T11"), ("upper", "1.2.8", "1b", "T10")]
    assert found.report.governing["escc_level"] == "T11"
    assert listed(found) == {"ct": "used", "lower": "used", "upper": "used"}
    signs = {str(one.level): one.signs for one in found.report.vertebrae}
    assert {signs[level]["compartment"]["value"] for level in ("T10", "T11")} == {"extradural"}

    names = {path.name for path in write_results(found, tmp_path, dicom=False)}
    assert {"canal.nii.gz", "canal_2.nii.gz"} <= names
    for name, series in (("canal.nii.gz", lower), ("canal_2.nii.gz", upper)):
        written = nibabel.load(tmp_path / name)
        assert written.affine == pytest.approx(series.volume.affine, abs=1e-4)
        assert (np.asanyarray(written.dataobj) == CanalLabel.EPIDURAL_TUMOUR).any()
    page = (tmp_path / "report.html").read_text()
    assert page.index("ESCC 2, T11, lower") < page.index("ESCC 1b, T10, upper")
    assert "T11, lower: Compression of the spinal cord, ESCC 2." in page.split("<h2>")[0]


def test_stacks_that_overlap_are_both_read():
    found = examined(axial("a", MILD)[0], axial("b", CASE)[0], network=model())
    assert [(site["series"], site["grade"], site["level"]) for site in found.report.escc] == [
        ("b", "2", "T11"),
        ("a", "1b", "T11"),
    ]


def test_masks_of_one_stack_leave_the_other_to_the_network():
    upper, masks = axial("upper", MILD, PITCH_MM)
    lower = axial("lower")[0]
    found = examined(upper, lower, network=model(), **given_on(upper, masks))
    assert [(canal.series.name, len(canal.cards)) for canal in found.canals] == [("lower", 1), ("upper", 0)]


def test_without_a_network_the_stack_that_has_no_masks_is_left_out_for_that_reason():
    upper, masks = axial("upper", MILD, PITCH_MM)
    found = examined(upper, axial("lower")[0], **given_on(upper, masks))
    assert [site["series"] for site in found.report.escc] == ["upper"]
    assert "no network of this version outlines" in listed(found)["lower"]
    reason = dict(found.report.not_assessed)["escc"]
    assert reason.code is Reason.NO_MODEL
    assert reason.detail.startswith("lower: ")


def test_a_stack_that_cannot_be_graded_is_no_less_read_and_comes_before_one_that_is_clear():
    coarse, _ = axial("coarse", FREE, slice_mm=4.5)
    free = axial("free", FREE)[0]
    known = Clinical(bone_metastasis="yes", malignancy="known")
    found = examined(free, coarse, network=model(), clinical=known)
    assert [(site["series"], site["grade"]) for site in found.report.escc] == [("coarse", None), ("free", "0")]
    assert "resolution" in found.report.escc[0]["reason"]
    assert found.report.governing["escc_level"].code is Reason.RESOLUTION
    assert not any("ESCC 0" in one.text for one in found.report.review_statements)


def test_the_masks_of_a_canal_must_lie_on_one_series():
    upper, masks = axial("upper", MILD, PITCH_MM)
    lower, others = axial("lower")
    mixed = given_on(upper, masks) | {"cord": given_on(lower, others)["cord"]}
    with pytest.raises(GeometryMismatchError, match="the sac mask lies on another grid"):
        examined(upper, lower, **mixed)


def test_an_axial_t2_alone_is_graded_without_a_level(tmp_path):
    found = examined(axial("t2")[0], network=model(), with_ct=False)
    (site,) = found.report.escc
    assert (site["grade"], site["level"]) == (CASE.grade, None)
    assert found.report.governing["escc_level"].code is Reason.LEVEL_AMBIGUOUS
    assert found.report.governing["sins_level"] == dict(found.report.not_assessed)["spine"] == NO_SPINE
    write_results(found, tmp_path, dicom=False)
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["spine"] == {"level_ambiguous": True, "levels": []}
    assert document["vertebrae"] == []
    page = (tmp_path / "report.html").read_text()
    assert "No vertebra was outlined or named" in page
    assert "Compression of the spinal cord, ESCC 2." in page
    assert "<h2>SINS</h2>" not in page


def test_an_axial_t2_alone_is_graded_by_masks_that_are_given():
    series, masks = axial("t2")
    found = examined(series, with_ct=False, **given_on(series, masks))
    assert found.report.escc[0]["grade"] == CASE.grade
    assert listed(found) == {"t2": "used"}


def test_an_axial_t2_alone_that_nothing_outlines_is_reported_as_not_assessable(tmp_path):
    found = examined(axial("t2")[0], with_ct=False)
    assert isinstance(found.report.escc, NotAssessed)
    assert found.report.escc.code is Reason.NO_MODEL
    write_results(found, tmp_path, dicom=False)
    assert json.loads((tmp_path / "report.json").read_text())["escc"]["not_assessable"] == "no_model"
    assert "This does not clear the spinal canal." in (tmp_path / "report.html").read_text()


def test_the_command_reports_an_axial_t2_alone(tmp_path, capsys):
    write_image(tmp_path / "t2.nii.gz", axial("t2")[0].volume)
    with pytest.raises(SystemExit) as stop:
        main(["assess", f"t2_axial={tmp_path / 't2.nii.gz'}", "--out", str(tmp_path / "out")])
    assert stop.value.code == 0, capsys.readouterr().err
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [one["name"] for one in document["inputs"]] == ["t2.nii.gz"]


def test_a_study_without_anything_to_read_is_still_refused():
    sagittal = replace(axial("t2")[0], role="t2")
    with pytest.raises(StudyError, match="nothing to assess: no network reads t2"):
        examined(sagittal, with_ct=False)


def test_tumour_in_some_readings_comes_before_a_stack_that_was_not_graded():
    base = examined(axial("a", FREE)[0], network=model()).canals[0]
    assert base.section[0]["grade"] is None
    suspected = replace(base, section=({**base.section[0], "flags": [SUSPECTED]},))
    clear = replace(base, section=({**base.section[0], "grade": "0", "possible_grades": ["0"]},))
    open_to_2 = replace(base, section=({**base.section[0], "grade": "1b", "possible_grades": ["1b", "1c", "2"]},))
    certain = replace(base, section=({**base.section[0], "grade": "1b", "possible_grades": ["1b"]},))
    assert worst_first([clear, base, suspected, certain, open_to_2]) == (open_to_2, certain, suspected, base, clear)


@pytest.fixture
def no_spine(monkeypatch):
    """The network of the vertebrae finds none."""

    def fail(*arguments, **options):
        raise NoSpineFoundError("no spine found: it is a knee")

    monkeypatch.setattr(series_assessment, "segment_spine", fail)

    class Spineless:
        spine = lesion = None
        canal = model()

    return Spineless


def test_a_ct_without_a_spine_is_left_out_where_an_axial_t2_can_be_read(no_spine, tmp_path):
    found = examine(Study((ct()[0], axial("t2")[0]), is_dicom=True), models=no_spine)
    assert listed(found) == {"ct": "no spine found: it is a knee", "t2": "used"}
    assert found.report.escc[0]["grade"] == CASE.grade
    assert dict(found.report.not_assessed)["spine"].code is Reason.OUT_OF_FIELD
    write_results(found, tmp_path, dicom=True)
    told = json.loads((tmp_path / "report.json").read_text())["not_assessed"]
    assert "dicom_results" in {one["item"] for one in told}


def test_a_ct_without_a_spine_and_nothing_else_is_refused_with_the_reason(no_spine):
    with pytest.raises(NoSpineFoundError, match="it is a knee"):
        examine(Study((ct()[0],)), models=no_spine)


def test_masks_on_a_series_that_is_no_axial_t2_are_told_beside_the_site_of_one_that_is():
    upper, masks = axial("upper", MILD, PITCH_MM)
    other = replace(upper, role="t2", name="other")
    found = examined(other, axial("lower")[0], network=model(), **given_on(other, masks))
    assert [site["series"] for site in found.report.escc] == ["lower"]
    assert dict(found.report.not_assessed)["escc"].detail.startswith("other: a grade is read on axial T2")
