"""DICOM objects of the canal on an axial T2 that came from DICOM, alone or beside a CT."""

import json

import highdicom as hd
import nibabel
import numpy as np
import pydicom
import pytest
from canal_phantom import CASE, model, phantom
from formats.dicom_phantom import errors_of_dciodvfy, in_order, placed
from test_canal_reading import FRAME, ct, given_on, reading

from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_stamp import concept
from spinemets.formats.dicom_write import write_ct_series, write_mr_series
from spinemets.formats.study import read_study
from spinemets.geometry import Grid, resample
from spinemets.pipeline import examine
from spinemets.results import write_results
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_masks import epidural_masks
from spinemets.simulate_command import T2_TSE
from spinemets.volume import Volume

STUDY = "1.2.3.4"
LABELS = ["spinal cord", "thecal sac", "epidural tumour"]
FREE = EpiduralCase(length_mm=0.0)


def axial_dicom(folder, case=CASE, up_mm=0.0, description="T2 tra"):
    """An axial T2 of an oblique grid as DICOM."""
    image, _ = phantom(case=case)
    affine = image.affine.copy()
    affine[2, 3] += up_mm
    moved = Volume(image.array, affine, FRAME)
    write_mr_series(moved, folder, patient_id="SIM1", seed=1, description=description, study_uid=STUDY, **T2_TSE)


def ct_dicom(folder):
    first, ids = ct()
    write_ct_series(first.volume, folder, patient_id="SIM1", seed=1, description="ct", study_uid=STUDY)
    return ids


def drawn_on(series, case=CASE):
    """The masks of the phantom, drawn anew at the voxels of a series that was read."""
    grid = Grid.of(series.volume)
    return epidural_masks(case, grid, centre_mm=np.array([5.0, -6.0, 0.0]), axes=np.eye(3))


def written(folder, masks=None, network=None):
    study = read_study(folder / "dicom")
    found = examine(study, models=reading(network), masks=masks(study) if masks else {})
    return study, found, {path.name: path for path in write_results(found, folder / "out", dicom=study.is_dicom)}


def of_axial(case=CASE):
    return lambda study: given_on(study.first("t2_axial"), drawn_on(study.first("t2_axial"), case))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    axial_dicom(folder / "dicom")
    return folder, *written(folder, of_axial())


def points(volume, mask):
    return in_order(volume.world(np.argwhere(mask)))


def test_an_axial_t2_alone_has_a_segmentation_of_what_lies_in_the_canal(alone):
    _, study, _, paths = alone
    assert {"seg.dcm", "sr.dcm", "canal.nii.gz"} <= set(paths)
    series = study.series[0]
    masks = {name: mask > 0 for name, mask in drawn_on(series).items()}
    sac, cord = masks["sac"], masks["cord"]
    found = placed(hd.seg.segread(paths["seg.dcm"]))
    assert sorted(found) == sorted(LABELS)
    for label, mask in {
        "spinal cord": cord,
        "thecal sac": sac & ~cord,
        "epidural tumour": masks["tumour"] & ~sac & ~cord,
    }.items():
        np.testing.assert_allclose(found[label], points(series.volume, mask), atol=2e-3)


def test_segments_of_the_canal_are_coded_and_name_no_algorithm_where_a_user_gave_the_masks(alone):
    *_, paths = alone
    seg = pydicom.dcmread(paths["seg.dcm"])
    told = [
        (
            one.SegmentLabel,
            one.SegmentedPropertyTypeCodeSequence[0].CodeValue,
            one.AnatomicRegionSequence[0].CodeValue,
            one.SegmentAlgorithmType,
        )
        for one in seg.SegmentSequence
    ]
    assert told == [
        ("spinal cord", "2748008", "61853006", "MANUAL"),
        ("thecal sac", "THECAL_SAC", "61853006", "MANUAL"),
        ("epidural tumour", "108369006", "61853006", "MANUAL"),
    ]


@pytest.mark.parametrize("name", ["seg.dcm", "sr.dcm"])
def test_the_objects_of_the_canal_satisfy_the_standard(alone, name):
    *_, paths = alone
    assert errors_of_dciodvfy(paths[name]) == []


def groups_of(path):
    """Values with units, and judgements, of every group of a report by its tracking identifier."""
    content = hd.sr.srread(path).content
    groups = [*content.get_image_measurement_groups(), *content.get_volumetric_roi_measurement_groups()]
    return {
        group.tracking_identifier: (
            {one.name.value: (one.value, one.unit.value) for one in group.get_measurements()},
            [(one.name.value, one.value.value) for one in group.get_qualitative_evaluations()],
        )
        for group in groups
    }


UNITS = {
    "epidural_area_mm2": ("TUMOUR_AREA", "mm2"),
    "sac_indentation_mm": ("SAC_DENT", "mm"),
    "sac_area_loss": ("SAC_AREA_LOSS", "1"),
    "cord_gap_mm": ("CORD_GAP", "mm"),
    "mscc_ap": ("MSCC_AP", "1"),
    "cord_area_loss": ("CORD_AREA_LOSS", "1"),
    "cord_shift_mm": ("CORD_SHIFT", "mm"),
    "csf_fraction": ("CSF_FRACTION", "1"),
}


def test_the_structured_report_has_every_measure_of_the_report_with_its_unit(alone):
    folder, *_, paths = alone
    (site,) = json.loads((folder / "out" / "report.json").read_text())["escc"]
    assert len(site["slices"]) > 3
    groups = groups_of(paths["sr.dcm"])
    for row in site["slices"]:
        values, judged = groups[f"ESCC slice {row['index']}"]
        assert ("ESCC_GRADE", f"ESCC_{row['grade'].upper()}") in judged
        for name, (code, unit) in UNITS.items():
            assert row[name] is None or values[code] == (pytest.approx(row[name]), unit)
    assert len([one for one in groups if one.startswith("ESCC slice")]) == len(site["slices"])


