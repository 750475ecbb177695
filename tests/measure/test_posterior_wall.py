"""Bodies whose posterior wall is a known curve, on oblique, anisotropic grids."""

import numpy as np
import pytest
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed
from spinemets.geometry import Grid
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import body_surface
from spinemets.measure.heights import body_heights
from spinemets.measure.posterior_wall import CORNER_SHARE, posterior_wall
from spinemets.rules.posterior_wall import WallLabel, wall_label
from spinemets.volume import Volume

DEPTH, WIDTH, HEIGHT = 34.0, 44.0, 26.0


def wall_of(shape, spacing=(0.8, 0.8, 1.2), stored=0):
    """The wall of a block that stands `shape(right, up)` mm behind its flat back."""
    right, front, up = Rotation.from_euler("xyz", (6, -8, 5), degrees=True).as_matrix().T
    axes = VertebraAxes(Level.L2, np.array([3.0, -7.0, 11.0]), np.array([3.0, -30.0, 11.0]), right, front, up)
    size = tuple(int(np.ceil(66 / mm)) for mm in spacing)
    affine = centred_affine(size, centre_mm=axes.centre_mm, spacing_mm=spacing, angles_deg=(4, -6, 7), **STORED[stored])
    points = world_of(Grid(size, affine))
    x, y, z = np.moveaxis(axes.coordinates(points.reshape(-1, 3)).reshape(points.shape), -1, 0)
    inside = (np.abs(x) < WIDTH / 2) & (y < DEPTH / 2) & (y > -DEPTH / 2 - shape(x, z)) & (np.abs(z) < HEIGHT / 2)
    body = Volume(inside.astype(np.uint8), affine)
    return posterior_wall(body, axes, body_heights(body_surface(body, axes)))


def flat(x, z):
    return np.zeros_like(x)


def hollow(x, z):
    return -2.5 * np.clip(1 - (z / (HEIGHT / 2)) ** 2, 0, 1)


def bulge(x, z):
    return 4.0 * np.clip(1 - (z / (HEIGHT / 2)) ** 2, 0, 1)


def fragment(x, z):
    """A corner pushed back 5 mm near the top, 8 mm wide."""
    return np.where(np.abs(x) < 4, 5.0 * np.clip(1 - np.abs(z - 7) / 4, 0, 1), 0.0)


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_the_depth_behind_the_chord_is_that_of_the_wall(stored):
    chord = 4.0 * (1 - 2 * CORNER_SHARE) ** 2  # the parabola at its peak less where the chord begins
    found = wall_of(bulge, stored=stored)
    assert found.depth_mm.low <= chord <= found.depth_mm.high
    assert found.depth_mm.value == pytest.approx(chord, abs=0.7)
    sharp = wall_of(fragment, stored=stored).depth_mm  # its very tip is finer than a voxel
    assert 3.0 < sharp.value < 5.3


def test_a_flat_or_hollow_wall_is_normal():
    for shape in (flat, hollow):
        found = wall_of(shape)
        assert found.depth_mm.value < 1.0
        assert wall_label(**vars(found)) is WallLabel.NORMAL


def test_a_smooth_wide_convexity_in_the_middle_is_a_bulge():
    found = wall_of(bulge)
    assert found.height_fraction.value == pytest.approx(0.5, abs=0.12)
    assert found.width_fraction.value == pytest.approx(1.0)
    assert found.roundness.value > 0.8
    assert wall_label(**vars(found)) is WallLabel.BULGE


def test_a_sharp_narrow_corner_near_the_top_is_retropulsion():
    found = wall_of(fragment)
    assert found.height_fraction.value == pytest.approx(0.77, abs=0.08)
    assert found.width_fraction.value < 0.5
    assert found.turning_deg.value > 45
    assert wall_label(**vars(found)) is WallLabel.RETROPULSION


def known(value, error=0.0):
    return Measured(value, "1", value - error, value + error, "typed")


# clinical.md §1.3, typed a second time: bulge is max d >= 2 mm, in the middle 60 %, turning under 30 degrees, over at
# least half of the width, R2 at least 0.8; retropulsion turns by 30 degrees or more in the upper or lower third.
SHAPE = {"depth_mm": 3.0, "height_fraction": 0.5, "turning_deg": 20.0, "width_fraction": 1.0, "roundness": 0.9}


@pytest.mark.parametrize(
    ("changed", "label"),
    [
        ({}, "bulge"),
        ({"depth_mm": 1.9}, "normal"),
        ({"depth_mm": 2.0}, "bulge"),
        ({"turning_deg": 30.0}, "indeterminate"),
        ({"turning_deg": 30.0, "height_fraction": 0.85}, "retropulsion"),
        ({"width_fraction": 0.4}, "indeterminate"),
        ({"roundness": 0.7}, "indeterminate"),
        ({"height_fraction": 0.9}, "indeterminate"),
    ],
)
def test_the_edges_of_bulge_and_retropulsion(changed, label):
    assert wall_label(**{name: known(value) for name, value in (SHAPE | changed).items()}).value == label


def test_a_depth_at_its_limit_is_indeterminate_and_none_has_no_label():
    findings = {name: known(value) for name, value in SHAPE.items()}
    assert wall_label(**findings | {"depth_mm": known(2.2, 0.5)}) is WallLabel.INDETERMINATE
    absent = NotAssessed("too_small", "x")
    assert wall_label(**findings | {"depth_mm": absent}) is None
    assert wall_label(**findings | {"turning_deg": absent}) is WallLabel.INDETERMINATE
