"""Which MR a network may outline, and which of several it outlines."""

from types import SimpleNamespace

import numpy as np
import pytest
from oblique import centred_affine

from spinemets.errors import ModelError
from spinemets.series_assessment import Clinical, examine_series
from spinemets.series_images import by_preference, why_not_outlined
from spinemets.volume import Series, Volume

IN_X, IN_Y, IN_Z = (1, 2, 0), (0, 2, 1), (0, 1, 2)
"""Axes of a stack whose slices follow one another along x, y or z."""


def stack(role="t1", axes=IN_X, slice_mm=4.0, pixel_mm=0.9, angles_deg=(5, -8, 6), shape=(40, 40, 12), name=""):
    affine = centred_affine(shape, spacing_mm=(pixel_mm, pixel_mm, slice_mm), angles_deg=angles_deg, axes=axes)
    array = np.broadcast_to(np.uint8(0), shape)
    return Series(role, Volume(array, affine), name or role)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_sagittal_stack_may_be_outlined_however_it_is_stored(order):
    volume = stack().volume
    affine = volume.affine.copy()
    affine[:3, :3] = volume.affine[:3, list(order)] * [1, -1, -1]
    stored = Volume(volume.array.transpose(order), affine)
    assert why_not_outlined(Series("t2", stored)) is None


@pytest.mark.parametrize(("turn_deg", "fit"), [(40, True), (50, False)])
def test_slices_may_be_tilted_by_up_to_45_degrees(turn_deg, fit):
    reason = why_not_outlined(stack(angles_deg=(0, 0, turn_deg)))
    assert (reason is None) == fit


@pytest.mark.parametrize("axes", [IN_Y, IN_Z])
def test_coronal_and_axial_stacks_may_be_outlined_where_they_are_thin(axes):
    assert "4.0 mm apart, are not sagittal" in why_not_outlined(stack(axes=axes)).detail
    assert why_not_outlined(stack(axes=axes, slice_mm=2.0)) is None


@pytest.mark.parametrize(
    ("slice_mm", "pixel_mm", "fit"), [(6.0, 2.5, True), (6.5, 0.9, False), (6.0, 2.6, False), (2.0, 1.0, True)]
)
def test_coarse_stacks_are_refused_with_what_they_have(slice_mm, pixel_mm, fit):
    reason = why_not_outlined(stack(slice_mm=slice_mm, pixel_mm=pixel_mm))
    assert (reason is None) == fit
    if not fit:
        assert f"these are {slice_mm:.1f} and {pixel_mm:.1f} mm" in reason.detail


def test_a_field_of_view_that_would_take_too_much_memory_is_refused_with_its_size():
    large = stack(slice_mm=2.0, pixel_mm=2.0, shape=(250, 200, 160))
    assert "holds 64 l, at most 60 l" in why_not_outlined(large).detail
    assert why_not_outlined(stack(slice_mm=2.0, pixel_mm=2.0, shape=(250, 200, 148))) is None


def names(some):
    return [one.name for one in some]


def test_a_t1_comes_before_a_t2_and_what_suppresses_marrow_last():
    roles = ("fat", "stir", "t2", "t1_gd", "water", "t1", "in_phase", "out_phase", "t1_fs")
    ordered = ["t1", "t2", "in_phase", "water", "stir", "t1_gd", "t1_fs", "out_phase", "fat"]
    assert names(by_preference([stack(role) for role in roles])) == ordered


def test_thin_slices_come_before_every_role_and_finer_ones_first_in_a_role():
    some = [stack("t1", name="t1"), stack("stir", slice_mm=1.5, name="thin"), stack("t1", slice_mm=3.0, name="finer")]
    assert names(by_preference(some)) == ["thin", "finer", "t1"]


def test_the_series_that_a_mask_was_given_for_comes_first():
    t1, t2 = stack("t1"), stack("t2", pixel_mm=1.0)
    mask = t2.volume.with_array(np.zeros(t2.volume.shape, np.uint8))
    assert names(by_preference([t1, t2], [mask])) == ["t2", "t1"]


def test_a_role_that_needs_a_network_that_is_not_shipped_is_refused_by_its_name():
    with pytest.raises(ModelError, match="no network of this version outlines vertebrae on the role t1"):
        examine_series([stack()], {}, Clinical(), SimpleNamespace(spine_mr=None))
