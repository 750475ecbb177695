"""What contrast medium does to a lesion and to a mass beyond the bone."""

import numpy as np
import pytest
from marrow_phantom import LEVELS, T1, Marrow
from test_marrow_assessment import LESION, said

from spinemets.anatomy import Level
from spinemets.findings import NotApplicable, Reason
from spinemets.marrow_assessment import marrow_signs


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


def part_of_disc(x, y, z):
    """The right third of the middle of the disc L2/L3, 25 mm wide; the disc reaches from z = -23 to -13."""
    return (x > 3) & (x < 14) & (y > 8) & (y < 38) & (np.abs(z + 18) < 5)


def with_disc(after, gain=1.0, stored=0, **tissues):
    """T1 before and after contrast medium; a third of the disc L2/L3, with 95 before, has `after` then."""
    done = {name: gain * value for name, value in (T1 | {"marrow": 240.0} | tissues).items()}
    return Marrow(LESION, stored).paint("t1", T1).paint("t1_gd", done, (part_of_disc, gain * after))


@pytest.mark.parametrize(("stored", "gain", "marrow"), [(0, 1.0, 240.0), (1, 1.7, 240.0), (2, 0.6, 70.0)])
def test_uptake_of_a_third_of_a_disc_is_seen_whatever_gain_and_fat_suppression_do(stored, gain, marrow):
    found = with_disc(142.5, gain, stored, marrow=marrow).signs()
    assert found["disc_uptake"].value == pytest.approx(0.5, abs=0.06)
    assert found["disc_uptake"].low <= 0.5 <= found["disc_uptake"].high
    assert said(found["discitis_disc_enhancement"]) == "present"
    assert found["discitis_disc_enhancement"]["method"].startswith("X10")


@pytest.mark.parametrize(("after", "expected"), [(95.0, "absent"), (104.5, "absent"), (114.0, "at_threshold")])
def test_a_disc_that_rises_by_less_than_a_fifth_beyond_others_does_not_enhance(after, expected):
    assert said(with_disc(after).signs()["discitis_disc_enhancement"]) == expected


def test_the_disc_above_counts_as_the_one_below_and_other_levels_do_not():
    scene = with_disc(142.5)
    signs = scene.assessed(affected=(Level.L3,))[0]
    assert said(signs[Level.L3]["discitis_disc_enhancement"]) == "present"
    signs = scene.assessed(affected=(Level.L1,))[0]
    assert said(signs[Level.L1]["discitis_disc_enhancement"]) == "absent"


def test_uptake_of_a_disc_needs_both_series_both_discs_signal_and_an_unaffected_disc():
    scene = with_disc(95.0)
    assert scene.assessed(affected=(Level.L4,))[0][Level.L4]["discitis_disc_enhancement"].code is Reason.OUT_OF_FIELD
    assert scene.signs(affected=LEVELS)["discitis_disc_enhancement"].code is Reason.NO_REFERENCE
    assert with_disc(95.0, disc=0.0).signs()["disc_uptake"].code is Reason.NO_REFERENCE
    above = Marrow(LESION).paint("t1", T1).paint("t1_gd", T1, extent=(64.0, 84.0, 40.0), centre=(0, 2, 60))
    assert above.signs()["disc_uptake"].code is Reason.OUT_OF_FIELD
    assert Marrow(LESION).paint("t1", T1).signs()["discitis_disc_enhancement"].code is Reason.MISSING_SEQUENCE
