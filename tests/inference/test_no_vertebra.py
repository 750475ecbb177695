import numpy as np
import pytest

from spinemets.inference.instances import Instances
from spinemets.inference.no_vertebra import (
    FROM_CANAL_MM,
    highest_is_doubtful,
    without_remote,
    without_skull,
    without_surplus,
)

SHAPE = (24, 40, 80)


def a_neck(highest):
    """Two vertebrae of 16 x 16 x 10 voxels, and above them a piece between two corners."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 12:28, 40:50], labels[4:20, 12:28, 26:36] = 2, 3
    labels[tuple(slice(a, b) for a, b in zip(*highest, strict=True))] = 1
    middle = np.mean(highest, axis=0)
    return Instances(labels, np.array([middle, [12, 20, 45], [12, 20, 31]], float))


SLIGHT, LARGE = ((8, 16, 54), (16, 24, 60)), ((4, 12, 54), (20, 28, 58))


def test_a_slight_piece_above_the_highest_vertebra_is_of_the_skull():
    found = a_neck(SLIGHT)
    kept, skull = without_skull(found, np.zeros(SHAPE, bool))
    assert (skull == (found.labels == 1)).all()
    assert kept.centres.tolist() == [[12, 20, 45], [12, 20, 31]]
    assert (kept.labels == 1).sum() == (kept.labels == 2).sum() == 16 * 16 * 10
    assert not kept.labels[skull].any()


def test_two_slight_pieces_above_the_highest_vertebra_are_both_of_the_skull():
    """The lower of them is the lesser, so that the upper one is compared with the vertebra below both."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 12:28, 40:50], labels[8:12, 16:20, 54:57], labels[8:16, 16:24, 60:64] = 3, 2, 1
    found = Instances(labels, np.array([[12.0, 20, 62], [10, 18, 55], [12, 20, 45]]))
    kept, skull = without_skull(found, np.zeros(SHAPE, bool))
    assert kept.centres.tolist() == [[12, 20, 45]]
    assert (skull == ((labels == 1) | (labels == 2))).all()


@pytest.mark.parametrize(("thick", "is_doubtful"), [(7, True), (8, False)])
def test_a_highest_vertebra_with_less_than_two_fifths_of_the_next_is_doubtful(thick, is_doubtful):
    found = a_neck(((8, 12, 54), (16, 28, 54 + thick)))  # 8 x 16 x 8 of the 16 x 16 x 10 voxels of the next
    assert without_skull(found, np.zeros(SHAPE, bool))[0] is found
    assert highest_is_doubtful(found, np.zeros(SHAPE, bool)) == is_doubtful
    beyond = np.zeros(SHAPE, bool)
    beyond[:, :, 62:] = True
    assert not highest_is_doubtful(found, beyond)


def test_a_flat_first_vertebra_stays():
    found = a_neck(LARGE)
    kept, skull = without_skull(found, np.zeros(SHAPE, bool))
    assert kept is found
    assert not skull.any()


@pytest.mark.parametrize(("top", "stays"), [(62, True), (63, False)])
def test_a_tip_that_the_image_cuts_stays(top, stays):
    beyond = np.zeros(SHAPE, bool)
    beyond[:, :, top:] = True
    kept, _ = without_skull(a_neck(SLIGHT), beyond)
    assert len(kept.centres) == (3 if stays else 2)


def test_a_tip_at_the_end_of_the_grid_stays():
    kept, _ = without_skull(a_neck(((8, 16, 72), (16, 24, 78))), np.zeros(SHAPE, bool))
    assert len(kept.centres) == 3


def test_a_single_vertebra_stays_however_small():
    labels = np.zeros(SHAPE, np.uint8)
    labels[8:12, 8:12, 8:12] = 1
    kept, _ = without_skull(Instances(labels, np.array([[10.0, 10.0, 10.0]])), np.zeros(SHAPE, bool))
    assert len(kept.centres) == 1


def two_and_an_organ():
    """Two vertebrae before a canal that runs along K at J = 8, and a piece as large 50 voxels before it."""
    labels = np.zeros((20, 70, 40), np.uint8)
    labels[4:16, 12:24, 24:34], labels[4:16, 54:66, 14:24], labels[4:16, 12:24, 4:14] = 1, 2, 3
    canal = np.zeros(labels.shape, bool)
    canal[2:18, 1:11] = True
    return Instances(labels, np.array([[9.5, 17.5, 28.5], [9.5, 59.5, 18.5], [9.5, 17.5, 8.5]])), canal


def test_what_lies_far_from_the_canal_is_no_vertebra():
    found, canal = two_and_an_organ()
    kept, remote = without_remote(found, canal, 1.0)
    assert (remote == (found.labels == 2)).all()
    assert kept.centres.tolist() == [[9.5, 17.5, 28.5], [9.5, 17.5, 8.5]]
    assert ((kept.labels == 2) == (found.labels == 3)).all()


@pytest.mark.parametrize(("spacing_mm", "left"), [(FROM_CANAL_MM / 49.6, 3), (FROM_CANAL_MM / 49.4, 2)])
def test_how_far_from_the_canal_counts_in_millimetres(spacing_mm, left):
    found, canal = two_and_an_organ()  # the organ's centre lies 49.5 voxels from the canal
    kept, _ = without_remote(found, canal, spacing_mm)
    assert len(kept.centres) == left


def test_without_a_canal_nothing_is_measured_from_it():
    found, canal = two_and_an_organ()
    canal[:, :, 2:] = False
    kept, remote = without_remote(found, canal, 1.0)
    assert kept is found
    assert not remote.any()


def test_of_more_pieces_than_anybody_has_vertebrae_the_slightest_are_left_out():
    labels = np.zeros((8, 8, 150), np.uint8)
    for n in range(28):
        labels[:, : 2 if n in (0, 5) else 6, 145 - 5 * n : 149 - 5 * n] = n + 1
    found = Instances(labels, np.array([[4, 3, 147 - 5 * n] for n in range(28)], float))
    kept, left_out = without_surplus(found)
    assert (left_out == np.isin(labels, (1, 6))).all()
    assert kept.centres[:, 2].tolist() == [147 - 5 * n for n in range(28) if n not in (0, 5)]
    assert [int(kept.labels[4, 3, int(k)]) for k in kept.centres[:, 2]] == list(range(1, 27))


def test_as_many_as_a_spine_may_have_all_stay():
    labels = np.zeros((4, 4, 26), np.uint8)
    labels[:] = np.arange(26, 0, -1)
    found = Instances(labels, np.array([[2, 2, 25 - n] for n in range(26)], float))
    kept, left_out = without_surplus(found)
    assert kept is found
    assert not left_out.any()
