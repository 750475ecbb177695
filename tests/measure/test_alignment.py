"""Stacks of bodies whose endplates are known planes."""

import dataclasses

import numpy as np
import pytest
from spine_stack import DEPTH, LEVELS, stack

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed
from spinemets.measure.alignment import local_alignment, regional_cobb, slip_mm


def test_a_straight_stack_has_neither_angle_nor_slip():
    for level, found in local_alignment(stack()).items():
        for name, finding in vars(found).items():
            if isinstance(finding, Measured):
                assert finding.value == pytest.approx(0.0, abs=1e-6), (level, name)


@pytest.mark.parametrize("angle", [8.0, 25.0])
def test_a_kyphosis_at_one_disc_is_in_the_triples_that_hold_it(angle):
    found = local_alignment(stack(bend_deg={Level.L1: angle}))  # the disc between L1 and L2
    assert found[Level.L1].kyphosis_deg.value == pytest.approx(angle)
    assert found[Level.L2].kyphosis_deg.value == pytest.approx(angle)
    assert found[Level.L4].kyphosis_deg.value == pytest.approx(0.0, abs=1e-6)


def test_lordosis_is_negative():
    found = local_alignment(stack(bend_deg=dict.fromkeys(LEVELS, -5.0)))
    assert found[Level.L2].kyphosis_deg.value == pytest.approx(-10.0)


@pytest.mark.parametrize("side", [1, -1])
def test_a_scoliosis_has_its_angle_and_sign(side):
    found = local_alignment(stack(roll_deg={Level.L2: 12.0 * side}))[Level.L2]
    assert abs(found.scoliosis_deg.value) == pytest.approx(12.0)
    other = local_alignment(stack(roll_deg={Level.L2: -12.0 * side}))[Level.L2]
    assert found.scoliosis_deg.value == pytest.approx(-other.scoliosis_deg.value)
    # what lies above leans to the patient's right for a positive turn about the front: convex to the left
    assert np.sign(found.scoliosis_deg.value) == -side


@pytest.mark.parametrize(("front", "right"), [(5.0, 0.0), (-3.0, 0.0), (0.0, 4.0), (2.0, -6.0)])
def test_a_slip_is_what_the_upper_body_was_moved(front, right):
    bodies = stack(shift_mm={Level.L4: (right, front)})  # L4 on L5
    upper, lower = bodies[Level.L4], bodies[Level.L5]
    assert slip_mm(upper.lower, lower.upper, lower.axes) == pytest.approx((front, right), abs=1e-6)
    found = local_alignment(bodies)
    assert found[Level.L5].slip_above_mm.value == pytest.approx(front, abs=1e-6)
    assert found[Level.L4].slip_below_mm.value == pytest.approx(front, abs=1e-6)
    assert found[Level.L4].side_slip_below_mm.value == pytest.approx(right, abs=1e-6)
    assert found[Level.L4].slip_above_mm.value == pytest.approx(0.0, abs=1e-6)


def test_at_the_ends_and_across_a_gap_nothing_is_measured():
    bodies = stack()
    del bodies[Level.L2]
    found = local_alignment(bodies)
    assert isinstance(found[Level.T10].kyphosis_deg, NotAssessed)
    assert isinstance(found[Level.L5].slip_below_mm, NotAssessed)
    assert isinstance(found[Level.L1].slip_below_mm, NotAssessed)
    assert isinstance(found[Level.L3].slip_above_mm, NotAssessed)
    assert isinstance(found[Level.T11].kyphosis_deg, Measured)


def test_a_spine_without_a_twelfth_thoracic_vertebra_or_with_a_thirteenth_has_no_gap():
    without = stack(levels=tuple(level for level in LEVELS if level is not Level.T12))
    assert isinstance(local_alignment(without)[Level.L1].slip_above_mm, Measured)
    more = stack(levels=(Level.T11, Level.T12, Level.T13, Level.L1, Level.L2))
    assert isinstance(local_alignment(more)[Level.T13].kyphosis_deg, Measured)


def test_coarser_voxels_widen_every_interval():
    fine, coarse = (local_alignment(stack(voxel_mm=mm))[Level.L1] for mm in (1.0, 3.0))
    for name, shape in (("kyphosis_deg", 2.4), ("slip_above_mm", 1.0)):  # of a lumbar body, whatever its voxels
        halves = [(getattr(one, name).high - getattr(one, name).low) / 2 for one in (fine, coarse)]
        by_voxel = [np.sqrt(half**2 - shape**2) for half in halves]
        assert by_voxel[1] == pytest.approx(3 * by_voxel[0])


def test_of_a_depth_that_differs_a_quarter_moves_the_posterior_corners():
    """The upper body's lower endplate ends 4 mm further behind alone: 4 mm of slip backwards, 1 mm of it set right."""
    bodies = stack()
    upper = bodies[Level.L4]
    deeper = dataclasses.replace(upper.lower, back_mm=upper.lower.back_mm - 4.0 * upper.axes.front)
    front, right = slip_mm(deeper, bodies[Level.L5].upper, bodies[Level.L5].axes)
    assert (front, right) == pytest.approx((-3.0, 0.0), abs=1e-6)


def test_thick_slices_across_the_spine_leave_the_interval_of_a_slip_as_it_is():
    """Voxels of 3 mm, 0.7 mm across: as voxels of 0.7 mm."""
    thick = {level: dataclasses.replace(one, across_mm=0.7) for level, one in stack(voxel_mm=3.0).items()}
    slips = [local_alignment(one)[Level.L1].slip_above_mm for one in (thick, stack(voxel_mm=0.7))]
    assert slips[0].high == pytest.approx(slips[1].high)


def test_the_curve_of_a_region_is_the_sum_of_the_angles_within_it():
    bodies = stack(bend_deg={Level.T12: 10.0, Level.L1: -4.0, Level.L3: -12.0})
    for upper, lower, angle in ((Level.T10, Level.L5, -6.0), (Level.T11, Level.L2, 6.0), (Level.L2, Level.L4, -12.0)):
        kyphosis, scoliosis = regional_cobb(bodies, upper, lower)
        assert kyphosis.value == pytest.approx(angle)
        assert scoliosis.value == pytest.approx(0.0, abs=1e-6)


def test_the_curve_of_a_region_needs_both_its_ends_and_runs_downwards():
    bodies = stack()
    assert isinstance(regional_cobb(bodies, Level.T4, Level.T12)[0], NotAssessed)
    assert isinstance(regional_cobb(bodies, Level.L1, Level.L6)[1], NotAssessed)
    with pytest.raises(ValueError, match="L1 is not below L4"):
        regional_cobb(bodies, Level.L4, Level.L1)


def test_a_slip_is_also_a_share_of_the_lower_body():
    found = local_alignment(stack(shift_mm={Level.L4: (0.0, 5.1)}))
    assert found[Level.L5].slip_above_fraction.value == pytest.approx(5.1 / DEPTH)
    assert found[Level.L4].slip_below_fraction.value == pytest.approx(5.1 / DEPTH)
    assert isinstance(found[Level.L5].slip_below_fraction, NotAssessed)
