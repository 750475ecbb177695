"""Change of a lesion's ADC between two maps that agree on muscle."""

from __future__ import annotations

from spinemets.findings import Finding, Measured, NotAssessed, Reason

MOST_MOVED_MM = 2.0
"""Two maps may lie so far apart, about a voxel of theirs (ours)."""
MUSCLE_WITHIN = 0.148
"""Muscle's ADC does not change; where it seems to by more than this share, other b-values, a shim or a shift of the
patient differ between the maps (ours; the repeatability of ADC in marrow, Messiou 2011)."""


def adc_change(now: Finding, before: Finding, muscle_now: Finding, muscle_before: Finding) -> Finding:
    """ADC less the earlier one, by the earlier one; negative where it fell.

    Parameters
    ----------
    now, before : Finding
        ADC of the lesions in one unit.
    muscle_now, muscle_before : Finding
        ADC of the erector muscle in the same maps.
    """
    for one in (now, before, muscle_now, muscle_before):
        if not isinstance(one, Measured):
            return one
    new, old, control, earlier = (one for one in (now, before, muscle_now, muscle_before) if isinstance(one, Measured))
    if min(old.low, earlier.value) <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "the earlier map shows no diffusion to compare with")
    general = control.value / earlier.value - 1
    if abs(general) > MUSCLE_WITHIN:
        return NotAssessed(Reason.NO_REFERENCE, f"muscle changes by {general:+.2f}: the two maps do not compare")
    low, value, high = (a / b - 1 for a, b in ((new.low, old.high), (new.value, old.value), (new.high, old.low)))
    return Measured(value, "1", low, high, "(now - before) / before, of the mean ADC under today's lesion mask")
