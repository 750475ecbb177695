"""Where fractures to learn from come from: simulated and measured by our own code, or a table of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spinemets.console import stage_progress
from spinemets.datasets.fracture_measurements import measured_fractures
from spinemets.errors import SpinemetsError
from spinemets.formats.fracture_table import FractureRow, read_table, row_of, without_lesion_mask
from spinemets.training.fracture_choice import Cases

VALIDATION_SHARE = 0.3
"""Of the studies of one's own table, kept for choosing and calibrating (ours)."""


class FractureData:
    """Cases to learn from and cases to choose by.

    Parameters
    ----------
    cache : str
        Folder of the measured fractures; what lies there is not measured again.
    train, validation : int
        How many simulated fractures of either split.
    table : str or None
        A CSV of `spinemets features` with causes, instead of simulated fractures.
    seed : int
        Of the division of one's own table.
    """

    def __init__(
        self, cache: str, train: int = 150, validation: int = 60, table: str | None = None, seed: int = 1
    ) -> None:
        self.cache, self.counts, self.table, self.seed = Path(cache), (train, validation), table, seed

    def cases(self) -> tuple[Cases, Cases]:
        """Training and validation cases; simulated ones that are not there yet are made, with progress on stderr.

        Raises
        ------
        SpinemetsError
            If the table cannot be read or holds no cause.
        """
        if self.table is not None:
            return divided(read_table(Path(self.table)), self.seed)
        return self._simulated("train", self.counts[0]), self._simulated("validation", self.counts[1])

    @property
    def origin(self) -> str:
        """For the card."""
        return "simulated fractures" if self.table is None else "a table of real or other cases"

    def _simulated(self, split: str, count: int) -> Cases:
        with stage_progress() as progress:
            found = measured_fractures(
                self.cache, split, count, lambda done: progress(f"{split} fractures, {done} of {count}", done / count)
            )
            rows = simulated_rows(found)
        return Cases([*rows, *map(without_lesion_mask, rows)])


def simulated_rows(cases: Iterable[dict[str, Any]]) -> list[FractureRow]:
    """A row for each measured fracture; those that were not found are left out."""
    return [
        row_of(f"simulated-{case['seed']}", case["measured"], case["cause"])
        for case in cases
        if case["measured"] is not None
    ]


def divided(rows: Sequence[FractureRow], seed: int) -> tuple[Cases, Cases]:
    """Rows with a cause, by study: to learn from, and `VALIDATION_SHARE` to choose by.

    Raises
    ------
    SpinemetsError
        If no row has a cause.
    """
    known = [row for row in rows if row.cause is not None]
    if not known:
        raise SpinemetsError("no row of the table has a cause; give 'spinemets features' a --labels file")
    studies = sorted({row.study for row in known})
    order = np.random.default_rng(seed).permutation(len(studies))
    kept = {studies[number] for number in order[: round(VALIDATION_SHARE * len(studies))]}
    return Cases([row for row in known if row.study not in kept]), Cases([row for row in known if row.study in kept])
