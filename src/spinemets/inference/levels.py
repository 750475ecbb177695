"""Names for a row of vertebrae: a hidden Markov model over C1 to the sacrum.

Enumeration is a sequence problem (VERIDAH, arXiv 2601.14066): what a vertebra looks
like, whether it bears ribs and whether the sacrum follows are evidence; the order of
levels and how often it has exceptions are the prior. Everything is a probability, so that
a field of view that shows too little ends in a flat answer and not in a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from spinemets.anatomy import PRESACRAL_LEVELS, Level, Region
from spinemets.inference.hidden_chain import forward_backward, viterbi
from spinemets.inference.level_position import position_log_likelihood, shifts
from spinemets.simulate.dimensions import VERTEBRA

P_T13, P_NO_T12, P_L6, P_NO_L5 = 0.02, 0.02, 0.04, 0.03
"""How often a 13th thoracic vertebra, 11 rib pairs, a sixth lumbar one, a sacralised fifth one is met.
Ours, rounded from the 2 to 8 % for each that VerSe and population series give; an error of two-fold
does not change which exception wins once ribs and sacrum are seen."""
P_MISSED = 0.01
"""How often the network passes over a vertebra that its neighbours' distance does not betray (ours)."""
P_GAP_FALSE = 0.1
"""How often a wide gap is no missing vertebra: a fracture shortens others (ours)."""
P_GAP_BELOW_C2 = 0.5
"""The same below C2, whose centre lies about as far above that of C3 as if there were one between (ours)."""
P_RIB_SEEN = 0.97
P_RIB_FALSE = 0.02
"""Rib found at a thoracic vertebra, and at any other (ours; checked on simulated validation patients)."""
P_C1_AT_END, P_C2_AT_END = 0.8, 0.1
"""The highest vertebra found is the first, or the second, where the image goes on above it (ours): a spine ends at C1,
or the networks have lost the rest."""
SIZE_WORDS = 2.0
"""Bodies of one patient are all large or all small: however many there are, their sizes count as this many (ours)."""
LIVING = 1.08
"""Living adults against the dry bones of Panjabi's tables (`clinical.md` §3.1: 5 to 15 % larger)."""
SIZE_SPREAD = 0.18
"""Standard deviation of the logarithm of a body's diameter between people and masks (ours). Any size is as good as one
such deviation for C1, which has no body: what is measured there is its arch and the dens."""
SIZE_LIMIT = 8.0
"""A size that fits no level speaks against it no louder than this (ours)."""
AMBIGUOUS_BELOW = 0.9
"""A spine whose named sequence has a lower probability than this is `level_ambiguous` (ours)."""

STATES: tuple[Level, ...] = PRESACRAL_LEVELS


@dataclass(frozen=True)
class VertebraEvidence:
    """What is known of one vertebra before it has a name.

    Attributes
    ----------
    position : float or None
        Along the spine, an index of `LOCATOR_LEVELS` and what lies between two; None where nobody looked.
    rib : bool or None
        Whether a rib meets it; None where that part lies outside the image.
    gap : int
        Vertebrae that seem to be missing between this one and the one above.
    diameter_mm : float or None
        Of a circle as large as the body's axial section; None where it was not measured.
    position_error : float
        Scale of the Laplace distribution of the position's error, levels.
    """

    position: float | None
    rib: bool | None
    gap: int = 0
    diameter_mm: float | None = None
    position_error: float = 1.0


@dataclass(frozen=True)
class LevelSequence:
    """Names and how sure they are.

    Attributes
    ----------
    levels : tuple of Level
        The most probable sequence, from head to foot.
    probability : (N,) ndarray
        Marginal probability of each name.
    marginals : (N, 26) ndarray
        Of each state of `STATES`.
    ambiguous : bool
        The sequence as a whole is less than `AMBIGUOUS_BELOW` probable.
    """

    levels: tuple[Level, ...]
    probability: NDArray[np.float64]
    marginals: NDArray[np.float64]
    ambiguous: bool

    def alternatives(self, number: int, *, least: float = 0.01) -> list[tuple[Level, float]]:
        """Other names of one vertebra with at least that probability, the likeliest first."""
        row = self.marginals[number]
        order = [int(n) for n in np.argsort(-row) if STATES[int(n)] is not self.levels[number]]
        return [(STATES[n], float(row[n])) for n in order if row[n] >= least]


def _transitions(gap: int) -> NDArray[np.float64]:
    """(26, 26) log-probability of the next lower vertebra's level, `gap` vertebrae seeming to be passed over."""
    step = np.zeros((len(STATES), len(STATES)))
    for number, level in enumerate(STATES):
        for target, probability in _next(level):
            step[number, STATES.index(target)] += probability
    power = np.linalg.matrix_power(step, gap + 1)
    if gap:
        false = np.array([P_GAP_BELOW_C2 if level is Level.C2 else P_GAP_FALSE for level in STATES])[:, None]
        power = (1 - false) * power + false * step
    missed = power @ step
    with np.errstate(divide="ignore"):
        return np.log((1 - P_MISSED) * power + P_MISSED * missed)


def _next(level: Level) -> list[tuple[Level, float]]:
    if level is Level.T11:
        return [(Level.T12, 1 - P_NO_T12), (Level.L1, P_NO_T12)]
    if level is Level.T12:
        return [(Level.L1, 1 - P_T13), (Level.T13, P_T13)]
    if level is Level.T13:
        return [(Level.L1, 1.0)]
    if level is Level.L4:
        return [(Level.L5, 1 - P_NO_L5)]
    if level is Level.L5:
        return [(Level.L6, P_L6)]
    if level is Level.L6:
        return []
    return [(STATES[STATES.index(level) + 1], 1.0)]


