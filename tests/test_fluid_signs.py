"""Fluid in a collapsed body, on T2 and STIR."""

import dataclasses

import numpy as np
import pytest
from marrow_phantom import LEVELS, MIDDLE, T1, T2, Marrow, ball
from test_marrow_assessment import LESION, said

from spinemets.anatomy import Level
from spinemets.findings import NotApplicable, Reason


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
