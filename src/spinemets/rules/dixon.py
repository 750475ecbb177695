"""Marrow replaced or not, by the drop of signal from in phase to opposed phase.

The review (Montoya-Bordón 2023, Rev Esp Cir Ortop Traumatol 67:S511-S522) gives 20 %: less is malignant, more benign.
Exactly 20 % it does not place. The cut depends on sequence and field strength, so the others are printed beside it.
"""

from __future__ import annotations

import math
from enum import Enum

SOURCE = "Montoya-Bordón 2023, Rev Esp Cir Ortop Traumatol 67:S511-S522"
THRESHOLD_PERCENT = 20.0
OTHER_CUTS_PERCENT = {
    "Ragab 2009": 35.0,
    "Ogiwara 2023, T1 TSE Dixon, 3 T": 22.0,
    "Ogiwara 2023, T2 TSE Dixon, 3 T": 15.9,
    "two centres, 172 patients": 19.8,
}
"""Other published cuts for the same drop (`clinical.md` X6)."""


class DixonLabel(str, Enum):
    """What the drop says."""

    MALIGNANT_FAVOURED = "malignant_favoured"  # less than the cut
    BENIGN_FAVOURED = "benign_favoured"  # more than the cut
    AT_THRESHOLD = "at_threshold"
    NOT_ASSESSABLE = "not_assessable"  # no signal in phase


def signal_drop(in_phase: float, out_phase: float) -> float | None:
    """Fraction of the in-phase signal that is lost out of phase; None without in-phase signal.

    Negative where the signal rises, as it does in tumour.

    Raises
    ------
    ValueError
        If a signal is not finite or that of the opposed phase is negative.

    Examples
    --------
    >>> signal_drop(200.0, 130.0)
    0.35
    """
    if not (math.isfinite(in_phase) and math.isfinite(out_phase)) or out_phase < 0:
        raise ValueError(f"signals must be finite and not negative, got {in_phase} and {out_phase}")
    return (in_phase - out_phase) / in_phase if in_phase > 0 else None


def dixon(drop: float | None) -> DixonLabel:
    """What a drop of signal, as a fraction, says of the marrow."""
    if drop is None:
        return DixonLabel.NOT_ASSESSABLE
    percent = 100 * drop
    if math.isclose(percent, THRESHOLD_PERCENT, abs_tol=1e-9):
        return DixonLabel.AT_THRESHOLD
    return DixonLabel.MALIGNANT_FAVOURED if percent < THRESHOLD_PERCENT else DixonLabel.BENIGN_FAVOURED
