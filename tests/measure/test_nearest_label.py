import numpy as np
import pytest
from scipy import ndimage

from spinemets.measure.nearest_label import nearest_labels


@pytest.mark.parametrize("share", [0.001, 0.02, 0.2, 0.6])
@pytest.mark.parametrize("shape", [(11, 14, 9), (8, 8, 20)])
def test_nearest_label_is_that_of_scipy_even_where_several_are_as_near(share, shape):
    rng = np.random.default_rng(7)
    labels = np.where(rng.random(shape) < share, rng.integers(1, 200, shape), 0).astype(np.uint8)
    labels[tuple(rng.integers(0, shape))] = 9
    index = np.argwhere(np.ones(shape, bool))
    at = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    assert np.array_equal(nearest_labels(labels, index), labels[tuple(at)].ravel())


def test_places_beyond_the_array_are_taken_to_its_edge():
    labels = np.zeros((10, 3, 3), np.uint8)
    labels[0, 0, 0], labels[9, 2, 2] = 4, 5
    assert nearest_labels(labels, np.array([[-20, 1, 1], [40, 1, 1]])).tolist() == [4, 5]
