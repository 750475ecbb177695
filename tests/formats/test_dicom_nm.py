"""A SPECT in one file, whose slices follow from the first by the standard's rule, and what is no such thing."""

import numpy as np
import pytest
from made_dicom import COLUMNS, ORIENTATIONS, ROWS, SLICES, Made, set_pixels, write
from pydicom.dataset import Dataset
from test_dicom_geometry import assert_shows_phantom, read_one

from spinemets.errors import StudyError
from spinemets.formats.study import read_study

NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"


def spect(orientation="axial", step_mm=2.5, order=None, **changes):
    """One data set of all slices; the first frame lies where it says, the others follow by step and slice number."""
    made = Made(orientation, step_mm=step_mm)
    order = list(range(SLICES)) if order is None else order
    ds = made.dataset(order[0])
    detector = Dataset()
    detector.ImagePositionPatient, detector.ImageOrientationPatient = (
        ds.ImagePositionPatient,
        ds.ImageOrientationPatient,
    )
    del ds.ImagePositionPatient, ds.ImageOrientationPatient
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = NM_IMAGE
    ds.Modality, ds.ImageType = "NM", ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    set_pixels(ds, np.stack([made.stored(number) for number in order]))
    ds.NumberOfFrames, ds.SliceVector = SLICES, [number + 1 for number in order]
    ds.SpacingBetweenSlices, ds.DetectorInformationSequence = step_mm, [detector]
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("step_mm", [2.5, -2.5])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_slices_follow_the_first_one_by_the_sign_of_their_spacing(orientation, step_mm, tmp_path):
    series = read_one(write([spect(orientation, step_mm)], tmp_path))
    assert series.role == "spect"
    assert series.volume.shape == (COLUMNS, ROWS, SLICES)
    assert_shows_phantom(series.volume)


def test_frames_lie_where_the_slice_vector_puts_them(tmp_path):
    order = [3, 0, 1, 2, *range(SLICES - 1, 3, -1)]
    assert_shows_phantom(read_one(write([spect("oblique", -2.5, order)], tmp_path)).volume)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]}, "no reconstructed SPECT"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "RECON GATED TOMO", "EMISSION"]}, "no reconstructed SPECT"),
        ({"SliceVector": [1, 2, 3, 4, 5, 6] * 2}, "several images of one slice"),
        ({"SliceVector": [1, 2]}, "where its slices lie"),
        ({"SpacingBetweenSlices": 0.0}, "where its slices lie"),
        ({"DetectorInformationSequence": []}, "where its slices lie"),
    ],
)
def test_a_nuclear_image_that_does_not_say_where_its_slices_lie_is_left_out(changes, reason, tmp_path):
    with pytest.raises(StudyError, match=reason):
        read_study(write([spect(**changes)], tmp_path))


def test_a_spect_beside_a_ct_of_one_frame_of_reference_is_used_and_not_named_pet(tmp_path):
    write([spect()], tmp_path / "nm")
    Made().write(tmp_path / "ct")
    study = read_study([tmp_path / "ct", f"spect={tmp_path / 'nm'}"])
    assert [series.role for series in study.series] == ["ct", "spect"]
    with pytest.raises(StudyError, match="it was named pet"):
        read_study([f"pet={tmp_path / 'nm'}"])
