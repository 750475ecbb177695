import numpy as np
import pydicom
import pytest
from dicom_phantom import ct_series, masks

from spinemets.errors import StudyError
from spinemets.formats.dicom_seg import write_seg
from spinemets.formats.dicom_segments import vertebra_segments
from spinemets.formats.dicom_source import source_headers


def rewrite(path, **values):
    """Change attributes of a file; None removes one."""
    image = pydicom.dcmread(path)
    for keyword, value in values.items():
        if value is None:
            del image[keyword]
        else:
            setattr(image, keyword, value)
    image.save_as(path)


def test_a_deidentified_series_without_attributes_that_may_be_empty_can_be_referred_to(tmp_path):
    series = ct_series(tmp_path / "ct")
    gone = ("PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyTime", "ReferringPhysicianName")
    for path in series.instances:
        rewrite(path, **dict.fromkeys(gone), SliceThickness="", PatientName=None, PatientID=None)
    write_seg(tmp_path / "seg.dcm", series, vertebra_segments(masks(series.volume)[0]))
    assert pydicom.dcmread(tmp_path / "seg.dcm").PatientID in ("", None)


def test_a_sex_the_standard_does_not_know_is_left_open(tmp_path):
    series = ct_series(tmp_path / "ct")
    for path in series.instances:
        rewrite(path, PatientSex="W")
    assert {header.PatientSex for header in source_headers(series)} == {""}


def test_orientations_that_differ_in_the_last_digit_are_taken_as_one(tmp_path):
    series = ct_series(tmp_path / "ct")
    image = pydicom.dcmread(series.instances[3])
    rewrite(series.instances[3], ImageOrientationPatient=np.round(np.array(image.ImageOrientationPatient), 6).tolist())
    assert len({tuple(header.ImageOrientationPatient) for header in source_headers(series)}) == 1


def test_slices_that_are_not_parallel_are_refused(tmp_path):
    series = ct_series(tmp_path / "ct")
    rewrite(series.instances[3], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    with pytest.raises(StudyError, match="'phantom' are not parallel"):
        source_headers(series)


def test_a_series_without_a_frame_of_reference_is_refused(tmp_path):
    series = ct_series(tmp_path / "ct")
    rewrite(series.instances[3], FrameOfReferenceUID=None)
    with pytest.raises(StudyError, match="'phantom' has no Frame of Reference UID"):
        source_headers(series)


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
def test_a_series_of_which_one_file_leaves_an_identifier_empty_is_refused(tmp_path, keyword):
    series = ct_series(tmp_path / "ct")
    rewrite(series.instances[3], **{keyword: ""})
    with pytest.raises(StudyError, match=f"'phantom' states no {keyword}: no DICOM object can refer to it"):
        source_headers(series)


def test_the_files_are_not_changed(tmp_path):
    series = ct_series(tmp_path / "ct")
    before = [path.read_bytes() for path in series.instances]
    source_headers(series)
    assert [path.read_bytes() for path in series.instances] == before
