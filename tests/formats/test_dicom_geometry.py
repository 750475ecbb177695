"""Where the voxels of a DICOM series lie, whatever way it was acquired."""

import itertools

import numpy as np
import pytest
import SimpleITK as sitk
from made_dicom import COLUMNS, ENHANCED_MR, ORIENTATIONS, ROWS, SLICES, Made, enhanced, mr, phantom, write
from pydicom.dataset import Dataset

from spinemets.formats.study import read_study


def read_one(folder):
    study = read_study(folder)
    assert len(study.series) == 1, study
    return study.series[0]


def voxels(volume):
    return np.array(list(itertools.product(*map(range, volume.shape))))


def assert_shows_phantom(volume):
    """Every voxel has the value that the phantom has at its own world position."""
    index = voxels(volume)
    np.testing.assert_array_equal(volume.array[tuple(index.T)], phantom(np.round(volume.world(index), 5)))
    assert volume.array.dtype == np.int16


@pytest.mark.parametrize("step_mm", [2.5, -2.5])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_orientation_puts_the_phantom_at_the_same_world_positions(orientation, step_mm, tmp_path):
    series = read_one(Made(orientation, step_mm=step_mm).write(tmp_path))
    assert series.role == "ct"
    assert series.volume.shape == (COLUMNS, ROWS, SLICES)
    assert series.volume.spacing_mm == pytest.approx([0.7, 0.9, 2.5])
    assert_shows_phantom(series.volume)
    left = series.volume.world(np.argwhere(series.volume.array >= 1000))
    assert (left[:, 0] < 0).all()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_geometry_agrees_with_that_of_itk(orientation, tmp_path):
    volume = read_one(Made(orientation).write(tmp_path)).volume
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image = reader.Execute()
    assert image.GetSize() == volume.shape
    for index in voxels(volume)[:: len(volume.array)]:
        lps = volume.world(index) * [-1, -1, 1]
        theirs = image.TransformPhysicalPointToContinuousIndex(lps)
        assert np.abs(np.array(theirs) - np.rint(theirs)).max() < 1e-3
        assert image[np.rint(theirs).astype(int).tolist()] == volume.array[tuple(index)]


def test_axis_k_grows_with_the_slice_normal_and_instances_follow_it(tmp_path):
    import pydicom

    made = Made("sagittal", step_mm=-2.5)
    series = read_one(made.write(tmp_path))
    normal = np.cross(made.row, made.column)
    along = [np.dot(pydicom.dcmread(p).ImagePositionPatient, normal) for p in series.instances]
    assert along == sorted(along)
    assert len(series.instances) == SLICES
    first_mm = np.array(pydicom.dcmread(series.instances[0]).ImagePositionPatient) * [-1, -1, 1]
    assert series.volume.world([0, 0, 0]) == pytest.approx(first_mm)


def test_frame_of_reference_and_series_uid_are_kept(tmp_path):
    made = Made()
    series = read_one(made.write(tmp_path))
    assert series.volume.frame_of_reference == made.frame_uid
    assert series.uid == made.series_uid


def test_nested_folders_are_one_study(tmp_path):
    datasets = Made().datasets()
    write(datasets[::2], tmp_path / "a" / "b")
    write(datasets[1::2], tmp_path / "c")
    assert_shows_phantom(read_one(tmp_path).volume)


def test_gantry_tilt_shears_the_affine_and_moves_no_voxel(tmp_path):
    series = read_one(Made(shear_mm=(0.0, 0.6, 0.0)).write(tmp_path))
    assert series.flags == ("gantry_tilt",)
    assert series.volume.affine[:3, 2] == pytest.approx([0, -0.6, 2.5])
    assert_shows_phantom(series.volume)


@pytest.mark.parametrize("orientation_per_frame", [False, True])
@pytest.mark.parametrize("orientation", ["axial", "sagittal", "oblique"])
def test_enhanced_ct_lies_where_its_frames_say(orientation, orientation_per_frame, tmp_path):
    ds = enhanced(Made(orientation), orientation_per_frame=orientation_per_frame)
    series = read_one(write([ds], tmp_path))
    assert series.role == "ct"
    assert len(series.instances) == 1
    assert_shows_phantom(series.volume)


def test_enhanced_mr_takes_its_contrast_from_the_functional_groups(tmp_path):
    made = mr()
    series = read_one(write([enhanced(made, ENHANCED_MR)], tmp_path))
    assert series.role == "t2"
    assert series.acquisition["echo_time_ms"] == 100
    assert_shows_phantom(series.volume)


def test_multi_frame_without_places_is_refused(tmp_path):
    ds = enhanced(Made())
    ds.PerFrameFunctionalGroupsSequence = [Dataset()]
    with pytest.raises(Exception, match="12 frames and 1 descriptions"):
        read_study(write([ds], tmp_path))


def test_a_dicom_file_alone_can_be_given(tmp_path):
    write([enhanced(Made())], tmp_path)
    assert_shows_phantom(read_one(next(tmp_path.iterdir())).volume)


def test_files_without_preamble_are_dicom_too(tmp_path):
    for number, ds in enumerate(Made().datasets()):
        ds.preamble = None
        meta = ds.file_meta
        del ds.file_meta
        ds.save_as(tmp_path / f"{number * 7 % 12}", implicit_vr=True, little_endian=True)
        ds.file_meta = meta
    assert_shows_phantom(read_one(tmp_path).volume)


def test_emptied_identifiers_do_not_keep_a_series_from_being_read(tmp_path):
    empty = dict.fromkeys(("SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID", "PatientName"), "")
    series = read_one(Made(attributes=empty | {"SeriesNumber": ""}).write(tmp_path))
    assert series.uid is None
    assert_shows_phantom(series.volume)
