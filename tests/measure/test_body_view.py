"""The part of a grid that a mask reaches is all of it: the same as on the whole grid, on any grid."""

import numpy as np
import pytest
from oblique import centred_affine

from spinemets.geometry import Grid, resample
from spinemets.measure.body_view import at_least_half
from spinemets.volume import Volume

SHAPE = (40, 36, 30)


def grid(angles, step=1.0):
    shape = (50, 46, 44)
    return Grid(shape, centred_affine(shape, (2, -3, 1), spacing_mm=(step,) * 3, angles_deg=angles))


@pytest.mark.parametrize("spacing", [(0.3, 0.3, 0.4), (0.7, 0.7, 1.5), (1.0, 1.0, 1.0), (0.9, 2.5, 0.6)])
@pytest.mark.parametrize("angles", [(0, 0, 0), (7, -12, 20), (35, 40, -30)])
@pytest.mark.parametrize("place", ["inside", "edge", "everywhere", "nowhere", "far"])
def test_masks_are_those_of_the_whole_grid(spacing, angles, place):
    rng = np.random.default_rng(4)
    mask = np.zeros(SHAPE, bool)
    box = {
        "inside": np.s_[12:25, 9:20, 8:19],
        "edge": np.s_[0:7, 20:36, 25:30],
        "everywhere": np.s_[:],
        "nowhere": np.s_[0:0],
        "far": np.s_[38:40, 0:2, 0:2],
    }[place]
    mask[box] = rng.random(mask[box].shape) < 0.8
    percent = Volume(
        mask.astype(np.uint8) * 100, centred_affine(SHAPE, (1, 1, 2), spacing_mm=spacing, angles_deg=(3, 4, 5))
    )
    asked = grid(angles)
    assert np.array_equal(at_least_half(percent, asked), resample(percent, asked) >= 50)
    if place == "inside":
        assert at_least_half(percent, asked).any()
