"""MR of box vertebrae whose marrow, fluid, rims and lesions are painted: each sign is seen where it was painted."""

import dataclasses

import numpy as np
import pytest
from marrow_phantom import BACK, HALF_HEIGHT, LEVELS, MIDDLE, MUSCLE, T1, T2, Marrow, ball, in_body
from oblique import STORED

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason
from spinemets.marrow_assessment import marrow_signs
from spinemets.volume import Volume

DIFFUSE, UNCHECKED = "diffuse_marrow_disease_suspected", "diffuse_marrow_disease_not_checked"
LESION = ball((2, MIDDLE, 0), 9)
SMALL = ball((2, MIDDLE, 0), 3)


def said(sign):
    return sign["value"] if isinstance(sign, dict) else sign.code


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_a_lesion_darker_than_muscle_and_disc_is_measured_on_every_grid(stored):
    found = Marrow(LESION, stored).paint("t1", T1).paint("t2", T2).signs()
    for name, truth in (("t1_to_muscle", 0.85), ("t1_to_disc", 85 / 95), ("t2_to_muscle", 3.0)):
        assert found[name].value == pytest.approx(truth, rel=0.03)
        assert found[name].low <= truth <= found[name].high
    core = (42 - 6) * (30 - 6) * (26 - 6)
    assert found["t1_dark_share"].value == pytest.approx(4 / 3 * np.pi * 9**3 / core, abs=0.03)
    assert said(found["diffuse_t1_hypointensity"]) == "absent"
    assert found["posterior_t1_dark_share"].value < 0.05
    assert said(found["signal_pattern"]) == "benign_oedema or lytic_metastasis"
    assert "rebuilt from the prose of the review" in found["signal_pattern"]["method"]
    assert "t2 to muscle" in found["signal_pattern"]["method"]


@pytest.mark.parametrize(
    ("right_end_mm", "expected"),
    [(30.0, "present"), (10.8, "at_threshold"), (4.0, "absent")],  # of 36 mm looked at, 36, 28.8 and 22
)
def test_dark_marrow_is_diffuse_from_four_fifths_of_the_body_on(right_end_mm, expected):
    found = Marrow(lambda x, y, z: in_body(x, y, z) & (x < right_end_mm)).paint("t1", T1).signs()
    share = min((right_end_mm + 18) / 36, 1)
    assert found["t1_dark_share"].value == pytest.approx(share, abs=0.07)
    assert said(found["diffuse_t1_hypointensity"]) == expected


def test_dark_marrow_that_reaches_into_the_arch_is_seen_there():
    scene = Marrow(lambda x, y, z: np.abs(z) < 14).paint("t1", T1)
    assert scene.signs()["posterior_t1_dark_share"].value > 0.95
    only_left = Marrow(lambda x, y, z: (np.abs(z) < 14) & (x < 0)).paint("t1", T1)
    assert only_left.signs()["posterior_t1_dark_share"].value == pytest.approx(0.5, abs=0.1)


def test_without_muscle_in_the_field_marrow_is_compared_with_the_discs():
    narrow = Marrow(in_body).paint("t1", T1, extent=(44.0, 84.0, 180.0))
    found = narrow.signs()
    assert found["t1_to_muscle"].code is Reason.OUT_OF_FIELD
    assert found["t1_to_disc"].value == pytest.approx(85 / 95, rel=0.03)
    assert said(found["diffuse_t1_hypointensity"]) == "present"
    assert "than disc" in found["t1_dark_share"].method


def test_muscle_that_differs_from_side_to_side_is_no_reference():
    fatty = (lambda x, y, z: (x > 6) & (y < -15), 200.0)
    found = Marrow(LESION).paint("t1", T1, fatty).signs()
    assert found["t1_to_muscle"].code is Reason.NO_REFERENCE
    assert "side to side" in found["t1_to_muscle"].detail
    assert isinstance(found["t1_to_disc"], Measured)


