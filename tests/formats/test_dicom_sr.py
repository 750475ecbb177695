import dataclasses
from datetime import datetime

import highdicom as hd
import numpy as np
import pydicom
import pytest
from dicom_phantom import GRIDS, ct_series, errors_of_dciodvfy, every_grid, masks

from spinemets.anatomy import Level
from spinemets.errors import StudyError
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_findings import VertebraFound, not_assessable, spine_finding, vertebra_finding
from spinemets.formats.dicom_seg import write_seg
from spinemets.formats.dicom_segments import vertebra_segments
from spinemets.formats.dicom_sr import write_sr
from spinemets.formats.dicom_stamp import RESEARCH_USE_ONLY, Stamp, concept

STAMP = Stamp("test", datetime(2026, 1, 2, 3, 4, 5))


def findings_of(series, numbers):
    vertebrae = masks(series.volume)[0]
    for level, label in {Level.T7: "T7 vertebra", Level.T8: "T8 vertebra", Level.SACRUM: "sacrum"}.items():
        inside = vertebrae.array == level.verse_id
        x, y, z = series.volume.world(np.argwhere(inside)).mean(axis=0).tolist()
        volume_ml = float(inside.sum() * series.volume.voxel_volume_mm3 / 1000)
        yield vertebra_finding(VertebraFound(level, (x, y, z), 1 / 3, Level.T12, True, volume_ml, numbers.get(label)))


def written(tmp_path, affine=GRIDS["oblique"], *, with_seg=True):
    series = ct_series(tmp_path / "ct", affine)
    seg_path = tmp_path / "seg.dcm" if with_seg else None
    numbers = write_seg(seg_path, series, vertebra_segments(*masks(series.volume)), STAMP) if with_seg else {}
    findings = [spine_finding(level_ambiguous=True), *findings_of(series, numbers)]
    path = tmp_path / "sr.dcm"
    write_sr(path, series, findings, seg_path=seg_path, remarks=["pain: not stated"], stamp=STAMP)
    return series, hd.sr.srread(path)


def centroid(group):
    values = {m.name.value: m.value for m in group.get_measurements()}
    return [values[f"CENTROID_{axis}"] for axis in "XYZ"]


@every_grid
def test_a_centroid_lies_amid_the_voxels_of_the_segment_it_refers_to(tmp_path, affine):
    _, report = written(tmp_path, affine)
    seg = hd.seg.segread(tmp_path / "seg.dcm")
    shared = seg.SharedFunctionalGroupsSequence[0]
    orientation = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    row_spacing, column_spacing = shared.PixelMeasuresSequence[0].PixelSpacing
    groups = report.content.get_volumetric_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == ["T7 vertebra", "T8 vertebra", "sacrum"]
    for group in groups:
        reference = group.referenced_segment[0].ReferencedSOPSequence[0]
        assert reference.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        points = []
        for frame, pixels in zip(seg.PerFrameFunctionalGroupsSequence, seg.pixel_array, strict=True):
            number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            if number == reference.ReferencedSegmentNumber:
                rows, columns = np.nonzero(pixels)
                start = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
                across = np.outer(columns * column_spacing, orientation[:3])
                points.append(start + across + np.outer(rows * row_spacing, orientation[3:]))
        np.testing.assert_allclose(centroid(group), np.concatenate(points).mean(axis=0), atol=1e-3)
        assert group.tracking_uid == seg.get_segment_description(reference.ReferencedSegmentNumber).TrackingUID


@pytest.mark.parametrize("with_seg", [True, False])
def test_the_report_satisfies_the_standard(tmp_path, with_seg):
    written(tmp_path, with_seg=with_seg)
    assert errors_of_dciodvfy(tmp_path / "sr.dcm") == []


def test_the_report_is_preliminary_unverified_and_headed_by_the_research_statement(tmp_path):
    _, report = written(tmp_path)
    assert (report.VerificationFlag, report.PreliminaryFlag, report.CompletionFlag) == (
        "UNVERIFIED",
        "PRELIMINARY",
        "COMPLETE",
    )
    assert "Research use only" in report.SeriesDescription
    items = report.ContentSequence
    texts = [n for n, item in enumerate(items) if item.ConceptNameCodeSequence[0].CodeMeaning == "Comment"]
    assert [items[n].TextValue for n in texts] == [RESEARCH_USE_ONLY, "pain: not stated"]
    assert items[texts[-1] + 1].ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurements"
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_a_group_says_what_where_and_how_sure(tmp_path):
    _, report = written(tmp_path)
    (group,) = report.content.get_volumetric_roi_measurement_groups(finding_site=concept(codes.level_code(Level.T7)))
    assert group.finding_type.value == "51282000"
    values = {m.name.value: (m.value, m.unit.value) for m in group.get_measurements()}
    assert values["LEVEL_PROB"] == (pytest.approx(1 / 3), "1")
    assert values["118565006"] == (pytest.approx(62 * 0.7 * 0.9 * 2.5 / 1000), "ml")
    judged = {q.name.value: q.value.value for q in group.get_qualitative_evaluations()}
    assert judged == {"RUNNER_UP": "23215003", "PARTLY_VISIBLE": "373066001"}


