"""Which voxels of a slice the cross-entropy of the canal network looks at."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from spinemets.training.canal_segmentation import BESIDE, ELSEWHERE, voxel_weights


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_what_lies_beside_the_canal_counts_as_much_as_the_canal(number):
    target = torch.zeros(1, 40, 50, 3, dtype=torch.int64)
    target[0, 18:25, 20:33, 1] = number
    square = np.ones((2 * BESIDE + 1, 2 * BESIDE + 1, 1))  # in the slice alone
    near = ndimage.binary_dilation(target[0].numpy() > 0, square)
    assert np.array_equal(voxel_weights(target)[0].numpy(), np.where(near, 1.0, ELSEWHERE).astype(np.float32))


def test_bone_and_discs_are_not_the_canal():
    target = torch.tensor([0, 5, 6]).repeat(1, 12, 12, 1)
    assert (voxel_weights(target) == ELSEWHERE).all()
