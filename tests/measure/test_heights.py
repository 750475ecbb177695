"""Bodies with known endplates, rasterised on oblique, anisotropic grids."""

from dataclasses import replace

import numpy as np
import pytest
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.findings import NotAssessed
from spinemets.geometry import Grid
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import bodies, body_surface
from spinemets.measure.endplates import endplate
from spinemets.measure.heights import body_heights
from spinemets.measure.region_labels import RegionLabel
from spinemets.volume import Volume

DEPTH, WIDTH = 34.0, 44.0


def axes_of(turn_deg):
    right, front, up = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix().T
    return VertebraAxes(Level.L2, np.array([3.0, -7.0, 11.0]), np.array([3.0, -30.0, 11.0]), right, front, up)


def body(height_of, turn_deg=(0, 0, 0), spacing=(1.0, 1.0, 1.0), stored=0, hollow=None):
    """A block whose height is a function of the place in front of its middle; both endplates move alike."""
    axes = axes_of(turn_deg)
    shape = tuple(int(np.ceil(66 / mm)) for mm in spacing)
    affine = centred_affine(
        shape, centre_mm=axes.centre_mm, spacing_mm=spacing, angles_deg=(4, -6, 7), **STORED[stored]
    )
    points = world_of(Grid(shape, affine))
    right, front, up = np.moveaxis(axes.coordinates(points.reshape(-1, 3)).reshape(points.shape), -1, 0)
    inside = (np.abs(right) < WIDTH / 2) & (np.abs(front) < DEPTH / 2) & (np.abs(up) < height_of(right, front) / 2)
    if hollow is not None:
        inside &= ~hollow(right, front, up)
    return Volume(inside.astype(np.uint8), affine), axes


def flat(right, front):
    return np.full_like(right, 26.0)


def wedge(right, front):
    return 26.0 + 8.0 * front / DEPTH  # 22 behind, 30 in front


def biconcave(right, front):
    return 26.0 - 9.0 * np.clip(1 - (front / (DEPTH / 2)) ** 2, 0, 1)


def leaning(right, front):
    return 26.0 + 10.0 * right / WIDTH


AT = {"anterior": 0.35 * DEPTH, "middle": 0.0, "posterior": -0.35 * DEPTH}


@pytest.mark.parametrize("shape", [flat, wedge, biconcave, leaning])
@pytest.mark.parametrize(
    ("spacing", "stored"), [((1.0, 1.0, 1.0), 0), ((0.8, 0.8, 2.0), 1), ((1.5, 1.5, 1.5), 2), ((0.7, 0.7, 3.0), 3)]
)
def test_three_columns_are_the_heights_of_the_body_within_their_intervals(shape, spacing, stored):
    found = body_heights(body_surface(*body(shape, (6, -9, 4), spacing, stored)))
    for name, front in AT.items():
        truth = float(shape(np.zeros(1), np.full(1, front))[0])
        column = found.columns[name]
        assert column.low <= truth <= column.high
        assert column.value == pytest.approx(truth, abs=0.8 * max(spacing))


def steep_wedge(right, front):
    """Whole behind the middle, in front of it down to a fifth at its very front."""
    return 26.0 * (1 - 0.8 * np.clip(front / (DEPTH / 2), 0, 1))


@pytest.mark.parametrize(
    ("spacing", "stored"), [((1.0, 1.0, 1.0), 0), ((0.8, 0.8, 2.0), 1), ((1.5, 1.5, 1.5), 2), ((0.7, 0.7, 3.0), 3)]
)
def test_the_front_of_a_steep_wedge_is_body_and_its_interval_holds_where_the_column_may_stand(spacing, stored):
    columns = body_heights(body_surface(*body(steep_wedge, (6, -9, 4), spacing, stored))).columns
    truth = float(steep_wedge(np.zeros(1), np.full(1, AT["anterior"]))[0])
    assert truth == pytest.approx(0.44 * 26.0)
    assert columns["anterior"].low <= truth <= columns["anterior"].high
    assert columns["anterior"].value < 0.55 * 26.0
    slope = 0.8 * 26.0 / (DEPTH / 2)  # 1.2 mm lower for each to the front
    assert columns["anterior"].high - columns["anterior"].value > 1.5 * slope


def test_left_is_the_patients_left():
    found = body_heights(body_surface(*body(leaning, (5, 5, 20), stored=1)))
    place = WIDTH / 3
    assert found.columns["right"].value == pytest.approx(26 + 10 * place / WIDTH, abs=0.7)
    assert found.columns["left"].value == pytest.approx(26 - 10 * place / WIDTH, abs=0.7)


def test_depth_and_width_are_those_of_the_body():
    found = body_heights(body_surface(*body(flat, (6, -9, 4))))
    assert found.depth_mm == pytest.approx(DEPTH, abs=1.5)
    assert found.width_mm == pytest.approx(WIDTH, abs=1.5)


