"""MHA, MHD and NRRD files: what is read from them and what is refused."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from spinemets.errors import StudyError
from spinemets.formats.itk_formats import read_itk

SHAPE = (6, 7, 8)
ROTATION = Rotation.from_euler("xyz", [14, -21, 33], degrees=True).as_matrix()
SUFFIXES = ["mha", "mhd", "nrrd"]


def written(folder, suffix, array=None, compress=False):
    if array is None:
        array = np.random.default_rng(0).integers(-1000, 1000, SHAPE).astype(np.int16)
    image = sitk.GetImageFromArray(array.transpose(2, 1, 0) if array.ndim == 3 else array)
    if array.ndim == 3:
        image.SetSpacing((0.7, 0.9, 2.5))
        image.SetDirection(ROTATION.ravel().tolist())
        image.SetOrigin((-31.5, 12.25, 410.0))
    path = folder / f"x.{suffix}"
    sitk.WriteImage(image, str(path), compress)
    return path


def edited(path, old, new):
    """Replace text in the header."""
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    return path


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_voxels_lie_where_the_file_says_turned_from_lps_to_ras(suffix, compress, tmp_path):
    array = np.random.default_rng(0).integers(-1000, 1000, SHAPE).astype(np.int16)
    volume = read_itk(written(tmp_path, suffix, array, compress))
    np.testing.assert_array_equal(volume.array, array)
    lps = np.array([-31.5, 12.25, 410.0]) + ROTATION @ (np.array([5, 1, 3]) * [0.7, 0.9, 2.5])
    assert volume.world([5, 1, 3]) == pytest.approx(lps * [-1, -1, 1])
    assert volume.array.dtype == np.int16


def test_nrrd_written_in_ras_is_read_in_ras(tmp_path):
    path = edited(written(tmp_path, "nrrd"), b"left-posterior-superior", b"right-anterior-superior")
    ras = np.array([-31.5, 12.25, 410.0]) + ROTATION @ (np.array([5, 1, 3]) * [0.7, 0.9, 2.5])
    assert read_itk(path).world([5, 1, 3]) == pytest.approx(ras)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("suffix", ["mha", "nrrd"])
def test_truncated_files_are_refused_and_nothing_is_printed(suffix, compress, tmp_path, capfd):
    path = written(tmp_path, suffix, compress=compress)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StudyError, match="the file is truncated"):
        read_itk(path)
    assert capfd.readouterr() == ("", "")


def test_voxels_in_a_file_of_their_own_that_is_cut_short_are_refused(tmp_path):
    path = written(tmp_path, "mhd")
    raw = tmp_path / "x.raw"
    raw.write_bytes(raw.read_bytes()[:-10])
    with pytest.raises(StudyError, match=r"x\.mhd: the file is truncated, 10 bytes are missing"):
        read_itk(path)
    raw.unlink()
    with pytest.raises(StudyError, match=r"x\.raw is not beside it"):
        read_itk(path)


@pytest.mark.parametrize("elsewhere", [b"/etc/passwd", b"../x.raw", b"LIST", b"x%03d.raw"])
def test_voxels_are_never_read_from_elsewhere(elsewhere, tmp_path):
    path = edited(written(tmp_path, "mhd"), b"= x.raw", b"= " + elsewhere)
    with pytest.raises(StudyError, match=f"ElementDataFile = {elsewhere.decode()}.*beside the header"):
        read_itk(path)


def test_detached_nrrd_is_refused(tmp_path):
    path = edited(written(tmp_path, "nrrd"), b"encoding: raw", b"encoding: raw\ndata file: x.raw")
    with pytest.raises(StudyError, match="its voxels are in another file"):
        read_itk(path)


@pytest.mark.parametrize(("old", "new"), [(b"2.5", b"0"), (b"2.5", b"nan"), (b"2.5", b"99")])
def test_absurd_spacing_of_mha_is_refused(old, new, tmp_path):
    path = edited(written(tmp_path, "mha"), b" " + old, b" " + new)
    with pytest.raises(StudyError, match=rf"voxel spacing 0\.7 x 0\.9 x {new.decode()} mm"):
        read_itk(path)


def nrrd_with(folder, key, value):
    path = written(folder, "nrrd")
    line = next(line for line in path.read_bytes().split(b"\n") if line.startswith(key + b":"))
    return edited(path, line + b"\n", value)


@pytest.mark.parametrize("third", [b"(0,0,0)", b"(0,0,50)"])
def test_absurd_spacing_of_nrrd_is_refused(third, tmp_path):
    path = nrrd_with(tmp_path, b"space directions", b"space directions: (1,0,0) (0,1,0) " + third + b"\n")
    with pytest.raises(StudyError, match=r"voxel spacing 1 x 1 x (0|50) mm"):
        read_itk(path)


def test_singular_directions_are_refused(tmp_path):
    path = nrrd_with(tmp_path, b"space directions", b"space directions: (1,0,0) (1,0,0) (0,0,1)\n")
    with pytest.raises(StudyError, match="the affine is singular"):
        read_itk(path)


def test_nrrd_without_orientation_is_refused(tmp_path):
    with pytest.raises(StudyError, match="no orientation in the patient"):
        read_itk(nrrd_with(tmp_path, b"space", b"space dimension: 3\n"))
    with pytest.raises(StudyError, match="no orientation in the patient"):
        read_itk(nrrd_with(tmp_path, b"space directions", b"spacings: 1 1 1\n"))


def test_mha_without_orientation_is_refused(tmp_path):
    path = written(tmp_path, "mha")
    line = next(line for line in path.read_bytes().split(b"\n") if line.startswith(b"TransformMatrix"))
    with pytest.raises(StudyError, match="no orientation in the patient"):
        read_itk(edited(path, line + b"\n", b""))


@pytest.mark.parametrize(
    ("suffix", "old", "new"),
    [("mha", b"DimSize = 6 7 8", b"DimSize = 1000000 1000000 1000000"), ("nrrd", b"6 7 8", b"1000000 1000000 1000000")],
)
def test_more_voxels_than_any_scanner_delivers_are_refused_before_allocation(suffix, old, new, tmp_path):
    path = edited(written(tmp_path, suffix), old, new)
    with pytest.raises(StudyError, match="claims 1000000 x 1000000 x 1000000 voxels"):
        read_itk(path)


@pytest.mark.parametrize("suffix", ["mha", "nrrd"])
@pytest.mark.parametrize(("axes", "named"), [((6, 7), "2-D"), ((2, 6, 7, 8), "4-D")])
def test_what_is_not_three_dimensional_is_refused(axes, named, suffix, tmp_path):
    image = sitk.GetImageFromArray(np.zeros(axes, np.int16), isVector=False)
    path = tmp_path / f"x.{suffix}"
    sitk.WriteImage(image, str(path))
    with pytest.raises(StudyError, match=rf"x\.{suffix}: the image is {named}"):
        read_itk(path)


def test_colour_is_refused(tmp_path):
    image = sitk.GetImageFromArray(np.zeros((8, 7, 6, 3), np.uint8), isVector=True)
    sitk.WriteImage(image, str(tmp_path / "x.mha"))
    with pytest.raises(StudyError, match="3 values per voxel"):
        read_itk(tmp_path / "x.mha")


def test_nan_is_refused(tmp_path):
    array = np.zeros(SHAPE, np.float32)
    array[0, 0, 0] = np.nan
    with pytest.raises(StudyError, match="1 of 336 voxels are NaN"):
        read_itk(written(tmp_path, "mha", array))


@pytest.mark.parametrize(
    ("suffix", "old", "new", "match"),
    [
        ("mha", b"DimSize = 6 7 8", b"DimSize = 6 7", "2 sizes for 3 axes"),
        ("mha", b"ElementSpacing = ", b"ElementSpacing = 1 ", "4 spacings for 3 axes"),
        ("mha", b"DimSize", b"Dimsies", "MHA header is damaged or incomplete .*DimSize"),
        ("nrrd", b"NRRD", b"DRRN", "it does not begin with NRRD"),
        ("nrrd", b"sizes: 6 7 8", b"sizes: 6 7", "2 sizes for 3 axes"),
    ],
)
def test_damaged_headers_are_refused(suffix, old, new, match, tmp_path):
    with pytest.raises(StudyError, match=match):
        read_itk(edited(written(tmp_path, suffix), old, new))
