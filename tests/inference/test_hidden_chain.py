import itertools

import numpy as np
import pytest
from scipy.special import logsumexp

from spinemets.inference.hidden_chain import forward_backward, viterbi


def hidden_chain(seed, states=4, length=5):
    rng = np.random.default_rng(seed)
    emission = rng.normal(0, 2, (length, states))
    steps = [rng.normal(0, 2, (states, states)) for _ in range(length - 1)]
    for step in steps:
        step[rng.random((states, states)) < 0.3] = -np.inf
    return emission, steps


def score(path, emission, steps):
    along = sum(step[pair] for step, pair in zip(steps, itertools.pairwise(path), strict=True))
    return along + sum(row[state] for row, state in zip(emission, path, strict=True))


@pytest.mark.parametrize("seed", range(10))
def test_dynamic_programming_finds_what_trying_every_path_finds(seed):
    emission, steps = hidden_chain(seed)
    paths = list(itertools.product(range(4), repeat=5))
    scores = np.array([score(path, emission, steps) for path in paths])
    best, log_best = viterbi(emission, steps)
    assert tuple(best) == paths[int(scores.argmax())]
    assert log_best == pytest.approx(scores.max())
    probability = np.exp(scores - logsumexp(scores))
    expected = [[sum(probability[[p[n] == s for p in paths]]) for s in range(4)] for n in range(5)]
    marginals, log_total = forward_backward(emission, steps)
    assert marginals == pytest.approx(np.array(expected), abs=1e-12)
    assert log_total == pytest.approx(logsumexp(scores))
