"""Sagittal T1 and T2 that came from DICOM: masks, segmentation and structured report as of a CT."""

import json

import highdicom as hd
import nibabel
import numpy as np
import pydicom
import pytest
from formats.dicom_phantom import errors_of_dciodvfy, in_order, placed
from marrow_phantom import T1, T2
from mr_studies import WITH, networks, scene, true_parts

from spinemets.formats.dicom_write import write_mr_series
from spinemets.formats.study import read_study
from spinemets.pipeline import examine
from spinemets.results import write_results

__all__ = ["networks"]
STUDY = "1.2.3.4"
TIMES = {"t1": {"RepetitionTime": 500, "EchoTime": 10}, "t2": {"RepetitionTime": 3500, "EchoTime": 100}}


@pytest.fixture
def written(networks, tmp_path):
    """The study as it was read, what was found, and the files by name."""
    for series in scene({"t1": T1, "t2": T2}):
        write_mr_series(
            series.volume, tmp_path / "dicom" / series.role, patient_id="SIM1", seed=series.role, study_uid=STUDY,
            description=f"{series.role} sag", EchoTrainLength=8, **TIMES[series.role],
        )  # fmt: skip
    study = read_study(tmp_path / "dicom")
    networks.role_of = {id(one.volume): one.role for one in study.series}
    found = examine(study, models=WITH)
    return study, found, {path.name: path for path in write_results(found, tmp_path / "out", dicom=study.is_dicom)}


def test_a_dicom_mr_study_gets_masks_and_dicom_objects_on_the_series_that_was_outlined(written):
    study, found, paths = written
    assert {one.role for one in study.series} == {"t1", "t2"}
    assert set(paths) == {"report.html", "report.json", "vertebrae.nii.gz", "subregions.nii.gz", "seg.dcm", "sr.dcm"}
    t1 = study.first("t1")
    assert found.results[0].series is t1
    ids, _ = true_parts(t1.volume)
    image = nibabel.load(paths["vertebrae.nii.gz"])
    assert image.affine == pytest.approx(t1.volume.affine, abs=1e-4)
    assert (np.asanyarray(image.dataobj) == ids).all()
    seg = pydicom.dcmread(paths["seg.dcm"])
    assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == t1.uid
    assert seg.FrameOfReferenceUID == t1.volume.frame_of_reference
    for name in ("seg.dcm", "sr.dcm"):
        assert errors_of_dciodvfy(paths[name]) == []


def test_segments_lie_where_the_vertebrae_are_and_name_the_network(written):
    study, _, paths = written
    volume = study.first("t1").volume
    ids, _ = true_parts(volume)
    points = placed(hd.seg.segread(paths["seg.dcm"]))
    for number, level in zip((19, 20, 21, 22, 23), ("T12", "L1", "L2", "L3", "L4"), strict=True):
        expected = in_order(volume.world(np.argwhere(ids == number)))
        np.testing.assert_allclose(points[f"{level} vertebra"], expected, atol=2e-3)
        assert f"{level} body" in points
    segments = pydicom.dcmread(paths["seg.dcm"]).SegmentSequence
    assert {one.SegmentAlgorithmType for one in segments} == {"AUTOMATIC"}


def test_the_structured_report_lists_every_vertebra_and_the_inputs_say_what_was_measured(written):
    _, _, paths = written
    said = str(pydicom.dcmread(paths["sr.dcm"]))
    assert all(code in said for code in ("23215003", "66794005", "14293000", "36470004", "11994002"))  # T12 to L4
    inputs = json.loads(paths["report.json"].read_text())["inputs"]
    assert {(one["role"], one["used"]) for one in inputs} == {("t1", True), ("t2", True)}
