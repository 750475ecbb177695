"""From DICOM to the report: uptake of a lesion in SUV from a PET in Bq/ml, and a flare between two dates of CT."""

import numpy as np
import pydicom
import pytest
from disc_phantom import MIDDLE, Discs
from oblique import centred_affine, painted

from spinemets.anatomy import LesionLabel, Level
from spinemets.formats.dicom_write import write_ct_series
from spinemets.formats.study import read_study
from spinemets.geometry import Grid, resample_labels
from spinemets.pipeline import Clinical, examine
from spinemets.volume import Volume

FRAME, PATIENT = "1.2.826.0.1.3680043.8.498.77", {"patient_id": "SIM", "seed": 5, "study_uid": "1.2.3.4"}
HALF_LIFE_S, DOSE_BQ, WEIGHT_G = 6586.2, 300e6, 75000.0
SUV_HOT, SUV_USUAL, RISE = 8.0, 2.0, 220.0
PET_HEADER = {
    "Modality": "PT", "Units": "BQML", "CorrectedImage": ["ATTN", "DECY"], "DecayCorrection": "START",
    "PatientWeight": WEIGHT_G / 1000, "SeriesDate": "20240305", "SeriesTime": "120000", "AcquisitionDate": "20240305",
    "AcquisitionTime": "120010",
}  # fmt: skip
TRACER = {
    "RadionuclideTotalDose": DOSE_BQ, "RadionuclideHalfLife": HALF_LIFE_S,
    "RadiopharmaceuticalStartDateTime": "20240305082027",  # two half-lives before the scan
}  # fmt: skip


def far(x, y, z):
    return np.hypot(np.hypot(x, y - MIDDLE), z)


def write_pet(folder):
    """4 mm voxels, oblique, in Bq/ml: at the scan a quarter of the dose is left, so SUV 1 is dose / 4 / weight."""
    per_suv = DOSE_BQ / 4 / WEIGHT_G
    affine = centred_affine((24, 26, 50), (0, 12, 0), spacing_mm=(4.0, 4.0, 4.2), angles_deg=(3, 1, -2))
    activity = painted((24, 26, 50), affine, lambda x, y, z: np.where(far(x, y, z) < 12, SUV_HOT, SUV_USUAL) * per_suv)
    volume = Volume(activity.array, affine, FRAME)
    for path in write_ct_series(volume, folder, description="PET", RescaleIntercept=0, **PATIENT):
        image = pydicom.dcmread(path)
        tracer = pydicom.Dataset()
        for name, value in TRACER.items():
            setattr(tracer, name, value)
        for name, value in {**PET_HEADER, "RadiopharmaceuticalInformationSequence": [tracer]}.items():
            setattr(image, name, value)
        image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
        image.save_as(path)


@pytest.fixture(scope="module")
def study_and_masks(tmp_path_factory):
    """A lytic ball of 7 mm in L2, hot on PET, whose rim of 3 mm grew denser between two dates."""
    root = tmp_path_factory.mktemp("dates")
    scene = Discs(0)
    distance = far(scene.x, scene.y, scene.z)
    scene.lesions[distance < 7] = LesionLabel.LYTIC
    scene.ct[distance < 7] = 40.0
    before, vertebrae, lesions = scene.volumes()
    now = before.with_array(before.array + np.where((distance >= 7) & (distance < 10), RISE, 0.0).astype(np.float32))
    for name, image in (("now", now), ("earlier", before)):
        write_ct_series(Volume(image.array, image.affine, FRAME), root / name, description=name, **PATIENT)
    write_pet(root / "pet")
    study = read_study([root / "now", f"prior_ct={root / 'earlier'}", root / "pet"])
    home = next(series.volume for series in study.series if series.role == "ct")
    masks = {
        name: home.with_array(resample_labels(Volume(array, scene.affine), Grid.of(home)))
        for name, array in (
            ("vertebrae", vertebrae.array), ("lesions", lesions.array), ("subregions", scene.parts.astype(np.uint8))
        )
    }  # fmt: skip
    return study, masks


def signs(study_and_masks, response):
    study, masks = study_and_masks
    report = examine(study, masks=masks, clinical=Clinical(partial_response=response)).report
    assert all(one.used for one in report.inputs)
    return next(one for one in report.vertebrae if one.level is Level.L2).signs


def test_uptake_of_a_lesion_is_the_suv_that_the_header_makes_of_its_activity(study_and_masks):
    found = signs(study_and_masks, "yes")
    assert found["suv_max"].value == pytest.approx(SUV_HOT, rel=0.01)
    assert found["suv_mean"].low <= SUV_HOT <= found["suv_mean"].high + 0.1
    assert found["suv_mean"].value == pytest.approx(SUV_HOT, rel=0.03)
    assert found["suv_to_unaffected"].value == pytest.approx(SUV_HOT / SUV_USUAL, rel=0.03)


@pytest.mark.parametrize(("response", "said"), [("yes", "present"), ("no", "absent")])
def test_a_rim_that_grew_denser_between_two_dates_is_a_flare_where_there_is_a_response(study_and_masks, response, said):
    found = signs(study_and_masks, response)
    assert found["rim_rise"].low <= RISE <= found["rim_rise"].high
    assert found["denser_rim"]["value"] == "present"
    assert found["osteoblastic_flare"]["value"] == said


def test_without_a_stated_response_a_denser_rim_is_neither_flare_nor_progression(study_and_masks):
    found = signs(study_and_masks, "unknown")
    assert found["osteoblastic_flare"].code.value == "not_stated"
    assert not any("progression" in name for name in found)
