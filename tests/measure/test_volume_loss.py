import math

import pytest

from spinemets.anatomy import Level
from spinemets.findings import NotAssessed, Reason
from spinemets.measure.population import WIDTH_DEPTH_MM, usual_volume_ml
from spinemets.measure.volume_loss import volume_loss

# Width and depth of the upper endplate as clinical.md §3.1 prints them, typed a second time, C3 to L5.
WIDTHS = "16 17 17.5 18.5 22 24.5 25 24.5 24.5 25 26 28 29.5 30.5 32 35 39 41 42.5 44 46.5 47.5"
DEPTHS = "15 15.5 15 16.5 18 18.5 19.5 22.5 23.5 24.5 26 27.5 28 29.5 30.5 32 33 34 34.5 35 35.5 34.5"


def test_widths_and_depths_are_panjabis():
    assert [width for width, _ in WIDTH_DEPTH_MM.values()] == [float(word) for word in WIDTHS.split()]
    assert [depth for _, depth in WIDTH_DEPTH_MM.values()] == [float(word) for word in DEPTHS.split()]
    assert next(iter(WIDTH_DEPTH_MM)) is Level.C3


def test_a_usual_volume_is_that_of_an_elliptic_cylinder():
    assert usual_volume_ml(Level.C3) == pytest.approx(math.pi * 8 * 7.5 * 11.5 / 1000)
    assert usual_volume_ml(Level.C2) is None


def test_a_body_of_half_the_volume_between_its_neighbours_has_lost_half():
    volumes = {Level.T12: 30.0, Level.L1: 16.5, Level.L2: 36.0}
    found = volume_loss(Level.L1, volumes, (Level.T12, Level.L2))
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


def test_a_further_neighbour_counts_less():
    volumes = {Level.T11: 27.0, Level.L1: 33.0, Level.L2: 36.0}
    assert volume_loss(Level.L1, volumes, (Level.T11, Level.L2)).value == pytest.approx(0.0, abs=1e-9)


def test_one_neighbour_stands_in_by_the_populations_ratio():
    expected = 40.0 * (47.5 * 34.5 * 23 * 1.075) / (46.5 * 35.5 * 24 * 1.04)
    found = volume_loss(Level.L5, {Level.L4: 40.0, Level.L5: 0.8 * expected}, (Level.L4,))
    assert found.value == pytest.approx(0.2)


def test_a_larger_body_has_lost_nothing():
    assert volume_loss(Level.L5, {Level.L4: 30.0, Level.L5: 45.0}, (Level.L4,)).value == 0.0


def test_without_a_neighbour_or_a_table_there_is_no_reference():
    for level, near in ((Level.L5, ()), (Level.L6, (Level.L5,))):
        found = volume_loss(level, {Level.L5: 30.0, Level.L6: 30.0}, near)
        assert isinstance(found, NotAssessed)
        assert found.code is Reason.NO_REFERENCE


def test_a_volume_that_is_missing_or_zero_is_refused():
    with pytest.raises(ValueError, match="volume of L4 must be given and positive, got None"):
        volume_loss(Level.L5, {Level.L5: 30.0}, (Level.L4,))
    with pytest.raises(ValueError, match=r"volume of L5 must be given and positive, got 0\.0"):
        volume_loss(Level.L5, {Level.L5: 0.0}, ())
