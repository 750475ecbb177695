"""Table 2 of the review, rebuilt from its prose: signal of four kinds of marrow by MR sequence.

Montoya-Bordón 2023, Rev Esp Cir Ortop Traumatol 67:S511-S522, has Table 2 as a picture; what stands here was rebuilt
from the prose of the review (l.312-408, `clinical.md` §1.4), and is no quotation of it. The prose has words; the
numbers are ours, between the signals of `clinical.md` §3.5. Enhancement is left out: it has no published limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import inf

from spinemets.findings import Finding, Measured

SOURCE = "Table 2, rebuilt from the prose of the review; numbers ours"


class Marrow(str, Enum):
    """Kinds of marrow that Table 2 tells apart."""

    FATTY_MARROW = "fatty_marrow"
    BENIGN_OEDEMA = "benign_oedema"
    LYTIC_METASTASIS = "lytic_metastasis"
    BLASTIC_METASTASIS = "blastic_metastasis"


Cell = tuple[float, float]
"""Least and greatest value, both included."""
ANY: Cell = (-inf, inf)
"""What the prose does not say, calls variable or calls unreliable rules nothing out."""


def _row(fatty: Cell, oedema: Cell, lytic: Cell, blastic: Cell) -> dict[Marrow, Cell]:
    return dict(zip(Marrow, (fatty, oedema, lytic, blastic), strict=True))


TABLE: dict[str, dict[Marrow, Cell]] = {
    "t1_to_muscle": _row((1.0, inf), (0.0, 1.3), (0.0, 1.0), (0.0, 1.0)),
    "t1_to_disc": _row((1.0, inf), ANY, (0.0, 1.0), (0.0, 1.0)),
    "t2_to_muscle": _row((1.0, 3.5), (1.5, inf), (1.5, inf), (0.0, 1.2)),
    "stir_to_muscle": _row((0.0, 1.5), (1.5, inf), (1.5, inf), ANY),
    "phase_drop": _row((0.2, inf), (0.2, inf), (-inf, 0.2), (-inf, 0.2)),
    "dwi_to_muscle": _row((0.0, 1.2), (0.0, 1.8), (1.8, inf), (0.0, 1.2)),
    "adc": _row((0.0, 1.5), (1.0, inf), (0.0, 1.5), ANY),
}
"""By the name of the measure. ADC in 10⁻³ mm²/s: its middle band, 1.0 to 1.5, rules nothing out."""


def consistent_with(measures: Mapping[str, Finding]) -> tuple[tuple[Marrow, ...], tuple[str, ...]]:
    """Kinds of marrow that no assessed signal rules out, and the names of the assessed signals.

    A signal rules a kind out where its whole interval lies outside the cell.

    Examples
    --------
    >>> drop = Measured(0.4, "1", 0.35, 0.45, "1 - out of phase / in phase")
    >>> [kind.value for kind in consistent_with({"phase_drop": drop})[0]]
    ['fatty_marrow', 'benign_oedema']
    """
    known = {name: one for name, one in measures.items() if name in TABLE and isinstance(one, Measured)}
    left = [
        kind
        for kind in Marrow
        if all(one.high >= TABLE[name][kind][0] and one.low <= TABLE[name][kind][1] for name, one in known.items())
    ]
    return tuple(left), tuple(known)
