"""Which role a series gets from how it was acquired."""

import numpy as np
import pytest
from made_dicom import Made, mr, write
from pydicom.dataset import Dataset

from spinemets.errors import StudyError
from spinemets.formats.dicom_attributes import Attributes
from spinemets.formats.dicom_roles import is_fine_axial, may_serve_as, role_of, unusable_because
from spinemets.formats.study import read_study

T1 = {"EchoTime": 10.0, "RepetitionTime": 550.0}
GRADIENT = {"ScanningSequence": "GR", "EchoTime": 2.4, "RepetitionTime": 6.0}
SAGITTAL = np.array([[0, 0, 4.4, 0], [0.7, 0, 0, 0], [0, -0.7, 0, 0], [0, 0, 0, 1.0]])


def attributes(**values):
    ds = Dataset()
    for keyword, value in ({"Modality": "MR", "MagneticFieldStrength": 1.5} | values).items():
        setattr(ds, keyword, value)
    return Attributes(ds)


def spin_echo(**values):
    return attributes(**({"ScanningSequence": "SE", "EchoTime": 100.0, "RepetitionTime": 3000.0} | values))


@pytest.mark.parametrize(
    ("acquired", "role"),
    [
        ({}, "t2"),
        (T1, "t1"),
        ({"EchoTime": 30.0, "RepetitionTime": 3000.0}, None),  # proton density
        (T1 | {"ScanningSequence": ["SE", "IR"], "InversionTime": 860.0, "RepetitionTime": 2300.0}, "t1"),
        ({"ScanningSequence": ["SE", "IR"], "InversionTime": 160.0, "EchoTime": 60.0}, "stir"),
        ({"ScanningSequence": ["SE", "IR"], "InversionTime": 220.0, "EchoTime": 40.0}, "stir"),
        ({"ScanningSequence": ["SE", "IR"], "InversionTime": 2400.0}, None),  # fluid attenuated
        ({"SeriesDescription": "t2_tirm_sag", "EchoTime": 50.0}, "stir"),
        ({"ScanOptions": "FS"}, "stir"),
        ({"SeriesDescription": "T2 SPAIR sag"}, "stir"),
        (T1 | {"ContrastBolusAgent": "Gadovist"}, "t1_gd"),
        (T1 | {"ContrastBolusAgent": "Gadovist", "ScanOptions": "FS"}, "t1_gd"),
        (T1 | {"ContrastBolusAgent": "NONE"}, "t1"),
        (T1 | {"SeriesDescription": "T1 TSE SAG +C"}, "t1_gd"),
        (T1 | {"SeriesDescription": "t1_tse_sag_post_gd"}, "t1_gd"),
        (T1 | {"SeriesDescription": "T1 sag pre Gd"}, "t1"),
        (T1 | {"ScanOptions": "FS"}, "t1_fs"),
        ({"ContrastBolusAgent": "Gadovist"}, "t2"),
        (GRADIENT | {"SeriesDescription": "t1_vibe_sag"}, "t1"),
        (GRADIENT | {"SeriesDescription": "gre"}, None),
        (GRADIENT | {"SeriesDescription": "T2* MEDIC", "EchoTime": 17.0}, None),
        ({"SeriesDescription": "T2 sag", "EchoTime": None}, "t2"),
        ({"SeriesDescription": "sag", "EchoTime": None}, None),
        ({"SeriesDescription": "t1 and t2", "EchoTime": None}, None),
        ({"AcquisitionContrast": "STIR"}, "stir"),
        ({"AcquisitionContrast": "T1", "EchoTime": None}, "t1"),
    ],
)
def test_weighting_of_a_spin_or_gradient_echo(acquired, role):
    assert role_of(spin_echo(**acquired), SAGITTAL) == role