def test_small_lesions_missing_series_and_short_fields_say_so():
    small = Marrow(SMALL).paint("t1", T1).paint("t2", T2).signs()
    assert small["t1_to_muscle"].code is Reason.TOO_SMALL
    assert small["t2_to_muscle"].code is Reason.TOO_SMALL
    assert small["halo"].code is Reason.TOO_SMALL
    without = Marrow(LESION).signs()
    no_question = ("fluid_sign", "fluid_volume", "mass_enhancement", "enhancing_mass", "mass_without_enhancement")
    for name, sign in without.items():
        if name not in no_question:
            assert sign.code is Reason.MISSING_SEQUENCE, name
    above = Marrow(LESION).paint("t1", T1, extent=(64.0, 84.0, 60.0), centre=(0, 2, 60)).signs()
    for name in ("t1_to_muscle", "t1_to_disc", "t1_dark_share", "diffuse_t1_hypointensity", "signal_pattern"):
        assert above[name].code is Reason.OUT_OF_FIELD, name


def slab(half_width, z_mm, half_depth=10.0):
    """Flat, across the body of L2."""
    return lambda x, y, z: (np.abs(x) < half_width) & (np.abs(y - MIDDLE) < half_depth) & (z > z_mm[0]) & (z < z_mm[1])


def fractured(shape, t2=850.0, t1=60.0, role="t2", **options):
    """L2 has lost 6 mm above, so its upper endplate is at z = 7."""
    return Marrow(squeezed=6.0).paint("t1", T1, (shape, t1)).paint(role, T2, (shape, t2), **options)


POOL = slab(12.0, (1.5, 5.5))


@pytest.mark.parametrize("role", ["t2", "stir"])
def test_flat_fluid_under_an_endplate_is_a_fluid_sign_of_its_volume(role):
    found = fractured(POOL, role=role).signs()
    truth = 24 * 20 * 4 / 1000
    assert found["fluid_volume"].value == pytest.approx(truth, rel=0.25)
    assert found["fluid_volume"].low <= truth <= found["fluid_volume"].high
    assert said(found["fluid_sign"]) == "present"


def test_a_wedge_of_fluid_in_front_is_a_fluid_sign():
    wedge = fractured(lambda x, y, z: (np.abs(x) < 12) & (y > 20) & (y < 36) & (z < 6) & (z > 6 - (y - 20) / 2.3))
    assert said(wedge.signs()["fluid_sign"]) == "present"


@pytest.mark.parametrize(
    ("shape", "signals"),
    [
        (POOL, {"t2": 600.0}),  # less than three quarters of CSF
        (POOL, {"t1": 130.0}),  # brighter than muscle on T1
        (slab(12.0, (-4.5, -1.0)), {}),  # half-way between the endplates
        (ball((0, MIDDLE, 1), 5.0), {}),  # round
        (slab(1.0, (3.0, 5.0), 3.0), {}),  # 2 by 6 by 2 mm: too little
    ],
)
def test_what_is_not_bright_dark_flat_near_or_large_enough_is_no_fluid_sign(shape, signals):
    assert said(fractured(shape, **signals).signs()["fluid_sign"]) == "absent"


def test_a_fluid_sign_needs_a_fracture_t1_fine_voxels_csf_and_endplates():
    scene = fractured(POOL)
    assert scene.signs(affected=LEVELS)["fluid_sign"].code is Reason.NO_REFERENCE
    blind = scene.bodies | {Level.L2: dataclasses.replace(scene.bodies[Level.L2], ends=None)}
    assert scene.signs(bodies=blind)["fluid_sign"].code is Reason.OUT_OF_FIELD
    assert fractured(POOL, spacing=(4.0, 2.0, 2.0)).signs()["fluid_sign"].code is Reason.RESOLUTION
    assert fractured(POOL, extent=(64.0, 84.0, 30.0), centre=(0, 2, 60)).signs()["fluid_sign"].code is (
        Reason.OUT_OF_FIELD
    )
    del scene.series["t1"]
    assert scene.signs()["fluid_sign"].code is Reason.MISSING_SEQUENCE
    assert Marrow(LESION).paint("t1", T1).paint("t2", T2).signs()["fluid_sign"] == NotApplicable("no_fracture")
    del scene.series["t2"]
    assert "T2 or STIR" in scene.signs()["fluid_sign"].detail
    short = fractured(POOL).paint("t1", T1, extent=(64.0, 84.0, 30.0), centre=(0, 2, 60))
    assert short.signs()["fluid_sign"].code is Reason.OUT_OF_FIELD


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


