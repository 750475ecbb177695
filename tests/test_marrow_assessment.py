"""MR of box vertebrae whose marrow, fluid, rims and lesions are painted: each sign is seen where it was painted."""

import dataclasses

import numpy as np
import pytest
from marrow_phantom import BACK, HALF_HEIGHT, LEVELS, MIDDLE, T1, T2, Marrow, ball, in_body
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
