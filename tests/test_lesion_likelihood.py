"""How likely categories are of what was measured: painted vertebrae, and shares and slips with intervals."""

from types import SimpleNamespace

import pytest
from scipy.stats import norm
from test_vertebra_assessment import assessed, scene

from spinemets.anatomy import LesionLabel, Level, Region, Side
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.lesion_scoring import measured_masses
from spinemets.measure.vertebra_regions import FROM_NETWORK, FROM_PARTITION
from spinemets.posterior_reading import posterior_reading
from spinemets.rules.posterolateral import open_sides, side_chances
from spinemets.rules.sins_likelihood import category_probability, masses_of, posterolateral_masses
from spinemets.rules.sins_table import Category
from spinemets.rules.spinal_alignment import AlignmentReading, read_alignment

UNSEEN = NotAssessed(Reason.TOO_SMALL, "test")
SIGMA = 1 / norm.ppf(0.95)


def share(value, error=0.0):
    return Measured(value, "1", max(value - error, 0.0), min(value + error, 1.0), "test")


def millimetres(value, error):
    return Measured(value, "mm", value - error, value + error, "test")


def degrees(value, error):
    return Measured(value, "deg", value - error, value + error, "test")


def lesion(body, **regions):
    return SimpleNamespace(volume_ml=body, body_fraction=body, regions=regions, region_ml={}, unsized=frozenset())


def test_a_category_that_is_stated_is_certain_and_one_that_is_open_lies_within_what_is_possible():
    balls = [((0, 5, 0), 11.0, LesionLabel.LYTIC)]
    for pain in ("none", "unknown", "mechanical"):
        by_level, _ = assessed(*scene(0, squeezed=(Level.L2, 0.55), balls=balls), pain=pain)
        answer = by_level[Level.L2].sins
        chances = answer["category_probability"]
        assert {name for name, own in chances.items() if own["high"] > 0} <= set(answer["possible_categories"])
        assert (
            sum(own["low"] for own in chances.values())
            <= 1 + 1e-3
            <= sum(own["high"] for own in chances.values()) + 2e-3
        )
        if answer["category"] is not None:
            assert chances[answer["category"]] == {"low": 1.0, "high": 1.0}
            assert answer["likely_category"] == answer["category"]
        for name, points in answer["component_points"].items():
            if points is not None:
                assert answer["component_probability"][name] == [{"points": [points], "probability": 1.0}]
        again = category_probability(masses_of(answer["component_probability"]))
        assert again[Category.UNSTABLE][1] == pytest.approx(chances["unstable"]["high"], abs=1e-3)


def test_a_slip_whose_interval_holds_its_cut_off_is_a_chance_of_subluxation():
    slips = [millimetres(2.0, 1.0), millimetres(-1.0, 1.0)]
    bends = [degrees(4.0, 3.0), degrees(8.0, 4.0)]
    found = read_alignment(Region.THORACIC, slips, bends, [degrees(1.0, 2.0)])
    over = [norm.sf(2.5, abs(own.value), SIGMA) + norm.cdf(-2.5, abs(own.value), SIGMA) for own in slips]
    assert found.possible == frozenset()
    assert found.slipped == pytest.approx(1 - (1 - over[0]) * (1 - over[1]), abs=1e-3)
    assert found.bent == pytest.approx(norm.sf(5.0, 8.0, 4.0 * SIGMA), abs=1e-3)  # the first is none by the rule


def test_a_slip_or_a_bend_that_nobody_measured_has_no_chance():
    unseen = NotAssessed(Reason.OUT_OF_FIELD, "test")
    found = read_alignment(Region.LUMBAR, [millimetres(0.0, 1.0), unseen], [degrees(1.0, 1.0), unseen], [])
    assert (found.slipped, found.bent) == (None, None)
    assert read_alignment(Region.LUMBAR, [millimetres(0.0, 1.0)], [], []).bent == 0.0


def test_a_pedicle_near_a_fifth_is_a_chance_and_a_side_that_another_part_decides_is_none():
    lesions = [{"pedicle_left": share(0.15, 0.1), "facet_right": share(0.9), "pedicle_right": share(0.2, 0.1)}]
    sides = {Side.LEFT: [], Side.RIGHT: ["facet", "pedicle"]}
    doubtful = open_sides(lesions, sides)
    assert doubtful == {Side.LEFT}
    found = side_chances(lesions, sides, doubtful)
    assert found[Side.LEFT] == pytest.approx(norm.sf(0.2, 0.15, 0.1 * SIGMA), abs=1e-3)
    assert found[Side.RIGHT] == 1.0


