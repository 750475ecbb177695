"""Edges of the scale typed a second time from clinical.md §2.3."""

import dataclasses

import pytest

from spinemets.rules.escc import escc
from spinemets.rules.escc_edges import pairs
from spinemets.rules.escc_slice import EsccThresholds, Grade, SliceMeasures, grade_slice

LIMITS = EsccThresholds()


def measures(index=5, **changed):
    """Tumour that deforms the sac, touches the cord and leaves it in shape, with CSF behind it."""
    given = {
        "tumour_mm2": 40.0,
        "tumour_mm": 4.0,
        "indentation_mm": 3.0,
        "sac_loss": 0.2,
        "gap_mm": 0.0,
        "mscc": 0.0,
        "cord_loss": 0.0,
        "dent": 0.0,
        "shift_mm": 0.0,
        "csf_ring": 0.6,
        "csf_pool_mm2": 20.0,
        "csf_pool_mm": 2.5,
        "cord_mm": 7.0,
        "sac_mm": 13.0,
    }
    return SliceMeasures(index=index, **given | changed)


NO_CSF = {"csf_ring": 0.0, "csf_pool_mm2": 0.0, "csf_pool_mm": 0.0}
UNDEFORMED = {"indentation_mm": 0.0, "gap_mm": 3.0}


@pytest.mark.parametrize(
    ("changed", "grade"),
    [
        ({"tumour_mm2": 4.9}, "0"),
        ({"tumour_mm": 0.9}, "0"),
        ({"tumour_mm2": 5.0, "tumour_mm": 1.0, "indentation_mm": 0.9, "sac_loss": 0.09}, "1a"),
        ({"indentation_mm": 1.0, "sac_loss": 0.0, "gap_mm": 0.6}, "1b"),
        ({"indentation_mm": 0.0, "sac_loss": 0.10, "gap_mm": 0.6}, "1b"),
        ({"gap_mm": 0.5}, "1c"),
        ({"mscc": 0.09, "cord_loss": 0.09, "dent": 0.029, "shift_mm": 0.9}, "1c"),
        ({"mscc": 0.10}, "2"),
        ({"cord_loss": 0.10}, "2"),
        ({"dent": 0.03}, "2"),
        ({"shift_mm": 1.0}, "2"),
        ({"mscc": 0.3, **NO_CSF, "csf_ring": 0.10}, "2"),
        ({"mscc": 0.3, **NO_CSF, "csf_ring": 0.09}, "3"),
        ({"mscc": 0.3, "csf_ring": 0.0, "csf_pool_mm2": 3.0, "csf_pool_mm": 1.0}, "2"),
        ({"mscc": 0.3, "csf_ring": 0.0, "csf_pool_mm2": 3.0, "csf_pool_mm": 0.9}, "3"),
    ],
)
def test_the_edges_of_every_grade(changed, grade):
    assert grade_slice(measures(**changed), LIMITS).value == grade


def test_a_displaced_cord_is_not_compressed_where_the_policy_says_so():
    assert grade_slice(measures(shift_mm=2.0), LIMITS, displacement_counts=False) is Grade.G1C


def test_a_gap_within_a_pixel_of_a_flattened_cord_is_none():
    assert grade_slice(measures(gap_mm=0.9, mscc=0.2), LIMITS, pixel_mm=0.5) is Grade.G2
    assert grade_slice(measures(gap_mm=1.1, mscc=0.2), LIMITS, pixel_mm=0.5) is Grade.G1B
    assert grade_slice(measures(gap_mm=0.9, mscc=0.0), LIMITS, pixel_mm=0.5) is Grade.G1B


def test_without_a_cord_a_deformed_sac_is_1b():
    assert grade_slice(measures(gap_mm=None, mscc=None, cord_loss=None, dent=None, shift_mm=None), LIMITS) is Grade.G1B


def test_the_worst_slice_is_the_grade_and_a_neighbour_confirms_it():
    slices = [measures(4, gap_mm=2.0), measures(5, mscc=0.3), measures(6, mscc=0.2), measures(7, gap_mm=2.0)]
    found = escc(slices, pixel_mm=0.5)
    assert (found.grade, found.worst) == (Grade.G2, 5)
    assert found.flags == ()
    assert [grade.value for _, grade in found.by_slice] == ["1b", "2", "2", "1b"]


