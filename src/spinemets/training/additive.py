"""An additive model of log-odds in which what was not assessed adds nothing.

The evidence of a case is the sum over its assessed inputs of ``a + b * z + c * max(z, 0)``, `z` being the input by its
usual mean and spread, cut off at `REACH`: a line that is bent at the mean, since much of a sign need not tell as much
for one cause as its absence tells for the other. There is no other constant: with nothing assessed, the odds stay
those of the prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinemets.fracture_features import BY_NAME

Array = NDArray[np.float64]
REACH = 3.0
"""An input further from its mean than so many spreads counts as that far (ours)."""
Z90 = 1.645
"""Half width of a 90 % interval in standard deviations of the normal distribution."""


@dataclass(frozen=True, eq=False)
class AdditiveModel:
    """Weights of evidence for a metastatic fracture.

    Attributes
    ----------
    names : tuple of str
        The F inputs.
    centre, scale : (F,) ndarray
        Usual mean and spread of each.
    weights : (3F,) ndarray
        Of each input: first the F terms `a` of its having been assessed, then the F slopes `b`, then the F bends `c`.
    resampled : (K, 3F) ndarray
        The same fitted to resampled patients: how sure they are.
    missing_variance : (F,) ndarray
        How much the contribution of each input varies among patients: what is not known where it is left open.
    """

    names: tuple[str, ...]
    centre: Array
    scale: Array
    weights: Array
    resampled: Array
    missing_variance: Array

    def terms(self, cells: Array) -> Array:
        """(N, 3F) what the weights multiply, of cells (N, F) with NaN where not assessed."""
        return design(cells, self.centre, self.scale)

    def contributions(self, cells: Array) -> Array:
        """(N, F) log-odds that each input adds; exactly 0 where it was not assessed."""
        parts: Array = self.terms(cells) * self.weights
        return parts.reshape(len(parts), 3, len(self.names)).sum(axis=1)

    def evidence(self, cells: Array) -> Array:
        """(N,) log-odds that all inputs add to those of the prior."""
        return self.contributions(cells).sum(axis=1)

    def spread(self, cells: Array) -> Array:
        """(N,) standard deviation of the evidence: by the weights, and by what the scans of a study left open."""
        sure = (self.terms(cells) @ self.resampled.T).var(axis=1)
        return np.sqrt(sure + left_open(~np.isnan(cells), self.names) @ self.missing_variance)

    def probability(self, cells: Array, prior: float = 0.5) -> Array:
        """(N,) probability of a metastatic fracture."""
        return logistic(self.evidence(cells) + np.log(prior / (1 - prior)))

    def scaled(self, factor: float) -> AdditiveModel:
        """The same with all evidence multiplied."""
        return replace(
            self,
            weights=self.weights * factor,
            resampled=self.resampled * factor,
            missing_variance=self.missing_variance * factor**2,
        )


def design(cells: Array, centre: Array, scale: Array) -> Array:
    """(N, 3F) flags, then flagged inputs by their mean and spread, then these where they are above the mean."""
    seen = ~np.isnan(cells)
    relative = np.clip((np.where(seen, cells, centre) - centre) / scale, -REACH, REACH)
    flagged = relative * seen
    return np.concatenate([seen, flagged, np.maximum(flagged, 0.0)], axis=1).astype(np.float64)


def told_by_one_scan(names: Sequence[str]) -> Array:
    """(F, 2) 1 where CT alone tells an input, and 1 where MR alone does."""
    return np.array([[BY_NAME[name].scan == scan for scan in ("CT", "MR")] for name in names], dtype=np.float64)


def left_open(seen: NDArray[np.bool_], names: Sequence[str]) -> Array:
    """(N, F) 1 where an input was not assessed although its study may have the scan that tells it.

    A study has no CT where nothing that CT alone tells was assessed, but something that MR alone tells was; and the
    other way round. What another modality would add is outside the interval of this one.
    """
    only = told_by_one_scan(names)
    has = (seen @ only > 0).astype(np.float64)
    absent = (1 - has) * has[:, ::-1]
    return ~seen * (1 - absent @ only.T)


def logistic(log_odds: Array) -> Array:
    """Probability of log-odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))
