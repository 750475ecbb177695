"""Rods of dense bone in fat, painted with a known direction: which of them are a haemangioma."""

import dataclasses

import numpy as np
import pytest
from disc_phantom import LEVELS, MIDDLE, Discs
from oblique import centred_affine, painted

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotApplicable, Reason
from spinemets.measure import body_view
from spinemets.measure.striation import striation
from spinemets.volume import Volume


@pytest.fixture(autouse=True)
def bone_only(monkeypatch):
    """Little beside the bodies is looked at, which takes a third of the time."""
    monkeypatch.setattr(body_view, "MARGIN_MM", (3.0, 3.0, 2.0))


def said(sign):
    return sign["value"] if isinstance(sign, dict) else sign.code


def ball(scene, r=9.0):
    return np.hypot(np.hypot(scene.x, scene.y - MIDDLE), scene.z) < r


def striped(scene, lean_deg=0.0, along="z", dense=450.0):
    """Rods 2 mm thick, 5 mm apart, in fat; they run along an axis, or lean from it."""
    lesion = ball(scene)
    scene.lesions[lesion] = 1
    lean = np.tan(np.radians(lean_deg))
    first = scene.x - lean * scene.z
    second = scene.y if along == "z" else scene.z
    rods = (np.abs((first + 2.5) % 5 - 2.5) < 1.1) & (np.abs((second + 2.5) % 5 - 2.5) < 1.1)
    scene.ct[lesion], scene.ct[lesion & rods] = 0.0, dense
    return scene


def t1(lesion, marrow):
    shape = (16, 90, 150)
    affine = centred_affine(shape, (0, 13, 0), spacing_mm=(4.0, 1.0, 1.1), angles_deg=(1, 2, -3))
    return painted(shape, affine, lambda x, y, z: np.where(np.hypot(np.hypot(x, y - MIDDLE), z) < 10, lesion, marrow))


@pytest.mark.parametrize("stored", [0, 2])
def test_upright_rods_in_fat_are_a_haemangioma(stored):
    found = striped(Discs(stored)).signs()
    assert said(found["haemangioma"]) == "present"
    assert found["vertical_trabeculae"].value > 0.7
    assert found["t1_to_marrow"].code is Reason.MISSING_SEQUENCE


def test_with_t1_the_lesion_is_brighter_than_marrow_too():
    scene = striped(Discs())
    bright = scene.signs(series={"t1": t1(3.0, 1.5)})
    assert said(bright["haemangioma"]) == "present"
    assert bright["t1_to_marrow"].value == pytest.approx(2.0, abs=0.1)
    assert said(scene.signs(series={"t1": t1(0.9, 1.5)})["haemangioma"]) == "absent"
    assert scene.signs(series={"t1": t1(0.0, 0.0)})["t1_to_marrow"].code is Reason.NO_REFERENCE
    off = Volume(np.ones((8, 8, 8), np.float32), np.diag([4.0, 4.0, 4.0, 1.0]))
    assert scene.signs(series={"t1": off})["t1_to_marrow"].code is Reason.OUT_OF_FIELD


def test_rods_that_lie_or_lean_or_a_plain_or_dense_lesion_are_no_haemangioma():
    assert said(striped(Discs(), along="y").signs()["haemangioma"]) == "absent"
    assert said(striped(Discs(), lean_deg=38.0).signs()["haemangioma"]) == "absent"
    plain = Discs()
    plain.lesions[ball(plain)], plain.ct[ball(plain)] = 1, 40.0
    assert said(plain.signs()["haemangioma"]) == "absent"
    assert plain.signs()["vertical_trabeculae"] == NotApplicable("no_dense_trabeculae")
    dense = Discs()
    rng = np.random.default_rng(2)
    dense.lesions[ball(dense)], dense.ct[ball(dense)] = 2, rng.normal(600, 60, int(ball(dense).sum()))
    assert said(dense.signs()["haemangioma"]) == "absent"


def test_a_haemangioma_needs_ct_a_lesion_that_is_large_enough_and_a_reference():
    scene = striped(Discs())
    assert scene.signs(ct=False)["haemangioma"].code is Reason.MISSING_SEQUENCE
    assert scene.signs(lesions=False)["haemangioma"].code is Reason.MISSING_MASK
    assert scene.signs(affected=LEVELS)["haemangioma"].code is Reason.NO_REFERENCE
    assert scene.signs(Level.L3)["haemangioma"] == NotApplicable("no_lesion_in_body")
    small = Discs()
    small.lesions[ball(small, 4.0)] = 1
    assert small.signs()["haemangioma"].code is Reason.TOO_SMALL
    scene.ct[ball(scene, 5.0)] = 2500.0
    assert scene.signs()["haemangioma"].code is Reason.METAL


def test_thick_slices_show_no_trabeculae():
    scene = striped(Discs())
    view = scene.evidence((Level.L2, Level.L3)).view(Level.L2)
    healthy = scene.evidence((Level.L2, Level.L3)).reference(Level.L2)
    assert striation(dataclasses.replace(view, voxel_mm=3.0), healthy).vertical_share.code is Reason.RESOLUTION
    assert isinstance(striation(view, healthy).vertical_share, Measured)