def test_lesions_of_one_part_are_added_up_before_they_are_asked():
    lesions = [{"pedicle_left": share(0.12, 0.05)}, {"pedicle_left": share(0.07, 0.05)}]
    found = side_chances(lesions, {side: [] for side in Side}, {Side.LEFT})
    assert found[Side.LEFT] == pytest.approx(norm.sf(0.2, 0.19, 0.1 * SIGMA), abs=1e-3)


def test_tumour_in_half_of_a_body_is_a_chance_of_one_point():
    found = measured_masses(
        (lesion(share(0.3, 0.05)), lesion(share(0.18, 0.05))), None, AlignmentReading(frozenset(), ()), None
    )
    assert found["collapse"] == {(0, 1, 2, 3): 1.0}  # no height
    assert found["alignment"][(0, 2, 4)] == 1.0
    assert found["posterolateral"] == {(0, 1, 3): 1.0}
    loss = SimpleNamespace(largest=share(0.02, 0.05), by_interval=False)
    found = measured_masses(
        (lesion(share(0.3, 0.05)), lesion(share(0.18, 0.05))), loss, AlignmentReading(frozenset(), ()), None
    )
    assert found["collapse"][(1,)] == pytest.approx(norm.sf(0.5, 0.48, 0.1 * SIGMA), abs=1e-3)


def test_parts_that_cannot_be_told_apart_leave_their_sides_unknown():
    bone = SimpleNamespace(level=Level.L2)
    both = (lesion(share(0.3), pedicle_left=share(0.6), lamina_right=share(0.6)),)
    parts = SimpleNamespace(source=FROM_PARTITION, has_facets=False)
    found = posterior_reading(bone, both, parts, ())
    assert found.chances == {Side.LEFT: 1.0}
    assert Side.RIGHT in found.unproven  # its facets may be in what is called lamina
    assert posterior_reading(bone, both, SimpleNamespace(source=FROM_NETWORK, has_facets=True), ()) is None
    assert posterior_reading(SimpleNamespace(level=Level.SACRUM), both, parts, ()) is None


def test_tumour_in_a_pedicle_with_a_broken_ring_decides_whatever_the_share():
    parts = SimpleNamespace(source="subregions", has_facets=True)
    bone = SimpleNamespace(level=Level.L2)
    for own in (share(0.15, 0.07), share(0.12, 0.05)):
        taken = lesion(share(0.3), pedicle_left=own)
        taken.region_ml = {"pedicle_left": 0.5}
        found = posterior_reading(bone, (taken,), parts, {"pedicle_left"})
        assert found.known == {Side.LEFT: ["pedicle"], Side.RIGHT: []}
        assert found.chances == {Side.LEFT: 1.0, Side.RIGHT: 0.0}
    unbroken = posterior_reading(bone, (lesion(share(0.3), pedicle_left=share(0.15, 0.07)),), parts, ())
    assert unbroken.chances[Side.LEFT] == pytest.approx(norm.sf(0.2, 0.15, 0.07 * SIGMA), abs=1e-3)


def test_a_lesion_too_small_to_be_measured_leaves_its_side_open():
    parts, bone = SimpleNamespace(source="subregions", has_facets=True), SimpleNamespace(level=Level.L2)
    small = SimpleNamespace(volume_ml=UNSEEN, body_fraction=UNSEEN, regions={}, region_ml={}, unsized={"pedicle_left"})
    found = posterior_reading(bone, (small,), parts, ())
    assert (found.known, found.chances) == ({Side.RIGHT: []}, {Side.RIGHT: 0.0})
    beside = (small, lesion(share(0.3), facet_left=share(0.9)))
    found = posterior_reading(bone, beside, parts, ())
    assert found.known == {Side.LEFT: ["facet"], Side.RIGHT: []}
    part = (lesion(share(0.3), facet_right=UNSEEN),)
    assert posterior_reading(bone, part, parts, ()).known == {Side.LEFT: []}


def test_what_takes_an_unmeasured_part_of_a_body_leaves_open_whether_it_is_half():
    loss = SimpleNamespace(largest=share(0.02, 0.05), by_interval=False)
    straight = AlignmentReading(frozenset(), ())
    small = SimpleNamespace(volume_ml=UNSEEN, body_fraction=UNSEEN, regions={}, region_ml={}, unsized={"body"})
    assert measured_masses((lesion(share(0.3)), small), loss, straight, None)["collapse"][(0, 1)] == 1.0
    small.unsized = frozenset()
    assert measured_masses((lesion(share(0.3)), small), loss, straight, None)["collapse"][(0,)] == 1.0


def test_a_side_of_which_not_all_was_measured_may_be_involved_even_so():
    found = posterolateral_masses({Side.LEFT: 0.6, Side.RIGHT: 0.0}, {Side.LEFT})
    assert found == {(1,): pytest.approx(0.6), (0, 1): pytest.approx(0.4)}
