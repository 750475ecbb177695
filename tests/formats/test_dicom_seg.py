import dataclasses
from datetime import datetime

import highdicom as hd
import numpy as np
import pydicom
import pytest
from dicom_phantom import (
    GRIDS,
    SHAPE,
    ct_series,
    errors_of_dciodvfy,
    every_grid,
    frames_of,
    masks,
    placed,
    points_mm,
)

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError, StudyError
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_seg import write_seg
from spinemets.formats.dicom_segments import Segment, canal_segments, lesion_segment, vertebra_segments
from spinemets.formats.dicom_stamp import Stamp
from spinemets.volume import Volume

STAMP = Stamp("test", datetime(2026, 1, 2, 3, 4, 5))
LABELS = ["T7 vertebra", "T7 body", "T8 vertebra", "T8 body", "sacrum"]


def written(tmp_path, affine):
    series = ct_series(tmp_path / "ct", affine)
    numbers = write_seg(tmp_path / "seg.dcm", series, vertebra_segments(*masks(series.volume)), STAMP)
    assert numbers == {label: number for number, label in enumerate(LABELS, 1)}
    return series, hd.seg.segread(tmp_path / "seg.dcm")


@every_grid
def test_segments_overlay_the_same_points_of_the_patient(tmp_path, affine):
    series, seg = written(tmp_path, affine)
    vertebrae, subregions = masks(series.volume)
    body = np.isin(subregions.array, (49, 50))
    found = placed(seg)
    assert list(found) == sorted(LABELS, key=list(found).index)
    for label, mask in {
        "T7 vertebra": vertebrae.array == 14,
        "T7 body": body & (vertebrae.array == 14),
        "T8 vertebra": vertebrae.array == 15,
        "T8 body": body & (vertebrae.array == 15),
        "sacrum": vertebrae.array == 26,
    }.items():
        np.testing.assert_allclose(found[label], points_mm(series.volume, mask), atol=2e-3)


