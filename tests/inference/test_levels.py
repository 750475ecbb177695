from dataclasses import replace

import numpy as np
import pytest

from spinemets.anatomy import PRESACRAL_LEVELS, Level, Region
from spinemets.inference.levels import (
    STATES,
    VertebraEvidence,
    name_levels,
)
from spinemets.inference.locator_classes import LOCATOR_LEVELS


def levels(text):
    """``T11 T12 L1-L5`` as levels; a dash runs through the ordinary ones, without T13 and L6."""
    ordinary = [level for level in PRESACRAL_LEVELS if level not in (Level.T13, Level.L6)]
    result = []
    for word in text.split():
        first, _, last = word.partition("-")
        if last:
            result += ordinary[ordinary.index(Level(first)) : ordinary.index(Level(last)) + 1]
        else:
            result.append(Level(first))
    return tuple(result)


def place_of(level):
    """Where along the spine a locator that knows puts a level, having learnt T13 as T12 and L6 as L5."""
    return LOCATOR_LEVELS.index({Level.T13: Level.T12, Level.L6: Level.L5}.get(level, level))


def seen(row, *, error=0.2, ribs=True, gaps=None):
    """Perfect evidence of a row of levels."""
    return [
        VertebraEvidence(
            place_of(level),
            level.region is Region.THORACIC if ribs else None,
            (gaps or {}).get(n, 0),
            position_error=error,
        )
        for n, level in enumerate(row)
    ]


def counted(cervical, ribs, lumbar):
    """A network that recognises nothing; only ribs tell vertebrae apart."""
    rib = [False] * cervical + [True] * ribs + [False] * lumbar
    return [VertebraEvidence(None, bears) for bears in rib]


@pytest.mark.parametrize("row", ["C1-L5", "T1-T12", "T11-L5", "L1-L5", "C3-C7", "T12 L1", "L3"])
@pytest.mark.parametrize("ribs", [True, False])
def test_a_row_that_the_network_recognises_gets_its_names(row, ribs):
    row = levels(row)
    named = name_levels(seen(row, ribs=ribs), sacrum_follows=row[-1] is Level.L5)
    assert named.levels == row


@pytest.mark.parametrize(
    ("row", "sacrum"),
    [
        ("C1-T12 T13 L1-L5", True),
        ("T8-T12 T13 L1-L5", True),
        ("T5-T11 L1-L5", True),
        ("T10-L5 L6", True),
        ("T10-L4", True),
        ("C1-T11 L1-L4", True),
    ],
)
def test_transitional_rows_that_the_network_recognises_get_their_names(row, sacrum):
    row = levels(row)
    named = name_levels(seen(row), sacrum_follows=sacrum)
    assert named.levels == row


@pytest.mark.parametrize(
    ("counts", "row"),
    [
        ((7, 12, 5), "C1-L5"),
        ((7, 13, 5), "C1-T12 T13 L1-L5"),
        ((7, 11, 5), "C1-T11 L1-L5"),
        ((7, 12, 6), "C1-L5 L6"),
        ((7, 12, 4), "C1-L4"),
    ],
)
def test_a_whole_spine_is_named_by_counting_ribs_when_the_network_recognises_nothing(counts, row):
    named = name_levels(counted(*counts), sacrum_follows=True)
    assert named.levels == levels(row)


def test_ribs_and_sacrum_name_a_lumbar_row_that_the_network_shifts_by_one():
    """The locator takes all of the spine for one level too low, not sure of it; ribs and sacrum know better."""
    row = levels("T11-L5")
    evidence = [replace(one, position=one.position + 1.2, position_error=1.5) for one in seen(row)]
    assert name_levels(evidence, sacrum_follows=True).levels == row


def test_positions_that_are_all_off_by_one_do_not_grow_surer_with_the_number_of_vertebrae():
    """Ten vertebrae that a locator shifts by one are one error, not ten: their last rib outweighs it."""
    row = levels("T6-L3")
    evidence = [replace(one, position=one.position - 1.0, position_error=1.0) for one in seen(row)]
    assert name_levels(evidence, sacrum_follows=False).levels == row


def test_without_ribs_and_sacrum_the_probability_of_a_long_row_is_that_of_the_common_shift():
    row = levels("T3-L3")
    named = name_levels(seen(row, error=1.0, ribs=False), sacrum_follows=False)
    assert named.levels == row
    own = named.marginals[5, STATES.index(row[5])]
    beside = named.marginals[5, STATES.index(row[4])]
    assert beside / own == pytest.approx(np.exp(-1.0), rel=0.25)  # a Laplace distribution of scale one level


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_crop_in_which_nothing_tells_the_level_is_ambiguous(count):
    named = name_levels([VertebraEvidence(None, None)] * count, sacrum_follows=False)
    assert named.ambiguous
    assert named.probability.max() < 0.2
    assert len(named.alternatives(0)) > 10


def test_the_middle_of_the_thorax_without_a_word_of_the_network_is_ambiguous():
    assert name_levels([VertebraEvidence(None, True)] * 4, sacrum_follows=False).ambiguous


def test_a_whole_spine_is_not_ambiguous():
    assert not name_levels(seen(levels("C1-L5")), sacrum_follows=True).ambiguous


