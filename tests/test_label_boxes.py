import numpy as np
import pytest
from scipy import ndimage

from spinemets.label_boxes import connected_pieces, held_box, indices_of, label_boxes


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


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_held_box_is_the_smallest_that_holds_every_label_however_the_array_is_stored(axes):
    labels = np.zeros((30, 25, 40), np.uint8).transpose(axes)
    labels[3, 20, 7], labels[17, 4, 9] = 200, 1
    assert held_box(labels) == (slice(3, 18), slice(4, 21), slice(7, 10))
    assert held_box(labels[::-1]) == (slice(labels.shape[0] - 18, labels.shape[0] - 3), slice(4, 21), slice(7, 10))
    assert held_box(labels[:3]) is None


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.97])
def test_indices_and_pieces_are_those_of_numpy_and_scipy(order, share):
    mask = np.asarray(np.random.default_rng(5).random((14, 17, 11)) < share, order=order)
    assert np.array_equal(indices_of(mask), np.argwhere(mask))
    expected, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    pieces, found = connected_pieces(mask)
    assert found == count
    assert np.array_equal(pieces, expected)
