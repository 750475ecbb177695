"""The chain of levels against every sequence counted out."""

import numpy as np
import pytest
from scipy.special import logsumexp

from spinemets.anatomy import Level
from spinemets.inference.level_position import position_log_likelihood, shifts
from spinemets.inference.levels import (
    STATES,
    VertebraEvidence,
    _beginning,
    _emission,
    _ending,
    _transitions,
    name_levels,
)


def test_a_level_is_followed_by_a_lower_one_and_each_row_is_a_distribution():
    for gap in range(3):
        step = np.exp(_transitions(gap))
        assert (np.tril(step) == 0).all()
        assert step.sum(axis=1).max() <= 1 + 1e-12
    next_of = {level: _transitions(0)[STATES.index(level)].argmax() for level in STATES[:-1]}
    assert STATES[next_of[Level.T12]] is Level.L1
    assert STATES[next_of[Level.T11]] is Level.T12
    assert STATES[next_of[Level.C7]] is Level.T1
    assert STATES[next_of[Level.L5]] is Level.L6


def test_named_rows_are_the_best_of_all_26_cubed_and_every_shift():
    evidence = [
        VertebraEvidence(place, rib, position_error=error)
        for place, rib, error in ((17.3, True, 0.8), (18.9, None, 2.0), (19.4, False, 1.1))
    ]
    step = _transitions(0)
    joint = []
    for shift, log_prior in shifts([one.position_error for one in evidence]):
        emission = np.array(
            [_emission(one) + position_log_likelihood(one.position, one.position_error, shift) for one in evidence]
        )
        emission[0] += _beginning(False)
        emission[-1] += _ending(True)
        rows = emission[0][:, None, None] + emission[1][None, :, None] + emission[2]
        joint.append(rows + step[:, :, None] + step[None] + log_prior)
    joint = np.array(joint)
    best = np.unravel_index(joint.argmax(), joint.shape)
    named = name_levels(evidence, sacrum_follows=True)
    assert named.levels == tuple(STATES[n] for n in best[1:])
    middle = np.exp(logsumexp(joint, axis=(0, 1, 3)) - logsumexp(joint))
    assert named.marginals[1] == pytest.approx(middle, abs=1e-12)
    assert logsumexp([log_prior for _, log_prior in shifts([one.position_error for one in evidence])]) == pytest.approx(
        0.0
    )
