"""Bends of single discs and bodies in stacks of known planes, and from heights that are typed in."""

import numpy as np
import pytest
from spine_stack import DEPTH, LEVELS, WIDTH, stack

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.measure.bends import body_bend, disc_bends, local_bends
from spinemets.measure.height_reference import HeightLoss
from spinemets.measure.heights import BodyHeights

UNKNOWN = NotAssessed(Reason.NO_REFERENCE, "alone")


def below(bodies, collapsed=()):
    return disc_bends(bodies, above=False, collapsed=collapsed)


@pytest.mark.parametrize("angle", [12.0, -9.0])
def test_a_bend_of_one_disc_is_told_in_full_at_both_its_vertebrae(angle):
    """The disc between L1 and L2. That below L2 is compared with straight ones: the bent one touches L2."""
    bodies = stack(bend_deg={Level.L1: angle})
    found, over = below(bodies), disc_bends(bodies, above=True)
    assert found[Level.L1][0].value == over[Level.L2][0].value == pytest.approx(angle)
    assert found[Level.T12][0].value == pytest.approx(
        -angle * 2 / 3
    )  # T10's disc lies two levels up, this one one down
    assert found[Level.L2][0].value == pytest.approx(0.0, abs=1e-6)
    assert found[Level.L1][1].value == pytest.approx(0.0, abs=1e-6)


def test_two_bent_discs_of_one_vertebra_do_not_hide_one_another():
    bodies = stack(bend_deg={Level.L1: 8.0, Level.L2: 8.0})
    assert below(bodies)[Level.L2][0].value == pytest.approx(8.0)
    assert disc_bends(bodies, above=True)[Level.L2][0].value == pytest.approx(8.0)


def test_a_bend_to_the_side_has_the_sign_of_a_scoliosis():
    # what lies above leans to the patient's right for a positive turn about the front: convex to the left
    assert below(stack(roll_deg={Level.L2: 7.0}))[Level.L2][1].value == pytest.approx(-7.0)


def test_a_steady_curve_bends_nowhere_beyond_what_is_usual():
    for bend in below(stack(bend_deg=dict.fromkeys(LEVELS, -6.0))).values():
        assert not isinstance(bend[0], Measured) or bend[0].value == pytest.approx(0.0, abs=1e-6)


def test_where_kyphosis_turns_into_lordosis_half_of_the_turn_is_in_the_interval():
    """Discs of +2 degrees down to T12, of -10 below. For T12 the one below it lies one level from that of L1 and two
    from that of T10: usual is -6, and half of what these differ is 6."""
    bends = {level: 2.0 if level.region.value == "T" else -10.0 for level in LEVELS}
    turning, steady = (below(stack(bend_deg=one))[Level.T12][0] for one in (bends, {}))
    assert turning.value == pytest.approx(8.0)
    assert (turning.high - turning.value) ** 2 == pytest.approx((steady.high - steady.value) ** 2 + 6.0**2)


def test_a_collapsed_body_spoils_no_reference():
    """The bent disc lies between L2 and L3. That below L1 is compared with it and, two levels up, with that of T11."""
    bodies = stack(bend_deg={Level.L2: 14.0})
    assert below(bodies)[Level.L1][0].value == pytest.approx(-14.0 * 2 / 3)
    assert below(bodies, [Level.L3])[Level.L1][0].value == pytest.approx(0.0, abs=1e-6)
    assert below(bodies, [Level.L3])[Level.L2][0].value == pytest.approx(14.0)


def test_at_the_end_of_the_field_one_disc_serves_within_its_curve_and_not_across_a_turn():
    found = below(stack(levels=(Level.L1, Level.L2, Level.L3, Level.L4)))
    assert isinstance(found[Level.L1][0], Measured)
    assert found[Level.L4][0].code is Reason.OUT_OF_FIELD
    found = below(stack(levels=(Level.T11, Level.T12, Level.L1, Level.L2)))
    assert found[Level.T12][0].code is found[Level.L1][0].code is Reason.NO_REFERENCE
    found = below(stack(levels=(Level.C7, Level.T1, Level.T2, Level.T3)))
    assert isinstance(found[Level.C7][0], Measured)
    found = below(stack(levels=(Level.C5, Level.C6, Level.C7, Level.T1)))
    assert found[Level.C6][0].code is Reason.NO_REFERENCE


