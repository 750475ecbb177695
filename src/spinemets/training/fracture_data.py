"""Where fractures to learn from come from: simulated and measured by our own code, or a table of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spinemets.console import stage_progress
from spinemets.datasets.fracture_measurements import measured_fractures
from spinemets.datasets.fracture_mr import measured_mr_fractures
from spinemets.errors import SpinemetsError
from spinemets.formats.fracture_table import FractureRow, read_table, row_of, without_lesion_mask
from spinemets.fracture_features import BY_NAME
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
        How many of the same are measured on MR as well, and learnt from: on MR alone, and on both scans.
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
            ct = [row for split, count in self.counts.items() for row in self._simulated(split, count)]
            measured, bare = [], []
            for split, count in self.mr_counts.items():
                found = self._on_mr(split, count)
                measured += mr_rows(found, "measured")
                bare += mr_rows(found, "bare")
            unlooked = [without_lesion_mask(row) for row in ct]
            both = [*on_both_scans(ct, measured), *on_both_scans(unlooked, bare)]
            return Cases([*ct, *unlooked, *measured, *bare, *both])
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
            return simulated_rows(found)

    def _on_mr(self, split: str, count: int) -> list[dict[str, Any]]:
        with stage_progress() as progress:
            found = measured_mr_fractures(
                self.cache, split, count, lambda done: progress(f"{split} MR, {done} of {count}", done / count)
            )
            return list(found)


def mr_rows(cases: Iterable[dict[str, Any]], which: str) -> list[FractureRow]:
    """A row for each fracture that was found on MR, ``measured`` with the lesion mask or ``bare`` without any."""
    return [
        row_of(f"simulated-{case['seed']}", case[which], case["cause"]) for case in cases if case[which] is not None
    ]


def on_both_scans(ct: Iterable[FractureRow], mr: Iterable[FractureRow]) -> list[FractureRow]:
    """Rows of the fractures that were found on both scans: as on CT, and what MR alone tells."""
    on_mr = {row.study: row.values for row in mr}
    return [
        replace(row, values={name: _of_scan(name, row.values, on_mr[row.study]) for name in row.values})
        for row in ct
        if row.study in on_mr
    ]


def _of_scan(name: str, ct: Mapping[str, float | None], mr: Mapping[str, float | None]) -> float | None:
    return mr[name] if BY_NAME[name].scan == "MR" else ct[name]


def simulated_rows(cases: Iterable[dict[str, Any]]) -> list[FractureRow]:
    """A row for each measured fracture; those that were not found are left out."""
    return [
        row_of(f"simulated-{case['seed']}", case["measured"], case["cause"])
        for case in cases
        if case["measured"] is not None
    ]
