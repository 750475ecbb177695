"""In and out of phase, fat fraction and ADC of a lesion."""

import pytest
from marrow_phantom import MUSCLE, T2, Marrow
from test_marrow_assessment import LESION, said

from spinemets.findings import Measured, Reason

IN_PHASE = MUSCLE | {"marrow": 200.0, "lesion": 150.0, "disc": 95.0, "csf": 50.0, "fat": 300.0}


@pytest.mark.parametrize(
    ("kept", "expected"), [(1.05, "malignant_favoured"), (0.80, "at_threshold"), (0.6, "benign_favoured")]
)
def test_a_drop_out_of_phase_is_measured_and_labelled(kept, expected):
    scene = Marrow(LESION).paint("in_phase", IN_PHASE)
    found = scene.paint("out_phase", IN_PHASE | {"marrow": 90.0, "lesion": 150.0 * kept, "muscle": 97.0}).signs()
    assert found["phase_drop"].value == pytest.approx(1 - kept, abs=0.02)
    assert said(found["phase_drop_label"]) == expected
    assert "35 %" in found["phase_drop_label"]["method"]


def test_phases_of_another_gain_are_not_compared_and_one_phase_is_none():
    scene = Marrow(LESION).paint("in_phase", IN_PHASE)
    assert "opposed-phase" in scene.signs()["phase_drop"].detail
    scene.paint("out_phase", {name: 1.5 * value for name, value in IN_PHASE.items()})
    found = scene.signs()
    assert found["phase_drop"].code is Reason.NO_REFERENCE
    assert found["phase_drop_label"].code is Reason.NO_REFERENCE


def test_fat_fraction_comes_from_the_scanners_own_images():
    water = MUSCLE | dict.fromkeys(("marrow", "disc", "csf", "fat"), 80.0)
    scene = Marrow(LESION).paint("water", water | {"lesion": 170.0}).paint("fat", water | {"lesion": 30.0})
    assert scene.signs()["fat_fraction"].value == pytest.approx(0.15, abs=0.01)
    del scene.series["water"]
    assert scene.signs()["fat_fraction"].code is Reason.MISSING_SEQUENCE


def diffusion(value, scale=1.0, noise=0.02, b0=200.0):
    tissues = {
        name: one * scale for name, one in {"marrow": 0.5, "disc": 1.5, "csf": 3.0, "fat": 0.1, "muscle": 1.4}.items()
    }
    scene = Marrow(LESION, noise=noise).paint("adc", tissues | {"lesion": value * scale})
    return scene.paint("dwi_b0", T2 | {"lesion": b0}) if b0 else scene


@pytest.mark.parametrize("scale", [1.0, 1000.0, 0.001])
@pytest.mark.parametrize(
    ("value", "expected"), [(0.85, "malignant_favoured"), (1.25, "indeterminate"), (1.9, "benign_favoured")]
)
def test_an_adc_is_the_same_in_whatever_unit_its_map_is_stored(scale, value, expected):
    found = diffusion(value, scale).signs()
    assert found["adc"].value == pytest.approx(value, rel=0.02)
    assert found["adc"].unit == "10*-3.mm2/s"
    assert said(found["adc_label"]) == expected


def test_an_adc_has_no_label_where_nobody_knows_that_there_is_signal():
    assert isinstance(diffusion(0.85, b0=None).signs()["adc"], Measured)
    assert diffusion(0.85, b0=None).signs()["adc_label"].code is Reason.MISSING_SEQUENCE
    assert "times the noise" in diffusion(0.85, noise=0.2).signs()["adc_label"].detail
    unit = diffusion(20.0).signs()
    assert unit["adc"].code is Reason.NO_REFERENCE
    assert unit["adc_label"].code is Reason.NO_REFERENCE
