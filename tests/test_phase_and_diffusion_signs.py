"""In and out of phase, fat suppression, fat fraction and ADC of a lesion, and its ADC on two dates."""

import pytest
from marrow_phantom import LEVELS, MUSCLE, T1, T2, Marrow
from test_marrow_assessment import LESION, said

from spinemets.findings import Measured, NotApplicable, Reason
from spinemets.volume import Volume

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


def suppressed(lesion, gain=1.0, marrow=70.0, plain=260.0, **tissues):
    """A lesion with `plain` on T1 and `lesion` with fat suppression, where both series differ by a gain."""
    after = {name: gain * value for name, value in (T1 | {"marrow": marrow, "lesion": lesion} | tissues).items()}
    return Marrow(LESION).paint("t1", T1 | {"lesion": plain}).paint("t1_fs", after)


@pytest.mark.parametrize(
    ("plain", "lesion", "gain", "expected"),
    [(260.0, 104.0, 1.6, "present"), (85.0, 85.0, 0.7, "absent"), (100.0, 80.0, 1.0, "at_threshold")],
)
def test_loss_with_fat_suppression_is_that_of_fat_whatever_the_gain(plain, lesion, gain, expected):
    found = suppressed(lesion, gain, plain=plain).signs()
    truth = 1 - lesion / plain
    assert found["fat_suppression_loss"].value == pytest.approx(truth, abs=0.02)
    assert found["fat_suppression_loss"].low <= truth <= found["fat_suppression_loss"].high
    assert said(found["lesion_loses_fat_signal"]) == expected
    assert found["lesion_loses_fat_signal"]["method"].startswith("X11")


def test_loss_with_fat_suppression_needs_a_lesion_healthy_marrow_that_loses_signal_and_tissue_without_fat():
    scene = suppressed(85.0)
    assert scene.signs(lesions=False)["fat_suppression_loss"].code is Reason.MISSING_MASK
    assert scene.signs(affected=LEVELS)["fat_suppression_loss"].code is Reason.NO_REFERENCE
    assert "fat is not suppressed" in suppressed(260.0, marrow=220.0).signs()["lesion_loses_fat_signal"].detail
    assert "what gain" in suppressed(85.0, muscle=0.0, disc=0.0).signs()["fat_suppression_loss"].detail
    none = Marrow().paint("t1", T1).paint("t1_fs", T1)
    assert none.signs()["lesion_loses_fat_signal"] == NotApplicable("no_lesion")


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


def two_dates(now, before, scale=1.0, b0=200.0, **tissues):
    """ADC of the lesion today and on an earlier map, on another grid and perhaps in another unit."""
    earlier = {"marrow": 0.5, "disc": 1.5, "csf": 3.0, "fat": 0.1, "muscle": 1.4, "lesion": before} | tissues
    scene = diffusion(now, b0=b0)
    return scene.paint("prior_adc", {k: scale * v for k, v in earlier.items()}, spacing=(3.3, 1.2, 1.1))


@pytest.mark.parametrize(
    ("now", "before", "scale", "expected"),
    [
        (1.3, 0.85, 1000.0, "present"),
        (0.93, 0.85, 1.0, "absent"),
        (0.976, 0.85, 1.0, "at_threshold"),  # 14.8 % more
        (0.6, 0.85, 0.001, "absent"),
    ],
)
def test_an_adc_has_risen_where_it_rose_by_more_than_a_measurement_repeats(now, before, scale, expected):
    found = two_dates(now, before, scale).signs()
    truth = now / before - 1
    assert found["adc_change"].value == pytest.approx(truth, abs=0.03)
    assert found["adc_change"].low <= truth <= found["adc_change"].high
    assert said(found["adc_rise"]) == expected
    assert "no proof of response" in found["adc_rise"]["method"]


def test_two_maps_are_compared_only_where_lesion_muscle_place_and_signal_allow_it():
    scene = two_dates(1.3, 0.85)
    assert scene.signs(lesions=False)["adc_change"].code is Reason.MISSING_MASK
    assert "+0.27" in two_dates(1.3, 0.85, muscle=1.1).signs()["adc_rise"].detail
    assert two_dates(1.3, 0.85, b0=None).signs()["adc_change"].code is Reason.MISSING_SEQUENCE
    assert diffusion(0.85).signs()["adc_change"].code is Reason.MISSING_SEQUENCE
    assert "no diffusion" in two_dates(1.3, 0.0).signs()["adc_change"].detail
    earlier = scene.series["prior_adc"]
    for moved_mm, detail in ((5.0, "more than 2 mm apart"), (18.0, "the two images")):
        affine = earlier.affine.copy()
        affine[2, 3] += moved_mm
        scene.series["prior_adc"] = Volume(earlier.array, affine)
        found = scene.signs()["adc_change"]
        assert found.code is Reason.MOTION
        assert detail in found.detail
    scene.lesion = None
    assert scene.signs()["adc_rise"] == NotApplicable("no_lesion")