def test_the_slice_of_a_tumour_that_deforms_nothing_is_the_one_with_the_most_of_it():
    undeformed = {"indentation_mm": 0.2, "sac_loss": 0.0}
    slices = [measures(4, gap_mm=2.0, tumour_mm2=6.0, **undeformed), measures(5, gap_mm=2.8, **undeformed)]
    found = escc(slices, pixel_mm=0.5)
    assert (found.grade, found.worst) == (Grade.G1A, 5)


def test_the_slice_of_a_tumour_that_touches_no_cord_is_the_one_with_the_narrowest_gap():
    """Whatever a cord that nothing touches seems to have lost."""
    slices = [measures(4, gap_mm=1.2, cord_loss=0.08), measures(5, gap_mm=0.9), measures(6, gap_mm=1.5)]
    found = escc(slices, pixel_mm=0.2)
    assert (found.grade, found.worst) == (Grade.G1B, 5)


@pytest.mark.parametrize("others", [[], [measures(4, gap_mm=2.0)], [measures(3, mscc=0.3)]])
def test_a_grade_that_no_adjacent_slice_confirms_is_flagged(others):
    assert "single_slice" in escc([*others, measures(5, mscc=0.3)], pixel_mm=0.5).flags


def test_what_one_slice_shows_and_no_neighbour_does_leaves_what_two_show_possible():
    """The worst of many slices whose edges are off is worse than the truth: 2.3 of `clinical.md` asks for two."""
    slices = [measures(4, gap_mm=2.0), measures(5, gap_mm=2.0), measures(6, mscc=0.5, gap_mm=0.0)]
    assert [one.value for one in escc(slices, pixel_mm=0.2).possible] == ["1b", "1c", "2"]
    confirmed = [*slices, measures(7, mscc=0.5, gap_mm=0.0)]
    assert [one.value for one in escc(confirmed, pixel_mm=0.2).possible] == ["2"]


def test_possible_grades_have_no_gap():
    """With pixels of 0.6 mm a gap of 0.9 mm is seen or not, and what is behind it is a flattened cord: 1b or 2."""
    found = escc([measures(5, gap_mm=0.9, mscc=0.3), measures(6, gap_mm=0.9, mscc=0.3)], pixel_mm=0.6)
    assert found.distribution.get(Grade.G1C, 0.0) < 0.05
    assert found.possible == (Grade.G1B, Grade.G1C, Grade.G2)


def test_slices_that_only_together_are_near_an_edge_are_flagged():
    """1.4 and 1.0 mm deep: the worst is 0.4 mm from the edge of 1a, their mean 0.2 mm, and half a pixel is 0.25 mm."""
    near = [
        measures(5, indentation_mm=1.4, sac_loss=0.0, gap_mm=3.0),
        measures(6, indentation_mm=1.0, sac_loss=0.0, gap_mm=3.0),
    ]
    far = [
        measures(5, indentation_mm=1.6, sac_loss=0.0, gap_mm=3.0),
        measures(6, indentation_mm=1.4, sac_loss=0.0, gap_mm=3.0),
    ]
    assert "half_pixel_changes_grade" in escc(near, pixel_mm=0.5).flags
    assert "half_pixel_changes_grade" not in escc(far, pixel_mm=0.5).flags


def test_pairs_are_means_of_adjacent_slices_and_lack_what_one_of_them_lacks():
    slices = [measures(4, gap_mm=1.0), measures(5, gap_mm=2.0), measures(6, gap_mm=None), measures(8)]
    found = pairs(slices)
    assert [(one.index, one.gap_mm, one.tumour_mm2) for one in found] == [(4, 1.5, 40.0), (5, None, 40.0)]


def test_displacement_alone_is_flagged_and_leaves_1c_possible():
    found = escc([measures(5, shift_mm=2.0), measures(6, shift_mm=2.0)], pixel_mm=0.2)
    assert found.grade is Grade.G2
    assert "displacement_without_deformation" in found.flags
    assert Grade.G1C in found.possible


def test_a_round_cord_without_csf_is_not_called_3_and_leaves_it_possible():
    found = escc([measures(5, **NO_CSF), measures(6, **NO_CSF)], pixel_mm=0.2)
    assert found.grade is Grade.G1C
    assert "no_csf_without_compression" in found.flags
    assert set(found.possible) >= {Grade.G1C, Grade.G2, Grade.G3}


