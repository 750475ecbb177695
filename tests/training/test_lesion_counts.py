import numpy as np
import pytest

from spinemets.training.lesion_counts import LEAST_ML, LEAST_OVERLAP, lesion_counts

MM = 2.0  # 0.3 ml are 37.5 voxels


def cubes(*boxes):
    mask = np.zeros((30, 30, 30), bool)
    for low, edge in boxes:
        mask[tuple(slice(a, a + edge) for a in low)] = True
    return mask


A, B, C = (2, 2, 2), (12, 12, 12), (22, 2, 22)


def test_lesions_found_missed_and_invented_are_counted():
    truth = cubes((A, 5), (B, 5))
    assert lesion_counts(truth, cubes((A, 4), (C, 5)), MM) == (2, 1, 1)
    assert lesion_counts(truth, truth, MM) == (2, 2, 0)
    assert lesion_counts(truth, cubes(), MM) == (2, 0, 0)
    assert lesion_counts(cubes(), truth, MM) == (0, 0, 2)


@pytest.mark.parametrize(("edge", "counted"), [(3, 0), (4, 1)])  # 27 and 64 voxels
def test_what_is_smaller_than_0_3_ml_is_neither_lesion_nor_invention(edge, counted):
    assert edge**3 * MM**3 / 1000 < LEAST_ML or counted
    assert lesion_counts(cubes((A, edge)), cubes((B, edge)), MM) == (counted, 0, counted)


@pytest.mark.parametrize(("voxels", "found"), [(12, 0), (13, 1)])
def test_a_lesion_is_found_when_a_tenth_of_it_is_predicted(voxels, found):
    truth = cubes((A, 5))
    predicted = np.zeros_like(truth)
    predicted[tuple(np.argwhere(truth)[:voxels].T)] = True
    assert (voxels / 125 >= LEAST_OVERLAP) == bool(found)
    assert lesion_counts(truth, predicted, MM)[1] == found


def test_a_piece_that_touches_a_lesion_is_not_invented():
    assert lesion_counts(cubes((A, 5)), cubes(((6, 6, 6), 5)), MM) == (1, 0, 0)


def test_what_touches_by_a_corner_is_one_lesion():
    assert lesion_counts(cubes((A, 4), ((6, 6, 6), 4)), cubes(), MM)[0] == 1
