"""Values of a DICOM series in physical units, however they are stored."""

import numpy as np
import pytest
from made_dicom import Made, mr, phantom, set_pixels, write
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from spinemets.errors import StudyError
from spinemets.formats.study import read_study
from spinemets.formats.values import narrowed, require_finite, rescaled


def read_one(folder):
    return read_study(folder).series[0]


def assert_shows_phantom(volume):
    index = np.argwhere(np.ones(volume.shape, bool))
    np.testing.assert_array_equal(volume.array[tuple(index.T)], phantom(np.round(volume.world(index), 5)))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_pixels_are_decoded_without_loss(syntax, tmp_path):
    datasets = Made().datasets()
    stored = np.random.default_rng(3).integers(0, 4095, (12, 40, 64)).astype(np.uint16)
    for ds, pixels in zip(datasets, stored, strict=True):
        set_pixels(ds, pixels)
        ds.compress(syntax, generate_instance_uid=False)
    array = read_one(write(datasets, tmp_path)).volume.array
    np.testing.assert_array_equal(array, stored.transpose(2, 1, 0).astype(int) - 1024)


def test_jpeg_ls_is_decoded_without_loss(tmp_path):
    pytest.importorskip("jpeg_ls", reason="pyjpegls, which writes the JPEG-LS files of this test, is not installed")
    datasets = Made().datasets()
    for ds in datasets:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
    assert_shows_phantom(read_one(write(datasets, tmp_path)).volume)


def test_truncated_compressed_pixels_are_refused(tmp_path):
    datasets = Made().datasets()
    for ds in datasets:
        ds.compress(RLELossless, generate_instance_uid=False)
    write(datasets, tmp_path)
    path = sorted(tmp_path.iterdir())[0]
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(StudyError, match="truncated"):
        read_study(tmp_path)


def test_deflated_and_big_endian_files_are_read(tmp_path):
    datasets = Made().datasets()
    for ds in datasets[::2]:
        ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    for n in range(1, 12, 2):
        big = Dataset(datasets[n])
        big.preamble, big.file_meta = b"\0" * 128, datasets[n].file_meta
        big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        big.PixelData = np.frombuffer(big.PixelData, "<u2").astype(">u2").tobytes()
        datasets[n] = big
    assert_shows_phantom(read_one(write(datasets, tmp_path)).volume)


def test_whole_hounsfield_units_stay_16_bit_integers(tmp_path):
    volume = read_one(Made().write(tmp_path)).volume
    assert volume.array.dtype == np.int16


def test_fractional_slopes_that_differ_by_slice_are_applied_slice_by_slice(tmp_path):
    made = mr(RescaleSlope=1.0, RescaleIntercept=0.0)
    made.intercept = 0
    datasets = made.datasets()
    for number, ds in enumerate(datasets):
        set_pixels(ds, np.full((8, 10), 4, np.uint16))
        ds.RescaleSlope = 0.5 + number
    array = read_one(write(datasets, tmp_path)).volume.array
    assert array.dtype == np.float32
    assert array[0, 0].tolist() == [4 * (0.5 + n) for n in range(12)]


@pytest.mark.parametrize(
    ("stored_padding", "written_padding", "dtype"), [(63536, 63536, np.uint16), (-2000, 63536, np.int16)]
)
def test_padding_becomes_air_in_ct(stored_padding, written_padding, dtype, tmp_path):
    datasets = Made().datasets()
    for ds in datasets:
        stored = np.full((8, 10), 1064, dtype)
        stored[0, :] = stored_padding
        set_pixels(ds, stored)
        ds.add_new("PixelPaddingValue", "US", written_padding)
    array = read_one(write(datasets, tmp_path)).volume.array
    assert (array[:, 0] == -1024).all()
    assert (array[:, 1:] == 40).all()


def test_padding_range_is_inclusive(tmp_path):
    datasets = Made().datasets()
    for ds in datasets:
        stored = np.full((8, 10), 1064, np.uint16)
        stored[0, :3] = [5000, 5005, 5010]
        stored[0, 3] = 5011
        set_pixels(ds, stored)
        ds.PixelPaddingValue, ds.PixelPaddingRangeLimit = 5000, 5010
    array = read_one(write(datasets, tmp_path)).volume.array
    assert array[:4, 0, 0].tolist() == [-1024, -1024, -1024, 3987]


def test_padding_becomes_the_lowest_signal_in_mr(tmp_path):
    datasets = mr().datasets()
    for ds in datasets:
        stored = np.full((8, 10), 300, np.uint16)
        stored[1, 0], stored[0, 0] = 17, 65535
        set_pixels(ds, stored)
        ds.PixelPaddingValue = 65535
    array = read_one(write(datasets, tmp_path)).volume.array
    assert (array[0, 0] == 17).all()


def test_monochrome1_turns_mr_signal_round_and_leaves_hounsfield_units(tmp_path):
    for name, made in (("ct", Made()), ("t2", mr())):
        datasets = made.datasets()
        for ds in datasets:
            set_pixels(ds, np.full((8, 10), 1000, np.uint16))
            ds.BitsStored, ds.HighBit, ds.PhotometricInterpretation = 12, 11, "MONOCHROME1"
        write(datasets, tmp_path / name)
    study = read_study(tmp_path)
    assert (study.first("ct").volume.array == -24).all()
    assert (study.first("t2").volume.array == 4095 - 1000).all()
    assert study.first("t2").flags == ("monochrome1_inverted",)


@pytest.mark.parametrize(
    ("attributes", "match"),
    [
        ({"RescaleIntercept": None}, "CT without a rescale intercept"),
        ({"RescaleType": "Z_EFF"}, "CT in units of Z_EFF, not HU"),
    ],
)
def test_ct_that_is_not_in_hounsfield_units_is_refused(attributes, match, tmp_path):
    with pytest.raises(StudyError, match=match):
        read_study(Made(attributes=attributes).write(tmp_path))


def test_lossy_compression_is_flagged(tmp_path):
    series = read_one(Made(attributes={"LossyImageCompression": "01"}).write(tmp_path))
    assert series.flags == ("lossy_compression",)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([0, 255], np.uint8), np.uint8),
        (np.array([-1024, 3071], np.int64), np.int16),
        (np.array([0, 65535], np.uint16), np.int32),
        (np.array([0, 2**40], np.int64), np.int64),
        (np.array([True]), np.uint8),
        (np.array([0.5], np.float64), np.float32),
        (np.array([-3, 7], ">i2"), np.int16),
    ],
)
def test_values_are_kept_in_the_narrowest_usual_type(values, dtype):
    assert narrowed(values).dtype == dtype
    np.testing.assert_array_equal(narrowed(values), values)


def test_rescaling_by_whole_numbers_leaves_integers():
    assert rescaled(np.array([0, 2000], np.uint16), 1.0, -1024.0).dtype == np.int16
    assert rescaled(np.array([1, 2], np.int16), 0.5, 0.0).tolist() == [0.5, 1.0]


def test_infinite_values_are_counted():
    with pytest.raises(StudyError, match="x: 2 of 3 voxels are NaN or infinite"):
        require_finite(np.array([np.nan, np.inf, 1.0]), "x")