@pytest.mark.parametrize(
    ("acquired", "role"),
    [
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC", "ND"]}, "adc"),
        ({"SeriesDescription": "Apparent Diffusion Coefficient"}, "adc"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION"], "DiffusionBValue": 0.0}, "dwi_b0"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION"], "DiffusionBValue": 100.0}, "dwi_b0"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION"], "DiffusionBValue": 101.0}, None),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION"], "DiffusionBValue": 399.0}, None),
        ({"DiffusionBValue": 400.0}, "dwi_high"),
        ({"SequenceName": "*ep_b800t"}, "dwi_high"),
        ({"SequenceName": "*ep_b800"}, "dwi_high"),
        ({"SeriesDescription": "dwi sag b 700"}, "dwi_high"),
        ({"SeriesDescription": "dwi sag"}, None),
        ({"DiffusionBValue": 0.0}, "t2"),  # written into every image by some scanners
    ],
)
def test_diffusion(acquired, role):
    assert role_of(spin_echo(**acquired), SAGITTAL) == role


@pytest.mark.parametrize(
    ("group", "creator", "value"),
    [(0x0019, "SIEMENS MR HEADER", "800"), (0x0043, "GEMS_PARM_01", [1_000_000_800, 8, 0, 0])],
)
def test_b_value_of_the_makers_own_attribute(group, creator, value):
    ds = Dataset()
    element = {0x0019: 0x0C, 0x0043: 0x39}[group]
    ds.private_block(group, creator, create=True).add_new(element, "IS", value)
    assert Attributes(ds).b_value == 800


@pytest.mark.parametrize(
    ("acquired", "role"),
    [
        ({"ImageType": ["DERIVED", "PRIMARY", "DIXON", "WATER"]}, "water"),
        ({"ImageType": ["DERIVED", "PRIMARY", "F", "F", "DERIVED"]}, "fat"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "DIXON", "IN_PHASE"]}, "in_phase"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "DIXON", "OPP_PHASE"]}, "out_phase"),
        ({"SeriesDescription": "t1_vibe_dixon_sag_opp"}, "out_phase"),
        ({"SeriesDescription": "WATER: LAVA-Flex"}, "water"),
        ({"SeriesDescription": "Ax in-phase"}, "in_phase"),
    ],
)
def test_dixon_and_chemical_shift(acquired, role):
    assert role_of(attributes(**(GRADIENT | acquired)), SAGITTAL) == role


def test_in_phase_image_of_a_t2_sequence_is_t2():
    assert role_of(spin_echo(ImageType=["DERIVED", "PRIMARY", "DIXON", "IN_PHASE"]), SAGITTAL) == "t2"


@pytest.mark.parametrize(
    ("field_t", "echo_ms", "role"),
    [(1.5, 2.3, "out_phase"), (1.5, 4.6, "in_phase"), (3.0, 1.15, "out_phase"), (3.0, 2.3, "in_phase")],
)
def test_two_early_gradient_echoes_are_told_apart_by_field_and_echo_time(field_t, echo_ms, role):
    pair = (1.15, 2.3) if field_t == 3 else (2.3, 4.6)
    given = attributes(**(GRADIENT | {"EchoTime": echo_ms, "MagneticFieldStrength": field_t}))
    assert role_of(given, SAGITTAL, pair) == role
    assert role_of(given, SAGITTAL, pair[:1]) is None


@pytest.mark.parametrize(
    ("tilt_deg", "pixel_mm", "axial"), [(0, 0.5, True), (29, 0.8, True), (31, 0.5, False), (0, 0.81, False)]
)
def test_fine_axial_is_within_30_degrees_and_at_most_08_mm(tilt_deg, pixel_mm, axial):
    angle = np.deg2rad(tilt_deg)
    affine = np.diag([-pixel_mm, -pixel_mm, 4.0, 1.0])
    affine[:3, 1] = pixel_mm * np.array([0, -np.cos(angle), np.sin(angle)])
    affine[:3, 2] = 4.0 * np.array([0, np.sin(angle), np.cos(angle)])
    assert is_fine_axial(affine) == axial
    assert role_of(spin_echo(), affine) == ("t2_axial" if axial else "t2")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "a localiser"),
        ({"SeriesDescription": "3-plane_loc"}, "a localiser"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, "a projection"),
        ({"ImageType": ["DERIVED", "SECONDARY", "VRT"]}, "a rendering"),
        ({"ImageType": ["DERIVED", "SECONDARY", "CURVED_MPR"]}, "a curved reformat"),
        ({"ImageType": ["DERIVED", "PRIMARY", "SUBTRACT"]}, "a subtraction"),
        ({"SeriesDescription": "Dose Report"}, "a screen capture or dose report"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, "a phase image"),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "EADC"]}, "a parameter map"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "a secondary capture"),
        ({"Modality": "SEG"}, "modality SEG is not assessed"),
        ({"Modality": ""}, "modality not stated is not assessed"),
        ({"SamplesPerPixel": 3}, "a colour picture"),
        ({"ModalityLUTSequence": [Dataset()]}, "its values need a modality look-up table"),
        ({"Modality": "PT", "CorrectedImage": ["DECY", "NORM"]}, "PET without attenuation correction"),
    ],
)
def test_images_of_no_use_are_named(values, reason):
    assert unusable_because(attributes(**values)).startswith(reason)
    assert unusable_because(attributes(SeriesDescription="T2 subaxial local spine")) is None


