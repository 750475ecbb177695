"""NIfTI files: what is read from them and what is refused."""

import gzip

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from spinemets.errors import StudyError
from spinemets.formats.nifti import read_nifti

OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = Rotation.from_euler("xyz", [14, -21, 33], degrees=True).as_matrix() * [0.7, 0.9, 2.5]
OBLIQUE[:3, 3] = -31.5, 12.25, 410.0
SHAPE = (6, 7, 8)


def values(dtype=np.int16):
    return np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(dtype)


def image(array=None, affine=OBLIQUE, cls=nib.Nifti1Image):
    made = cls(values() if array is None else array, affine)
    made.set_sform(affine, 1)
    made.set_qform(affine, 1)
    made.header.set_xyzt_units("mm")
    return made


def written(folder, made=None, name="x.nii", **fields):
    """A NIfTI-1 file whose header fields are overwritten byte by byte, past nibabel's own checks."""
    path = folder / name
    nib.save(image() if made is None else made, path)
    if fields:
        data = bytearray(path.read_bytes())
        header = nib.Nifti1Header(bytes(data[:348]), check=False)
        for field, value in fields.items():
            header[field] = value
        data[:348] = header.binaryblock
        path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize("mirror", [[1, 1, 1], [-1, 1, 1], [-1, -1, 1], [1, 1, -1]])
def test_voxels_lie_where_itk_puts_them(name, mirror, tmp_path):
    affine = OBLIQUE @ np.diag([*mirror, 1.0])
    path = written(tmp_path, image(affine=affine), name)
    volume, flags = read_nifti(path)
    theirs = sitk.ReadImage(str(path))
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(theirs).transpose(2, 1, 0))
    for index in ([0, 0, 0], [5, 6, 7], [1, 4, 2]):
        lps = theirs.TransformIndexToPhysicalPoint(index)
        assert volume.world(index) == pytest.approx(np.array(lps) * [-1, -1, 1], abs=1e-4)
    assert flags == ()
    assert volume.array.dtype == np.int16


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_nifti_2_is_read_like_nifti_1(name, tmp_path):
    volume, _ = read_nifti(written(tmp_path, image(cls=nib.Nifti2Image), name))
    np.testing.assert_array_equal(volume.array, values())
    assert volume.affine == pytest.approx(OBLIQUE)


def test_a_qform_that_is_no_rotation_is_flagged_where_the_sform_counts(tmp_path):
    assert read_nifti(written(tmp_path, quatern_b=2.0))[1] == ("sform_qform_disagree",)


def test_sform_is_used_before_the_qform_and_a_disagreement_is_flagged(tmp_path):
    made = image()
    moved = OBLIQUE.copy()
    moved[0, 3] += 5
    made.set_sform(moved, 2)
    volume, flags = read_nifti(written(tmp_path, made))
    assert volume.affine == pytest.approx(moved, abs=1e-4)
    assert flags == ("sform_qform_disagree",)


@pytest.mark.parametrize(("sform_code", "qform_code"), [(1, 0), (0, 1)])
def test_one_code_is_enough(sform_code, qform_code, tmp_path):
    volume, _ = read_nifti(written(tmp_path, sform_code=sform_code, qform_code=qform_code))
    assert volume.affine == pytest.approx(OBLIQUE, abs=1e-4)


def test_unknown_orientation_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"x\.nii: neither sform nor qform has a code, so left and right are unknown"):
        read_nifti(written(tmp_path, sform_code=0, qform_code=0))


@pytest.mark.parametrize(("unit", "per_mm"), [("meter", 1e-3), ("micron", 1e3)])
def test_metres_and_micrometres_become_millimetres(unit, per_mm, tmp_path):
    affine = OBLIQUE.copy()
    affine[:3] *= per_mm
    made = image(affine=affine)
    made.header.set_xyzt_units(unit)
    volume, _ = read_nifti(written(tmp_path, made))
    assert volume.affine == pytest.approx(OBLIQUE, rel=1e-4, abs=1e-3)


def test_scaling_by_whole_numbers_stays_whole(tmp_path):
    volume, _ = read_nifti(written(tmp_path, scl_slope=2, scl_inter=-1024))
    assert volume.array.dtype == np.int16
    np.testing.assert_array_equal(volume.array, values().astype(int) * 2 - 1024)


def test_scaling_by_fractions_is_applied(tmp_path):
    volume, _ = read_nifti(written(tmp_path, scl_slope=0.25, scl_inter=1))
    np.testing.assert_allclose(volume.array, values() * 0.25 + 1)


