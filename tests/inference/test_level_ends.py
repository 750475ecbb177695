"""Names at the upper end of the spine: the skull, the dens, and a neck that was lost."""

import pytest
from test_levels import counted, levels, seen

from spinemets.anatomy import Level
from spinemets.inference.levels import VertebraEvidence, name_levels


@pytest.mark.parametrize(
    ("ribs", "lumbar", "row"), [(11, 5, "C1-T11 L1-L5"), (12, 4, "C1-T12 L1-L4"), (12, 5, "C1-L5")]
)
def test_where_the_spine_ends_below_the_skull_a_vertebra_less_is_an_exception_and_no_missing_atlas(ribs, lumbar, row):
    named = name_levels(counted(7, ribs, lumbar), sacrum_follows=True, upper_end=True)
    assert named.levels == levels(row)


def test_an_end_far_below_the_skull_does_not_outweigh_the_ribs():
    """Networks that lost the neck: seven cervical vertebrae less, and twelve ribs below."""
    named = name_levels(counted(1, 12, 5), sacrum_follows=True, upper_end=True)
    assert named.levels == levels("C7-L5")


def test_a_wide_gap_above_c3_leaves_open_whether_c2_was_passed_over():
    """The middle of C2 with its dens lies about as far from C3 as if there were a vertebra between."""
    row = levels("C3-L5")
    named = name_levels([VertebraEvidence(None, False), *seen(row, gaps={0: 1})], sacrum_follows=True)
    assert named.levels[1:] == row
    assert named.probability[1] > 0.95
    assert named.probability[0] < 0.9
    assert {named.levels[0], named.alternatives(0)[0][0]} == {Level.C1, Level.C2}
    assert named.ambiguous
