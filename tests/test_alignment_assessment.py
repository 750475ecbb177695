"""From stacks of known planes and typed heights to what the alignment of a level may be."""

import dataclasses

import pytest
from spine_stack import DEPTH, LEVELS, WIDTH, stack

from spinemets.alignment_assessment import alignment_reading, measured_bends
from spinemets.anatomy import Level
from spinemets.body_assessment import MeasuredBodies
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.measure.alignment import local_alignment
from spinemets.measure.bends import disc_bends
from spinemets.measure.cut_bodies import SeenBody
from spinemets.measure.height_reference import HeightLoss
from spinemets.measure.heights import BodyHeights
from spinemets.measure.outline_error import EXACT, MR_OUTLINE, NETWORK_OUTLINE

COLUMNS = ("anterior", "middle", "posterior", "left", "right")
WHOLE_MM = 26.0


def typed(value, unit="mm", error=0.5):
    return Measured(value, unit, value - error, value + error, "typed")


def scene(wedged=(), **stacked):
    """Bodies of a stack, and their losses; those named have lost 40 % in front and nothing behind."""
    ends = stack(**stacked)
    heights, losses = {}, {}
    for level in ends:
        own = dict.fromkeys(COLUMNS, WHOLE_MM)
        own |= {"anterior": 0.6 * WHOLE_MM} if level in wedged else {}
        heights[level] = BodyHeights({name: typed(mm) for name, mm in own.items()}, {}, DEPTH, WIDTH)
        lost = Measured(0.4 if level in wedged else 0.0, "1", 0.0, 0.5, "typed")
        usual = dict.fromkeys(COLUMNS, typed(WHOLE_MM))
        losses[level] = HeightLoss(usual, {}, lost, typed(0.0, "1"), (Level.T11, Level.L3))
    return MeasuredBodies(heights, ends), losses


def word(level, bodies, losses, outline=EXACT):
    bends = measured_bends(bodies, losses, outline)
    alignment = outline.alignment(local_alignment(bodies.ends))
    return alignment_reading(level, alignment.get(level), bends.get(level), losses.get(level)).case_word


def test_a_straight_spine_is_normal_and_its_ends_are_open():
    found = {level: word(level, *scene()) for level in LEVELS}
    assert found == {level: "not_assessable" if level in (LEVELS[0], LEVELS[-1]) else "normal" for level in LEVELS}


def test_a_wedge_is_a_deformity_of_unknown_age_at_its_own_level_alone():
    """10.4 mm over 70 % of 34 mm: 24 degrees, though the discs make up for them."""
    levels = (Level.T12, Level.L1, Level.L2, Level.L3)
    assert [word(level, *scene([Level.L1])) for level in levels] == [
        "normal", "deformity_age_unknown", "normal", "normal",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "back_mm"),
    [({"bend_deg": {Level.L1: 9.0}}, (0.0, -3.3)), ({"roll_deg": {Level.L1: 13.0}}, (-4.7, 0.0))],
)
def test_a_bent_disc_is_one_of_both_its_vertebrae(options, back_mm):
    """The upper body is put back by what the bend, about the middle of the lower one, moves its lower end: no slip."""
    bodies = scene(shift_mm={Level.L1: back_mm}, **options)
    assert [word(level, *bodies) for level in (Level.L1, Level.L2)] == ["deformity_age_unknown"] * 2
    assert word(Level.L4, *bodies) == "normal"


@pytest.mark.parametrize(("mm", "expected"), [(7.0, "subluxation"), (4.0, "not_assessable"), (2.0, "normal")])
def test_a_slip_is_one_of_both_its_vertebrae(mm, expected):
    """Over 4.5 mm; known to hypot(0.8, 1.0) = 1.3 mm."""
    bodies = scene(shift_mm={Level.L2: (0.0, mm)})
    assert [word(level, *bodies) for level in (Level.L2, Level.L3)] == [expected] * 2


def test_a_coarse_outline_does_not_tell_what_a_collapse_bends_by():
    bodies, losses = scene([Level.L1])
    bends = measured_bends(bodies, losses, NETWORK_OUTLINE)
    assert bends[Level.L1].body_bend_deg.code is Reason.RESOLUTION
    assert isinstance(bends[Level.L2].body_bend_deg, Measured)


def test_where_nothing_is_known_of_the_outline_or_of_the_loss_alignment_is_open():
    bodies, losses = scene()
    assert measured_bends(bodies, losses, MR_OUTLINE) == {}
    assert word(Level.L2, bodies, losses, MR_OUTLINE) == "not_assessable"
    absent = NotAssessed(Reason.TOO_SMALL, "typed")
    bodies = dataclasses.replace(bodies, heights={**bodies.heights, Level.L2: absent})
    del losses[Level.L3]
    assert [word(level, bodies, losses) for level in (Level.L2, Level.L3)] == ["deformity_age_unknown"] * 2


