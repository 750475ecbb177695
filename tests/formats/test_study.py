"""Every kind of input, and what is said of those that are none."""

import subprocess
import sys
import zipfile

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from made_dicom import Made, mr

from spinemets.errors import StudyError
from spinemets.formats.study import read_mask, read_study

AFFINE = np.diag([0.7, 0.9, 2.5, 1.0])


def nifti(path, array):
    nib.save(nib.Nifti1Image(array, AFFINE), path)
    return path


def ct_values(lowest=-1000):
    array = np.full((6, 7, 8), 40, np.int16)
    array[0] = lowest
    return array


def test_bare_ct_is_told_by_its_air(tmp_path):
    study = read_study(nifti(tmp_path / "chest.nii.gz", ct_values(-500)))
    assert [(s.role, s.name) for s in study.series] == [("ct", "chest.nii.gz")]
    assert not study.is_dicom


@pytest.mark.parametrize("array", [ct_values(-499), ct_values().astype(np.float32) + 0.5])
def test_a_file_that_may_be_anything_needs_its_role(array, tmp_path):
    path = nifti(tmp_path / "x.nii", array)
    with pytest.raises(StudyError, match=r"cannot be told from the file; name the role, e\.g\. t2=x\.nii"):
        read_study(path)
    assert read_study(f"t1={path}").series[0].role == "t1"


def test_a_file_called_like_a_role_has_it(tmp_path):
    nifti(tmp_path / "t2_axial.nii.gz", ct_values(0))
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((8, 7, 6), np.int16)), str(tmp_path / "stir.mha"))
    study = read_study([str(tmp_path / "t2_axial.nii.gz"), tmp_path / "stir.mha"])
    assert [s.role for s in study.series] == ["t2_axial", "stir"]


@pytest.mark.parametrize("zipped", [False, True])
def test_folder_of_nifti_is_read_file_by_file_and_unknown_ones_are_listed(zipped, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    nifti(folder / "chest.nii.gz", ct_values())
    nifti(folder / "vertebrae.nii.gz", ct_values(0))
    given = folder
    if zipped:
        given = tmp_path / "in.zip"
        with zipfile.ZipFile(given, "w") as target:
            for path in folder.iterdir():
                target.write(path, path.name)
    study = read_study(given)
    assert [s.role for s in study.series] == ["ct"]
    assert [item.name for item in study.left_out] == ["vertebrae.nii.gz"]


def test_dicom_and_files_make_one_study(tmp_path):
    Made().write(tmp_path / "ct")
    path = nifti(tmp_path / "x.nii", ct_values(0))
    study = read_study([tmp_path / "ct", f"t2={path}"])
    assert {s.role for s in study.series} == {"ct", "t2"}
    assert study.is_dicom


def test_folder_of_one_file_takes_a_role(tmp_path):
    (tmp_path / "in").mkdir()
    nifti(tmp_path / "in" / "x.nii", ct_values(0))
    assert read_study(f"t1={tmp_path / 'in'}").series[0].role == "t1"
    nifti(tmp_path / "in" / "y.nii", ct_values(0))
    with pytest.raises(StudyError, match="2 images for the role t1; name each file"):
        read_study(f"t1={tmp_path / 'in'}")


def test_series_without_description_is_called_by_modality_and_number(tmp_path):
    assert read_study(mr(SeriesDescription="").write(tmp_path)).series[0].name == "MR series 3"


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ("gone", "gone: no such file or folder; give a DICOM folder"),
        ("ct=gone", "gone: no such file or folder"),
        ("flair=gone", "unknown role 'flair'; it must be one of ct, t1"),
        ("ct=", "'ct=' names no file"),
        ("", "'' names no file"),
        ([], "no input was given"),
    ],
)
def test_inputs_that_are_not_there_are_refused(given, match):
    with pytest.raises(StudyError, match=match):
        read_study(given)


def test_empty_and_imageless_folders_are_refused(tmp_path):
    with pytest.raises(StudyError, match="holds no files"):
        read_study(tmp_path)
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(StudyError, match="no image among 1 file; give"):
        read_study(tmp_path)
    (tmp_path / "more.txt").write_text("nor here")
    with pytest.raises(StudyError, match="no image among 2 files; give"):
        read_study(tmp_path)


def test_two_files_of_one_role_are_refused(tmp_path):
    paths = [nifti(tmp_path / name, ct_values()) for name in ("a.nii", "b.nii")]
    with pytest.raises(StudyError, match="2 inputs have the role ct, one is needed"):
        read_study(paths)


def test_two_files_of_axial_t2_are_two_parts_of_a_canal(tmp_path):
    paths = [nifti(tmp_path / name, ct_values(0)) for name in ("a.nii", "b.nii")]
    study = read_study([f"t2_axial={path}" for path in paths])
    assert [(one.role, one.name) for one in study.series] == [("t2_axial", "a.nii"), ("t2_axial", "b.nii")]
    with pytest.raises(StudyError, match="2 inputs have the role t2, one is needed"):
        read_study([f"t2={path}" for path in paths])


def test_reasons_are_listed_where_nothing_can_be_used(tmp_path):
    for name in "abcde":
        nifti(tmp_path / f"{name}.nii", ct_values(0))
    with pytest.raises(StudyError, match=r"no image series can be used: a\.nii.*; b\.nii.*; c\.nii.*; and 2 more"):
        read_study(tmp_path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_mask_of_whole_numbers_becomes_integer(dtype, tmp_path):
    labels = np.zeros((6, 7, 8), dtype)
    labels[1, 2, 3] = 26
    mask = read_mask(nifti(tmp_path / "mask.nii.gz", labels))
    assert mask.array.dtype.kind in "iu"
    np.testing.assert_array_equal(mask.array, labels)
    assert mask.affine == pytest.approx(AFFINE)


def test_mask_in_mha_is_read(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((8, 7, 6), np.uint8)), str(tmp_path / "m.mha"))
    assert read_mask(str(tmp_path / "m.mha")).shape == (6, 7, 8)


@pytest.mark.parametrize(
    ("value", "match"),
    [(0.5, "whole numbers, it holds 0.5"), (-1, "labels of 0 or more, it holds -1"), (np.nan, "are NaN or infinite")],
)
def test_values_that_are_no_labels_are_refused(value, match, tmp_path):
    labels = np.zeros((6, 7, 8), np.float32)
    labels[1, 2, 3] = value
    with pytest.raises(StudyError, match=match):
        read_mask(nifti(tmp_path / "mask.nii", labels))


def test_masks_that_are_not_there_or_not_masks_are_refused(tmp_path):
    with pytest.raises(StudyError, match=r"gone\.nii: no such file; give a mask as"):
        read_mask(tmp_path / "gone.nii")
    with pytest.raises(StudyError, match="not a mask that can be read"):
        read_mask(tmp_path)


def test_importing_the_reader_loads_no_image_library():
    loaded = subprocess.run(
        [sys.executable, "-c", "import spinemets.formats.study, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"SimpleITK", "pydicom", "nibabel", "highdicom"} & set(loaded)
