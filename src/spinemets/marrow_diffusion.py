"""Diffusion at a level: the ADC of its lesions or body, what it says, and how it changed since an earlier map."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.fracture_assessment import said
from spinemets.geometry import Grid, resample
from spinemets.marrow_evidence import BODY_MM, LESION_MM, NO_LESION_MASK, MrEvidence
from spinemets.measure.adc_change import MOST_MOVED_MM, adc_change
from spinemets.measure.phases import signal_to_noise
from spinemets.measure.same_place import displacement
from spinemets.measure.signal import Signal
from spinemets.rules import marrow_signal
from spinemets.rules.adc import PUBLISHED_CUTS, TO_1E3, adc_in_1e3, unit_of_size
from spinemets.rules.adc import SOURCE as ADC_SOURCE
from spinemets.rules.adc_response import SOURCE as RESPONSE_SOURCE
from spinemets.rules.adc_response import adc_rise

ADC_UNIT = "10*-3.mm2/s"
ROLES = ("adc", "prior_adc")
AROUND_MM = 4.0
"""Two maps are compared in the vertebra and so far round it: discs, CSF and muscle tell where it ends (ours)."""


def labelled(label: Enum | NotAssessed | NotApplicable, method: str) -> Any:
    """A label as it stands in the report."""
    return {"value": label.value, "method": method} if isinstance(label, Enum) else label


def diffusion_signs(level: Level, evidence: MrEvidence, what: str, has_mask: bool) -> dict[str, Any]:
    """MR5 and X7; and X21, where there is an earlier map."""
    value = _adc(evidence.own("adc", level), what)
    cuts = ", ".join(f"{cut:g}" for cut in PUBLISHED_CUTS)
    snr = _b0_snr(level, evidence)
    label = marrow_signal.adc_label(value, snr)
    change = _change(level, evidence, snr, has_mask)
    return {
        "adc": value,
        "adc_label": labelled(label, f"MR5, {ADC_SOURCE}; published cuts: {cuts}"),
        "adc_change": change,
        "adc_rise": said(adc_rise(change), f"X21, no proof of response by itself: {RESPONSE_SOURCE}"),
    }


def _change(level: Level, evidence: MrEvidence, snr: float | NotAssessed, has_mask: bool) -> Finding:
    """Change of the lesions' ADC since an earlier map, under today's mask."""
    if not has_mask or evidence.target(level) == "body":
        return NotApplicable("no_lesion") if has_mask else NO_LESION_MASK
    reason, bone = evidence.missing(*ROLES), evidence.depth(level, "bone")
    if reason is not None or bone is None:
        return reason or NO_LESION_MASK
    if isinstance(snr, NotAssessed) or snr < marrow_signal.LEAST_SNR:
        return snr if isinstance(snr, NotAssessed) else marrow_signal.too_little_signal(snr)
    maps = [resample(evidence.series[role], Grid.of(bone), fill=np.nan) for role in ROLES]
    moved = displacement(maps[0], maps[1], bone.array > -AROUND_MM, MOST_MOVED_MM)
    muscles = [evidence.muscle(role, level) for role in ROLES]
    own = [_adc(evidence.own(role, level), "the lesions", like) for role, like in zip(ROLES, muscles, strict=True)]
    usual = [_adc(muscle, "the erector muscle") for muscle in muscles]
    return moved or adc_change(own[0], own[1], usual[0], usual[1])


def _adc(own: Signal | NotAssessed, what: str, like: Signal | NotAssessed | None = None) -> Finding:
    """ADC of a signal in the unit that its size tells, or that of `like`, tissue of the same map."""
    if isinstance(own, NotAssessed):
        return own
    if isinstance(like, NotAssessed):
        return like
    try:
        unit = unit_of_size((like or own).value)
        value = adc_in_1e3(own.value, unit)
    except ValueError as error:
        return NotAssessed(Reason.NO_REFERENCE, f"the unit of the ADC map is not known: {error}")
    low, high = max(own.low, 0.0) * TO_1E3[unit], own.high * TO_1E3[unit]
    return Measured(value, ADC_UNIT, low, high, f"mean of {what}; the map's unit, by its size, is {unit}")


def _b0_snr(level: Level, evidence: MrEvidence) -> float | NotAssessed:
    target = evidence.target(level)
    part = evidence.part("dwi_b0", level, target)
    if isinstance(part, NotAssessed):
        return NotAssessed(part.code, f"dense bone has no ADC, and its signal is not known: {part.detail}")
    return signal_to_noise(part, LESION_MM if target == "lesion" else BODY_MM)
