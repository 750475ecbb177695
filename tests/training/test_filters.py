import numpy as np
import pytest
import torch
from scipy import ndimage

from spinemets.training.filters import blur, chance, smooth_noise, uniform


@pytest.mark.parametrize("sigma", [0.5, 1.3, (0.7, 2.0, 0.0), (0.0, 0.0, 1.0)])
def test_blurring_is_that_of_scipy(sigma):
    image = torch.randn(2, 3, 14, 12, 10)
    sigmas = (sigma,) * 3 if isinstance(sigma, float) else sigma
    expected = ndimage.gaussian_filter(image.numpy(), (0, 0, *sigmas), mode="nearest", truncate=3.0)
    assert blur(image, sigma).numpy() == pytest.approx(expected, abs=1e-5)


def test_a_width_far_below_a_voxel_blurs_nothing():
    image = torch.randn(1, 1, 6, 6, 6)
    assert torch.equal(blur(image, 0.1), image)


@pytest.mark.parametrize("points", [3, 8])
def test_noise_has_unit_variance_and_varies_over_the_distance_asked_for(points):
    noise = smooth_noise((2, 1, 40, 40, 40), points, torch.device("cpu"))
    assert noise.shape == (2, 1, 40, 40, 40)
    assert noise.std().item() == pytest.approx(1.0, abs=1e-4)
    assert noise.diff(dim=2).std().item() < 2.5 * points / 40


def test_numbers_are_drawn_evenly_from_their_range():
    drawn = np.array([uniform(-3.0, 5.0) for _ in range(2000)])
    assert drawn.min() >= -3.0
    assert drawn.max() <= 5.0
    assert drawn.mean() == pytest.approx(1.0, abs=0.2)
    assert drawn.std() == pytest.approx(8 / np.sqrt(12), abs=0.15)


def test_a_chance_comes_true_as_often_as_it_says():
    assert np.mean([chance(0.3) for _ in range(2000)]) == pytest.approx(0.3, abs=0.04)
    assert not any(chance(0.0) for _ in range(100))
    assert all(chance(1.0) for _ in range(100))
