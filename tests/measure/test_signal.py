"""Depth within painted parts, and signals of painted tissues, on grids that are oblique, flipped and thick."""

import numpy as np
import pytest
from marrow_phantom import BACK, FRONT, HALF_HEIGHT, HALF_WIDTH, MIDDLE, T1, T2, Marrow, ball, bones
from oblique import STORED, centred_affine, painted

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.measure.enhancement import comparable, enhancement, enhancement_to_muscle
from spinemets.measure.phases import fat_fraction, phase_drop, signal_to_noise
from spinemets.measure.reference_tissue import csf_signal, disc_signal, muscle_signal
from spinemets.measure.signal import PartOnImage, Signal, part_on_image, part_signal, ratio, signed_depth
from spinemets.volume import Volume

UNKNOWN = NotAssessed(Reason.OUT_OF_FIELD, "not shown")


def sure(value):
    return Signal(value, value, value)


@pytest.fixture(scope="module")
def scene():
    """Without noise."""
    return Marrow(noise=0.0).paint("t1", T1).paint("t2", T2)


def depth_of(stored, inside):
    (x, y, z), vertebrae, regions, _ = bones(stored)
    return signed_depth(vertebrae.with_array(inside(x, y, z)), regions.axes[Level.L2])


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_depth_is_the_distance_from_the_surface_of_a_ball(stored):
    depth = depth_of(stored, ball((3, MIDDLE, 2), 10))
    places = depth.world(np.argwhere(depth.array > -4))
    truth = 10 - np.linalg.norm(places - [3, MIDDLE, 2], axis=1)
    assert np.abs(depth.array[depth.array > -4] - truth).max() < 1.2
    assert np.abs(depth.array[depth.array > -4] - truth).mean() < 0.35


def test_an_empty_mask_or_one_that_falls_between_has_no_depth():
    assert depth_of(0, lambda x, y, z: np.zeros(x.shape, bool)) is None
    _, _, regions, _ = bones(0)
    speck = np.zeros((4, 4, 4), bool)
    speck[1, 1, 1] = True
    tiny = Volume(speck, np.diag([0.2, 0.2, 0.2, 1.0]))
    assert signed_depth(tiny, regions.axes[Level.L2]) is None


def test_voxels_of_thick_slices_that_lie_wholly_in_a_ball_hold_none_of_what_surrounds_it():
    depth = depth_of(1, ball((0, MIDDLE, 0), 10))
    affine = centred_affine((12, 60, 60), (0, MIDDLE, 0), spacing_mm=(4.0, 0.9, 0.9), angles_deg=(5, -8, 6))
    fine = centred_affine((48, 60, 60), (0, MIDDLE, 0), spacing_mm=(1.0, 0.9, 0.9), angles_deg=(5, -8, 6))
    exact = painted((48, 60, 60), fine, lambda x, y, z: np.where(ball((0, MIDDLE, 0), 10)(x, y, z), 50.0, 250.0))
    mixed = exact.array.reshape(12, 4, 60, 60).mean(axis=1)
    found = part_signal(part_on_image(Volume(mixed, affine), depth), 1.0)
    assert found.value == pytest.approx(50.0, abs=1.0)
    assert found.low <= 50.0 <= found.high


def test_a_part_of_few_voxels_is_too_small_and_one_beyond_the_image_out_of_field():
    depth = depth_of(0, ball((0, MIDDLE, 0), 4))
    sagittal = centred_affine((12, 60, 60), (0, MIDDLE, 0), spacing_mm=(4.0, 0.9, 0.9))
    image = Volume(np.ones((12, 60, 60), np.float32), sagittal)
    assert part_signal(part_on_image(image, depth), 1.0).code is Reason.TOO_SMALL
    away = centred_affine((12, 60, 60), (0, MIDDLE, 28), spacing_mm=(4.0, 0.9, 0.9))
    assert part_on_image(Volume(image.array, away), depth).code is Reason.OUT_OF_FIELD