def test_trailing_axes_of_one_are_dropped(tmp_path):
    volume, _ = read_nifti(written(tmp_path, image(values()[..., None, None])))
    assert volume.shape == SHAPE


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.zeros((6, 7), np.int16), r"2-D \(6 x 7\)"),
        (np.zeros((6, 7, 1), np.int16), r"2-D \(6 x 7 x 1\)"),
        (np.zeros((6, 7, 8, 2), np.int16), r"4-D \(6 x 7 x 8 x 2\)"),
        (np.zeros(SHAPE, np.complex64), "voxels of data type 32, integers or floats"),
        (np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")]), "voxels of data type 128"),
    ],
)
def test_what_is_not_a_scalar_volume_is_refused(array, match, tmp_path):
    with pytest.raises(StudyError, match=match):
        read_nifti(written(tmp_path, image(array)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(bad, tmp_path):
    array = values(np.float32)
    array[1, 2, 3] = bad
    with pytest.raises(StudyError, match="1 of 336 voxels are NaN or infinite"):
        read_nifti(written(tmp_path, image(array)))


@pytest.mark.parametrize(("spacing", "shown"), [(0, "0"), (-1, "-1"), (0.01, "0.01"), (25, "25"), (np.nan, "nan")])
def test_zero_and_absurd_spacings_are_read_from_the_raw_header_and_refused(spacing, shown, tmp_path):
    path = written(tmp_path, pixdim=[1, 0.7, spacing, 2.5, 0, 0, 0, 0])
    with pytest.raises(StudyError, match=f"voxel spacing 0.7 x {shown} x 2.5 mm is not believable"):
        read_nifti(path)


def test_absurd_spacing_of_the_affine_is_refused(tmp_path):
    path = written(tmp_path, srow_x=[0, 0, 0, 0], srow_y=[0, 1, 0, 0], srow_z=[0, 0, 1, 0])
    with pytest.raises(StudyError, match="voxel spacing 0 x 1 x 1 mm"):
        read_nifti(path)


def test_singular_and_infinite_affines_are_refused(tmp_path):
    path = written(tmp_path, srow_x=[1, 1, 0, 0], srow_y=[0, 0, 0, 0], srow_z=[0, 0, 1, 0])
    with pytest.raises(StudyError, match=r"affine is singular.* span 0 of a voxel's volume"):
        read_nifti(path)
    with pytest.raises(StudyError, match="affine holds NaN or infinity"):
        read_nifti(written(tmp_path, srow_x=[1, np.inf, 0, 0]))


def test_a_quaternion_that_is_no_rotation_is_refused(tmp_path):
    with pytest.raises(StudyError, match="the qform is not a rotation"):
        read_nifti(written(tmp_path, sform_code=0, quatern_b=2.0))


def test_header_that_claims_more_voxels_than_any_scanner_is_refused_before_allocation(tmp_path):
    made = image(cls=nib.Nifti2Image)
    path = tmp_path / "x.nii"
    nib.save(made, path)
    data = bytearray(path.read_bytes())
    header = nib.Nifti2Header(bytes(data[:540]), check=False)
    header["dim"] = [3, 10**6, 10**6, 10**6, 1, 1, 1, 1]
    data[:540] = header.binaryblock
    path.write_bytes(bytes(data))
    with pytest.raises(StudyError, match="claims 1000000 x 1000000 x 1000000 voxels, at most 2147483648"):
        read_nifti(path)


def test_header_that_claims_more_than_the_file_holds_is_truncated(tmp_path):
    path = written(tmp_path, dim=[3, 60, 70, 80, 1, 1, 1, 1])
    with pytest.raises(StudyError, match="truncated, its header announces 672000 bytes of voxels and at most 672 are"):
        read_nifti(path)
    zipped = tmp_path / "y.nii.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()[:352]))
    with pytest.raises(StudyError, match="truncated, its header announces 672000 bytes"):
        read_nifti(zipped)


def test_shape_without_voxels_is_refused(tmp_path):
    with pytest.raises(StudyError, match="shape 6 x 0 x 8; every axis needs at least 1 voxel"):
        read_nifti(written(tmp_path, dim=[3, 6, 0, 8, 1, 1, 1, 1]))
    with pytest.raises(StudyError, match="states 0 dimensions"):
        read_nifti(written(tmp_path, dim=[0, 6, 7, 8, 1, 1, 1, 1]))


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.97])
def test_truncated_gzip_is_refused(kept, tmp_path):
    path = written(tmp_path, image(np.random.default_rng(0).integers(0, 999, SHAPE).astype(np.int16)), "x.nii.gz")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(StudyError, match=r"x\.nii\.gz: the file (is truncated|cannot be read)"):
        read_nifti(path)


def test_damaged_gzip_is_refused(tmp_path):
    path = tmp_path / "x.nii.gz"
    path.write_bytes(b"\x1f\x8b" + b"nonsense" * 90)
    with pytest.raises(StudyError, match=r"cannot be read \(BadGzipFile\)"):
        read_nifti(path)


@pytest.mark.parametrize(
    ("content", "match"), [(b"", "0 bytes are too few"), (b"x" * 600, r"x\.nii: not a NIfTI file")]
)
def test_other_files_called_nifti_are_refused(content, match, tmp_path):
    path = tmp_path / "x.nii"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=match):
        read_nifti(path)


def test_gzip_that_is_whole_but_holds_too_little_is_truncated(tmp_path):
    path = tmp_path / "x.nii.gz"
    path.write_bytes(gzip.compress(written(tmp_path).read_bytes()[:-10]))
    with pytest.raises(StudyError, match="the file is truncated, 10 bytes are missing"):
        read_nifti(path)


def test_gzip_damaged_behind_its_header_is_refused(tmp_path):
    noise = np.random.default_rng(0).integers(0, 30000, (40, 40, 40)).astype(np.int16)
    path = written(tmp_path, image(noise), "x.nii.gz")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 9000] = bytes(9000)
    path.write_bytes(data)
    with pytest.raises(StudyError, match="the file is truncated"):
        read_nifti(path)


def test_scaling_that_is_not_finite_is_refused(tmp_path):
    with pytest.raises(StudyError, match="scales by 2 and shifts by inf"):
        read_nifti(written(tmp_path, scl_slope=2, scl_inter=np.inf))


@pytest.mark.parametrize("slope", [0, np.nan])
def test_slope_of_zero_or_nan_means_that_nothing_is_scaled(slope, tmp_path):
    volume, _ = read_nifti(written(tmp_path, scl_slope=slope, scl_inter=7))
    np.testing.assert_array_equal(volume.array, values())
