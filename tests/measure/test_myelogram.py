"""Contrast medium painted into the canal of box vertebrae: what is lost of its column is what tumour takes."""

import numpy as np
import pytest
from disc_phantom import LEVELS, PITCH_MM, Discs
from oblique import STORED, centred_affine, painted

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.measure.myelogram import column_loss
from spinemets.rules.myelogram import column_stops
from spinemets.rules.presence import Presence
from spinemets.volume import Volume

UNAFFECTED = tuple(level for level in LEVELS if level is not Level.L2)


def nothing(x, y, z):
    return np.zeros(x.shape, bool)


def left_half(x, y, z):
    return (x < 0) & (np.abs(z) < 6)


def whole(x, y, z):
    return np.abs(z) < 6


def myelogram(tumour=nothing, hu=500.0, stored=1, below=True, spacing=0.9, reach=150.0, bone=None):
    """Sac of 7 mm and cord of 3.5 mm radius; tumour takes the place of the sac at L2; contrast may not get below it."""
    options = STORED[stored]
    size = (round(40 / spacing), round(40 / spacing), round(reach / 1.2))
    shape, step = (tuple(one[axis] for axis in options["axes"]) for one in (size, (spacing, spacing, 1.2)))
    affine = centred_affine(shape, (0, 0, 0), spacing_mm=step, angles_deg=(-1, 2, 3), **options)

    def density(x, y, z):
        radius = np.hypot(x, y)
        found = np.where((radius < 7) & (radius > 3.5), hu, 40.0)
        found[tumour(x, y, z)] = 50.0
        if not below:
            found[z < 6] = 30.0
        if bone is not None:
            found[bone(x, y, z)] = 700.0
        return found + np.random.default_rng(4).normal(0, 15, x.shape)

    return painted(shape, affine, density)


def of(image, unaffected=UNAFFECTED, ids=None):
    scene = Discs()
    vertebrae = scene.volumes()[1] if ids is None else ids
    return column_loss(image, vertebrae, scene.regions.axes, Level.L2, unaffected)


@pytest.mark.parametrize(
    ("tumour", "loss", "stops"),
    [(nothing, 0.0, Presence.ABSENT), (left_half, 0.5, Presence.ABSENT), (whole, 1.0, Presence.PRESENT)],
)
@pytest.mark.parametrize(("stored", "hu"), [(0, 350.0), (2, 1200.0)])
def test_the_loss_is_the_share_of_the_column_that_tumour_takes_whatever_the_contrast(tumour, loss, stops, stored, hu):
    found = of(myelogram(tumour, hu, stored))
    assert found.value == pytest.approx(loss, abs=0.06)
    assert found.low <= loss <= found.high
    assert column_stops(found) is stops
    assert "L1 and L3" in found.method


def test_contrast_that_ends_at_a_level_stops_there_and_nobody_says_that_it_is_a_block():
    found = of(myelogram(below=False))
    assert column_stops(found) is Presence.PRESENT
    assert "none is seen at L3, where it may not have got to" in found.method


def test_bone_in_the_canal_is_no_contrast_medium():
    def fragment(x, y, z):
        return (y > 0) & (np.abs(x) < 9) & (y < 9) & (np.abs(z) < 6)

    scene = Discs()
    ids = scene.volumes()[1]
    array = np.where(fragment(scene.x, scene.y, scene.z), Level.L2.verse_id, ids.array).astype(np.uint8)
    found = of(myelogram(bone=fragment), ids=Volume(array, ids.affine))
    assert found.value == pytest.approx(0.5, abs=0.15)
    assert found.low <= 0.5 <= found.high


@pytest.mark.parametrize(("moved_mm", "code"), [(1.0, None), (6.0, Reason.MOTION)])
def test_a_plain_ct_of_which_the_patient_moved_away_says_so(moved_mm, code):
    scene = Discs()
    plain, ids, _ = scene.volumes()
    opaque = plain.with_array(np.where(np.hypot(scene.x, scene.y) < 7, 500, plain.array).astype(np.float32))
    affine = opaque.affine.copy()
    affine[1, 3] += moved_mm
    image = Volume(opaque.array, affine)
    found = column_loss(image, ids, scene.regions.axes, Level.L2, UNAFFECTED, plain)
    assert getattr(found, "code", None) is code


def test_every_reason_for_no_loss():
    assert of(myelogram(hu=120.0)).code is Reason.NO_REFERENCE
    assert of(myelogram(), unaffected=()).code is Reason.NO_REFERENCE
    assert of(myelogram(spacing=3.2)).code is Reason.RESOLUTION
    far = myelogram().affine.copy()
    far[2, 3] += 3 * PITCH_MM
    assert of(Volume(myelogram().array, far)).code is Reason.OUT_OF_FIELD
    assert of(myelogram(reach=40.0)).code is Reason.NO_REFERENCE
    metal = myelogram()
    assert of(metal.with_array(np.where(metal.array > 400, 6000, metal.array).astype(np.float32))).code is Reason.METAL


def test_what_is_too_close_or_not_seen_stays_open():
    assert column_stops(Measured(0.9, "1", 0.8, 0.95, "test")) is Presence.AT_THRESHOLD
    unseen = NotAssessed(Reason.MISSING_SEQUENCE, "none")
    assert column_stops(unseen) is unseen