def test_a_ratio_holds_both_intervals_and_needs_a_signal_to_divide_by():
    found = ratio(Signal(80.0, 76.0, 88.0), Signal(100.0, 95.0, 110.0), "typed")
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 76 / 110, 88 / 95))
    assert ratio(sure(1.0), Signal(0.1, -0.1, 0.3), "typed").code is Reason.NO_REFERENCE
    assert ratio(UNKNOWN, sure(1.0), "typed") is UNKNOWN
    assert ratio(sure(1.0), UNKNOWN, "typed") is UNKNOWN


def ends(scene, level):
    return scene.bodies[level].ends


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_disc_muscle_and_csf_have_the_signal_that_was_painted(stored):
    scene = Marrow(stored=stored, noise=0.0).paint("t2", T2)
    image = scene.series["t2"]
    disc = disc_signal(image, ends(scene, Level.L2), ends(scene, Level.L3))
    assert disc.value == pytest.approx(T2["disc"], rel=0.02)
    bone = scene.vertebrae.with_array((scene.vertebrae.array == Level.L2.verse_id).astype(np.uint8) * 2)
    muscle = muscle_signal(image, bone, scene.regions.axes[Level.L2], 42.0)
    assert muscle.value == pytest.approx(T2["muscle"], rel=0.02)
    csf = csf_signal(image, [scene.regions.axes[Level.L1], scene.regions.axes[Level.L3]])
    assert csf.value == pytest.approx(T2["csf"], rel=0.02)


def test_a_disc_that_slices_do_not_resolve_or_that_is_gone_is_no_reference(scene):
    above, below = ends(scene, Level.L2), ends(scene, Level.L3)
    thick = Marrow(noise=0.0).paint("t1", T1, spacing=(0.9, 0.9, 12.0)).series["t1"]
    assert disc_signal(thick, above, below).code is Reason.RESOLUTION
    assert disc_signal(scene.series["t1"], below, above).code is Reason.TOO_SMALL
    low = Marrow(noise=0.0).paint("t1", T1, extent=(64.0, 84.0, 40.0), centre=(0, 2, 50)).series["t1"]
    assert disc_signal(low, above, below).code is Reason.OUT_OF_FIELD
    assert csf_signal(low, [scene.regions.axes[Level.L3]]).code is Reason.OUT_OF_FIELD
    assert csf_signal(low, []).code is Reason.NO_REFERENCE


def test_muscle_needs_a_spinous_process_and_room_beside_it(scene):
    axes = scene.regions.axes[Level.L2]
    own = scene.vertebrae.array == Level.L2.verse_id
    headless = scene.vertebrae.with_array((own & (scene.y > -12)).astype(np.uint8) * 2)
    assert "spinous" in muscle_signal(scene.series["t1"], headless, axes, 42.0).detail
    filled = np.where(own, 2, (scene.x > 8) & (scene.y < 0)).astype(np.uint8)
    found = muscle_signal(scene.series["t1"], scene.vertebrae.with_array(filled), axes, 42.0)
    assert found.code is Reason.NO_REFERENCE
    assert "takes the place" in found.detail


def test_a_phase_drop_needs_tissue_without_fat_that_keeps_its_signal():
    same = [(sure(100.0), sure(97.0)), (UNKNOWN, sure(3.0))]
    found = phase_drop(Signal(200.0, 190.0, 210.0), Signal(130.0, 125.0, 135.0), same)
    assert (found.value, found.low, found.high) == pytest.approx((0.35, 1 - 135 / 190, 1 - 125 / 210))
    for others, words in (([(UNKNOWN, UNKNOWN)], "neither"), ([(sure(100.0), sure(160.0))], "gain")):
        refused = phase_drop(sure(200.0), sure(130.0), others)
        assert refused.code is Reason.NO_REFERENCE
        assert words in refused.detail
    assert "hardly any signal" in phase_drop(sure(20.0), sure(19.0), same).detail
    assert phase_drop(UNKNOWN, sure(1.0), same) is UNKNOWN
    assert phase_drop(sure(1.0), UNKNOWN, same) is UNKNOWN


