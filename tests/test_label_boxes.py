import numpy as np
import pytest
from scipy import ndimage

from spinemets.label_boxes import label_boxes


@pytest.mark.parametrize("order", ["C", "F"])
def test_boxes_are_those_of_scipy(order):
    rng = np.random.default_rng(0)
    labels = np.zeros((30, 25, 40), np.uint8, order=order)
    for number in (1, 4, 9):
        low = rng.integers(0, 18, 3)
        labels[tuple(slice(a, a + 5) for a in low)] = number
    labels[-1, -1, -1] = 11
    assert label_boxes(labels) == ndimage.find_objects(labels)


def test_nothing_has_no_box():
    assert label_boxes(np.zeros((3, 4, 5), np.uint8)) == []
