"""Slips and bends of a simulated patient are those that were asked for, and are measured as such on its masks."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.geometry import Grid
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.simulate.displacement import Displacement, cobb_of_deg, corner_slip_mm, displaced
from spinemets.simulate.fracture import placed_spine
from spinemets.simulate.masks import render_masks
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.subject import random_subject
from spinemets.vertebra_assessment import assess_vertebrae

SEED = 410_002
FIELD = (Level.L1, Level.L5)


def test_only_what_lies_above_the_disc_moves_and_by_the_slip():
    placed = placed_spine(random_subject(SEED))
    moved = displaced(placed, Displacement(Level.L3, front_mm=6.0, right_mm=-2.0))
    right, front, _ = placed[Level.L4].axes
    for level, vertebra in moved.items():
        step = vertebra.origin - placed[level].origin
        expected = 6.0 * front - 2.0 * right if level.order <= Level.L3.order else 0 * front
        assert step == pytest.approx(expected)
    assert np.subtract(corner_slip_mm(moved, Level.L3), corner_slip_mm(placed, Level.L3)) == pytest.approx(
        [6.0, -2.0], abs=0.3
    )


def test_a_bend_turns_the_spine_above_by_its_angle():
    placed = placed_spine(random_subject(SEED))
    moved = displaced(placed, Displacement(Level.L2, kyphosis_deg=15.0))
    turn = Rotation.from_matrix(moved[Level.T8].axes.T @ placed[Level.T8].axes)
    assert np.degrees(turn.magnitude()) == pytest.approx(15.0)
    assert moved[Level.T8].axes[2] @ placed[Level.L3].axes[1] > placed[Level.T8].axes[2] @ placed[Level.L3].axes[1]


def test_the_bends_of_a_displacement_are_in_the_cobb_angle_with_its_sign():
    placed = placed_spine(random_subject(SEED))
    moved = displaced(placed, Displacement(Level.L3, kyphosis_deg=12.0, scoliosis_deg=7.0))
    for level in (Level.L3, Level.L4):
        change = np.subtract(cobb_of_deg(moved, level), cobb_of_deg(placed, level))
        assert change == pytest.approx([12.0, -7.0], abs=0.5)
    assert cobb_of_deg(moved, Level.T12) == pytest.approx(cobb_of_deg(placed, Level.T12))


@pytest.mark.parametrize("level", [Level.L6, Level.SACRUM])
def test_a_level_that_cannot_move_is_refused(level):
    with pytest.raises(ValueError, match=f"{level} is not a level"):
        displaced(placed_spine(random_subject(SEED)), Displacement(level, front_mm=3.0))


def aligned(displacement):
    anatomy = parametric_anatomy(SEED, spacing_mm=1.0, field=FIELD, displacement=displacement)
    turn = Rotation.from_euler("xyz", (6, -7, 5), degrees=True).as_matrix() * [-0.8, 0.9, 1.1]
    bone = np.argwhere(anatomy.vertebra > 0) @ anatomy.affine[:3, :3].T + anatomy.affine[:3, 3]
    index = bone @ np.linalg.inv(turn).T
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn, turn @ (index.min(axis=0) - 9)
    masks = render_masks(anatomy, Grid(tuple(int(n) + 19 for n in np.ceil(np.ptp(index, axis=0))), affine))
    found = assess_vertebrae(spine_from_mask(masks.vertebrae), masks.vertebrae, masks.subregions)
    return {one.level: one.alignment for one in found.vertebrae}


def test_what_is_measured_on_the_masks_is_what_was_asked_for():
    displacement = Displacement(Level.L3, front_mm=5.0, kyphosis_deg=10.0)
    found, healthy = aligned(displacement)[Level.L3], aligned(None)[Level.L3]
    placed = placed_spine(random_subject(SEED))
    slip = corner_slip_mm(displaced(placed, displacement), Level.L3)[0]
    assert found["slip_below_mm"].value == pytest.approx(slip, abs=1.0)
    assert found["kyphosis_deg"].value - healthy["kyphosis_deg"].value == pytest.approx(10.0, abs=2.0)
