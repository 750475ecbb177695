import numpy as np
import pytest
from oblique import STORED, centred_affine, oblique_affine
from skimage.measure import block_reduce

from spinemets.block_mean import block_mean
from spinemets.geometry import Grid, corners_mm, crop, resample, world_aligned_grid
from spinemets.volume import Volume


@pytest.mark.parametrize("factors", [(2, 2, 2), (3, 1, 4), (5, 2, 1)])
def test_means_of_blocks_are_those_of_scikit_image(factors):
    array = np.random.default_rng(2).normal(size=(30, 12, 20)).astype(np.float32)
    coarse = block_mean(Volume(array, oblique_affine(), "1.2"), factors)
    assert coarse.array == pytest.approx(block_reduce(array, factors, np.mean), abs=1e-6)
    assert coarse.frame_of_reference == "1.2"


@pytest.mark.parametrize("factors", [(2, 2, 2), (3, 1, 4), (5, 2, 1)])
def test_centres_of_blocks_lie_in_the_middle_of_their_voxels(factors):
    fine = Volume(np.zeros((30, 12, 20), np.float32), oblique_affine())
    coarse = block_mean(fine, factors)
    assert coarse.world([0, 0, 0]) == pytest.approx(fine.world([(0, f - 1) for f in factors] @ np.array([0.5, 0.5])))
    assert coarse.spacing_mm == pytest.approx(fine.spacing_mm * factors)
    assert corners_mm(coarse.shape, coarse.affine) == pytest.approx(corners_mm(fine.shape, fine.affine))


def test_an_incomplete_last_block_is_averaged_over_the_voxels_it_has():
    column = np.arange(7, dtype=np.int16).reshape(7, 1, 1)
    assert block_mean(Volume(column, np.eye(4)), (3, 1, 1)).array.ravel().tolist() == [1.0, 4.0, 6.0]


def test_an_incomplete_first_block_is_averaged_over_the_voxels_it_has():
    column = Volume(np.arange(8, dtype=np.int16).reshape(8, 1, 1), np.eye(4))
    coarse = block_mean(column, (3, 1, 1), lead=(2, 0, 0))
    assert coarse.array.ravel().tolist() == [0.5, 3.0, 6.0]
    assert coarse.world([1, 0, 0]) == pytest.approx([3, 0, 0])


@pytest.mark.parametrize("cut", [(1, 0, 2), (3, 2, 1), (4, 5, 3)])
def test_values_do_not_depend_on_where_an_image_was_cut(cut):
    array = np.random.default_rng(4).normal(size=(40, 38, 36)).astype(np.float32)
    image = Volume(array, np.diag([0.7, 0.8, 0.9, 1.0]))
    grid = world_aligned_grid(np.full(3, 12.0), np.full(3, 24.0), 2.1)
    assert resample(crop(image, cut, image.shape), grid) == pytest.approx(resample(image, grid), abs=1e-5)


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("spacing_mm", [1.5, 1.9])
def test_values_do_not_depend_on_the_order_in_which_voxels_are_stored(stored, spacing_mm):
    array = np.random.default_rng(6).normal(size=(23, 24, 25)).astype(np.float32)
    spacing = np.array([0.7, 0.8, 0.75])
    image = Volume(array, centred_affine(array.shape, spacing_mm=spacing))
    axes, signs = list(stored["axes"]), stored["signs"]
    moved = array.transpose(axes)[tuple(slice(None, None, sign) for sign in signs)]
    other = Volume(moved, centred_affine(moved.shape, spacing_mm=spacing[axes], axes=axes, signs=signs))
    grid = world_aligned_grid(np.full(3, -5.0), np.full(3, 5.0), spacing_mm)
    assert resample(other, grid) == pytest.approx(resample(image, grid), abs=1e-4)


def test_a_block_lies_round_the_point_that_is_wanted_where_voxels_allow_it():
    ramp = Volume(np.arange(20, dtype=np.float32).reshape(20, 1, 1) ** 2, np.eye(4))
    for first in (4, 5, 6):
        affine = np.diag([3.0, 1.0, 1.0, 1.0])
        affine[0, 3] = first
        values = resample(ramp, Grid((4, 1, 1), affine)).ravel()
        centres = first + 3 * np.arange(4)
        assert values == pytest.approx(centres**2 + 2 / 3, abs=1e-4)  # mean of (c-1)², c², (c+1)²


def test_blocks_larger_than_the_image_are_the_whole_image():
    image = Volume(np.array([1.0, 3.0]).reshape(2, 1, 1), np.eye(4))
    coarse = block_mean(image, (5, 5, 5))
    assert coarse.array.ravel().tolist() == [2.0]
    assert coarse.world([0, 0, 0]) == pytest.approx([0.5, 0, 0])


def test_blocks_of_one_voxel_leave_the_image_alone():
    image = Volume(np.zeros((2, 3, 4)), np.eye(4))
    assert block_mean(image, (1, 1, 1)) is image
