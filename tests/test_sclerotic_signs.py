"""Sclerotic lesions that keep to the bone, break through it, or have a mass beside it, painted into box vertebrae."""

import numpy as np
import pytest
from fracture_scene import BACK, FRONT, HALF_WIDTH, Scene

from spinemets.anatomy import LesionLabel
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.rules.presence import Presence
from spinemets.rules.sclerotic import unusual

CENTRE = (0.0, (BACK + FRONT) / 2, 0.0)


def said(sign):
    return sign["value"] if isinstance(sign, dict) else sign.code


def sclerotic(stored=0):
    scene = Scene(stored)
    scene.lesion(CENTRE, 9.0, LesionLabel.BLASTIC, hu=600.0)
    return scene


def mass(scene, half_up=6.0, label=LesionLabel.BLASTIC):
    """Soft tissue to the right of the body, 12 mm thick, 20 mm deep, in the lesion mask."""
    beside = (scene.x > HALF_WIDTH) & (scene.x < HALF_WIDTH + 12) & (np.abs(scene.y - CENTRE[1]) < 10)
    beside &= scene.own & (np.abs(scene.z) < half_up) & (scene.ids == 0)
    scene.lesions[beside], scene.ct[beside] = label, 60.0
    return scene


def test_a_sclerotic_lesion_within_whole_cortex_is_nothing_unusual():
    found = sclerotic().signs()
    assert said(found["unusual_sclerotic_lesion"]) == "absent"
    assert found["sclerotic_beyond_bone"].value == 0


@pytest.mark.parametrize("stored", [1, 2])
def test_a_mass_beside_the_bone_is_unusual_and_has_the_volume_painted(stored):
    found = mass(sclerotic(stored)).signs()
    assert said(found["unusual_sclerotic_lesion"]) == "present"
    assert found["sclerotic_beyond_bone"].value == pytest.approx(10 * 20 * 12 / 1000, rel=0.12)
    assert found["unusual_sclerotic_lesion"]["method"].startswith("X18")


def test_destroyed_cortex_is_unusual():
    scene = sclerotic()
    gone = scene.own & scene.shell & (scene.y > FRONT - 2) & (np.abs(scene.x) < 14)
    scene.ct[gone], scene.lesions[gone] = 60.0, LesionLabel.BLASTIC
    assert said(scene.signs()["unusual_sclerotic_lesion"]) == "present"


def test_a_level_with_another_kind_of_lesion_is_not_asked_about():
    lytic = Scene()
    lytic.lesion(CENTRE, 9.0)
    for scene in (lytic, mass(sclerotic(), label=LesionLabel.LYTIC)):
        assert scene.signs()["unusual_sclerotic_lesion"] == NotApplicable("not_only_sclerotic_lesions")


def test_a_speck_is_too_small_to_lie_beside_the_bone():
    scene = Scene()
    scene.lesions[tuple(np.argwhere(scene.body & (scene.depth() > 8))[0])] = LesionLabel.BLASTIC
    assert scene.signs()["unusual_sclerotic_lesion"].code is Reason.TOO_SMALL


NONE: Finding = Measured(0.0, "mL", 0.0, 0.0, "test")
UNSEEN = NotAssessed(Reason.RESOLUTION, "too coarse")


@pytest.mark.parametrize(
    ("beyond", "missing", "expected"),
    [
        ((0.6, 0.5, 0.7), UNSEEN, Presence.PRESENT),
        ((0.5, 0.4, 0.6), UNSEEN, UNSEEN),
        ((0.4, 0.3, 0.49), UNSEEN, UNSEEN),
    ],
)
def test_cortex_that_is_not_seen_leaves_the_sign_open_unless_there_is_a_mass(beyond, missing, expected):
    value, low, high = beyond
    found = unusual(Measured(value, "mL", low, high, "test"), [missing])
    assert found in (expected, Presence.AT_THRESHOLD)
    assert unusual(NONE, [missing]) is UNSEEN
