"""Density of the inside of boxes of which every voxel is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.findings import NotAssessed, Reason
from spinemets.measure.core_density import core_density
from spinemets.measure.trabecular import Reference

REFERENCE = Reference((Level.L1, Level.L3), 120.0, 10.0)


def view(hu, edge=30):
    """A box of bone with `hu` (R, F, U) inside; the distance from its surface counted in voxels of 1 mm."""
    shape = (edge + 10,) * 3
    depth = np.zeros(shape, np.float32)
    index = np.stack(np.indices(shape)) - 5
    inside = ((index >= 0) & (index < edge)).all(axis=0)
    depth[inside] = np.minimum(index, edge - 1 - index).min(axis=0)[inside] + 1
    return SimpleNamespace(depth_mm=depth, hu=np.broadcast_to(hu, shape).astype(np.float32), voxel_mm=1.0)


def test_bone_like_the_reference_has_ratios_of_one():
    found = core_density(view(120.0), REFERENCE)
    for ratio in (found.mean_ratio, found.low_ratio, found.high_ratio):
        assert ratio.value == pytest.approx(1.0)
        assert ratio.low < 1.0 < ratio.high


def test_a_hole_lowers_the_mean_by_its_share_and_the_thin_tenth_to_its_own_value():
    hu = np.full((40, 40, 40), 120.0)
    hu[:20] = 30.0  # half of the box
    found = core_density(view(hu), REFERENCE)
    assert found.mean_ratio.value == pytest.approx((120 + 30) / 2 / 120, abs=0.03)
    assert found.low_ratio.value == pytest.approx(30 / 120)
    assert found.high_ratio.value == pytest.approx(1.0)
    assert "L1 and L3" in found.mean_ratio.method


def test_without_a_reference_or_an_inside_nothing_is_said():
    reason = NotAssessed(Reason.NO_REFERENCE, "no unaffected vertebra")
    assert core_density(view(120.0), reason).mean_ratio is reason
    assert core_density(view(120.0, edge=9), REFERENCE).low_ratio.code is Reason.TOO_SMALL
    thin = core_density(view(120.0), Reference((Level.L1,), 8.0, 10.0)).mean_ratio
    assert thin == NotAssessed(Reason.NO_REFERENCE, "the reference has 8 HU: below 40 HU a ratio to it says little")


def test_the_mean_of_a_reference_comes_with_its_spread():
    mean = REFERENCE.mean
    assert (mean.value, mean.low, mean.high, mean.unit) == (120.0, 110.0, 130.0, "[hnsf'U]")
