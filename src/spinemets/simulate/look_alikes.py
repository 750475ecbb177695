"""Benign findings that a reader, or a network, may take for metastases: the negatives of every training set."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinemets.anatomy import Level
from spinemets.simulate.bone_look_alikes import cement, enostosis, haemangioma
from spinemets.simulate.disc_look_alikes import degenerative, discitis, schmorl_node, vacuum_disc
from spinemets.simulate.disease import LookAlikeTruth
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.vertebra_site import VertebraSite

LOOK_ALIKES: dict[str, Callable[[DiseaseCanvas, VertebraSite, np.random.Generator], float]] = {
    function.__name__: function
    for function in (enostosis, haemangioma, schmorl_node, degenerative, vacuum_disc, discitis, cement)
}
"""Each draws one finding at a site and returns its volume, ml. At a disc: the one below the level."""

LOOK_ALIKE_SHARE = {
    "enostosis": 0.16,
    "haemangioma": 0.18,
    "schmorl_node": 0.20,
    "degenerative": 0.28,
    "vacuum_disc": 0.10,
    "discitis": 0.03,
    "cement": 0.05,
}
"""How often each is drawn (ours: the common ones often, each often enough to be learnt as a negative)."""


def draw_look_alike(canvas: DiseaseCanvas, level: Level, kind: str, rng: np.random.Generator) -> LookAlikeTruth:
    """Draw one benign finding at a level; it gets no lesion label.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind not in LOOK_ALIKES:
        raise ValueError(f"there is no look-alike '{kind}'; it must be one of {', '.join(LOOK_ALIKES)}")
    volume = LOOK_ALIKES[kind](canvas, canvas.site(level), rng)
    truth = LookAlikeTruth(level, kind, round(volume, 4))
    canvas.look_alikes.append(truth)
    return truth
