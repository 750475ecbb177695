"""Fractures with their truth: which inputs they can teach, and how studies are divided into folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import SpinemetsError
from spinemets.formats.fracture_table import FractureRow, values
from spinemets.training.additive import Array

NO_INPUTS = (
    "trabecular", "trabecular_reference",
    "height_loss_anterior", "height_loss_middle", "height_loss_posterior", "height_loss_max",
    "lesion_body_share", "pedicle_lesion_share",
    "pedicles_spared", "other_fractures", "other_levels_with_lesions",
)  # fmt: skip
"""Columns that are no inputs: how thin the bone and where the height is lost in either class was chosen by us for the
simulation and stands in no table; a lesion mask that is true gives the answer away; the last ones say again what
another column says."""
LEAST_ASSESSED = 10
"""An input was assessed in so many studies with a fracture of either class (ours): rows of one patient are no
independent witnesses."""
LEAST_STUDIES = 15
"""Fewer studies with a fracture of a class teach nothing (ours)."""
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Cases:
    """Rows with their truth."""

    rows: Sequence[FractureRow]

    @property
    def truth(self) -> NDArray[np.bool_]:
        """(N,) whether metastatic."""
        return np.array([row.is_metastatic for row in self.rows], dtype=bool)

    @property
    def studies(self) -> list[str]:
        """Of each row."""
        return [row.study for row in self.rows]

    def cells(self, names: Sequence[str]) -> Array:
        """(N, F) cells of some columns."""
        return values(self.rows, names)

    def resampled(self, rng: np.random.Generator) -> Cases:
        """As many studies, drawn with replacement; each draw counts as a study of its own."""
        by_study: dict[str, list[FractureRow]] = {}
        for row in self.rows:
            by_study.setdefault(row.study, []).append(row)
        drawn = rng.integers(len(by_study), size=len(by_study))
        groups = list(by_study.values())
        return Cases([replace(row, study=f"draw {n}") for n, one in enumerate(drawn) for row in groups[one]])


def require_enough(cases: Cases) -> None:
    """Raise `SpinemetsError` unless there are `LEAST_STUDIES` studies with a fracture of either class."""
    for ill, name in ((True, "metastatic"), (False, "osteoporotic")):
        count = len({row.study for row in cases.rows if row.is_metastatic == ill})
        if count < LEAST_STUDIES:
            raise SpinemetsError(
                f"{count} studies with a {name} fracture; at least {LEAST_STUDIES} are needed to learn"
            )


def usable_inputs(cases: Cases, names: Sequence[str], least: int = LEAST_ASSESSED) -> tuple[str, ...]:
    """Columns that were assessed in at least `least` studies of either class and that vary."""
    cells, truth = cases.cells(names), cases.truth
    seen = ~np.isnan(cells)
    count, member = _numbered(cases)
    enough = np.ones(len(names), dtype=bool)
    for own in (truth, ~truth):
        assessed = np.zeros((count, len(names)), dtype=bool)
        np.logical_or.at(assessed, member[own], seen[own])
        enough &= assessed.sum(axis=0) >= least
    lowest, highest = cells.min(axis=0, where=seen, initial=np.inf), cells.max(axis=0, where=seen, initial=-np.inf)
    usable = enough & (highest > lowest)
    return tuple(name for name, use in zip(names, usable, strict=True) if use)


def folds(cases: Cases, seed: int) -> NDArray[np.int64]:
    """(N,) number of the fold of each row: rows of one study share it.

    Folds have as many studies, and of these as many with metastatic fractures, with osteoporotic ones, and with both;
    each number differs by at most one.
    """
    count, member = _numbered(cases)
    shows = np.zeros((count, 2), dtype=bool)
    shows[member, cases.truth.astype(int)] = True
    kind = shows @ np.array([1, 2])
    shuffled = np.random.default_rng([seed, 2]).permutation(count)
    place = np.empty(count, dtype=np.int64)
    place[shuffled[np.argsort(kind[shuffled], kind="stable")]] = np.arange(count) % FOLDS
    return place[member]


def parts(cases: Cases, place: NDArray[np.int64], number: int) -> tuple[Cases, Cases]:
    """Cases outside a fold, and those in it."""
    outside = [row for row, own in zip(cases.rows, place, strict=True) if own != number]
    return Cases(outside), Cases([row for row, own in zip(cases.rows, place, strict=True) if own == number])


def _numbered(cases: Cases) -> tuple[int, NDArray[np.intp]]:
    """How many studies there are, and the number of that of each row."""
    names, member = np.unique(np.array(cases.studies, dtype=str), return_inverse=True)
    return len(names), member
