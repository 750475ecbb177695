"""Signals of tissues and of disease on diffusion, in and out of phase, and on T1 after contrast medium.

`clinical.md` §3.5 for what its table has: muscle, marrow, disc, cord, CSF, epidural fat, tumour, oedema, fluid, lines
of fracture and blood; all others are ours. Signals are by that of muscle in the same image, after contrast medium by
muscle before it. The table has T1 with fat suppression then; here it is without, as T1 before is, so that fat and
marrow keep their own signal and rise as `MARROW_UPTAKE` says (ours).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from spinemets.simulate.mr_signals import (
    CORTEX,
    FATTY_MARROW,
    HEALTHY_DISC,
    MATTER,
    RED_MARROW,
    SPIN_ECHO,
    TISSUES,
    WORN_DISC,
    Matter,
    Row,
)
from spinemets.simulate.tissues import Tissue

B_VALUE = 0.8
"""Of the weighted diffusion image, 10³ s/mm²."""
FUNCTIONAL = ("dwi_b0", "dwi_high", "in_phase", "out_phase", "t1_gd")
SEQUENCES = (*SPIN_ECHO, *FUNCTIONAL)
"""Images that a scanner makes; an ADC map is computed from two of them."""
MARROW_UPTAKE = 1.06
"""T1 of healthy marrow and of fat after contrast medium by that before (ours)."""


class Function(NamedTuple):
    """What a tissue does.

    Attributes
    ----------
    weighted : float
        Signal at `B_VALUE` by that of muscle.
    adc : float
        10⁻³ mm²/s.
    opposed : float
        Signal out of phase by that in phase.
    enhanced : float
        T1 after contrast medium.
    """

    weighted: float
    adc: float
    opposed: float
    enhanced: float


TISSUE_FUNCTION: Mapping[Tissue, Function] = {
    Tissue.AIR: Function(0.0, 0.0, 1.0, 0.0),
    Tissue.CORD: Function(1.5, 0.9, 1.0, 1.2),
    Tissue.CSF: Function(0.3, 3.0, 1.0, 0.5),
    Tissue.EPIDURAL_FAT: Function(0.2, 0.3, 0.85, 3.0 * MARROW_UPTAKE),
    Tissue.COSTAL_CARTILAGE: Function(0.5, 1.4, 1.0, 1.15),
    Tissue.FAT: Function(0.2, 0.3, 0.85, 3.2 * MARROW_UPTAKE),
    Tissue.MUSCLE: Function(1.0, 1.4, 0.97, 1.1),
    Tissue.SKIN: Function(0.5, 1.2, 0.9, 1.8),
    Tissue.LUNG: Function(0.05, 1.5, 1.0, 0.15),
    Tissue.AIRWAY: Function(0.0, 0.0, 1.0, 0.0),
    Tissue.HEART: Function(0.4, 2.0, 1.0, 1.6),
    Tissue.ARTERY: Function(0.1, 2.5, 1.0, 1.5),
    Tissue.VEIN: Function(0.2, 2.2, 1.0, 2.0),
    Tissue.LIVER: Function(1.0, 1.2, 0.95, 2.2),
    Tissue.SPLEEN: Function(2.0, 0.9, 1.0, 1.8),
    Tissue.KIDNEY: Function(1.3, 2.0, 1.0, 2.4),
    Tissue.BOWEL: Function(0.8, 1.6, 0.95, 1.8),
    Tissue.BOWEL_GAS: Function(0.0, 0.0, 1.0, 0.05),
    Tissue.BOWEL_CONTRAST: Function(0.4, 2.0, 1.0, 1.3),
    Tissue.BLADDER: Function(0.3, 3.0, 1.0, 0.5),
    Tissue.BRAIN: Function(1.6, 0.8, 1.0, 1.4),
    Tissue.SOFT_ORGAN: Function(1.0, 1.3, 1.0, 1.8),
    Tissue.TABLE: Function(0.0, 0.0, 1.0, 0.0),
    Tissue.METAL: Function(0.0, 0.0, 1.0, 0.0),
}
RED_FUNCTION = Function(0.8, 0.6, 0.6, RED_MARROW[0] * MARROW_UPTAKE)
FATTY_FUNCTION = Function(0.4, 0.45, 0.30, FATTY_MARROW[0] * MARROW_UPTAKE)
HEALTHY_DISC_FUNCTION = Function(0.8, 1.6, 1.0, 1.0)
WORN_DISC_FUNCTION = Function(0.8, 1.2, 1.0, 1.0)
CORTEX_FUNCTION = Function(0.1, 0.5, 1.0, 0.2)
MATTER_FUNCTION: Mapping[Matter, tuple[Function, Function]] = {
    Matter.LYTIC: (Function(2.5, 0.8, 0.96, 2.0), Function(2.5, 1.0, 1.16, 2.6)),
    Matter.BLASTIC: (Function(0.6, 0.4, 0.90, 0.8), Function(0.6, 0.8, 1.05, 1.6)),
    Matter.COMPACT: (Function(0.1, 0.4, 1.0, 0.15), Function(0.2, 0.6, 1.0, 0.35)),
    Matter.FATTY: (Function(0.3, 0.3, 0.4, 2.9), Function(0.5, 0.6, 0.6, 3.9)),
    Matter.OEDEMA: (Function(1.2, 1.4, 0.49, 1.4), Function(1.2, 1.9, 0.85, 1.8)),
    Matter.FLUID: (Function(0.8, 2.5, 1.0, 0.6), Function(0.8, 3.0, 1.0, 0.8)),
    Matter.CRACK: (Function(0.3, 0.8, 1.0, 0.5), Function(0.3, 0.8, 1.0, 0.7)),
    Matter.BLOOD: (Function(0.6, 0.8, 1.0, 1.5), Function(1.6, 1.5, 1.0, 3.0)),
    Matter.GAS: (Function(0.0, 0.0, 1.0, 0.0), Function(0.05, 0.5, 1.0, 0.05)),
}
"""The least and the most of each; what varies together varies between them together."""
_MARROW: Mapping[str, tuple[Row, Function]] = {
    "red": (RED_MARROW, RED_FUNCTION),
    "fatty": (FATTY_MARROW, FATTY_FUNCTION),
    "disc": (HEALTHY_DISC, HEALTHY_DISC_FUNCTION),
    "worn disc": (WORN_DISC, WORN_DISC_FUNCTION),
    "cortex": (CORTEX, CORTEX_FUNCTION),
}


def tissue_signals(tissue: Tissue) -> np.ndarray:
    """(S,) signal of a tissue in each of `SEQUENCES`."""
    return _signals(TISSUES[tissue], TISSUE_FUNCTION[tissue])


def marrow_signals(name: str) -> np.ndarray:
    """(S,) signal of ``red`` or ``fatty`` marrow, ``disc``, ``worn disc`` or ``cortex`` in each of `SEQUENCES`."""
    return _signals(*_MARROW[name])


def matter_range(matter: Matter, sequence: str, does: tuple[Function, Function] | None = None) -> tuple[float, float]:
    """Least and largest signal of disease in one of `SEQUENCES`; what it does is that of its kind, or as given."""
    column = SEQUENCES.index(sequence)
    rows = tuple(zip(*MATTER[matter], strict=True))
    both = does or MATTER_FUNCTION[matter]
    low, high = (_signals(row, function)[column] for row, function in zip(rows, both, strict=True))
    return float(low), float(high)


def _signals(row: Row, function: Function) -> np.ndarray:
    unweighted = function.weighted * np.exp(B_VALUE * function.adc)
    return np.array([*row, unweighted, function.weighted, row[0], row[0] * function.opposed, function.enhanced])


def adc_map(unweighted: np.ndarray, weighted: np.ndarray, least: float) -> np.ndarray:
    """(I, J, K) int16 ADC in 10⁻⁶ mm²/s from two images; 0 where either has less signal than `least` or none."""
    seen = np.minimum(unweighted, weighted) >= max(least, 1.0)
    ratio = np.where(seen, unweighted, 1.0) / np.where(seen, weighted, 1.0)
    return np.rint(np.clip(1000 * np.log(ratio) / B_VALUE, 0, 4000) * seen).astype(np.int16)
