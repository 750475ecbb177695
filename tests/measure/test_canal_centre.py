"""The middle of a canal that is drawn along a known line or curve."""

import numpy as np
import pytest
from canal_stack_phantom import one_slice, oval

from spinemets.measure.canal_centre import LEAST_SLICES, centre_curve
from spinemets.measure.fine_grid import FINE_MM

STEP_MM = 4.0


def slices(indices, course):
    """Sac and cord round a centre that lies `course(height)` mm aside."""
    result = []
    for index in indices:
        at = (course(index * STEP_MM), 0.0)
        result.append(one_slice(index, cord=oval(7.0, 6.0, at), sac=oval(13.0, 11.0, at), step_mm=STEP_MM))
    return result


def aside_mm(curve, height_mm):
    """(2,) of sac and of cord."""
    middle = (oval(1.0, 1.0).shape[0] - 1) / 2
    return (np.polyval(curve, height_mm)[[0, 2]] - middle) * FINE_MM


def tilted(height_mm):
    return 0.2 * height_mm


def bowed(height_mm):
    return 4.0 * (height_mm / 40.0) ** 2


def test_between_two_sides_a_canal_is_followed_round_its_bow():
    away = slices(range(-9, -5), bowed), slices(range(6, 10), bowed)
    assert aside_mm(centre_curve(away, away), 0.0) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("side", [0, 1])
def test_slices_next_to_tumour_help_out_where_one_side_has_too_few(side):
    sides = [slices(range(-9, -6), tilted), slices(range(7, 10), tilted)]
    away = list(sides)
    away[side] = sides[side][:1]
    assert aside_mm(centre_curve(tuple(away), tuple(sides)), 8.0) == pytest.approx(tilted(8.0), abs=0.1)


def test_a_few_slices_on_either_side_tell_a_line():
    few = slices((-6, -5), tilted), slices((6,), tilted)
    assert len(few[0]) + len(few[1]) == LEAST_SLICES
    assert aside_mm(centre_curve(few, few), 8.0) == pytest.approx(tilted(8.0), abs=0.1)


def test_one_side_alone_is_carried_on_in_a_straight_line():
    one_sided = slices(range(-6, -2), tilted), []
    assert aside_mm(centre_curve(one_sided, one_sided), 12.0) == pytest.approx(tilted(12.0), abs=0.1)


def test_two_slices_on_one_side_tell_no_direction():
    few = slices(range(-6, -4), tilted), []
    assert centre_curve(few, few) is None