@pytest.mark.parametrize("number", [0, 2, 4])
def test_an_anchor_outweighs_everything_the_network_says(number):
    row = levels("T10 T11 T12 L1 L2")
    shifted = levels("T9 T10 T11 T12 L1")
    named = name_levels(seen(shifted, error=1.0, ribs=False), sacrum_follows=False, anchor=(number, row[number]))
    assert named.levels == row
    assert not named.ambiguous
    assert named.marginals[number].max() == pytest.approx(1.0)


def test_an_anchor_can_name_a_transitional_vertebra():
    named = name_levels([VertebraEvidence(None, None)] * 3, sacrum_follows=False, anchor=(1, Level.T13))
    assert named.levels == levels("T12 T13 L1")


def test_a_gap_between_neighbours_counts_as_a_vertebra():
    row = levels("T5 T6 T8 T9")
    weak = seen(row, error=1.0, gaps={2: 1})
    assert name_levels(weak, sacrum_follows=False).levels == row


@pytest.mark.parametrize("gap", [1, 2])
def test_a_gap_that_is_none_does_not_outweigh_what_every_vertebra_looks_like(gap):
    """C2 to C3 is half as far again as its neighbours, and nothing is missing there."""
    row = levels("C1-T6")
    assert name_levels(seen(row, gaps={2: gap}), sacrum_follows=False).levels == row


def test_a_passed_over_vertebra_is_bridged_by_strong_evidence_without_a_gap():
    row = levels("T2-T5 T7-T10")
    assert name_levels(seen(row, error=0.05), sacrum_follows=False).levels == row


@pytest.mark.parametrize("seed", range(4))
def test_probabilities_of_a_vertebra_add_up_to_one_and_alternatives_start_with_the_runner_up(seed):
    rng = np.random.default_rng(seed)
    evidence = [
        VertebraEvidence(24 * rng.random(), bool(rng.random() < 0.5), 0, position_error=3 * rng.random())
        for _ in range(6)
    ]
    named = name_levels(evidence, sacrum_follows=bool(seed % 2))
    assert named.marginals.sum(axis=1) == pytest.approx(1.0)
    assert (named.marginals >= 0).all()
    for number, level in enumerate(named.levels):
        others = named.alternatives(number)
        shares = [share for _, share in others]
        assert shares == sorted(shares, reverse=True)
        assert min(shares, default=1.0) >= 0.01
        assert level not in [other for other, _ in others]


def test_a_row_that_starts_below_the_last_rib_is_not_thought_to_start_with_an_exception():
    """T13 and L1 stand above and below T12 and L1 alike; only how rare T13 is tells them apart."""
    named = name_levels(seen(levels("T12-L2")), sacrum_follows=False)
    assert named.levels == levels("T12-L2")
    assert named.marginals[0, STATES.index(Level.T13)] < 0.05


def test_a_row_that_ends_without_a_sacrum_hardly_ends_with_an_exception():
    named = name_levels(seen(levels("L2-L5"), ribs=False), sacrum_follows=False)
    assert named.levels == levels("L2-L5")
    assert named.marginals[-1, STATES.index(Level.L6)] < 0.05


def test_no_vertebra_has_no_name():
    with pytest.raises(ValueError, match="no vertebra to name"):
        name_levels([], sacrum_follows=False)


def test_an_anchor_that_leaves_no_room_below_is_refused():
    with pytest.raises(ValueError, match="no sequence of 3 levels fits; check the anchor"):
        name_levels(seen(levels("L3 L4 L5")), sacrum_follows=False, anchor=(0, Level.L6))


def test_more_vertebrae_than_levels_are_refused():
    with pytest.raises(ValueError, match="no sequence of 27 levels fits"):
        name_levels([VertebraEvidence(None, None)] * 27, sacrum_follows=False)


@pytest.mark.parametrize(("diameter_mm", "region"), [(17.0, "C"), (28.0, "T"), (43.0, "L")])
def test_size_alone_tells_the_region_and_leaves_the_level_open(diameter_mm, region):
    row = [VertebraEvidence(None, None, diameter_mm=diameter_mm) for _ in range(3)]
    named = name_levels(row, sacrum_follows=False, landmark_seen=False)
    assert named.levels[1].value[0] == region
    assert named.ambiguous


def test_the_size_of_an_atlas_without_a_body_does_not_shift_the_names_below_it():
    """What is measured at C1 is its arch and the dens, larger than any cervical body; ribs begin at T1."""
    sizes = [24.0, 18.0, 19.0, 19.4, 19.4, 22.5, 22.5, 25.2, 25.6]
    row = [VertebraEvidence(None, n >= 7, diameter_mm=size) for n, size in enumerate(sizes)]
    named = name_levels(row, sacrum_follows=False)
    assert named.levels == levels("C1-T2")
    assert not named.ambiguous


def test_without_a_landmark_a_sure_network_is_still_ambiguous():
    row = seen(levels("L2 L3 L4"), error=0.05, ribs=False)
    assert name_levels(row, sacrum_follows=False, landmark_seen=False).ambiguous
    assert name_levels(row, sacrum_follows=False, landmark_seen=True).levels == levels("L2 L3 L4")
