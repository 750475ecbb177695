"""Cause of simulated fractures of the test seeds on sagittal MR: the shipped model on what our code measures there.

Under the true masks, with the true lesions and without any, each study with the sequences that it has, and then with
its CT as well. Beside it the ceiling, by the signs as they were drawn and as far as the sequences of the study show
them, and gradient boosting on the fractures that the model learnt from.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.datasets.fracture_measurements import measured_fractures
from spinemets.datasets.fracture_mr import measured_mr_fractures
from spinemets.formats.fracture_table import without_lesion_mask
from spinemets.simulate.mr_fracture import EITHER, FROM_CT
from spinemets.simulate.sign_frequencies import SIGN_FREQUENCIES, FractureClass
from spinemets.training.fracture_cases import Cases
from spinemets.training.fracture_choice import boosted_probability
from spinemets.training.fracture_data import mr_rows, on_both_scans, simulated_rows
from spinemets.training.fracture_figures import figures
from verification.fracture import (
    LEARNT_ELSEWHERE,
    learnt_from,
    log_odds_of,
    print_figures,
    probability,
    required_model,
    show,
    without_each_item,
)

ALWAYS = (
    *FROM_CT.values(), "fluid_sign", "epidural_mass", "other_osteoporotic_fractures", "lesions_elsewhere",
    "asymmetric_collapse",
)  # fmt: skip
"""Signs that T1, T2 and STIR show."""
NEEDS: Mapping[str, str] = {"opposed_phase_drop": "out_phase", "high_adc": "adc", "intense_uptake": "t1_gd"}
"""Signs that a further sequence shows."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Area under the curve, calibration and loss with a lesion mask and without."""
    model = required_model()
    cache = Path(options.cache) / "fractures"
    cases = list(measured_mr_fractures(cache, "test", options.cases, show))
    ct = simulated_rows(measured_fractures(cache, "test", options.cases, show))
    on_ct = {"measured": ct, "bare": [without_lesion_mask(row) for row in ct]}
    learnt = learnt_from(cache, model)
    if learnt is None:
        print(f"\n{LEARNT_ELSEWHERE}")
    table: dict[str, dict[str, Any]] = {}
    removed: dict[str, float] = {}
    for which, name in (("measured", "lesion mask"), ("bare", "no lesion mask")):
        found = [case for case in cases if case[which] is not None]
        rows = mr_rows(cases, which)
        truth, studies = np.array([row.is_metastatic for row in rows]), [row.study for row in rows]
        table[f"ceiling, {len(found)} found, {name}"] = figures(truth, ceiling(found), studies)
        table[f"model, {name}"] = figures(truth, probability(model, rows), studies)
        if learnt is not None:
            boosted = boosted_probability(learnt, Cases(rows), seed=1)
            table[f"gradient boosting, {name}"] = figures(truth, boosted, studies)
        both = on_both_scans(on_ct[which], rows)
        table[f"model, {len(both)} with CT as well, {name}"] = figures(
            np.array([row.is_metastatic for row in both]), probability(model, both), [row.study for row in both]
        )
        removed |= {f"{item}, {name}": area for item, area in without_each_item(model, rows, truth).items()}
    print(f"\n{len(cases)} simulated, on MR")
    print_figures(table)
    for item, area in removed.items():
        print(f"without {item:44} AUC {area:.3f}")
    return {"simulated": len(cases), "figures": table, "auc_without": removed}


def ceiling(cases: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """(N,) probability by the signs as they were drawn and the sequences show them, taken for independent."""
    odds = []
    for case in cases:
        signs = case["signs"]
        seen = [*ALWAYS, *(name for name, role in NEEDS.items() if role in case["shown"])]
        odds.append(sum(log_odds_of(name, signs[name]) for name in seen) + _marrow(signs))
    return 1 / (1 + np.exp(-np.array(odds, dtype=np.float64)))


def _marrow(signs: Mapping[str, bool]) -> float:
    """What the marrow on T1 tells: dark throughout, in a band, or neither."""
    share: list[float] = []
    for cause in (FractureClass.METASTATIC, FractureClass.OSTEOPOROTIC):
        every = {name: SIGN_FREQUENCIES[name].of(cause) for name in EITHER}
        share.append(next((every[name] for name in EITHER if signs[name]), 1 - sum(every.values())))
    return float(np.log(share[0] / share[1]))