def _emission(evidence: VertebraEvidence, size_temperature: float = 1.0) -> NDArray[np.float64]:
    """(26,) log-likelihood of one vertebra's ribs and size under each state."""
    result = np.zeros(len(STATES))
    for number, level in enumerate(STATES):
        if evidence.rib is not None:
            bears = P_RIB_SEEN if level.region is Region.THORACIC else P_RIB_FALSE
            result[number] += np.log(bears if evidence.rib else 1 - bears)
        if evidence.diameter_mm:
            like = {Level.T13: Level.T12, Level.L6: Level.L5}.get(level, level)
            usual = LIVING * float(np.sqrt(VERTEBRA[like].width * VERTEBRA[like].depth))
            deviation = np.log(evidence.diameter_mm / usual) / SIZE_SPREAD if level is not Level.C1 else 1.0
            result[number] -= min(0.5 * deviation**2, SIZE_LIMIT) / size_temperature
    return result


def _beginning(upper_end: bool) -> NDArray[np.float64]:
    """(26,) log-probability of each state for the highest vertebra: any level alike that the patient has.

    Where the spine ends inside the image that is C1, unless the networks have lost some.
    """
    result = np.zeros(len(STATES))
    if upper_end:
        result += np.log((1 - P_C1_AT_END - P_C2_AT_END) / (len(STATES) - 2))
        result[STATES.index(Level.C1)], result[STATES.index(Level.C2)] = np.log([P_C1_AT_END, P_C2_AT_END])
    result[STATES.index(Level.T13)] += np.log(P_T13)
    result[STATES.index(Level.L6)] += np.log(P_L6)
    return result


def _ending(sacrum_follows: bool) -> NDArray[np.float64]:
    """(26,) log-likelihood of each state for the lowest vertebra, given whether the sacrum is next."""
    if not sacrum_follows:
        return np.zeros(len(STATES))
    result = np.full(len(STATES), np.log(1e-4))
    for level, share in ((Level.L4, P_NO_L5), (Level.L5, 1 - P_L6), (Level.L6, 1.0)):
        result[STATES.index(level)] = np.log(share)
    return result


def name_levels(
    evidence: Sequence[VertebraEvidence],
    *,
    sacrum_follows: bool,
    upper_end: bool = False,
    landmark_seen: bool = True,
    anchor: tuple[int, Level] | None = None,
) -> LevelSequence:
    """The most probable names of a row of vertebrae.

    Parameters
    ----------
    evidence : sequence of VertebraEvidence
        From head to foot.
    sacrum_follows : bool
        The sacrum was found directly below the last one.
    upper_end : bool
        The image goes on above the first one, with no vertebra in it.
    landmark_seen : bool
        Something that fixes the count is in the image. Without it the names rest on looks alone,
        and the sequence is ambiguous however sure the network is of them.
    anchor : (int, Level), optional
        A vertebra whose name is known for certain.

    Raises
    ------
    ValueError
        If there is no vertebra, or no sequence of levels fits the anchor and the count.
    """
    if not evidence:
        raise ValueError("no vertebra to name")
    size_temperature = max(len(evidence) / SIZE_WORDS, 1.0)
    emission = np.array([_emission(one, size_temperature) for one in evidence])
    emission[0] += _beginning(upper_end)
    emission[-1] += _ending(sacrum_follows)
    if anchor is not None:
        number, level = anchor
        fixed = np.full(len(STATES), -np.inf)
        fixed[STATES.index(level)] = 0.0
        emission[number] = fixed
    steps = [_transitions(one.gap) for one in evidence[1:]]
    path, marginals = _over_shifts(evidence, emission, steps)
    if path is None:
        raise ValueError(f"no sequence of {len(evidence)} levels fits; check the anchor")
    levels = tuple(STATES[state] for state in path)
    probability = marginals[np.arange(len(path)), path]
    # The whole sequence, exceptions such as a missed vertebra far away included, is as sure as its weakest name.
    unsure = float(probability.min()) < AMBIGUOUS_BELOW or not landmark_seen
    ambiguous = anchor is None and unsure
    return LevelSequence(levels, probability, marginals, ambiguous)


def _over_shifts(
    evidence: Sequence[VertebraEvidence], emission: NDArray[np.float64], steps: list[NDArray[np.float64]]
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64]]:
    """The most probable path, with the shift it fits best, and marginals over every shift; None where none fits."""
    best, best_path, parts, weights = -np.inf, None, [], []
    for shift, log_prior in shifts([one.position_error for one in evidence if one.position is not None]):
        shifted = emission + np.array(
            [position_log_likelihood(one.position, one.position_error, shift) for one in evidence]
        )
        path, log_score = viterbi(shifted, steps)
        if not np.isfinite(log_score):
            continue
        if log_score + log_prior > best:
            best, best_path = log_score + log_prior, path
        marginals, log_total = forward_backward(shifted, steps)
        parts.append(marginals)
        weights.append(log_total + log_prior)
    if best_path is None:
        return None, np.zeros_like(emission)
    share = np.exp(np.array(weights) - logsumexp(weights))
    return best_path, np.tensordot(share, np.array(parts), axes=1)
