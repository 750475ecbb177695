import dataclasses

import numpy as np
import pydicom
import pytest
from dicom_phantom import GRIDS, ct, errors_of_dciodvfy, every_grid

from spinemets.errors import StudyError
from spinemets.formats.dicom_write import write_ct_series, write_mr_series
from spinemets.volume import Volume


@every_grid
def test_every_pixel_lies_where_its_voxel_lay(tmp_path, affine):
    volume = ct(affine)
    paths = write_ct_series(volume, tmp_path, patient_id="p", seed=1)
    assert len(paths) == volume.shape[2]
    for k in (0, 3, 6):
        image = pydicom.dcmread(paths[k])
        row, column = 4, 9
        hu = image.pixel_array[row, column] * image.RescaleSlope + image.RescaleIntercept
        assert hu == volume.array[column, row, k]
        orientation = np.array(image.ImageOrientationPatient, float)
        row_spacing, column_spacing = image.PixelSpacing
        point = np.array(image.ImagePositionPatient, float)
        point += orientation[:3] * column_spacing * column + orientation[3:] * row_spacing * row
        np.testing.assert_allclose(point * [-1, -1, 1], volume.world([column, row, k]), atol=1e-6)


@every_grid
def test_a_ct_series_satisfies_the_standard(tmp_path, affine):
    paths = write_ct_series(ct(affine), tmp_path, patient_id="p", seed=1)
    assert errors_of_dciodvfy(paths[2]) == []


def test_an_mr_series_satisfies_the_standard_and_keeps_its_signal(tmp_path):
    volume = ct(GRIDS["sagittal"])
    paths = write_mr_series(
        volume, tmp_path, patient_id="p", seed=1, description="T2", RepetitionTime=3000, EchoTime=90, EchoTrainLength=15
    )
    assert errors_of_dciodvfy(paths[0]) == []
    image = pydicom.dcmread(paths[0])
    assert (image.Modality, image.EchoTime, image.SeriesDescription) == ("MR", 90, "T2")
    assert "RescaleSlope" not in image
    np.testing.assert_array_equal(image.pixel_array, volume.array[:, :, 0].T)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    first = write_ct_series(ct(), tmp_path / "a", patient_id="p", seed=1)
    again = write_ct_series(ct(), tmp_path / "b", patient_id="p", seed=1)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_identifiers_are_distinct_where_they_must_be_and_shared_where_they_must(tmp_path):
    paths = [
        *write_ct_series(ct(), tmp_path / "a", patient_id="p", seed=1),
        *write_mr_series(ct(), tmp_path / "b", patient_id="p", seed=1),
        *write_ct_series(ct(), tmp_path / "c", patient_id="p", seed=2),
    ]
    images = [pydicom.dcmread(path) for path in paths]
    assert len({image.SOPInstanceUID for image in images}) == 21
    assert len({image.SeriesInstanceUID for image in images}) == 3
    assert len({image.StudyInstanceUID for image in images}) == 2
    assert len({image.FrameOfReferenceUID for image in images}) == 2
    assert all(len(image.SOPInstanceUID) <= 64 and image.SOPInstanceUID.startswith("2.25.") for image in images)


def test_a_study_and_a_frame_of_reference_that_are_given_are_kept(tmp_path):
    volume = dataclasses.replace(ct(), frame_of_reference="1.2.3")
    image = pydicom.dcmread(write_ct_series(volume, tmp_path, patient_id="p", seed=1, study_uid="1.2.4")[0])
    assert (image.FrameOfReferenceUID, image.StudyInstanceUID) == ("1.2.3", "1.2.4")


def test_attributes_go_to_every_slice(tmp_path):
    paths = write_ct_series(ct(), tmp_path, patient_id="p", seed=1, PatientPosition="FFS")
    assert {pydicom.dcmread(path).PatientPosition for path in paths} == {"FFS"}


def test_fractions_are_rounded(tmp_path):
    volume = Volume(np.full((4, 3, 2), -1000.6), np.eye(4))
    image = pydicom.dcmread(write_ct_series(volume, tmp_path, patient_id="p", seed=1)[0])
    assert (image.pixel_array + image.RescaleIntercept == -1001).all()


@pytest.mark.parametrize("value", [32000.0, -40000.0, np.nan, np.inf])
def test_values_that_do_not_fit_are_refused_before_anything_is_written(tmp_path, value):
    array = np.zeros((4, 3, 2))
    array[1, 1, 1] = value
    with pytest.raises(ValueError, match=rf"{value:g}.*do not fit 16 bits.*-33792 to 31743"):
        write_ct_series(Volume(array, np.eye(4)), tmp_path / "out", patient_id="p", seed=1)
    assert not (tmp_path / "out").exists()


def test_a_skewed_grid_is_refused_before_anything_is_written(tmp_path):
    affine = np.eye(4)
    affine[0, 1] = 0.5
    with pytest.raises(StudyError, match="cosine"):
        write_mr_series(Volume(np.zeros((4, 3, 2)), affine), tmp_path / "out", patient_id="p", seed=1)
    assert not (tmp_path / "out").exists()