def contrast(lesion=170.0, gain=1.0, marrow=240.0):
    after = {name: gain * value for name, value in (T1 | {"lesion": lesion, "muscle": 110.0, "marrow": marrow}).items()}
    return Marrow(LESION).paint("t1", T1).paint("t1_gd", after)


@pytest.mark.parametrize("lesion", [93.5, 127.5, 187.0])
def test_enhancement_is_a_number_by_itself_and_by_muscle(lesion):
    found = contrast(lesion).signs()
    truth = lesion / 85 - 1
    assert found["enhancement_ratio"].value == pytest.approx(truth, abs=0.03)
    assert found["enhancement_to_muscle"].value == pytest.approx(truth / 0.1, rel=0.15)
    assert not [name for name in ("enhancement_ratio", "enhancement_to_muscle") if isinstance(found[name], dict)]
    assert found["enhancing_mass"] == NotApplicable("no_mass_beyond_the_bone")


def test_enhancement_needs_the_same_gain_the_same_fat_and_healthy_marrow():
    assert "gain" in contrast(gain=2.0).signs()["enhancement_ratio"].detail
    assert "fat-suppressed" in contrast(marrow=66.0).signs()["enhancement_ratio"].detail
    assert contrast().signs(affected=LEVELS)["enhancement_ratio"].code is Reason.NO_REFERENCE
    assert Marrow(LESION).paint("t1", T1).signs()["enhancement_to_muscle"].code is Reason.MISSING_SEQUENCE


def beyond(x, y, z):
    """A mass in front of the body of L2."""
    return (np.abs(x) < 18) & (y > 38) & (y < 45.5) & (np.abs(z) < 10)


def with_mass(after, *, contrast_medium=True):
    """Signs of L2 whose mass has 85 before contrast medium, as its lesion."""
    field = {"extent": (64.0, 100.0, 180.0), "centre": (0, 10, 0)}
    scene = Marrow(LESION).paint("t1", T1, (beyond, 85.0), **field)
    if contrast_medium:
        scene.paint("t1_gd", T1 | {"muscle": 110.0, "lesion": 170.0, "marrow": 240.0}, (beyond, after), **field)
    inside = (LESION(scene.x, scene.y, scene.z) & (scene.vertebrae.array > 0)) | beyond(scene.x, scene.y, scene.z)
    lesions = scene.vertebrae.with_array(inside.astype(np.uint8))
    return marrow_signs(scene.series, scene.vertebrae, scene.regions, lesions, scene.bodies, (Level.L2,))[0][Level.L2]


@pytest.mark.parametrize(("after", "mass"), [(85.0, "absent"), (136.0, "present")])
def test_a_mass_beyond_the_bone_enhances_or_is_like_a_haematoma(after, mass):
    found = with_mass(after)
    assert found["mass_enhancement"].value == pytest.approx(after / 85 - 1, abs=0.05)
    assert said(found["enhancing_mass"]) == mass
    assert said(found["mass_without_enhancement"]) == ("present" if mass == "absent" else "absent")


def test_whether_a_mass_enhances_is_open_without_contrast_medium_or_a_lesion_mask():
    assert with_mass(85.0, contrast_medium=False)["enhancing_mass"].code is Reason.MISSING_SEQUENCE
    assert contrast().signs(lesions=False)["enhancing_mass"].code is Reason.MISSING_MASK


def rim(share=1.0, signal=420.0):
    """Round the lesion, over so much of the turn about the x axis."""
    outer = ball((2, MIDDLE, 0), 14)

    def places(x, y, z):
        turn = (np.arctan2(z, y - MIDDLE) / (2 * np.pi)) % 1
        return outer(x, y, z) & ~LESION(x, y, z) & (turn < share) & in_body(x, y, z)

    return places, signal


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_a_bright_rim_is_a_halo(stored):
    found = Marrow(LESION, stored).paint("t2", T2, rim()).signs()
    assert found["halo_share"].value > 0.9
    assert said(found["halo"]) == "present"