def test_the_sacrum_is_open():
    bodies, losses = scene()
    own, bends = local_alignment(bodies.ends)[Level.L2], measured_bends(bodies, losses, EXACT)[Level.L2]
    assert alignment_reading(Level.SACRUM, own, bends, losses[Level.L2]).possible == frozenset()


def test_a_body_that_lost_no_height_bends_nothing_though_its_columns_differ():
    bodies, losses = scene([Level.L1])
    none = Measured(0.05, "1", 0.0, 0.15, "typed")
    losses[Level.L1] = dataclasses.replace(losses[Level.L1], largest=none)
    bends, alignment = measured_bends(bodies, losses, EXACT)[Level.L1], local_alignment(bodies.ends)[Level.L1]
    assert bends.body_bend_deg.value > 20.0
    assert word(Level.L1, bodies, losses) == "normal"
    coarse = alignment_reading(Level.L1, alignment, bends, losses[Level.L1], is_coarse=True)
    assert coarse.case_word == "deformity_age_unknown"  # a network's outline may have filled a collapse up


def with_ends_cut(bodies):
    """The first and last body of a stack cut by the image, the endplates to their neighbours left."""
    first, last = LEVELS[0], LEVELS[-1]
    cut = {}
    for level, plates in ((first, (None, bodies.ends[first].lower)), (last, (bodies.ends[last].upper, None))):
        own = bodies.ends[level]
        cut[level] = SeenBody(own.axes, *plates, own.depth_mm, own.width_mm, own.voxel_mm, own.voxel_mm)
    whole = {level: own for level, own in bodies.ends.items() if level not in cut}
    return dataclasses.replace(bodies, ends=whole, cut=cut)


def test_slips_and_discs_are_measured_on_what_is_left_of_a_cut_neighbour():
    bodies, losses = scene(shift_mm={LEVELS[-2]: (0.0, 3.0)}, bend_deg={LEVELS[1]: 7.0})
    cut = with_ends_cut(bodies)
    whole_slips, slips = local_alignment(bodies.ends), local_alignment(cut.ends, cut.cut)
    whole_bends, bends = (measured_bends(one, losses, EXACT) for one in (bodies, cut))
    for level in LEVELS[1:-1]:
        for name in ("slip_above_mm", "side_slip_above_mm", "slip_below_mm", "side_slip_below_mm"):
            assert getattr(slips[level], name).value == pytest.approx(getattr(whole_slips[level], name).value)
        assert bends[level].disc_bend_above_deg == whole_bends[level].disc_bend_above_deg
        assert bends[level].disc_bend_below_deg == whole_bends[level].disc_bend_below_deg
    assert slips[LEVELS[-2]].slip_below_mm.value == pytest.approx(3.0, abs=1e-6)
    assert LEVELS[-1] not in slips


def test_a_body_whose_near_endplate_is_cut_is_no_neighbour():
    bodies, _ = scene()
    cut = with_ends_cut(bodies)
    last = cut.cut[LEVELS[-1]]
    cut.cut[LEVELS[-1]] = dataclasses.replace(last, upper=None)
    found = local_alignment(cut.ends, cut.cut)[LEVELS[-2]].slip_below_mm
    assert found.code is Reason.OUT_OF_FIELD
    assert disc_bends(cut.ends, above=False, cut=cut.cut)[LEVELS[-2]][0].code is Reason.OUT_OF_FIELD


def test_beside_a_cut_body_both_discs_stand_for_the_angle_over_three_levels():
    bodies, losses = scene()
    cut = with_ends_cut(bodies)
    alignment, bends = local_alignment(cut.ends, cut.cut), measured_bends(cut, losses, EXACT)
    level = LEVELS[1]
    assert isinstance(alignment[level].scoliosis_deg, NotAssessed)
    assert alignment_reading(level, alignment[level], bends[level], losses[level]).case_word == "normal"
    lone = dataclasses.replace(bends[level], side_disc_bend_above_deg=NotAssessed(Reason.NO_REFERENCE, "none"))
    assert alignment_reading(level, alignment[level], lone, losses[level]).case_word == "deformity_age_unknown"


def test_on_a_networks_outlines_a_slip_is_never_believed_and_that_there_is_none_is():
    bodies, losses = scene(shift_mm={Level.L1: (0.0, 12.0)})
    alignment, bends = local_alignment(bodies.ends), measured_bends(bodies, losses, EXACT)

    def read(level, is_coarse):
        return alignment_reading(level, alignment[level], bends[level], losses[level], is_coarse=is_coarse)

    assert read(Level.L1, is_coarse=False).case_word == "subluxation"
    doubted = read(Level.L1, is_coarse=True)
    assert doubted.case_word == "not_assessable"
    assert "slip_on_network_outlines" in doubted.flags
    assert doubted.slipped is None
    sound = LEVELS[-2]
    assert read(sound, is_coarse=True).case_word == read(sound, is_coarse=False).case_word == "normal"
