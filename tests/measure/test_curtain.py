"""Layers of tumour in front of the sac whose thickness is known: millimetres, and which of them are a curtain."""

import numpy as np
import pytest
from curtain_phantom import AXES, FRONT, HALF_DEPTH, HALF_WIDTH, canal, even, folds, hump
from oblique import world_of

from spinemets.findings import Measured, NotApplicable
from spinemets.geometry import Grid
from spinemets.measure.canal_slices import canal_stack
from spinemets.measure.curtain import curtain, front_in_slices
from spinemets.rules.draped_curtain import draped_curtain, slice_curtain
from spinemets.rules.presence import Presence

GRIDS = ((0.2, 3.0, 0), (0.4, 4.0, 1), (0.6, 3.0, 2), (0.8, 4.0, 3))


def slices_of(masks, front=FRONT):
    stack = canal_stack(masks["cord"], masks["sac"], masks["tumour"])
    return curtain(stack, front_in_slices(stack, masks["sac"], np.asarray(front)))


def sign_of(found):
    return draped_curtain({one.index: slice_curtain(one.lesser_peak_mm, one.midline_ratio) for one in found})


@pytest.mark.parametrize(("pixel_mm", "slice_mm", "stored"), GRIDS)
@pytest.mark.parametrize(("peak", "midline"), [(4.0, 1.2), (3.0, 2.4), (3.6, 0.0), (4.4, 2.0)])
def test_peaks_and_midline_have_the_thickness_that_was_painted(peak, midline, pixel_mm, slice_mm, stored):
    found = slices_of(canal(folds(peak, midline), pixel_mm, slice_mm, stored))
    assert len(found) >= 4
    middle = found[len(found) // 2]
    assert middle.lesser_peak_mm.value == pytest.approx(peak, abs=0.15 + 0.3 * pixel_mm)
    assert middle.midline_ratio.value == pytest.approx(midline / peak, abs=0.06 + 0.1 * pixel_mm)
    assert middle.lesser_peak_mm.low - 0.1 <= peak <= middle.lesser_peak_mm.high + 0.1


def test_intervals_hold_the_truth_in_nine_of_ten_slices():
    held = []
    for pixel_mm, slice_mm, stored in GRIDS:
        for peak, midline in ((4.0, 1.2), (3.0, 2.4), (4.4, 2.0), (3.2, 0.8)):
            for turned in ((3, -2, 6), (-5, 4, 25)):
                for one in slices_of(canal(folds(peak, midline), pixel_mm, slice_mm, stored, turned))[1:-1]:
                    held += [
                        one.lesser_peak_mm.low <= peak <= one.lesser_peak_mm.high,
                        one.midline_ratio.low <= midline / peak <= one.midline_ratio.high,
                    ]
    assert np.mean(held) >= 0.9


@pytest.mark.parametrize(("pixel_mm", "slice_mm", "stored"), GRIDS)
def test_folds_with_a_deep_notch_are_a_curtain_on_every_grid(pixel_mm, slice_mm, stored):
    assert sign_of(slices_of(canal(folds(4.2, 1.0), pixel_mm, slice_mm, stored))) is Presence.PRESENT


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("even", even(3.0)),
        ("hump", hump(4.0)),
        ("shallow notch", folds(4.0, 3.4)),
        ("thin folds", folds(1.3, 0.3)),
        ("one side", folds(4.0, 0.5, left_mm=0.0)),
    ],
)
@pytest.mark.parametrize(("pixel_mm", "slice_mm", "stored"), GRIDS[:3])
def test_layers_that_are_no_folds_are_no_curtain(name, layer, pixel_mm, slice_mm, stored):
    assert sign_of(slices_of(canal(layer, pixel_mm, slice_mm, stored))) is Presence.ABSENT, name


def test_a_layer_all_round_is_no_curtain_although_it_looks_thick_at_its_sides():
    masks = canal(even(0.0))
    sac = masks["sac"]
    right, front, up = np.moveaxis(world_of(Grid(sac.shape, sac.affine)) @ AXES.T, -1, 0)
    ring = (np.hypot(right / (HALF_WIDTH + 3.0), front / (HALF_DEPTH + 3.0)) < 1) & (sac.array == 0)
    found = slices_of({**masks, "tumour": sac.with_array((ring & (np.abs(up) < 10)).astype(np.uint8))})
    assert found
    assert sign_of(found) is Presence.ABSENT


def test_a_notch_near_the_limit_is_left_open():
    assert sign_of(slices_of(canal(folds(3.5, 2.1), pixel_mm=0.6))) is Presence.AT_THRESHOLD


def test_folds_behind_the_sac_are_none_in_front_of_it_until_the_front_is_there():
    masks = canal(folds(4.2, 1.0), behind=True)
    assert sign_of(slices_of(masks)) is Presence.ABSENT
    assert sign_of(slices_of(masks, -FRONT)) is Presence.PRESENT
    assert isinstance(slices_of(masks)[2].midline_ratio, NotApplicable)


def test_one_slice_alone_is_too_little():
    found = slices_of(canal(folds(4.2, 1.0), slice_mm=3.9, length_mm=5.0))
    assert len(found) == 1
    assert sign_of(found) is Presence.AT_THRESHOLD
    assert sign_of(slices_of(canal(even(3.0), slice_mm=3.9, length_mm=5.0))) is Presence.ABSENT


def test_slices_with_the_sign_must_lie_next_to_each_other():
    yes, no = Presence.PRESENT, Presence.ABSENT
    assert draped_curtain({3: yes, 4: no, 5: yes}) is Presence.AT_THRESHOLD
    assert draped_curtain({3: yes, 5: yes}) is Presence.AT_THRESHOLD
    assert draped_curtain({3: no, 4: yes, 5: yes}) is Presence.PRESENT
    assert draped_curtain({3: no, 4: no}) is Presence.ABSENT
    assert draped_curtain({}) == NotApplicable("no_epidural_tumour")


@pytest.mark.parametrize(
    ("peak", "ratio", "expected"),
    [(2.0, 0.6, "present"), (1.99, 0.6, "absent"), (2.0, 0.61, "absent"), (5.0, 0.0, "present")],
)
def test_limits_are_a_peak_of_two_millimetres_and_a_notch_to_six_tenths(peak, ratio, expected):
    measured = Measured(peak, "mm", peak, peak, "exact"), Measured(ratio, "1", ratio, ratio, "exact")
    assert slice_curtain(*measured).value == expected


@pytest.mark.parametrize(
    ("front", "word"),
    [([0.0, 2.0, 0.0], r"unit vector.*2\.0"), ([0.0, 1.0], "three numbers"), ([np.nan, 0, 1], "unit vector")],
)
def test_a_front_that_is_no_unit_vector_is_refused(front, word):
    with pytest.raises(ValueError, match=word):
        slices_of(canal(even(3.0)), front)


def test_a_front_along_the_cord_is_refused():
    with pytest.raises(ValueError, match=r"across the cord, got \[0\.0, 0\.0, 1\.0\]"):
        slices_of(canal(even(3.0)), [0.0, 0.0, 1.0])