@pytest.mark.parametrize(
    ("share", "signal", "lesion"),
    [
        (0.0, 420.0, 300.0),
        (0.25, 420.0, 300.0),  # a quarter of the turn
        (1.0, 280.0, 200.0),  # less than 1.5 times marrow
        (1.0, 420.0, 400.0),  # less than 1.2 times the lesion
    ],
)
def test_a_rim_in_part_or_hardly_brighter_than_marrow_or_lesion_is_no_halo(share, signal, lesion):
    found = Marrow(LESION).paint("t2", T2 | {"lesion": lesion}, rim(share, signal)).signs()
    assert said(found["halo"]) == "absent"
    assert found["halo_share"].value == pytest.approx(share if share < 1 else 0.0, abs=0.12)


def test_a_halo_needs_a_lesion_a_mask_bone_round_it_and_healthy_marrow():
    scene = Marrow(LESION).paint("t2", T2, rim())
    assert scene.signs(lesions=False)["halo"].code is Reason.MISSING_MASK
    assert scene.signs(affected=LEVELS)["halo"].code is Reason.NO_REFERENCE
    assert Marrow().paint("t2", T2).signs()["halo"] == NotApplicable("no_lesion")
    assert Marrow(in_body).paint("t2", T2).signs()["halo"].code is Reason.TOO_SMALL


def test_marrow_darker_than_disc_and_muscle_at_all_levels_is_no_reference():
    dark = T1 | {"marrow": 80.0}
    scene = Marrow(LESION).paint("t1", dark).paint("t1_gd", dark | {"muscle": 110.0}).paint("t2", T2, rim())
    signs, flags = scene.assessed()
    assert flags == (DIFFUSE,)
    for name in ("halo", "halo_share", "enhancement_ratio", "enhancement_to_muscle"):
        assert signs[Level.L2][name].code is Reason.NO_REFERENCE, name
        assert "every level" in signs[Level.L2][name].detail
    assert isinstance(signs[Level.L2]["t1_to_muscle"], Measured)
    one_bright = (lambda x, y, z: (np.abs(x) < 21) & (y > BACK) & (y < 38) & (np.abs(z - 36) < HALF_HEIGHT), 200.0)
    assert Marrow(LESION).paint("t1", dark, one_bright).assessed()[1] == ()


def test_nobody_says_that_marrow_is_healthy_without_t1_or_with_two_levels():
    assert Marrow(LESION).paint("t2", T2).assessed()[1] == (UNCHECKED,)
    scene = Marrow(LESION).paint("t1", T1)
    two = {level: scene.bodies[level] for level in (Level.L2, Level.L3)}
    assert scene.assessed(bodies=two)[1] == (UNCHECKED,)


def test_only_affected_levels_that_were_measured_are_answered_for():
    scene = Marrow(LESION).paint("t1", T1)
    signs, _ = scene.assessed(affected=(Level.L3, Level.L2, Level.C2, Level.SACRUM, Level.T3))
    assert list(signs) == [Level.L2, Level.L3]
    assert signs[Level.L3]["t1_to_muscle"].value == pytest.approx(2.2, rel=0.03)
    assert said(signs[Level.L3]["signal_pattern"]) == "fatty_marrow"


def test_lesions_on_another_grid_and_series_of_another_frame_are_refused():
    scene = Marrow(LESION).paint("t1", T1)
    moved = scene.vertebrae.affine.copy()
    moved[0, 3] += 3.0
    lesions = Volume(np.zeros(scene.vertebrae.shape, np.uint8), moved)
    with pytest.raises(GeometryMismatchError, match="the lesion mask lies on another grid"):
        marrow_signs(scene.series, scene.vertebrae, scene.regions, lesions, scene.bodies, (Level.L2,))
    framed = dataclasses.replace(scene.vertebrae, frame_of_reference="1.2.3")
    series = {"t1": dataclasses.replace(scene.series["t1"], frame_of_reference="1.2.4")}
    with pytest.raises(
        GeometryMismatchError, match=r"t1 is in frame of reference 1\.2\.4, the vertebra mask in 1\.2\.3"
    ):
        marrow_signs(series, framed, scene.regions, None, scene.bodies, (Level.L2,))


def test_no_sign_is_said_of_what_was_not_seen():
    found = Marrow(LESION).signs()
    assert all(isinstance(one, NotAssessed | NotApplicable) for one in found.values())
