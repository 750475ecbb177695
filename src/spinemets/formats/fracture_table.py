"""The table of fractures as a CSV file: one row for each fractured vertebra, as `spinemets features` writes it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import SpinemetsError
from spinemets.fracture_features import COLUMNS, NEED_LESION_MASK, VERSION, feature_row
from spinemets.rules.fracture_signs import RING_FROM
from spinemets.whole_files import write_text

CAUSES = ("osteoporotic", "metastatic", "both")
"""What a cause may be; ``both`` is an osteoporotic fracture of a vertebra that bears a metastasis as well."""
_KEYS = ("features_version", "study", "level", "cause")


@dataclass(frozen=True)
class FractureRow:
    """One fractured vertebra.

    Attributes
    ----------
    study : str
        Rows of one study are never divided between learning and measuring.
    level : str
        Of the spine.
    values : mapping of str to float or None
        By column; None where it was not assessed.
    cause : str or None
        One of `CAUSES`; None where nobody told.
    """

    study: str
    level: str
    values: Mapping[str, float | None]
    cause: str | None = None

    @property
    def is_metastatic(self) -> bool:
        """Whether the metastasis made the body collapse.

        Raises
        ------
        ValueError
            If the cause is not known.
        """
        if self.cause is None:
            raise ValueError(f"{self.study} {self.level} has no cause")
        return self.cause == "metastatic"


def row_of(study: str, vertebra: Mapping[str, Any], cause: str | None = None) -> FractureRow:
    """The row of one entry of ``vertebrae`` in ``report.json``."""
    return FractureRow(study, str(vertebra["level"]), feature_row(vertebra), cause)


def without_lesion_mask(row: FractureRow) -> FractureRow:
    """The row as it would be had nobody looked for lesions.

    A pedicle whose ring is missing stays destroyed, and is then no longer empty.
    """
    cells = dict(row.values) | dict.fromkeys(NEED_LESION_MASK)
    ring = cells["pedicle_ring_missing"]
    if ring is not None and ring >= RING_FROM and row.values["pedicle_destroyed"] == 1.0:
        cells |= {"pedicle_destroyed": 1.0, "pedicles_spared": 0.0}
    return replace(row, values=cells)


def values(rows: Sequence[FractureRow], names: Sequence[str]) -> NDArray[np.float64]:
    """(N, F) cells, NaN where not assessed."""
    cells = [[np.nan if row.values[name] is None else row.values[name] for name in names] for row in rows]
    return np.array(cells, dtype=np.float64).reshape(len(rows), len(names))


def write_table(path: Path, rows: Sequence[FractureRow]) -> None:
    """Write rows; `path` is complete or untouched."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEYS, *(name for column in COLUMNS for name in (column.name, column.flag))])
    for row in rows:
        cells: list[Any] = [VERSION, row.study, row.level, row.cause or ""]
        for column in COLUMNS:
            value = row.values[column.name]
            cells += ["", 0] if value is None else [f"{value:.6g}", 1]
        writer.writerow(cells)
    write_text(path, text.getvalue())


def read_table(path: Path) -> list[FractureRow]:
    """Rows of a table.

    Raises
    ------
    SpinemetsError
        If the file is no table of this version, or a cell contradicts its flag or is no number.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            header = reader.fieldnames or []
            lines = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpinemetsError(f"table {path.name} cannot be read: {error}") from error
    wanted = [*_KEYS, *(name for column in COLUMNS for name in (column.name, column.flag))]
    absent = [name for name in wanted if name not in header]
    if absent:
        raise SpinemetsError(f"table {path.name} lacks the column {absent[0]}; write it with 'spinemets features'")
    return [_row(line, f"table {path.name}, line {number}") for number, line in enumerate(lines, start=2)]


def _row(line: Mapping[str, str | None], where: str) -> FractureRow:
    if line["features_version"] != str(VERSION):
        raise SpinemetsError(f"{where}: columns of version {line['features_version']}, this program has {VERSION}")
    cause = (line["cause"] or "").strip() or None
    if cause is not None and cause not in CAUSES:
        raise SpinemetsError(f"{where}: cause '{cause}' is none of {', '.join(CAUSES)}")
    cells = {column.name: _cell(line[column.name], line[column.flag], f"{where}, {column.name}") for column in COLUMNS}
    return FractureRow(line["study"] or "", line["level"] or "", cells, cause)


def _cell(text: str | None, flag: str | None, where: str) -> float | None:
    if flag not in ("0", "1"):
        raise SpinemetsError(f"{where}: the flag must be 0 or 1, got '{flag}'")
    filled = bool(text and text.strip())
    if filled != (flag == "1"):
        raise SpinemetsError(f"{where}: '{text or ''}' contradicts its flag {flag}; what was not assessed stays empty")
    if not filled:
        return None
    try:
        value = float(text or "")
    except ValueError:
        raise SpinemetsError(f"{where}: '{text}' is no number") from None
    if not math.isfinite(value):
        raise SpinemetsError(f"{where}: {text} is not finite")
    return value
