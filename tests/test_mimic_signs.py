"""Lesions and endplates painted at the disc L2/L3: what mimics a metastasis is seen where it was painted."""

import dataclasses

import numpy as np
import pytest
from disc_phantom import DISC_MIDDLE, FRONT, HALF_HEIGHT, LEVELS, MIDDLE, Discs
from oblique import STORED, centred_affine, painted

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason
from spinemets.measure import body_view
from spinemets.measure.disc_contact import bridge_mm2
from spinemets.measure.endplate_defect import endplate_shape, surface_of
from spinemets.mimic_signs import mimic_signs
from spinemets.volume import Volume

LOW = -HALF_HEIGHT
"""The lower endplate of L2; the disc below it is 10 mm high."""
HIGH = 2 * DISC_MIDDLE + HALF_HEIGHT
"""The upper endplate of L3."""


@pytest.fixture(autouse=True)
def bone_only(monkeypatch):
    """Little beside the bodies is looked at, which takes a third of the time."""
    monkeypatch.setattr(body_view, "MARGIN_MM", (3.0, 3.0, 2.0))


def said(sign):
    return sign["value"] if isinstance(sign, dict) else sign.code


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_a_lesion_through_the_disc_joins_its_two_bodies_and_no_others(stored):
    scene = Discs(stored)
    scene.lesions[scene.within(r=6.0, z=(HIGH - 10, LOW + 10))] = 1
    for level in (Level.L2, Level.L3):
        found = scene.signs(level, ct=False)
        assert said(found["crosses_disc"]) == "present"
        assert found["disc_bridge_area"].value == pytest.approx(np.pi * 36, rel=0.12)
    assert said(scene.signs(Level.L1, ct=False)["crosses_disc"]) == "absent"


def test_lesions_on_both_sides_of_a_free_disc_do_not_cross_it():
    scene = Discs()
    scene.lesions[scene.bowl(LOW, up=True) | scene.bowl(HIGH, up=False)] = 1
    found = scene.signs(ct=False)
    assert said(found["crosses_disc"]) == "absent"
    assert found["disc_bridge_area"].value == 0


def test_lesions_joined_in_front_of_the_disc_do_not_cross_it():
    scene = Discs()
    front = (np.abs(scene.x) < 8) & (scene.y > FRONT - 2) & (scene.y < FRONT + 6)
    scene.lesions[front & (scene.z > HIGH - 10) & (scene.z < LOW + 10)] = 1
    scene.lesions[scene.within(y=30.0, r=8.0, z=(LOW, 0)) | scene.within(y=30.0, r=8.0, z=(-36, HIGH))] = 1
    assert said(scene.signs(ct=False)["crosses_disc"]) == "absent"


def test_a_lesion_that_ends_in_the_disc_does_not_cross_it_and_a_thread_is_too_little_to_say():
    scene = Discs()
    scene.lesions[scene.within(r=6.0, z=(HIGH + 3, 0))] = 1
    assert said(scene.signs(ct=False)["crosses_disc"]) == "absent"
    scene.lesions[scene.within(r=2.0, z=(HIGH - 8, 0)) | scene.within(r=6.0, z=(-36, HIGH - 4))] = 1
    assert said(scene.signs(ct=False)["crosses_disc"]) == "at_threshold"


def test_a_disc_of_less_than_two_voxels_is_not_looked_through():
    scene = Discs()
    _, ids, _ = scene.volumes()
    shapes = [
        endplate_shape(surface_of(ids, scene.bodies[level].ends), scene.bodies[level].ends, upper=upper)
        for level, upper in ((Level.L2, False), (Level.L3, True))
    ]
    affine = np.diag([2.0, 2.0, 6.0, 1.0])
    found = bridge_mm2(Volume(np.ones((30, 30, 30), np.uint8), affine), *shapes)
    assert found.code is Reason.RESOLUTION
    assert "6.0 mm" in found.detail


def test_without_lesion_mask_or_neighbour_nothing_is_absent():
    scene = Discs()
    found = scene.signs(lesions=False)
    for name in ("crosses_disc", "disc_bridge_area", "discogenic", "endplate_contact"):
        assert found[name].code is Reason.MISSING_MASK, name
    for level in (LEVELS[0], LEVELS[-1]):
        assert scene.signs(level)["crosses_disc"].code is Reason.OUT_OF_FIELD
        assert scene.signs(level)["discitis_endplates_eroded"].code is Reason.OUT_OF_FIELD
    without = {level: body for level, body in scene.bodies.items() if level is not Level.L2}
    blind = without | {Level.L2: dataclasses.replace(scene.bodies[Level.L2], ends=None)}
    for bodies in (without, blind):
        found = scene.signs(bodies=bodies)
        assert found["crosses_disc"].code is Reason.OUT_OF_FIELD
        assert found["schmorl_node"].code is Reason.OUT_OF_FIELD