def test_a_hole_inside_the_body_does_not_shorten_it():
    def hole(right, front, up):
        return np.sqrt(right**2 + front**2 + up**2) < 8

    found = body_heights(body_surface(*body(flat, hollow=hole)))
    assert found.columns["middle"].value == pytest.approx(26.0, abs=0.7)


def test_the_drawn_ends_are_as_far_apart_as_the_height():
    found = body_heights(body_surface(*body(wedge, (6, -9, 4))))
    for name in AT:
        low, high = found.ends_mm[name]
        assert np.linalg.norm(high - low) == pytest.approx(found.columns[name].value, abs=0.5)


def test_what_is_no_body_has_no_height():
    volume, axes = body(flat)
    empty = body_heights(body_surface(volume.with_array(np.zeros_like(volume.array)), axes))
    assert isinstance(empty, NotAssessed)


@pytest.mark.parametrize("tilt_deg", [0.0, 5.0, 12.0])
def test_the_normal_of_an_endplate_leans_by_half_the_wedge(tilt_deg):
    slope = 2 * np.tan(np.radians(tilt_deg))

    def shape(right, front):
        return 26.0 + slope * front

    surface = body_surface(*body(shape, (6, -9, 4), stored=2))
    heights = body_heights(surface)
    for upper, sign in ((True, -1), (False, 1)):
        plate = endplate(surface, heights, upper=upper)
        lean = np.degrees(np.arctan2(plate.normal @ surface.axes.front, plate.normal @ surface.axes.up))
        assert lean == pytest.approx(sign * tilt_deg, abs=0.6)
        assert plate.normal @ surface.axes.right == pytest.approx(0, abs=0.02)


def test_corners_lie_at_the_front_and_back_of_the_endplate():
    surface = body_surface(*body(flat, (6, -9, 4)))
    plate = endplate(surface, body_heights(surface), upper=False)
    assert surface.axes.coordinates(plate.front_mm[None])[0] == pytest.approx([0, DEPTH / 2, -13], abs=1.0)
    assert surface.axes.coordinates(plate.back_mm[None])[0] == pytest.approx([0, -DEPTH / 2, -13], abs=1.0)


def test_too_little_of_an_endplate_is_none():
    surface = body_surface(*body(flat))
    heights = body_heights(surface)
    nothing = np.full_like(surface.top_mm, np.nan)
    bare = replace(surface, top_mm=nothing, bottom_mm=nothing)
    assert endplate(bare, heights, upper=True) is None


def test_bodies_are_cut_out_where_they_lie():
    body_of_l2, axes = body(wedge, (6, -9, 4), stored=2)
    vertebrae = body_of_l2.with_array(body_of_l2.array * Level.L2.verse_id)
    found = bodies(vertebrae, body_of_l2.with_array(body_of_l2.array * RegionLabel.BODY))
    assert set(found) == {Level.L2}
    assert found[Level.L2].array.sum() == body_of_l2.array.sum()
    assert np.prod(found[Level.L2].shape) < 0.7 * body_of_l2.array.size
    whole, part = (body_heights(body_surface(one, axes)) for one in (body_of_l2, found[Level.L2]))
    for name, column in whole.columns.items():
        assert part.columns[name].value == pytest.approx(column.value, abs=0.02)


def test_a_spur_at_the_rim_is_no_body_and_a_destroyed_wall_takes_nothing_from_the_height():
    volume, axes = body(flat, (6, -9, 4))
    points = world_of(Grid(volume.shape, volume.affine))
    right, front, up = np.moveaxis(axes.coordinates(points.reshape(-1, 3)).reshape(points.shape), -1, 0)
    spur = (np.abs(right) < 15) & (front >= DEPTH / 2 - 1) & (front < DEPTH / 2 + 7) & (up > 7) & (up < 12)
    wall = (np.abs(right) < 9) & (front < -DEPTH / 2 + 7) & (np.abs(up) < 9)
    changed = volume.with_array(np.where(wall, 0, volume.array | spur).astype(np.uint8))
    found = body_heights(body_surface(changed, axes))
    assert found.depth_mm == pytest.approx(DEPTH, abs=2.0)
    for name in AT:
        assert found.columns[name].value == pytest.approx(26.0, abs=0.7)


@pytest.mark.parametrize(("lip_mm", "is_body"), [(1.5, False), (5.0, True)])
def test_a_low_front_is_an_edge_where_it_is_short_and_a_wedge_where_it_is_long(lip_mm, is_body):
    def with_lip(right, front):
        return np.where(front < DEPTH / 2 - lip_mm, 26.0, 10.0)

    found = body_heights(body_surface(*body(with_lip)))
    assert found.depth_mm == pytest.approx(DEPTH if is_body else DEPTH - lip_mm, abs=1.0)