def test_ct_pet_and_myelogram():
    assert role_of(attributes(Modality="CT"), SAGITTAL) == "ct"
    assert role_of(attributes(Modality="CT", SeriesDescription="CT Myelogram"), SAGITTAL) == "ct_myelogram"
    assert role_of(attributes(Modality="PT"), SAGITTAL) == "pet"


def test_a_role_can_be_named_where_attributes_do_not_contradict_it():
    assert may_serve_as("prior_ct", attributes(Modality="CT"), "ct")
    assert may_serve_as("t1", attributes(), None)
    assert may_serve_as("prior_adc", attributes(), "adc")
    assert not may_serve_as("prior_adc", attributes(), "t1")
    assert not may_serve_as("t1", attributes(), "t1_fs")
    assert may_serve_as("t2", attributes(), "t2_axial")
    assert not may_serve_as("t1", attributes(), "t2")
    assert not may_serve_as("pet", attributes(), None)
    assert may_serve_as("spect", attributes(Modality="NM"), "spect")
    assert not may_serve_as("spect", attributes(), None)
    assert not may_serve_as("spect", attributes(Modality="PT"), "pet")


def test_echoes_in_one_series_become_a_series_for_each_role(tmp_path):
    early, late = mr(**GRADIENT | {"EchoTime": 2.3}), mr(**GRADIENT | {"EchoTime": 4.6})
    late.series_uid, late.frame_uid = early.series_uid, early.frame_uid
    study = read_study(write(early.datasets() + late.datasets(), tmp_path))
    assert {s.role: s.acquisition["echo_time_ms"] for s in study.series} == {"out_phase": 2.3, "in_phase": 4.6}
    assert all(s.volume.shape[2] == 12 for s in study.series)


def test_diffusion_weightings_in_one_series_are_separated_before_they_are_compared(tmp_path):
    parts = [mr(ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION"], DiffusionBValue=float(b)) for b in (0, 250, 800)]
    for part in parts:
        part.series_uid, part.frame_uid = parts[0].series_uid, parts[0].frame_uid
    study = read_study(write([ds for part in parts for ds in part.datasets()], tmp_path))
    assert {s.role: s.acquisition["b_value_s_mm2"] for s in study.series} == {"dwi_b0": 0, "dwi_high": 800}
    assert ["contrast is not understood" in item.reason for item in study.left_out] == [True]


def test_series_that_is_not_understood_alone_is_an_error(tmp_path):
    with pytest.raises(StudyError, match="its contrast is not understood; name the role"):
        read_study(mr(EchoTime=30.0).write(tmp_path))


def test_acquisition_tells_how_the_image_was_made_and_not_of_whom(tmp_path):
    folder = Made(attributes={"Manufacturer": "ACME", "BodyPartExamined": "TSPINE"}).write(tmp_path)
    series = read_study(folder).series[0]
    assert series.acquisition == {
        "modality": "CT",
        "series_description": "spine",
        "manufacturer": "ACME",
        "kernel": "B31f",
        "body_part": "TSPINE",
        "image_type": "ORIGINAL\\PRIMARY\\AXIAL",
        "slice_thickness_mm": 2.5,
        "tube_voltage_kv": 120.0,
    }


def test_fat_saturation_is_flagged(tmp_path):
    folder = mr(**T1, ScanOptions="FS", ContrastBolusAgent="Gadovist").write(tmp_path)
    (series,) = read_study(folder).series
    assert (series.role, series.flags) == ("t1_gd", ("fat_suppressed",))
    assert series.acquisition["fat_suppressed"]