def test_the_grade_and_the_volumes_are_those_of_the_drawing(alone):
    _, study, _, paths = alone
    groups = groups_of(paths["sr.dcm"])
    assert ("ESCC_GRADE", f"ESCC_{CASE.grade}") in groups["ESCC"][1]
    series = study.series[0]
    cord_ml = (drawn_on(series)["cord"] > 0).sum() * 0.6 * 0.6 * 4.0 / 1000
    assert groups["spinal cord"][0]["118565006"] == (pytest.approx(cord_ml, rel=1e-4), "ml")
    assert set(LABELS) | {"ESCC"} <= set(groups)


def test_the_point_of_a_slice_lies_on_that_slice_amid_the_canal(alone):
    _, study, found, paths = alone
    axis, sac = found.canals[0].axis, drawn_on(study.series[0])["sac"] > 0
    slices = hd.sr.srread(paths["sr.dcm"]).content.get_image_measurement_groups(finding_type=concept(codes.ESCC_SLICE))
    for group in slices:
        values = {one.name.value: one.value for one in group.get_measurements()}
        lps = np.array([values[f"CENTROID_{axis}"] for axis in "XYZ"])
        index = study.series[0].volume.index((lps * [-1, -1, 1])[None])[0]
        assert index[axis] == pytest.approx(values["SLICE"], abs=0.01)
        at = np.argwhere(np.take(sac, int(values["SLICE"]), axis=axis)).mean(axis=0)
        assert np.delete(index, axis) == pytest.approx(at, abs=0.01)


def test_a_network_is_named_as_the_algorithm_and_what_leaves_the_grade_open_is_said(tmp_path):
    axial_dicom(tmp_path / "dicom", FREE)
    _, found, paths = written(tmp_path, network=model())
    assert found.report.escc[0]["grade"] is None
    seg = pydicom.dcmread(paths["seg.dcm"])
    assert [one.SegmentLabel for one in seg.SegmentSequence] == LABELS[:2]
    assert {one.SegmentAlgorithmType for one in seg.SegmentSequence} == {"AUTOMATIC"}
    assert groups_of(paths["sr.dcm"])["ESCC"][1][0] == ("ESCC_GRADE", "NOT_CLEARANCE")
    items = pydicom.dcmread(paths["sr.dcm"]).ContentSequence
    texts = [one.TextValue for one in items if one.ConceptNameCodeSequence[0].CodeMeaning == "Comment"]
    assert "ESCC: no epidural tumour found; this is not clearance" in texts
    assert "ESCC: outlines of cord, sac and tumour by a network that learnt on simulated images" in texts


def test_beside_a_ct_the_canal_has_files_of_its_own_that_the_report_lists(tmp_path):
    axial_dicom(tmp_path / "dicom")
    ids = ct_dicom(tmp_path / "dicom")

    def masks(study):
        image = study.first("ct").volume
        drawn = resample(Volume(ids, ct()[0].volume.affine), Grid.of(image), order=0)
        return of_axial()(study) | {"vertebrae": image.with_array(drawn.astype(np.uint8))}

    _, found, paths = written(tmp_path, masks)
    assert found.report.escc[0]["level"] == "T11"
    wanted = {"seg.dcm", "sr.dcm", "seg_canal.dcm", "sr_canal.dcm"}
    assert wanted <= set(paths)
    files = json.loads((tmp_path / "out" / "report.json").read_text())["provenance"]["files"]
    assert wanted <= set(files)
    labels = {
        name: [one.SegmentLabel for one in pydicom.dcmread(paths[name]).SegmentSequence]
        for name in paths
        if name.startswith("seg")
    }
    assert labels == {"seg.dcm": [f"{level} vertebra" for level in ("T10", "T11", "T12")], "seg_canal.dcm": LABELS}
    assert ("ESCC_LEVEL", codes.level_code(found.report.spine.levels[1]).value) in groups_of(paths["sr_canal.dcm"])[
        "ESCC"
    ][1]


def test_of_two_axial_series_each_has_its_own_and_the_worst_the_first(tmp_path):
    axial_dicom(tmp_path / "dicom" / "a", EpiduralCase(indentation_mm=1.9), 40.0, "upper")
    axial_dicom(tmp_path / "dicom" / "b", CASE, 0.0, "lower")
    _, found, paths = written(tmp_path, network=model())
    assert [site["series"] for site in found.report.escc] == ["lower", "upper"]
    for end, mask, site in (("", "canal.nii.gz", 0), ("_2", "canal_2.nii.gz", 1)):
        seg = hd.seg.segread(paths[f"seg{end}.dcm"])
        assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == found.report.escc[site]["series_uid"]
        tumour = nibabel.load(paths[mask])
        index = np.argwhere(np.asanyarray(tumour.dataobj) == 3)
        np.testing.assert_allclose(
            placed(seg)["epidural tumour"],
            in_order(nibabel.affines.apply_affine(tumour.affine, index)),
            atol=2e-3,
        )
        assert f"sr{end}.dcm" in paths


def test_where_nothing_was_outlined_the_report_says_why_there_is_no_dicom(tmp_path):
    axial_dicom(tmp_path / "dicom")
    _, _, paths = written(tmp_path)
    assert not any(name.endswith(".dcm") for name in paths)
    told = json.loads(paths["report.json"].read_text())["not_assessed"]
    (reason,) = [one for one in told if one["item"] == "dicom_results"]
    assert reason["not_assessable"] == "missing_mask"
    assert "nothing was outlined" in reason["detail"]