def test_three_vertebrae_do_not_tell_what_is_usual_at_the_one_between():
    bodies = stack(levels=LEVELS[-3:])
    assert below(bodies)[Level.L4][0].code is Reason.NO_REFERENCE
    assert disc_bends(bodies, above=True)[Level.L4][0].code is Reason.NO_REFERENCE


def test_a_disc_more_than_three_levels_away_tells_nothing():
    """With T6 and T8 collapsed the discs below T9 and T10 are left: four levels from T5, three from T6."""
    chest = [Level(f"T{number}") for number in range(5, 12)]
    found = below(stack(levels=chest), [Level.T6, Level.T8])
    assert found[Level.T5][0].code is Reason.NO_REFERENCE
    assert found[Level.T6][0].method.endswith("less that below T9")


def test_there_is_no_disc_across_a_gap_and_each_vertebra_has_its_own_two():
    bodies = stack()
    del bodies[Level.L2]
    discs, over = below(bodies), disc_bends(bodies, above=True)
    assert discs[Level.L1][0].code is over[Level.L3][1].code is Reason.OUT_OF_FIELD
    known = Measured(1.0, "deg", 0.0, 2.0, "typed"), UNKNOWN
    found = local_bends(dict.fromkeys(bodies, known), over, discs)
    assert found[Level.L1].disc_bend_below_deg.code is Reason.OUT_OF_FIELD
    assert found[Level.L3].side_disc_bend_above_deg.code is Reason.OUT_OF_FIELD
    assert found[Level.L4].disc_bend_above_deg is over[Level.L4][0]
    assert (found[Level.L3].body_bend_deg, found[Level.L3].side_body_bend_deg) == known


def body(own, expected, neighbours=(Level.L1, Level.L3)):
    """Heights, and what is expected of them, of a body of L2."""
    columns = {name: Measured(mm, "mm", mm - 0.5, mm + 0.5, "typed") for name, mm in own.items()}
    usual = {
        name: mm if isinstance(mm, NotAssessed) else Measured(mm, "mm", mm - 1.0, mm + 1.0, "typed")
        for name, mm in expected.items()
    }
    return BodyHeights(columns, {}, DEPTH, WIDTH), HeightLoss(usual, {}, UNKNOWN, UNKNOWN, neighbours)


SOUND = {"anterior": 26.0, "posterior": 25.0, "left": 25.5, "right": 25.5}


def test_a_wedge_bends_by_what_its_front_lost_more_over_the_distance_of_the_columns():
    """10 mm in front, 2 mm behind, 70 % of a depth of 34 mm apart."""
    front, side = body_bend(*body({**SOUND, "anterior": 16.0, "posterior": 23.0}, SOUND), stack()[Level.L2])
    assert front.value == pytest.approx(np.degrees(np.arctan(8.0 / 23.8)))
    assert side.value == pytest.approx(0.0)


def test_the_usual_wedge_of_a_level_is_no_bend_and_an_even_collapse_neither():
    even = {name: mm - 9.0 for name, mm in SOUND.items()}
    for own in (SOUND, even):
        assert [one.value for one in body_bend(*body(own, SOUND), stack()[Level.L2])] == pytest.approx([0.0, 0.0])


def test_a_body_that_lost_its_left_side_is_convex_to_the_right():
    """6 mm, two thirds of a width of 44 mm apart."""
    _, side = body_bend(*body({**SOUND, "left": 19.5}, SOUND), stack()[Level.L2])
    assert side.value == pytest.approx(np.degrees(np.arctan(6.0 / (44.0 * 2 / 3))))


def test_one_neighbour_alone_widens_the_interval_of_a_bend():
    two, one = (
        body_bend(*body(SOUND, SOUND, near), stack()[Level.L2])[0] for near in ((Level.L1, Level.L3), (Level.L1,))
    )
    # 2 degrees beside two neighbours, half as much again beside one
    assert one.high**2 - two.high**2 == pytest.approx(3.0**2 - 2.0**2)


def test_without_what_is_expected_there_is_no_bend():
    front, side = body_bend(*body(SOUND, {**SOUND, "posterior": UNKNOWN}), stack()[Level.L2])
    assert (front, isinstance(side, Measured)) == (UNKNOWN, True)
