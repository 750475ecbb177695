"""What is refused or left out of a DICOM study, and in which words."""

import shutil

import numpy as np
import pytest
from made_dicom import ENHANCED_CT, Made, enhanced, set_pixels, write
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import generate_uid

from spinemets.errors import StudyError
from spinemets.formats import dicom_slices
from spinemets.formats.dicom_attributes import Attributes
from spinemets.formats.dicom_pixels import volume_values
from spinemets.formats.dicom_slices import slice_of
from spinemets.formats.study import read_study


def refused(folder, match):
    """Assert that nothing of `folder` is used, for the reason `match`, in one line."""
    with pytest.raises(StudyError, match=match) as caught:
        read_study(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_slice_is_named_with_the_gap(tmp_path):
    datasets = Made().datasets()
    del datasets[4]
    refused(write(datasets, tmp_path), r"1 slice is missing: slices lie 2\.5 mm apart and in one place 5 mm")


def test_several_missing_slices_are_counted(tmp_path):
    datasets = Made().datasets()
    del datasets[8], datasets[4], datasets[3]
    refused(write(datasets, tmp_path), "3 slices are missing.* 7.5 mm")


@pytest.mark.parametrize(("moved_mm", "accepted"), [(0.09, True), (0.3, False)])
def test_steps_may_differ_by_a_tenth_of_a_millimetre(moved_mm, accepted, tmp_path):
    datasets = Made().datasets()
    datasets[5].ImagePositionPatient[2] += moved_mm
    write(datasets, tmp_path)
    if accepted:
        assert read_study(tmp_path).series[0].volume.spacing_mm[2] == pytest.approx(2.5)
    else:
        refused(tmp_path, r"slices lie 2\.2 to 2\.8 mm apart; steps may differ by at most 0\.1 mm")


def test_a_slice_shifted_sideways_is_refused(tmp_path):
    datasets = Made().datasets()
    datasets[5].ImagePositionPatient[0] += 4
    refused(write(datasets, tmp_path), r"slices lie up to 4 mm beside a straight line; at most 0\.2 mm")


def test_identical_duplicates_are_dropped_and_flagged(tmp_path):
    datasets = Made().datasets()
    write(datasets, tmp_path)
    write(datasets[3:6], tmp_path / "again")
    series = read_study(tmp_path).series[0]
    assert series.flags == ("duplicate_slices_dropped",)
    assert series.volume.shape[2] == len(datasets) == len(series.instances)


def test_different_images_at_one_position_are_refused(tmp_path):
    datasets = Made().datasets()
    other = Made(intercept=-900).dataset(5)
    other.SeriesInstanceUID, other.FrameOfReferenceUID = datasets[0].SeriesInstanceUID, datasets[0].FrameOfReferenceUID
    other.RescaleIntercept = -1024
    refused(write([*datasets, other], tmp_path), "different images lie at one position")


def test_folder_without_an_image_says_what_was_found(tmp_path):
    report = Made().dataset(0)
    report.Modality, report.SOPClassUID = "SR", "1.2.840.10008.5.1.4.1.1.88.33"
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(report, keyword)
    refused(write([report], tmp_path), "no image series can be used: modality SR is not assessed")


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_truncated_slice_leaves_its_series_out(kept, tmp_path):
    write(Made().datasets(), tmp_path)
    path = sorted(tmp_path.iterdir())[0]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - int(160 * (1 - kept))])
    refused(tmp_path, "1 of 12 files is truncated")


@pytest.mark.parametrize("number", [1, 4])
def test_a_slice_cut_anywhere_is_never_read_as_a_shorter_series(number, tmp_path):
    Made(slices=4).write(tmp_path)
    path = next(p for p in tmp_path.iterdir() if dcmread(p).InstanceNumber == number)
    data = path.read_bytes()
    for length in range(0, len(data), 5):
        path.write_bytes(data[:length])
        refused(tmp_path, "truncated")


def test_an_empty_dcm_file_is_a_slice_that_was_lost(tmp_path):
    write(Made().datasets(), tmp_path)
    (tmp_path / "x.dcm").write_bytes(b"")
    refused(tmp_path, "truncated or damaged before its pixels begin")


def test_image_without_pixel_data_is_truncated(tmp_path):
    datasets = Made().datasets()
    del datasets[2].PixelData
    refused(write(datasets, tmp_path), "before its pixels begin")


def test_pixel_data_shorter_than_the_matrix_are_refused(tmp_path):
    datasets = Made().datasets()
    datasets[2].PixelData = datasets[2].PixelData[:-20]
    refused(write(datasets, tmp_path), "pixels of a slice are truncated, damaged or encoded")