def test_lesions_on_another_grid_are_refused():
    scene = Discs()
    _, ids, lesions = scene.volumes()
    moved = Volume(lesions.array, lesions.affine + _shift(2.0))
    with pytest.raises(GeometryMismatchError, match="the lesion mask lies on another grid"):
        mimic_signs(Level.L2, None, scene.bodies, moved, ids, {})


def _shift(millimetres):
    change = np.zeros((4, 4))
    change[0, 3] = millimetres
    return change


def eroded(scene, below=True, r=7.0, in_mask=False, x=0.0):
    """Endplates taken away 4 mm deep, of L2 and perhaps of L3."""
    pits = scene.within(r=r, x=x, z=(LOW - 1, LOW + 4))
    if below:
        pits |= scene.within(r=r, x=x, z=(HIGH - 4, HIGH + 1))
    scene.ct[pits] = 60.0
    if in_mask:
        scene.ids[pits] = 0
    return scene


@pytest.mark.parametrize(("stored", "in_mask"), [(0, True), (1, False), (2, True), (3, False)])
def test_endplates_eroded_on_both_sides_of_a_disc_are_seen_whether_the_mask_follows_or_not(stored, in_mask):
    found = eroded(Discs(stored), in_mask=in_mask).signs()
    assert said(found["discitis_endplates_eroded"]) == "present"
    assert found["endplate_defect_area"].value == pytest.approx(np.pi * 49, rel=0.25)


@pytest.mark.parametrize("hollow_mm", [0.0, 3.0])
def test_one_side_alone_or_none_is_no_discitis_even_where_endplates_are_hollow(hollow_mm):
    assert said(Discs(hollow_mm=hollow_mm).signs()["discitis_endplates_eroded"]) == "absent"
    assert said(eroded(Discs(hollow_mm=hollow_mm), below=False).signs()["discitis_endplates_eroded"]) == "absent"


def test_endplates_too_thin_to_be_seen_anywhere_are_not_eroded():
    found = Discs(plate=190.0).signs()
    assert found["discitis_endplates_eroded"].code is Reason.RESOLUTION
    assert "not seen as dense" in found["discitis_endplates_eroded"].detail


def test_endplates_need_ct_a_reference_and_fine_voxels_without_metal():
    scene = eroded(Discs())
    scene.lesions[scene.bowl(LOW, up=True)] = 1
    assert scene.signs(ct=False)["discitis_endplates_eroded"].code is Reason.MISSING_SEQUENCE
    assert scene.signs(ct=False)["schmorl_node"].code is Reason.MISSING_SEQUENCE
    assert scene.signs(affected=LEVELS)["discitis_endplates_eroded"].code is Reason.NO_REFERENCE
    screw = eroded(Discs())
    screw.ct[(np.abs(screw.x) < 6) & (np.abs(screw.y - 22) < 6) & (np.abs(screw.z) < 6)] = 2800.0
    assert screw.signs()["discitis_endplates_eroded"].code is Reason.METAL


def t2(disc, above=None, fluid=9.0, stored=2, reach=70):
    """Sagittal slices 4 mm thick; the disc L2/L3 and the canal have a known signal."""
    options = STORED[stored]
    spacing = tuple((4.0, 0.9, 0.9)[axis] for axis in options["axes"])
    shape = tuple((14, 90, 2 * reach)[axis] for axis in options["axes"])
    affine = centred_affine(shape, (0, 10, -18), spacing_mm=spacing, angles_deg=(1, 2, -4), **options)

    def signal(x, y, z):
        in_disc = (np.abs(z - DISC_MIDDLE) < 5) & (np.abs(y - MIDDLE) < 15) & (np.abs(x) < 21)
        return np.where(in_disc, disc, np.where(np.hypot(x, y) < 9, fluid, 2.0 if above is None else above))

    return painted(shape, affine, signal)


