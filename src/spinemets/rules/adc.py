"""Apparent diffusion coefficient of marrow: bands, since no single cut is agreed on.

The review calls the cut debated. The bands are ours, drawn round published cuts (`clinical.md` X7); the
direction is that of Suh CH et al. Eur Radiol 2018;28:2890-2902: malignant lower, benign higher.
"""

from __future__ import annotations

import math
from enum import Enum

SOURCE = "bands are ours, round the published cuts; direction: Suh 2018, Eur Radiol 28:2890-2902"
MALIGNANT_BELOW, BENIGN_ABOVE = 1.0, 1.5
"""10⁻³ mm²/s (ours)."""
PUBLISHED_CUTS = (0.695, 0.89, 0.952, 0.995, 1.08, 1.14, 1.57, 1.7)
"""10⁻³ mm²/s, from eight studies with different b-values."""
LARGEST = 4.0
"""10⁻³ mm²/s; free water at body temperature has 3. More is a wrong unit."""
LEAST = 0.05
"""10⁻³ mm²/s; less is no tissue, so a value without a unit has another one (ours)."""
TO_1E3 = {"1e-3 mm2/s": 1.0, "1e-6 mm2/s": 1e-3, "mm2/s": 1e3}
"""Factor to 10⁻³ mm²/s of each unit that is understood."""


class AdcLabel(str, Enum):
    """What the value says."""

    MALIGNANT_FAVOURED = "malignant_favoured"
    INDETERMINATE = "indeterminate"
    BENIGN_FAVOURED = "benign_favoured"


def adc_in_1e3(value: float, unit: str) -> float:
    """A value in 10⁻³ mm²/s.

    Raises
    ------
    ValueError
        If the unit is not understood, or the value in it is none that tissue has.
    """
    if unit not in TO_1E3:
        raise ValueError(f"unit '{unit}' is not understood; write one of {', '.join(TO_1E3)}")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"an ADC must be finite and not negative, got {value}")
    result = value * TO_1E3[unit]
    if result > LARGEST:
        raise ValueError(f"{value:g} {unit} is more than free water has; check the unit")
    return result


def unit_of_size(value: float) -> str:
    """The unit that an ADC without one must have: maps are stored in 10⁻⁶, 10⁻³ or whole mm²/s.

    Raises
    ------
    ValueError
        If the value fits none of them.
    """
    for unit, factor in TO_1E3.items():
        if LEAST <= value * factor <= LARGEST:
            return unit
    raise ValueError(f"an ADC of {value:g} fits no unit of diffusion; give its unit")


def adc(value_1e3: float) -> AdcLabel:
    """What an ADC in 10⁻³ mm²/s says of a lesion; both edges of the middle band belong to it."""
    if value_1e3 < MALIGNANT_BELOW:
        return AdcLabel.MALIGNANT_FAVOURED
    return AdcLabel.BENIGN_FAVOURED if value_1e3 > BENIGN_ABOVE else AdcLabel.INDETERMINATE
