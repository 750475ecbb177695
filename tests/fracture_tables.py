"""Tables of fractures with a known rule behind them."""

import numpy as np

from spinemets.formats.fracture_table import FractureRow
from spinemets.fracture_features import COLUMNS

EMPTY = {column.name: None for column in COLUMNS}
SHARES = {"jigsaw": (0.6, 0.15), "posterior_wall_bulge": (0.1, 0.8), "lesions_elsewhere": (0.1, 0.7)}
"""Of osteoporotic and of metastatic fractures that show a sign."""
INPUTS = (*SHARES, "wall_depth")
"""Columns in which there is anything."""


def drawn_rows(count, seed=0, missing=0.2, prefix="s"):
    """Rows in which three signs and one measurement tell the cause; every second is metastatic."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        ill = number % 2
        values = dict(EMPTY)
        for name, shares in SHARES.items():
            if rng.random() > missing:
                values[name] = float(rng.random() < shares[ill])
        if rng.random() > missing:
            values["wall_depth"] = float(rng.normal(1.0 + 2.5 * ill, 1.0))
        rows.append(FractureRow(f"{prefix}{number}", "L1", values, "metastatic" if ill else "osteoporotic"))
    return rows
