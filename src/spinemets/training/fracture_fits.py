"""Ways to learn an additive model of the cause of a fracture from a table with empty cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spinemets.training.additive import AdditiveModel, Array, design

Truth = NDArray[np.bool_]

MASK_MEASURES = ("other_osteoporotic_fractures", "lesions_elsewhere", "pedicle_lesion_share", "pedicle_destroyed")
FINE_MEASURES = (
    "jigsaw", "cortex_destroyed", "fracture_line", "fracture_line_width", "pedicle_ring_missing", "pedicle_destroyed",
    "cortex_missing", "cortex_missing_anterior", "cortex_missing_left", "cortex_missing_right",
    "cortex_missing_posterior", "cortex_amount",
)  # fmt: skip
TISSUE_MEASURES = ("lamellar_haematoma", "paravertebral_mass", "added_tissue", "added_tissue_coverage")
ABSENT_TOGETHER = (MASK_MEASURES, FINE_MEASURES, TISSUE_MEASURES)
"""What is missing without a lesion mask, on thick slices, and where other tissue touches the bone."""
GROUP_SHARE, CELL_SHARE = 0.25, 0.10
"""How often a group, and a single cell, is masked while learning (ours)."""
ADDED = 1.0
"""Cases added to either answer of a sign in either class, so that no count is 0 (Laplace)."""


def masked(cells: Array, names: Sequence[str], copies: int, rng: np.random.Generator) -> Array:
    """(copies * N, F) the rows again and again, each time with other cells emptied; the first copy is whole."""
    result = [cells]
    groups = [np.isin(names, group) for group in ABSENT_TOGETHER]
    for _ in range(copies - 1):
        emptied = rng.random(cells.shape) < CELL_SHARE
        for group in groups:
            emptied |= group & (rng.random(len(cells)) < GROUP_SHARE)[:, None]
        result.append(np.where(emptied, np.nan, cells))
    return np.concatenate(result)


def usual(cells: Array, truth: Truth) -> tuple[Array, Array]:
    """(F,) middle between the means of both classes, and spread; a column that does not vary has spread 1."""
    centre = (np.nanmean(cells[truth], axis=0) + np.nanmean(cells[~truth], axis=0)) / 2
    scale = np.nanstd(cells, axis=0)
    return centre, np.where(scale > 1e-9, scale, 1.0)


def fit_logistic(
    cells: Array,
    truth: Truth,
    names: Sequence[str],
    strength: float,
    rng: np.random.Generator,
    bent: bool = False,
    copies: int = 10,
) -> AdditiveModel:
    """Logistic regression without a constant, ridge penalty, over randomly masked copies of every row.

    An input midway between both classes adds nothing, and having been assessed is no evidence by itself.

    Parameters
    ----------
    cells : (N, F) ndarray
        NaN where not assessed; every column was assessed in some row of either class.
    truth : (N,) ndarray of bool
        Whether metastatic; both classes weigh the same in all.
    names : sequence of str
        Of the columns.
    strength : float
        Of the penalty, by the number of rows: the larger, the smaller the weights.
    rng : numpy Generator
        Of the masking.
    bent : bool
        Whether an input may tell more on one side of its mean than on the other.
    copies : int
        Of each row.
    """
    from sklearn.linear_model import LogisticRegression

    centre, scale = usual(cells, truth)
    count = len(names)
    rows = design(masked(cells, names, copies, rng), centre, scale)[:, count : (3 if bent else 2) * count]
    inverse = 1.0 / (strength * len(rows))
    fit = LogisticRegression(C=inverse, fit_intercept=False, class_weight="balanced", max_iter=2000)
    slopes = fit.fit(rows, np.tile(truth, copies)).coef_[0]
    weights = np.zeros(3 * count)
    weights[count : count + len(slopes)] = slopes
    return AdditiveModel(tuple(names), centre, scale, weights, np.zeros((1, len(weights))), np.zeros(count))


def fit_weights_of_evidence(cells: Array, truth: Truth, names: Sequence[str]) -> AdditiveModel:
    """Each sign by the logarithm of its likelihood ratio, present or absent, as if signs were independent."""
    log_ratio = np.zeros((2, len(names)))
    for j in range(len(names)):
        seen = ~np.isnan(cells[:, j])
        shares = []
        for ill in (True, False):
            own = cells[seen & (truth == ill), j]
            shares.append((own.sum() + ADDED) / (len(own) + 2 * ADDED))
        log_ratio[:, j] = np.log((1 - shares[0]) / (1 - shares[1])), np.log(shares[0] / shares[1])
    # a sign counts as 0 or 1: a + b * (value - 1/2) / (1/2)
    half = np.full(len(names), 0.5)
    nothing = np.zeros(len(names))
    weights = np.concatenate([log_ratio.mean(axis=0), (log_ratio[1] - log_ratio[0]) / 2, nothing])
    return AdditiveModel(tuple(names), half, half, weights, np.zeros((1, len(weights))), nothing)
