"""SUV by the standard's own definition: a patient of one gram per injected becquerel has SUV 1 per Bq/ml."""

import numpy as np
import pydicom
import pytest

from spinemets.formats.dicom_attributes import Attributes
from spinemets.formats.dicom_suv import NO_SUV, suv_factor
from spinemets.formats.dicom_write import write_ct_series
from spinemets.formats.study import read_study
from spinemets.volume import Volume

HALF_LIFE_S = 6586.2
"""Of fluorine-18."""


def pet(tracer=(), **changed):
    """75 kg, 300 MBq, one half-life before the scan."""
    of_tracer = {
        "RadionuclideTotalDose": 300e6,
        "RadionuclideHalfLife": HALF_LIFE_S,
        "RadiopharmaceuticalStartTime": "101013.8",
    } | dict(tracer)
    header = {
        "Modality": "PT",
        "Units": "BQML",
        "CorrectedImage": ["ATTN", "DECY", "SCAT"],
        "DecayCorrection": "START",
        "PatientWeight": 75.0,
        "SeriesDate": "20240305",
        "SeriesTime": "120000.00",
        "AcquisitionDate": "20240305",
        "AcquisitionTime": "120130",
        "RadiopharmaceuticalInformationSequence": [dataset(of_tracer)],
    } | changed
    return dataset(header)


def dataset(values):
    result = pydicom.Dataset()
    for name, value in values.items():
        if value is not None:
            setattr(result, name, value)
    return result


def factor(*args, **changed):
    return suv_factor(Attributes(pet(*args, **changed)))


def test_after_one_half_life_half_of_the_dose_is_left():
    assert factor() == pytest.approx(75000 / 150e6, rel=1e-3)
    whole = {"RadiopharmaceuticalStartDateTime": "20240304231013.80", "RadionuclideHalfLife": 7 * HALF_LIFE_S}
    assert factor(whole) == pytest.approx(75000 / 150e6, rel=2e-3)  # the day before; 46187 s are one half-life of this


def test_corrected_to_the_injection_the_whole_dose_counts():
    assert factor(DecayCorrection="ADMIN") == pytest.approx(75000 / 300e6)


def test_values_that_are_suv_by_weight_stay_as_they_are():
    assert factor(Units="GML") == 1.0
    assert factor(Units="GML", SUVType="LBM") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"Units": "CNTS"},
        {"PatientWeight": None},
        {"PatientWeight": 0.0},
        {"CorrectedImage": ["ATTN"]},
        {"DecayCorrection": "NONE"},
        {"SeriesTime": "130000"},  # behind its images: a later reconstruction
        {"AcquisitionTime": None},
        {"SeriesTime": "12"},  # no minutes
        {"RadiopharmaceuticalInformationSequence": None},
        {"tracer": {"RadionuclideTotalDose": None}},
        {"tracer": {"RadionuclideHalfLife": None}},
        {"tracer": {"RadiopharmaceuticalStartTime": "121500"}},  # behind the scan
    ],
)
def test_what_is_missing_or_contradicts_itself_gives_no_suv(changed):
    assert factor(**changed) is None


@pytest.mark.parametrize(("weight", "expected"), [(75.0, 75000 / 150e6), (None, None)])
def test_a_pet_that_is_read_is_in_suv_or_flagged(tmp_path, weight, expected):
    activity = np.random.default_rng(0).integers(0, 30000, (6, 7, 8)).astype(np.int16)
    volume = Volume(activity, np.diag([-4.0, -4.0, 3.0, 1.0]))
    for path in write_ct_series(volume, tmp_path, patient_id="SIM", seed=1, RescaleIntercept=0):
        image = pydicom.dcmread(path)
        image.update(pet(PatientWeight=weight))
        image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
        image.save_as(path)
    (series,) = read_study(tmp_path).series
    assert series.role == "pet"
    assert (NO_SUV in series.flags) is (expected is None)
    measured = series.volume.array[tuple(np.argwhere(series.volume.array == series.volume.array.max())[0])]
    assert measured == pytest.approx(activity.max() * (expected or 1.0), rel=1e-3)