def test_without_a_segmentation_the_centroid_is_a_point_in_space(tmp_path):
    series, report = written(tmp_path, with_seg=False)
    groups = report.content.get_image_measurement_groups()
    assert [group.tracking_identifier for group in groups] == ["spine", "T7 vertebra", "T8 vertebra", "sacrum"]
    for group in groups[1:]:
        pointed = [m for m in group.get_measurements() if m.referenced_coordinates]
        assert [m.name.value for m in pointed] == ["CENTROID_X", "CENTROID_Y", "CENTROID_Z"]
        (point,) = pointed[0].referenced_coordinates
        assert point.ReferencedFrameOfReferenceUID == pydicom.dcmread(series.instances[0]).FrameOfReferenceUID
        np.testing.assert_allclose(point.value[0], centroid(group), atol=1e-4)


def test_the_evidence_is_every_slice_and_the_segmentation(tmp_path):
    series, report = written(tmp_path)
    sequences = [
        *report.get("CurrentRequestedProcedureEvidenceSequence", []),
        *report.get("PertinentOtherEvidenceSequence", []),
    ]
    listed = {
        item.ReferencedSOPInstanceUID
        for study in sequences
        for one in study.ReferencedSeriesSequence
        for item in one.ReferencedSOPSequence
    }
    files = [*series.instances, tmp_path / "seg.dcm"]
    assert listed == {pydicom.dcmread(path).SOPInstanceUID for path in files}


def test_what_cannot_be_told_is_written_with_its_reason(tmp_path):
    series = ct_series(tmp_path / "ct")
    spine = spine_finding(level_ambiguous=False)
    spine = dataclasses.replace(spine, judgements=(not_assessable(codes.LEVEL_AMBIGUOUS, "out_of_field"),))
    write_sr(tmp_path / "sr.dcm", series, [spine])
    (group,) = hd.sr.srread(tmp_path / "sr.dcm").content.get_image_measurement_groups()
    assert group.get_qualitative_evaluations()[0].value.value == "out_of_field"
    assert errors_of_dciodvfy(tmp_path / "sr.dcm") == []


def test_the_same_stamp_gives_the_same_bytes(tmp_path):
    series = ct_series(tmp_path / "ct")
    for name in "ab":
        write_sr(tmp_path / name, series, list(findings_of(series, {})), stamp=STAMP)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert pydicom.dcmread(tmp_path / "a").ContentDate == "20260102"


def test_an_empty_report_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one finding"):
        write_sr(tmp_path / "sr.dcm", ct_series(tmp_path / "ct"), [])


def test_a_report_on_a_series_that_is_not_dicom_is_refused(tmp_path):
    series = dataclasses.replace(ct_series(tmp_path / "ct"), instances=())
    with pytest.raises(StudyError, match="did not come from DICOM"):
        write_sr(tmp_path / "sr.dcm", series, [spine_finding(level_ambiguous=False)])


def test_a_segment_number_without_its_segmentation_is_refused(tmp_path):
    series = ct_series(tmp_path / "ct")
    with pytest.raises(ValueError, match="'T7 vertebra' names segment 1; give the segmentation"):
        write_sr(tmp_path / "sr.dcm", series, list(findings_of(series, {"T7 vertebra": 1})))


@pytest.mark.parametrize("number", [0, 6])
def test_a_segment_number_that_is_not_in_the_segmentation_is_refused(tmp_path, number):
    series = ct_series(tmp_path / "ct")
    write_seg(tmp_path / "seg.dcm", series, vertebra_segments(*masks(series.volume)), STAMP)
    findings = list(findings_of(series, {"T7 vertebra": number}))
    with pytest.raises(ValueError, match=f"names segment {number}, of 1 to 5"):
        write_sr(tmp_path / "sr.dcm", series, findings, seg_path=tmp_path / "seg.dcm")
