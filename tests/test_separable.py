import numpy as np
import pytest
from oblique import STORED, oblique_affine
from scipy import ndimage

from spinemets.separable import runs_along, sample_along_axes

SHAPE = (14, 9, 17)


def index_map(spacing, stored, offset):
    matrix = np.eye(3)[:, list(stored["axes"])] * np.array(stored["signs"]) * np.array(spacing)
    ends = np.minimum(matrix @ np.diag(np.array(SHAPE) - 1), 0).sum(axis=1)
    return matrix, np.array(offset) - ends


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("spacing", [(0.37, 1.0, 2.3), (1.4, 0.6, 0.8)])
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8])
def test_values_are_those_of_scipy(order, stored, spacing, dtype):
    array = (np.random.default_rng(1).random((11, 12, 13)) * 200).astype(dtype)
    matrix, offset = index_map(spacing, stored, (-2.3, 0.21, -0.6))
    assert runs_along(matrix, SHAPE)
    expected = ndimage.affine_transform(array, matrix, offset, SHAPE, np.float32, order=order, mode="nearest")
    found = sample_along_axes(array, matrix, offset, SHAPE, order=order)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-3)


def test_an_oblique_grid_does_not_run_along_the_array():
    assert not runs_along(oblique_affine((1, 1, 1), (0.1, 0, 0))[:3, :3], SHAPE)
    assert not runs_along(oblique_affine((1, 1, 1), (45, 0, 0))[:3, :3], SHAPE)


def test_a_drift_below_a_voxel_in_ten_thousand_does_not_count():
    matrix = np.eye(3)
    matrix[0, 2] = 0.9e-4 / SHAPE[2]
    assert runs_along(matrix, SHAPE)
    matrix[0, 2] = 1.1e-4 / SHAPE[2]
    assert not runs_along(matrix, SHAPE)