@pytest.mark.parametrize(("gap", "possible"), [(0.5, {"1b", "1c"}), (2.5, {"1b"})])
def test_a_gap_at_its_edge_leaves_both_grades(gap, possible):
    found = escc([measures(5, gap_mm=gap), measures(6, gap_mm=gap)], pixel_mm=0.6)
    assert {grade.value for grade in found.possible} == possible
    assert sum(found.distribution.values()) == pytest.approx(1.0, abs=1e-9)


def test_a_borrowed_reference_leaves_the_edges_that_rest_on_it_open():
    deformed = [measures(5, gap_mm=3.0), measures(6, gap_mm=3.0)]
    assert set(escc(deformed, pixel_mm=0.2, reference_is_sure=False).possible) == {Grade.G1A, Grade.G1B}
    touching = [measures(5), measures(6)]
    assert set(escc(touching, pixel_mm=0.2, reference_is_sure=False).possible) == {Grade.G1C, Grade.G2}


def test_worse_measures_never_give_a_lower_grade():
    order = [
        measures(tumour_mm2=0.0, tumour_mm=0.0),
        measures(indentation_mm=0.0, sac_loss=0.0),
        measures(gap_mm=2.0),
        measures(),
        measures(mscc=0.2),
        measures(mscc=0.2, **NO_CSF),
    ]
    assert [grade_slice(one, LIMITS).rank for one in order] == [0, 1, 2, 3, 4, 5]


def test_nothing_to_grade_is_refused():
    with pytest.raises(ValueError, match="no slice"):
        escc([], pixel_mm=0.5)


def test_the_same_slices_have_the_same_distribution():
    slices = [measures(5, gap_mm=0.5), measures(6, gap_mm=0.5)]
    assert escc(slices, pixel_mm=0.5).distribution == escc(slices, pixel_mm=0.5).distribution
    assert dataclasses.asdict(LIMITS)["abutment_mm"] == 0.5


@pytest.mark.parametrize(
    ("changed", "pixel_mm", "flagged"),
    [
        ({"gap_mm": 0.7}, 0.5, True),  # abuts at 0.5 mm
        ({"gap_mm": 0.7}, 0.3, False),
        ({"gap_mm": 2.5}, 0.8, False),
        ({"gap_mm": 0.0, "shift_mm": 0.85}, 0.4, True),  # displaced from 1 mm on
        ({"gap_mm": 0.0, "shift_mm": 0.5}, 0.2, False),
        ({"mscc": 0.3, **NO_CSF}, 0.2, True),  # a film all round would be seen
        ({"mscc": 0.3}, 0.2, False),
        ({"mscc": 0.3, "gap_mm": 0.4}, 0.4, True),  # apart by 0.6 mm, a flattened cord would be 1b but for the pixel
        ({"mscc": 0.3, "gap_mm": 0.2}, 0.4, False),
        ({"mscc": 0.3, "gap_mm": 0.0}, 0.6, True),  # 0.3 mm of CSF show in no pixel of 0.6 mm, 0.6 mm would be 1b
        ({"mscc": 0.3, "gap_mm": 0.0}, 0.45, False),
        ({"gap_mm": 0.0, "mscc": 0.06, "cord_loss": 0.0, "cord_mm": 8.0}, 0.4, True),  # 5 % of a diameter more: 2
        ({"gap_mm": 0.0, "mscc": 0.0, "cord_loss": 0.04, "cord_mm": 8.0}, 0.4, False),  # its area goes with a diameter
        ({**UNDEFORMED, "tumour_mm2": 15.0, "tumour_mm": 2.0, "sac_loss": 0.05}, 0.7, False),  # on a sixth of the wall
        ({**UNDEFORMED, "tumour_mm2": 90.0, "tumour_mm": 2.0, "sac_loss": 0.05}, 0.7, True),  # all round: a tenth more
    ],
)
def test_a_grade_that_half_a_pixel_would_change_is_flagged(changed, pixel_mm, flagged):
    found = escc([measures(5, **changed), measures(6, **changed)], pixel_mm=pixel_mm)
    assert ("half_pixel_changes_grade" in found.flags) == flagged