def test_fat_fraction_is_fat_by_fat_and_water():
    found = fat_fraction(Signal(30.0, 27.0, 33.0), Signal(10.0, 8.0, 12.0))
    assert (found.value, found.low, found.high) == pytest.approx((0.25, 8 / 41, 12 / 39))
    assert fat_fraction(sure(0.0), sure(0.0)).code is Reason.NO_REFERENCE
    assert fat_fraction(UNKNOWN, sure(1.0)) is UNKNOWN
    assert fat_fraction(sure(1.0), UNKNOWN) is UNKNOWN


def test_signal_to_noise_is_that_of_the_noise_that_was_added():
    rng = np.random.default_rng(1)
    inside = np.full((30, 30, 10), 5.0, np.float32)
    image = Volume((200 + rng.normal(0, 10, inside.shape)).astype(np.float32), np.diag([0.9, 1.0, 4.0, 1.0]))
    assert signal_to_noise(PartOnImage(image, inside, inside, inside), 1.0) == pytest.approx(20, rel=0.1)
    assert signal_to_noise(PartOnImage(image, inside, inside, inside), 9.0) == 0
    still = image.with_array(np.full(image.shape, 7.0))
    assert signal_to_noise(PartOnImage(still, inside, inside, inside), 1.0) == float("inf")


def test_enhancement_is_the_rise_by_the_signal_before():
    found = enhancement(Signal(80.0, 75.0, 85.0), Signal(160.0, 150.0, 170.0), "typed")
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 150 / 85 - 1, 170 / 75 - 1))
    muscle = Measured(0.1, "1", 0.08, 0.12, "typed")
    assert enhancement_to_muscle(found, muscle).value == pytest.approx(10.0)
    assert enhancement_to_muscle(found, Measured(0.02, "1", 0.0, 0.04, "typed")).code is Reason.NO_REFERENCE
    assert enhancement_to_muscle(UNKNOWN, muscle) is UNKNOWN
    assert enhancement_to_muscle(found, UNKNOWN) is UNKNOWN
    assert enhancement(Signal(1.0, -1.0, 3.0), sure(5.0), "typed").code is Reason.NO_REFERENCE
    assert enhancement(UNKNOWN, sure(5.0), "typed") is UNKNOWN
    assert enhancement(sure(5.0), UNKNOWN, "typed") is UNKNOWN


@pytest.mark.parametrize(
    ("muscle", "marrow", "words"),
    [
        ((100.0, 110.0), (220.0, 250.0), None),
        ((100.0, 110.0), (250.0, 66.0), "fat-suppressed"),  # only the second one is
        ((100.0, 300.0), (220.0, 640.0), "gain"),
        ((100.0, 60.0), (220.0, 130.0), "gain"),
        ((100.0, 0.0), (220.0, 130.0), "no signal"),
    ],
)
def test_series_of_another_gain_or_fat_suppression_are_not_compared(muscle, marrow, words):
    found = comparable(tuple(map(sure, muscle)), tuple(map(sure, marrow)))
    assert (found is None) if words is None else (words in found.detail)


def test_series_that_nothing_compares_are_not_compared():
    assert comparable((sure(1.0), UNKNOWN), (sure(1.0), sure(1.0))).code is Reason.OUT_OF_FIELD


def test_the_phantom_is_what_its_numbers_say(scene):
    body = scene.bodies[Level.L2].heights
    assert body.width_mm == pytest.approx(2 * HALF_WIDTH, abs=1.0)
    assert body.depth_mm == pytest.approx(FRONT - BACK, abs=1.0)
    assert body.columns["middle"].value == pytest.approx(2 * HALF_HEIGHT, abs=1.0)
