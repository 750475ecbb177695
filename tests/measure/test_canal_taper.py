"""How far a healthy cord may differ from one some centimetres away."""

import math

import pytest

from spinemets.anatomy import Level
from spinemets.measure.canal_taper import CORD_MM2, SAC_MM2, ReferenceSpan, between, beyond, steepest_per_mm

T1 = math.log(56.8 / 46.8) / (13.0 + 5.0)  # from C7 to T1 over a body of C7 and a disc
CONUS = math.log(46.5 / 18.9) / (22.5 + 5.0)  # from T12 to L1


def test_the_cord_changes_most_round_t1_and_at_the_conus():
    assert steepest_per_mm(CORD_MM2, Level.T1, with_end=False) == pytest.approx(math.log(69.1 / 56.8) / 16.0)
    assert steepest_per_mm(CORD_MM2, Level.T2, with_end=False) == pytest.approx(T1)
    assert steepest_per_mm(CORD_MM2, Level.T12, with_end=False) == pytest.approx(CONUS)
    assert steepest_per_mm(CORD_MM2, Level.T6, with_end=False) < 0.3 * T1


def test_the_end_of_the_cord_counts_where_it_is_seen_or_below_the_table():
    assert steepest_per_mm(CORD_MM2, None, with_end=False) == pytest.approx(math.log(69.1 / 56.8) / 16.0)
    assert steepest_per_mm(CORD_MM2, None, with_end=True) == pytest.approx(CONUS)
    assert steepest_per_mm(CORD_MM2, Level.L3, with_end=False) == pytest.approx(CONUS)


def test_one_side_alone_leaves_open_what_the_way_may_change_in_either_direction():
    span = beyond(20.0, Level.T2, cord_ends=False)
    assert span.cord == pytest.approx((math.exp(-20 * T1), math.exp(20 * T1)))
    assert span.cord[0] < 0.83 < 1.24 < span.cord[1]
    assert span.centre_mm == pytest.approx(200 - math.sqrt(200**2 - 20**2), abs=0.01)  # height of an arc of that radius
    assert beyond(20.0, Level.T7, cord_ends=False).cord[1] < 1.1
    assert beyond(20.0, Level.T7, cord_ends=False).sac[1] < 1.1
    assert steepest_per_mm(SAC_MM2, Level.C2, with_end=True) == pytest.approx(math.log(252 / 210) / 17.0)


def test_one_or_two_slices_leave_open_which_way_the_canal_runs():
    """By as much as slices may be tilted, 20 degrees."""
    seen, unseen = (beyond(20.0, Level.T7, cord_ends=False, direction_is_seen=known) for known in (True, False))
    assert unseen.centre_mm - seen.centre_mm == pytest.approx(20.0 * math.tan(math.radians(20.0)))
    assert (unseen.cord, unseen.sac) == (seen.cord, seen.sac)


def test_between_two_sides_lies_what_either_shows():
    assert between((50.0, 200.0), (60.0, 210.0), (40.0, 190.0)) == ReferenceSpan((0.8, 1.2), (0.95, 1.05))
    assert between((50.0, 200.0), (50.0, 200.0), (50.0, 200.0)) == ReferenceSpan()
    assert between((0.0, 200.0), (0.0, 200.0), (0.0, 200.0)) == ReferenceSpan()
