"""Which lesions an image shows, on blocks of a known change."""

import numpy as np
import pytest

from spinemets.anatomy import LesionLabel
from spinemets.errors import GeometryMismatchError
from spinemets.simulate.visibility import LEAST_CHANGE_HU, seen_on_ct, seen_on_mr
from spinemets.volume import Volume

AFFINE = np.diag([1.0, -0.8, 2.0, 1.0])
WEAK, STRONG = (slice(4, 16), slice(4, 20), slice(4, 12)), (slice(24, 36), slice(4, 20), slice(4, 12))


def images(weak, strong, noise=30.0):
    """Two foci that change the image by so much, in noise that both images share."""
    rng = np.random.default_rng(5)
    healthy = rng.normal(150.0, noise, (40, 24, 16))
    ill = healthy.copy()
    ill[WEAK] += weak
    ill[STRONG] += strong
    lesions = np.zeros(healthy.shape, np.uint8)
    lesions[WEAK], lesions[STRONG] = LesionLabel.LYTIC, LesionLabel.BLASTIC
    return [Volume(array, AFFINE) for array in (lesions, ill.astype(np.int16), healthy.astype(np.int16))]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_change_above_the_limit_is_seen_in_noise_and_one_below_it_is_not(sign):
    lesions, ill, healthy = images(0.8 * LEAST_CHANGE_HU * sign, 2.0 * LEAST_CHANGE_HU * sign)
    seen = seen_on_ct(lesions, ill, healthy)
    assert seen[STRONG].all()
    assert seen.sum() == seen[STRONG].size


def test_changes_that_even_out_are_not_seen():
    lesions, ill, healthy = images(0.0, 0.0)
    checks = np.indices(ill.shape).sum(axis=0) % 2 * 2 - 1
    moved = ill.with_array(np.where(lesions.array > 0, healthy.array + 60 * checks, healthy.array).astype(np.int16))
    assert not seen_on_ct(lesions, moved, healthy).any()


@pytest.mark.parametrize(("share", "shown"), [(0.02, False), (0.15, True)])
def test_on_mr_the_change_counts_against_the_brightest_tissue(share, shown):
    lesions, _, healthy = images(0.0, 0.0, noise=0.0)
    bright = healthy.array.copy()
    bright[-3:, :3] = 900
    ill = bright + np.where(lesions.array > 0, 900 * share, 0).astype(np.int16)
    seen = seen_on_mr(lesions, healthy.with_array(ill), healthy.with_array(bright))
    assert bool(seen[STRONG].all()) is shown
    assert bool(seen.any()) is shown


def test_without_a_lesion_nothing_is_seen():
    lesions, ill, healthy = images(100.0, 100.0)
    assert not seen_on_ct(lesions.with_array(np.zeros_like(lesions.array)), ill, healthy).any()


@pytest.mark.parametrize("which", [0, 2])
def test_another_grid_is_refused(which):
    three = images(100.0, 100.0)
    three[which] = Volume(three[which].array, AFFINE + np.eye(4, k=3))
    with pytest.raises(GeometryMismatchError):
        seen_on_ct(*three)
