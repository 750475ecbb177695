"""Where fractures to learn from come from: simulated and measured by our own code, or a table of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from spinemets.console import stage_progress
from spinemets.datasets.fracture_measurements import measured_fractures
from spinemets.datasets.fracture_mr import measured_mr_fractures
from spinemets.errors import SpinemetsError
from spinemets.formats.fracture_table import FractureRow, read_table, row_of, without_lesion_mask
from spinemets.training.fracture_cases import Cases

SIMULATED, OWN_TABLE = "simulated fractures", "a table of one's own"
"""Where cases come from, as cards say it."""


class FractureData:
    """Cases to learn from.

    Parameters
    ----------
    cache : str
        Folder of the measured fractures; what lies there is not measured again.
    train, validation : int
        How many simulated fractures of either split's seeds, measured on CT; all are learnt from.
    mr_train, mr_validation : int
        How many of the same are measured on MR as well, and learnt from.
    table : str or None
        A CSV of `spinemets features` with causes, instead of simulated fractures. Rows that share a name in its column
        ``study`` are never divided between learning and measuring.
    """

    def __init__(
        self,
        cache: str,
        train: int = 150,
        validation: int = 60,
        mr_train: int = 0,
        mr_validation: int = 0,
        table: str | None = None,
    ) -> None:
        self.cache, self.table = Path(cache), table
        self.counts = {"train": train, "validation": validation}
        self.mr_counts = {"train": mr_train, "validation": mr_validation}

    def cases(self) -> Cases:
        """All cases; simulated ones that are not there yet are made, with progress on stderr.

        Raises
        ------
        SpinemetsError
            If the table cannot be read or holds no cause.
        """
        if self.table is None:
            on_ct = [row for split, count in self.counts.items() for row in self._simulated(split, count)]
            return Cases(
                [*on_ct, *(row for split, count in self.mr_counts.items() for row in self._on_mr(split, count))]
            )
        known = [row for row in read_table(Path(self.table)) if row.cause is not None]
        if not known:
            raise SpinemetsError("no row of the table has a cause; give 'spinemets features' a --labels file")
        return Cases(known)

    @property
    def simulated(self) -> bool:
        """Whether the cases are simulated and none comes from a table."""
        return self.table is None

    @property
    def origin(self) -> str:
        """For the card."""
        return SIMULATED if self.simulated else OWN_TABLE

    def _simulated(self, split: str, count: int) -> list[FractureRow]:
        with stage_progress() as progress:
            found = measured_fractures(
                self.cache, split, count, lambda done: progress(f"{split} fractures, {done} of {count}", done / count)
            )
            return with_and_without_mask(simulated_rows(found))

    def _on_mr(self, split: str, count: int) -> list[FractureRow]:
        with stage_progress() as progress:
            found = measured_mr_fractures(
                self.cache, split, count, lambda done: progress(f"{split} MR, {done} of {count}", done / count)
            )
            return mr_rows(found)


def mr_rows(cases: Iterable[dict[str, Any]]) -> list[FractureRow]:
    """A row for each fracture that was found on MR with a lesion mask, and one for each that was found without."""
    return [
        row_of(f"simulated-{case['seed']}", case[which], case["cause"])
        for case in cases
        for which in ("measured", "bare")
        if case[which] is not None
    ]


def with_and_without_mask(rows: Sequence[FractureRow]) -> list[FractureRow]:
    """The rows, and again as they would be had nobody looked for lesions."""
    return [*rows, *map(without_lesion_mask, rows)]


def simulated_rows(cases: Iterable[dict[str, Any]]) -> list[FractureRow]:
    """A row for each measured fracture; those that were not found are left out."""
    return [
        row_of(f"simulated-{case['seed']}", case["measured"], case["cause"])
        for case in cases
        if case["measured"] is not None
    ]
