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
