import numpy as np
import pytest
from scipy.special import logsumexp

from spinemets.anatomy import PRESACRAL_LEVELS, Level
from spinemets.inference.level_position import (
    LEAST_OWN_ERROR,
    OWN_SHARE,
    POSITION_LIMIT,
    position_log_likelihood,
    shifts,
)


def at(level, row):
    return row[PRESACRAL_LEVELS.index(level)]


def test_a_position_speaks_for_its_level_and_against_others_by_their_distance():
    row = position_log_likelihood(9.0, 2.0, 0.0)  # T3
    assert at(Level.T3, row) == 0.0
    assert at(Level.T2, row) == at(Level.T4, row) == pytest.approx(-1 / (2 * OWN_SHARE))
    assert row.min() == -POSITION_LIMIT


def test_a_shift_of_the_image_moves_what_a_position_speaks_for():
    assert position_log_likelihood(9.0, 2.0, -1.0).argmax() == PRESACRAL_LEVELS.index(Level.T4)


def test_exceptional_levels_look_like_their_neighbours():
    row = position_log_likelihood(18.3, 1.0, 0.0)
    assert at(Level.T13, row) == at(Level.T12, row)
    assert at(Level.L6, row) == at(Level.L5, row)


def test_no_position_is_taken_for_surer_than_stated():
    assert at(Level.T4, position_log_likelihood(9.0, 1e-6, 0.0)) == pytest.approx(-1 / LEAST_OWN_ERROR)


def test_an_unknown_position_speaks_for_no_level():
    assert not position_log_likelihood(None, 1.0, 0.0).any()
    assert shifts([]) == [(0.0, 0.0)]


def test_shifts_are_a_distribution_as_wide_as_the_error_stated():
    found = dict(shifts([0.5, 1.0, 7.0]))
    assert logsumexp(list(found.values())) == pytest.approx(0.0)
    assert found[0.0] - found[2.0] == pytest.approx(2.0)
    assert found[1.0] == pytest.approx(found[-1.0])
    assert np.argmax(list(found.values())) == len(found) // 2
