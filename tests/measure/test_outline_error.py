import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.measure.alignment import LocalAlignment
from spinemets.measure.height_reference import ALL, HeightLoss
from spinemets.measure.heights import BodyHeights
from spinemets.measure.lesion_pieces import LesionType
from spinemets.measure.lesions import Lesion
from spinemets.measure.outline_error import EXACT, MR_OUTLINE, NETWORK_OUTLINE, OutlineError, widened
from spinemets.measure.wall_from_canal import WallFromCanal
from spinemets.spine import Spine, Vertebra
from spinemets.volume import Volume

UNKNOWN = NotAssessed(Reason.OUT_OF_FIELD, "not seen")
COARSE = OutlineError(height_mm=4.0, loss=0.08, largest_loss=0.12, angle_deg=3.0, slip_mm=1.6, first_level=Level.T5)


def about(value, half, unit="mm"):
    return Measured(value, unit, value - half, value + half, "drawn")


def half_widths(finding):
    return finding.value - finding.low, finding.high - finding.value


def test_errors_that_have_nothing_to_do_with_one_another_add_up_as_squares():
    assert half_widths(widened(about(20.0, 3.0), 4.0)) == pytest.approx((5.0, 5.0))
    assert widened(about(20.0, 3.0), 0.0) == about(20.0, 3.0)
    assert widened(UNKNOWN, 4.0) is UNKNOWN


def test_a_share_stays_a_share_unless_it_has_a_sign():
    share = Measured(0.05, "1", 0.0, 0.1, "drawn")
    assert (widened(share, 0.12).low, widened(share, 0.12).high) == pytest.approx((0.0, 0.05 + np.hypot(0.05, 0.12)))
    assert widened(share, 0.12, signed=True).low == pytest.approx(0.05 - np.hypot(0.05, 0.12))


def test_heights_and_losses_become_less_certain_by_what_their_outline_adds():
    heights = BodyHeights(dict.fromkeys(ALL, about(24.0, 3.0)), {}, 30.0, 40.0)
    assert half_widths(COARSE.heights(heights).columns["left"]) == pytest.approx((5.0, 5.0))
    loss = HeightLoss(
        dict.fromkeys(ALL, about(26.0, 3.0)), dict.fromkeys(ALL, about(0.3, 0.06, "1")), about(0.3, 0.05, "1"),
        about(-0.1, 0.05, "1"), (Level.L1,),
    )  # fmt: skip
    wide = COARSE.losses({Level.L2: loss})[Level.L2]
    assert half_widths(wide.reference_mm["middle"]) == pytest.approx((5.0, 5.0))
    assert half_widths(wide.loss["middle"]) == pytest.approx((0.1, 0.1))
    assert half_widths(wide.largest) == pytest.approx((0.13, 0.13))
    assert half_widths(wide.asymmetry)[0] == pytest.approx(np.hypot(0.05, 0.08 * np.sqrt(2)))
    assert (wide.by_interval, loss.by_interval) == (True, False)


def test_where_a_collapse_is_seen_more_may_be_lost_than_the_outline_shows():
    coarse = OutlineError(loss=0.03, largest_loss=0.04, hidden_loss=0.12)
    losses = {"anterior": about(0.3, 0.05, "1"), "middle": about(0.1, 0.05, "1")}
    loss = HeightLoss({}, losses, about(0.3, 0.05, "1"), about(0.0, 0.05, "1"), (Level.L1,))
    wide = coarse.losses({Level.L2: loss})[Level.L2]
    assert half_widths(wide.largest) == pytest.approx((np.hypot(0.05, 0.04), 0.13))
    assert half_widths(wide.loss["anterior"]) == pytest.approx((np.hypot(0.05, 0.03), 0.13))
    assert half_widths(wide.loss["middle"]) == pytest.approx([np.hypot(0.05, 0.03)] * 2)


def test_a_wall_that_is_not_drawn_has_no_shape():
    wall = WallFromCanal(about(2.5, 1.5), *[about(0.5, 0.1, "1")] * 5, False, "corners")
    found = OutlineError(draws_wall=False).walls({Level.L2: wall})[Level.L2]
    told = [value for value in vars(found).values() if isinstance(value, Measured)]
    assert told == []
    assert found.depth_mm.code is Reason.RESOLUTION
    assert EXACT.walls({Level.L2: wall})[Level.L2] == wall


