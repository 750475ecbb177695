"""Signs of disease in marrow on MR: diffuse dark T1, fluid, halo, and disease of all marrow.

Montoya-Bordón 2023, Rev Esp Cir Ortop Traumatol 67:S511-S522: Table 1 on MR (l.228-245); metastases are darker than
muscle and disc on T1, and marrow that is so at every level looks normal (l.324-334); a bright rim on T2 (l.338). The
review has words only; the numbers are ours (`clinical.md` §1.2 and §1.7). The labels of phase drop and ADC follow
`dixon` and `adc`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.rules.adc import AdcLabel, adc
from spinemets.rules.dixon import DixonLabel, dixon
from spinemets.rules.fracture_signs import LINE_ABOVE
from spinemets.rules.presence import Sign, at_least, more_than

SOURCE = "the review, Table 1 on MR; numbers ours"
DIFFUSE_FROM = 0.80
"""Share of the body darker than muscle on T1 that makes it diffuse (`clinical.md` §1.2, MR1, [D])."""
FLUID_ML = 0.15
"""A pool of fluid of at least this volume is one (ours: a cleft of 10 by 10 by 1.5 mm)."""
HALO_FROM = 0.50
"""Share of a lesion's rim that is bright (`clinical.md` §1.7, X9, [D])."""
ENHANCES_FROM = 0.20
"""Uptake of a mass, by its signal before, from which it enhances (`clinical.md` §1.2, MR7, [D])."""
DARK_BELOW = 1.0
"""Body by disc and by muscle on T1, below which marrow holds too little fat (`clinical.md` §1.7, X20)."""
LEAST_LEVELS = 3
"""Fewer levels do not speak for all marrow (ours)."""
LEAST_SNR = 10.0
"""Signal by noise on the b0 image for an ADC to be read (`clinical.md` §1.7, X7)."""


def diffuse_t1_hypointensity(dark_share: Finding) -> Sign:
    """Whether the body is dark on T1 but for a fifth of it: preserved marrow speaks against it."""
    return at_least(dark_share, DIFFUSE_FROM)


def dark_line(width_share: Finding) -> Sign:
    """Whether a line that is dark on T1 and T2 runs through more than half of the width, as a fracture does on CT."""
    return more_than(width_share, LINE_ABOVE)


def fluid_sign(volume_ml: Finding) -> Sign:
    """Whether a fractured body holds fluid."""
    return at_least(volume_ml, FLUID_ML)


def halo(bright_share: Finding) -> Sign:
    """Whether a bright rim surrounds a lesion on T2."""
    return at_least(bright_share, HALO_FROM)


def mass_enhances(enhancement: Finding) -> Sign:
    """Whether a mass beyond the bone takes up contrast medium, as a haematoma does not."""
    return at_least(enhancement, ENHANCES_FROM)


def diffuse_disease(t1_ratios: Mapping[Level, Sequence[Finding]]) -> bool | NotAssessed:
    """Whether marrow is darker than disc and muscle on T1 at every level, so that no level is known to be healthy.

    Parameters
    ----------
    t1_ratios : mapping of Level to sequence of Finding
        Body by disc and body by muscle; a level counts as dark where all that were measured are below 1.
    """
    known = {level: [one.value for one in own if isinstance(one, Measured)] for level, own in t1_ratios.items()}
    judged = [values for values in known.values() if values]
    if len(judged) < LEAST_LEVELS:
        detail = f"T1 of {len(judged)} levels can be compared with disc or muscle; it takes {LEAST_LEVELS}"
        return NotAssessed(Reason.NO_REFERENCE, detail)
    return all(value < DARK_BELOW for values in judged for value in values)


def phase_drop_label(drop: Finding) -> DixonLabel | NotAssessed | NotApplicable:
    """What a drop of signal says; at the threshold where its interval lies on both sides of it."""
    if not isinstance(drop, Measured):
        return drop
    labels = {dixon(one) for one in (drop.low, drop.value, drop.high)}
    return labels.pop() if len(labels) == 1 else DixonLabel.AT_THRESHOLD


def adc_label(value_1e3: Finding, b0_snr: float | NotAssessed) -> AdcLabel | NotAssessed | NotApplicable:
    """What an ADC says; indeterminate where its interval reaches over an edge of a band.

    Parameters
    ----------
    value_1e3 : Finding
        In 10⁻³ mm²/s.
    b0_snr : float or NotAssessed
        Signal by noise without diffusion weighting: dense bone has neither signal nor an ADC.
    """
    if not isinstance(value_1e3, Measured):
        return value_1e3
    if isinstance(b0_snr, NotAssessed):
        return b0_snr
    if b0_snr < LEAST_SNR:
        return too_little_signal(b0_snr)
    labels = {adc(one) for one in (value_1e3.low, value_1e3.value, value_1e3.high)}
    return labels.pop() if len(labels) == 1 else AdcLabel.INDETERMINATE


def too_little_signal(b0_snr: float) -> NotAssessed:
    """Why an ADC is not read where the image without diffusion weighting shows hardly any signal."""
    detail = f"without diffusion weighting the signal is {b0_snr:.0f} times the noise; it takes {LEAST_SNR:g}"
    return NotAssessed(Reason.NO_REFERENCE, detail)