@every_grid
def test_every_frame_refers_to_the_slice_at_its_position(tmp_path, affine):
    series, seg = written(tmp_path, affine)
    slices = {image.SOPInstanceUID: image for image in map(pydicom.dcmread, series.instances)}
    for _, position, _, frame in frames_of(seg):
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        image = slices[source.ReferencedSOPInstanceUID]
        np.testing.assert_array_equal(np.array(image.ImagePositionPatient, float), position)
        assert source.SpatialLocationsPreserved == "YES"
    assert len(seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == len(slices)
    assert seg.FrameOfReferenceUID == image.FrameOfReferenceUID


@every_grid
def test_the_segmentation_satisfies_the_standard(tmp_path, affine):
    written(tmp_path, affine)
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_slice_positions_are_those_of_the_file_where_an_affine_misses_them_by_rounding(tmp_path):
    series = ct_series(tmp_path / "ct", GRIDS["oblique"])
    fitted = series.volume.affine + np.outer([0, 0, 0.003, 0], [0, 0, 1, 0])
    series = dataclasses.replace(series, volume=Volume(series.volume.array, fitted))
    write_seg(tmp_path / "seg.dcm", series, vertebra_segments(masks(series.volume)[0]))
    stated = {tuple(pydicom.dcmread(path).ImagePositionPatient) for path in series.instances}
    for _, _, _, frame in frames_of(hd.seg.segread(tmp_path / "seg.dcm")):
        assert tuple(frame.PlanePositionSequence[0].ImagePositionPatient) in stated
        assert len(frame.DerivationImageSequence) == 1


def test_a_volume_read_against_the_order_of_its_files_is_still_placed_right(tmp_path):
    series = ct_series(tmp_path / "ct", GRIDS["oblique"])
    turned = dataclasses.replace(series, instances=series.instances[::-1])
    write_seg(tmp_path / "seg.dcm", turned, vertebra_segments(*masks(series.volume)), STAMP)
    seg = hd.seg.segread(tmp_path / "seg.dcm")
    expected = points_mm(series.volume, masks(series.volume)[0].array == 14)
    np.testing.assert_allclose(placed(seg)["T7 vertebra"], expected, atol=2e-3)


def test_a_resampled_volume_keeps_its_own_slices_and_claims_no_source_for_them(tmp_path):
    series = ct_series(tmp_path / "ct", GRIDS["axial head first"])
    affine = series.volume.affine.copy()
    affine[2, 3] += 1.0
    series = dataclasses.replace(series, volume=Volume(np.zeros((9, 10, 6)), affine))
    mask = np.zeros((9, 10, 6), bool)
    mask[2:4, 3:8, 1:5] = True
    segment = Segment("T7 vertebra", mask, codes.ANATOMICAL_STRUCTURE, codes.VERTEBRA)
    write_seg(tmp_path / "seg.dcm", series, [segment], STAMP)
    seg = hd.seg.segread(tmp_path / "seg.dcm")
    np.testing.assert_allclose(placed(seg)["T7 vertebra"], points_mm(series.volume, mask), atol=2e-3)
    assert all(len(frame.DerivationImageSequence) == 0 for *_, frame in frames_of(seg))
    assert len(seg.SourceImageSequence) == SHAPE[2]
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def enhanced(series, path, *, orientation_per_frame):
    """The series as one multi-frame file whose frames run against axis K."""
    images = [pydicom.dcmread(p) for p in series.instances][::-1]
    image = hd.legacy.LegacyConvertedEnhancedCTImage(images, "1.2.3", 1, "1.2.4", 1, include_dimension_index=False)
    if orientation_per_frame:
        orientation = image.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
        del image.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
        for frame in image.PerFrameFunctionalGroupsSequence:
            frame.PlaneOrientationSequence = orientation
    image.save_as(path)
    first = image.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient
    assert first == images[0].ImagePositionPatient != pydicom.dcmread(series.instances[0]).ImagePositionPatient
    return dataclasses.replace(series, instances=(path,)), image


@pytest.mark.parametrize("orientation_per_frame", [False, True])
def test_frames_of_an_enhanced_image_are_referred_to_by_position_not_by_order(tmp_path, orientation_per_frame):
    series = ct_series(tmp_path / "ct", GRIDS["oblique"])
    series, image = enhanced(series, tmp_path / "enhanced.dcm", orientation_per_frame=orientation_per_frame)
    write_seg(tmp_path / "seg.dcm", series, vertebra_segments(*masks(series.volume)), STAMP)
    seg = hd.seg.segread(tmp_path / "seg.dcm")
    expected = points_mm(series.volume, masks(series.volume)[0].array == 14)
    np.testing.assert_allclose(placed(seg)["T7 vertebra"], expected, atol=2e-3)
    for _, position, _, frame in frames_of(seg):
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        referred = image.PerFrameFunctionalGroupsSequence[source.ReferencedFrameNumber - 1]
        np.testing.assert_array_equal(np.array(referred.PlanePositionSequence[0].ImagePositionPatient, float), position)


def test_segments_carry_their_codes_their_maker_and_the_research_statement(tmp_path):
    _, seg = written(tmp_path, GRIDS["sagittal"])
    body = seg.get_segment_description(2)
    assert (body.SegmentLabel, body.SegmentAlgorithmType, body.tracking_id) == ("T7 body", "AUTOMATIC", "T7 body")
    assert body.segmented_property_category.value == "91723000"
    assert body.segmented_property_type.value == "3572006"
    assert body.anatomic_regions[0].value == "62487009"
    assert body.algorithm_identification.name == "spinemets"
    assert seg.get_segment_description(1).segmented_property_type.value == "62487009"
    assert "Research use only" in seg.SeriesDescription
    assert (seg.SegmentationType, seg.SegmentsOverlap, seg.Modality) == ("BINARY", "YES", "SEG")
    assert seg.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == "99SPMETS"


def test_a_mask_that_a_user_gave_names_no_algorithm_of_ours(tmp_path):
    series = ct_series(tmp_path / "ct")
    given = [dataclasses.replace(one, given=True) for one in vertebra_segments(*masks(series.volume))]
    write_seg(tmp_path / "seg.dcm", series, given, STAMP)
    described = pydicom.dcmread(tmp_path / "seg.dcm").SegmentSequence
    assert {one.SegmentAlgorithmType for one in described} == {"MANUAL"}
    assert not any(
        "SegmentAlgorithmName" in one or "SegmentationAlgorithmIdentificationSequence" in one for one in described
    )
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_frames_hold_a_voxel_and_their_indices_are_distinct(tmp_path):
    _, seg = written(tmp_path, GRIDS["axial head first"])
    assert seg.NumberOfFrames == 3 + 3 + 4 + 4 + 1
    assert seg.pixel_array.any(axis=(1, 2)).all()
    indices = {tuple(frame.FrameContentSequence[0].DimensionIndexValues) for *_, frame in frames_of(seg)}
    assert len(indices) == seg.NumberOfFrames
    of_position = {
        (index[1], frame.PlanePositionSequence[0].ImagePositionPatient[2])
        for index, frame in ((tuple(f.FrameContentSequence[0].DimensionIndexValues), f) for *_, f in frames_of(seg))
    }
    assert len(of_position) == 6  # one index for each of the six slices that hold anything


def test_a_lesion_may_overlap_body_and_vertebra(tmp_path):
    series = ct_series(tmp_path / "ct")
    lesion = np.zeros(SHAPE, bool)
    lesion[2:6, 3:5, 2:4] = True
    segments = [*vertebra_segments(*masks(series.volume)), lesion_segment(1, "lytic", Level.T7, lesion)]
    numbers = write_seg(tmp_path / "seg.dcm", series, segments, STAMP)
    assert numbers["lesion 1 lytic T7"] == 6
    found = placed(hd.seg.segread(tmp_path / "seg.dcm"))
    np.testing.assert_allclose(found["lesion 1 lytic T7"], points_mm(series.volume, lesion), atol=2e-3)
    expected = points_mm(series.volume, masks(series.volume)[0].array == 14)
    np.testing.assert_allclose(found["T7 vertebra"], expected, atol=2e-3)
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_private_codes_satisfy_the_standard_too(tmp_path):
    series = ct_series(tmp_path / "ct")
    mask = np.zeros(SHAPE, np.uint8)
    mask[4:6, 5, 1:6] = 1
    mask[4:6, 6:8, 1:6] = 2
    mask[4:6, 8, 2] = 3
    transitional = series.volume.with_array(np.where(mask == 3, 28, 0))
    segments = [*vertebra_segments(transitional), *canal_segments(series.volume.with_array(mask))]
    numbers = write_seg(tmp_path / "seg.dcm", series, segments, STAMP)
    assert list(numbers) == ["T13 vertebra", "spinal cord", "thecal sac", "epidural tumour"]
    assert errors_of_dciodvfy(tmp_path / "seg.dcm") == []


def test_the_same_stamp_gives_the_same_bytes_and_another_other_identifiers(tmp_path):
    series = ct_series(tmp_path / "ct")
    for name, stamp in {"a": STAMP, "b": STAMP, "c": None}.items():
        write_seg(tmp_path / name, series, vertebra_segments(*masks(series.volume)), stamp)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert pydicom.dcmread(tmp_path / "a").SOPInstanceUID != pydicom.dcmread(tmp_path / "c").SOPInstanceUID


def test_a_series_that_is_not_dicom_is_refused(tmp_path):
    series = dataclasses.replace(ct_series(tmp_path / "ct"), instances=())
    with pytest.raises(StudyError, match="'phantom' did not come from DICOM"):
        write_seg(tmp_path / "seg.dcm", series, vertebra_segments(masks(series.volume)[0]))


def test_nothing_to_write_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no segment"):
        write_seg(tmp_path / "seg.dcm", ct_series(tmp_path / "ct"), [])


def test_two_segments_of_one_name_are_refused(tmp_path):
    series = ct_series(tmp_path / "ct")
    segments = [*vertebra_segments(masks(series.volume)[0])] * 2
    with pytest.raises(ValueError, match="two segments are called 'T7 vertebra'"):
        write_seg(tmp_path / "seg.dcm", series, segments)
    assert not (tmp_path / "seg.dcm").exists()


def test_a_mask_larger_than_the_series_is_refused(tmp_path):
    series = ct_series(tmp_path / "ct")
    segment = Segment("T7 vertebra", np.ones((14, 2, 2), bool), codes.ANATOMICAL_STRUCTURE, codes.VERTEBRA)
    with pytest.raises(GeometryMismatchError, match="leaves the series"):
        write_seg(tmp_path / "seg.dcm", series, [segment])