@pytest.mark.parametrize(("role", "signal", "expected"), [("t2", 4.0, "absent"), ("stir", 8.1, "present")])
def test_a_disc_as_bright_as_fluid_is_seen_on_another_grid(role, signal, expected):
    found = Discs().signs(ct=False, series={role: t2(signal)})
    assert found["disc_to_csf"].value == pytest.approx(signal / 9.0, abs=0.05)
    above_too = Discs().signs(ct=False, series={role: t2(signal, above=1.0)})["discitis_disc_fluid"]
    assert said(above_too) == expected


def test_fluid_says_which_series_it_misses():
    scene = Discs()
    assert scene.signs()["discitis_disc_fluid"].code is Reason.MISSING_SEQUENCE
    assert scene.signs(ct=False, series={"t2": t2(4.0, reach=8)})["disc_to_csf"].code is Reason.OUT_OF_FIELD
    empty = t2(4.0).with_array(np.zeros(t2(4.0).shape, np.float32))
    assert scene.signs(ct=False, series={"t2": empty})["disc_to_csf"].code is Reason.NO_REFERENCE
    assert isinstance(scene.signs(LEVELS[0], series={"t2": t2(4.0)})["discitis_disc_fluid"], NotAssessed)


def node(scene, z=LOW, up=True, open_to_disc=True):
    """Half a spheroid of disc in the body, 8 mm in radius and 4 mm deep."""
    inside = scene.bowl(z, up)
    scene.lesions[inside] = 1
    if open_to_disc:
        scene.ct[inside] = 80.0
    return scene


@pytest.mark.parametrize("stored", [0, 2, 3])
def test_a_node_of_disc_in_the_body_is_schmorls_and_has_the_contact_of_half_a_spheroid(stored):
    found = node(Discs(stored)).signs()
    eccentricity = np.sqrt(1 - 0.25)
    dome = np.pi * 64 * (1 + 0.25 / eccentricity * np.arctanh(eccentricity))
    assert found["endplate_contact"].value == pytest.approx(np.pi * 64 / (np.pi * 64 + dome), abs=0.06)
    assert said(found["schmorl_node"]) == "present"
    assert found["endplate_defect_area"].value == pytest.approx(np.pi * 64 * 0.75, rel=0.3)


def test_a_lesion_under_a_whole_endplate_or_away_from_it_is_no_node():
    assert said(node(Discs(), open_to_disc=False).signs()["schmorl_node"]) == "absent"
    scene = Discs()
    scene.lesions[np.hypot(np.hypot(scene.x, scene.y - MIDDLE), scene.z) < 8] = 1
    found = scene.signs()
    assert found["endplate_contact"].value == 0
    assert said(found["schmorl_node"]) == "absent"


def test_a_defect_elsewhere_or_of_most_of_the_endplate_is_no_node():
    scene = node(Discs(), open_to_disc=False)
    scene.lesions[scene.x > 0] = 0
    assert said(eroded(scene, below=False, r=5.0, x=9.0).signs()["schmorl_node"]) == "absent"
    wide = node(Discs())
    wide.ct[(np.abs(wide.x) < 17) & (np.abs(wide.y - MIDDLE) < 12) & (np.abs(wide.z - LOW) < 4)] = 60.0
    assert said(wide.signs()["schmorl_node"]) == "absent"


def test_a_body_without_lesion_has_no_node_to_speak_of_and_a_speck_is_too_small():
    assert Discs().signs()["schmorl_node"] == NotApplicable("no_lesion_in_body")
    scene = Discs()
    scene.lesions[scene.within(r=0.9, z=(LOW, LOW + 2))] = 1
    assert scene.signs(ct=False)["endplate_contact"].code is Reason.TOO_SMALL


def test_lesions_against_both_endplates_are_discogenic_unless_one_is_missing_or_they_are_joined():
    scene = node(node(Discs()), HIGH, up=False)
    assert said(scene.signs(ct=False)["discogenic"]) == "present"
    assert said(scene.signs(Level.L3, ct=False)["discogenic"]) == "present"
    assert said(scene.signs(Level.L1, ct=False)["discogenic"]) == "absent"
    assert said(node(Discs()).signs(ct=False)["discogenic"]) == "absent"
    scene.lesions[scene.within(r=6.0, z=(HIGH - 2, LOW + 2))] = 1
    assert said(scene.signs(ct=False)["discogenic"]) == "absent"
    assert isinstance(scene.signs(ct=False)["disc_bridge_area"], Measured)
