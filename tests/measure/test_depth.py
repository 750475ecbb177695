import numpy as np
import pytest
from scipy import ndimage

from spinemets.measure.depth import squared_depth


@pytest.mark.parametrize("shape", [(20, 31, 17), (1, 9, 9), (5, 270, 4)])
def test_squared_depth_is_the_square_of_scipys_distance(shape):
    rng = np.random.default_rng(3)
    mask = ndimage.gaussian_filter(rng.standard_normal(shape), 1.5) > -0.05
    distance = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1, 1:-1]
    found = squared_depth(mask)
    assert np.array_equal(np.sqrt(found.astype(float)), distance)
    assert found.flags.c_contiguous


def test_middle_of_a_block_is_as_deep_as_its_shortest_half():
    block = np.ones((301, 41, 61), bool)
    assert squared_depth(block)[150, 20, 30] == 21**2


def test_nothing_has_no_depth():
    assert not squared_depth(np.zeros((4, 5, 6), bool)).any()
