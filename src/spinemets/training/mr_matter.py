"""What disease consists of on MR, and its signal by sequence, on the device that trains."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from spinemets.training.filters import uniform

T2, T1, STIR, T1_GADOLINIUM, GRADIENT_ECHO = "t2", "t1", "stir", "t1_gadolinium", "gradient_echo"
"""Sequences, T2 and T1 being spin echoes."""
TUMOUR, BLASTIC, COMPACT, FATTY, OEDEMA, FLUID, BLOOD, CRACK, GAS = range(9)
Matter = int
SIGNALS: Mapping[str, Mapping[Matter, tuple[float, float]]] = {
    T2: {TUMOUR: (2.5, 3.5), BLASTIC: (0.5, 1.0), COMPACT: (0.1, 0.4), FATTY: (3.0, 5.0), OEDEMA: (2.5, 3.0),
         FLUID: (6.0, 8.0), BLOOD: (1.0, 4.0), CRACK: (0.45, 0.55), GAS: (0.0, 0.1)},
    T1: {TUMOUR: (0.8, 0.95), BLASTIC: (0.4, 0.7), COMPACT: (0.1, 0.4), FATTY: (2.5, 4.0), OEDEMA: (0.9, 1.3),
         FLUID: (0.6, 0.8), BLOOD: (1.5, 3.0), CRACK: (0.36, 0.44), GAS: (0.0, 0.1)},
    STIR: {TUMOUR: (3.0, 4.0), BLASTIC: (0.6, 1.2), COMPACT: (0.1, 0.4), FATTY: (0.3, 2.5), OEDEMA: (2.7, 3.3),
           FLUID: (7.2, 8.8), BLOOD: (1.8, 2.2), CRACK: (0.63, 0.77), GAS: (0.0, 0.1)},
    T1_GADOLINIUM: {TUMOUR: (2.0, 2.6), BLASTIC: (0.8, 1.6), COMPACT: (0.1, 0.4), FATTY: (0.5, 2.0),
                    OEDEMA: (1.4, 1.8), FLUID: (0.63, 0.77), BLOOD: (1.0, 2.0), CRACK: (0.63, 0.77), GAS: (0.0, 0.1)},
    GRADIENT_ECHO: {TUMOUR: (1.6, 2.8), BLASTIC: (0.3, 0.8), COMPACT: (0.0, 0.3), FATTY: (1.0, 2.5),
                    OEDEMA: (1.5, 2.5), FLUID: (2.0, 3.5), BLOOD: (0.3, 2.0), CRACK: (0.3, 0.6), GAS: (0.0, 0.1)},
}  # fmt: skip
"""Signal of matter by sequence, muscle being 1: `clinical.md` §3.5, a single number there with a tenth more or less.
Compact bone, cement and gas, the fatty stroma of haemangiomas, blood after gadolinium and all of the gradient echo are
ours."""
SPREAD = 0.15
"""Standard deviation of the logarithm of each signal on top of that, of a patch and of tumours of one level (ours)."""
DARK_OF_MARROW: Mapping[Matter, float] = {BLASTIC: 0.7, COMPACT: 0.4, CRACK: 0.8, GAS: 0.1}
"""In a patch of any contrast these have a random signal up to so much of that of marrow (ours: few protons give little
signal in any sequence); all others have any."""


def drawn_signals(sequence: str | None, unit: float, marrow: float) -> Tensor:
    """(9,) signal of every matter in one patch; parameters as the fields of `mr_contrast.Contrast`."""
    table = torch.rand(GAS + 1)
    if sequence is None:
        for matter, most in DARK_OF_MARROW.items():
            table[matter] *= most * marrow
    else:
        for matter, span in SIGNALS[sequence].items():
            table[matter] = uniform(*span) * float(torch.randn(()).mul(SPREAD).exp()) * unit
    return table.clamp(0, 1.2)