def test_angles_and_slips_do_so_too_and_a_slip_by_the_depth_of_its_body():
    angle, slip, by_depth = about(8.0, 4.0, "deg"), about(3.0, 1.2), about(0.1, 0.04, "1")
    own = LocalAlignment(angle, UNKNOWN, slip, slip, UNKNOWN, slip, by_depth, UNKNOWN)
    wide = COARSE.alignment({Level.L2: own})[Level.L2]
    assert half_widths(wide.kyphosis_deg) == pytest.approx((5.0, 5.0))
    assert half_widths(wide.slip_above_mm) == pytest.approx((2.0, 2.0))
    assert half_widths(wide.slip_above_fraction) == pytest.approx((2.0 / 30, 2.0 / 30))  # the body is 30 mm deep
    assert wide.scoliosis_deg is wide.slip_below_mm is wide.slip_below_fraction is UNKNOWN


def test_bends_do_so_too_and_a_collapse_on_a_coarse_outline_tells_none():
    """A bend known to 4 degrees, on outlines known to 3: to 5."""
    bends = {Level.L1: (about(6.0, 4.0, "deg"), UNKNOWN), Level.L2: (about(9.0, 4.0, "deg"), UNKNOWN)}
    wide = COARSE.bends(bends, [Level.L2])
    assert half_widths(wide[Level.L1][0]) == pytest.approx((5.0, 5.0))
    assert wide[Level.L1][1] is UNKNOWN
    assert [one.code for one in wide[Level.L2]] == [Reason.RESOLUTION] * 2
    assert EXACT.bends(bends, [Level.L2]) == bends


def test_levels_above_the_first_are_refused_by_name():
    assert "above T5" in COARSE.refusal(vertebra(Level.T4)).detail
    assert COARSE.refusal(vertebra(Level.T5)) is EXACT.refusal(vertebra(Level.C3, 1.0)) is None


def vertebra(level, volume_ml=20.0):
    return Vertebra(level, 1.0, (), False, np.zeros(3), volume_ml)


def test_a_crumb_is_no_vertebra():
    coarse = OutlineError(least_ml=7.0)
    assert "6.9 ml of bone L2" in coarse.refusal(vertebra(Level.L2, 6.9)).detail
    spine = Spine((vertebra(Level.L1), vertebra(Level.L2, 6.9)), False)
    mask = Volume(np.array([20, 21, 0, 20], np.uint8).reshape(2, 2, 1), np.eye(4))
    assert coarse.without_crumbs(mask, spine).array.ravel().tolist() == [20, 0, 0, 20]
    assert EXACT.without_crumbs(mask, spine) is mask


def test_a_mask_that_was_given_is_taken_as_read_and_a_networks_is_not():
    assert not EXACT.is_coarse
    assert NETWORK_OUTLINE.is_coarse
    assert EXACT.losses({}) == {}


def test_where_no_error_is_known_nothing_is_told_that_rests_on_the_outline():
    no = MR_OUTLINE.unknown
    assert (no.code, "on MR" in no.detail) == (Reason.NO_REFERENCE, True)
    loss = HeightLoss(
        dict.fromkeys(ALL, about(26.0, 3.0)), dict.fromkeys(ALL, about(0.3, 0.06, "1")), about(0.3, 0.05, "1"),
        about(-0.1, 0.05, "1"), (Level.L1,),
    )  # fmt: skip
    told = MR_OUTLINE.losses({Level.L2: loss})[Level.L2]
    assert {*told.reference_mm.values(), *told.loss.values(), told.largest, told.asymmetry} == {no}
    assert set(told.loss) == set(ALL)
    angle, slip = about(8.0, 4.0, "deg"), about(3.0, 1.2)
    own = LocalAlignment(angle, angle, slip, slip, slip, slip, UNKNOWN, UNKNOWN)
    assert MR_OUTLINE.alignment({Level.L2: own}) == {}
    share, parts = about(0.3, 0.1, "1"), {"body": about(0.3, 0.1, "1"), "pedicle_left": about(0.9, 0.1, "1")}
    lesion = Lesion(Level.L2, LesionType.LYTIC, about(4.0, 1.0, "mL"), share, parts, UNKNOWN, UNKNOWN, UNKNOWN)
    (found,) = MR_OUTLINE.lesions([lesion])
    assert {found.body_fraction, *found.regions.values()} == {no}
    assert found.volume_ml == lesion.volume_ml
    assert MR_OUTLINE.is_coarse
    assert OutlineError(unknown=no).is_coarse