def test_damaged_series_leaves_the_sound_one_of_its_role_in_use(tmp_path):
    thin = Made(step_mm=1.0, attributes={"SeriesDescription": "thin", "SeriesNumber": 1})
    datasets = thin.datasets()
    datasets[2].PixelData = datasets[2].PixelData[:-20]
    write(datasets, tmp_path / "thin")
    Made(attributes={"SeriesDescription": "thick"}).write(tmp_path / "thick")
    study = read_study(tmp_path)
    assert [series.name for series in study.series] == ["thick"]
    assert [(item.name, "truncated" in item.reason) for item in study.left_out] == [("thin", True)]


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_slices_are_no_volume(count, tmp_path):
    refused(Made(slices=count).write(tmp_path), f"{count} slices? in this orientation; at least 3 needed")


@pytest.mark.parametrize("spacing", [(0.0, 0.7), (0.7, 0.001), (30.0, 0.7)])
def test_unbelievable_pixel_spacing_is_refused(spacing, tmp_path):
    shown = f"{spacing[0]:.4g}" if spacing[0] != 0.7 else f"{spacing[1]:.4g}"
    refused(Made(pixel_mm=spacing).write(tmp_path), rf"voxel spacing .*{shown}.* mm is not believable")


@pytest.mark.parametrize(
    ("keyword", "missing"),
    [
        ("ImagePositionPatient", "position"),
        ("ImageOrientationPatient", "orientation"),
        ("PixelSpacing", "pixel spacing"),
    ],
)
def test_images_without_a_place_in_the_patient_are_refused(keyword, missing, tmp_path):
    refused(Made(attributes={keyword: None}).write(tmp_path), f"place in the patient is unknown: no {missing}")


@pytest.mark.parametrize("cosines", [[0, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 1, 0]])
def test_orientation_that_is_no_rotation_is_refused(cosines, tmp_path):
    made = Made(attributes={"ImageOrientationPatient": cosines})
    refused(made.write(tmp_path), rf"orientation \({cosines[0]}, 0, 0, {cosines[3]}.*\) is not two unit vectors")


def test_more_frames_than_memory_holds_are_refused_before_allocation(tmp_path):
    ds = enhanced(Made(), ENHANCED_CT)
    ds.NumberOfFrames = 2**31 - 1
    refused(write([ds], tmp_path), "2147483647 frames and 12 descriptions")


def test_colour_frames_are_refused(tmp_path):
    datasets = Made().datasets()
    for ds in datasets:
        set_pixels(ds, np.zeros((8, 10), np.uint16))
        ds.SamplesPerPixel = 3
    refused(write(datasets, tmp_path), "a colour picture")


def test_localiser_in_the_same_series_is_split_off_and_listed(tmp_path):
    made = Made()
    datasets = made.datasets()
    for orientation in ("sagittal", "coronal"):
        other = Made(orientation).dataset(0)
        other.SeriesInstanceUID, other.FrameOfReferenceUID = made.series_uid, made.frame_uid
        datasets.append(other)
    study = read_study(write(datasets, tmp_path))
    assert [series.volume.shape[2] for series in study.series] == [12]
    assert [item.reason for item in study.left_out] == ["1 slice in this orientation; at least 3 needed"]


def test_unfitting_role_of_a_folder_is_refused(tmp_path):
    Made().write(tmp_path)
    with pytest.raises(StudyError, match="it was named t2, but its attributes make it ct"):
        read_study(f"t2={tmp_path}")


def test_a_named_role_is_given_to_the_folder(tmp_path):
    Made().write(tmp_path / "now")
    Made(attributes={"StudyInstanceUID": generate_uid()}).write(tmp_path / "before")
    study = read_study([str(tmp_path / "now"), f"prior_ct={tmp_path / 'before'}"])
    assert [series.role for series in study.series] == ["ct", "prior_ct"]


def test_two_named_folders_of_one_role_are_refused(tmp_path):
    Made().write(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with pytest.raises(StudyError, match="2 inputs have the role ct, one is needed"):
        read_study([f"ct={tmp_path / 'a'}", f"ct={tmp_path / 'b'}"])


def test_attribute_that_cannot_be_decoded_counts_as_missing(tmp_path):
    header = Made().dataset(0)
    header["Rows"] = RawDataElement(Tag("Rows"), "US", 1, b"\x08", 0, False, True)
    with pytest.raises(StudyError, match="place in the patient is unknown: no rows"):
        slice_of(tmp_path, 0, Attributes(header))


def test_damaged_functional_groups_are_refused(tmp_path, monkeypatch):
    def damaged(header, frame):
        raise NotImplementedError

    monkeypatch.setattr(dicom_slices, "frame_attributes", damaged)
    match = r"where its frames lie are damaged \(NotImplementedError\)"
    refused(write([enhanced(Made())], tmp_path), match)


def test_slices_that_decode_to_another_size_are_refused(tmp_path):
    write(Made().datasets(), tmp_path)
    header = Made().dataset(0)
    header.Rows = 9
    slices = [slice_of(path, 0, Attributes(header)) for path in tmp_path.iterdir()]
    with pytest.raises(StudyError, match=r"a slice decodes to \(8, 10\), \(9, 10\) grey pixels are needed"):
        volume_values(slices, "CT")
