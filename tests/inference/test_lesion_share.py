"""Which pieces of a probability map are lesions."""

import numpy as np

from spinemets.inference.lesions import Thresholds, lesion_share


def test_a_lesion_is_all_of_a_piece_of_which_enough_is_certain():
    probability = np.zeros((10, 6, 6), np.float32)
    probability[1:3, 1:5, 1:5] = 0.21
    probability[1, 1:5, 1:5] = 0.81  # 16 voxels of 12.5 µl: 0.2 ml
    probability[4, 1:5, 1:5] = 0.79
    probability[7:9, 1:5, 1:5] = 0.21
    probability[7, 1:5, 1:4] = 0.99  # 12 voxels: 0.15 ml, however certain
    found = lesion_share(probability, 0.0125) >= 0.5
    assert np.array_equal(np.argwhere(found), np.argwhere(probability[:4] > 0))
    assert lesion_share(np.full((9, 9, 9), 0.19, np.float32), 1.0).max() < 0.5
    assert lesion_share(np.ones((3, 3, 3), np.float32), 1.0).min() == 1.0


def test_without_a_least_core_one_certain_voxel_is_enough():
    probability = np.zeros((7, 6, 6), np.float32)
    probability[1, 1:5, 1:5] = 0.21
    probability[1, 2, 2] = 0.5
    probability[4, 1:5, 1:5] = 0.49
    found = lesion_share(probability, 0.001, Thresholds(voxel=0.2, core=0.5, core_ml=0.0)) >= 0.5
    assert np.array_equal(np.argwhere(found), np.argwhere(probability[:3] > 0))
