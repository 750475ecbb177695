"""What a part holds of fat: phase drop, loss with fat suppression, fat fraction; and whether there is signal at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.signal import PartOnImage, Signal

SAME_GAIN = (0.85, 1.15)
"""Disc and muscle hold hardly any fat: out of phase they have about their in-phase signal (`clinical.md` §3.5: 0.95 to
1; limits ours)."""
LEAST_SIGNAL = 0.3
"""Signal in phase by that of disc or muscle; less may be noise, as in dense bone (ours)."""
SUPPRESSED_FROM = 0.25
"""Healthy marrow, 40 to 80 % fat (the review, l.313), loses at least this where fat is suppressed (ours)."""
Pair = tuple[Signal | NotAssessed, Signal | NotAssessed]
"""Signal of one tissue in two series."""


def phase_drop(
    in_phase: Signal | NotAssessed,
    out_phase: Signal | NotAssessed,
    water_like: Sequence[Pair],
) -> Finding:
    """Fraction of the in-phase signal that is lost out of phase; negative where the signal rises.

    Parameters
    ----------
    in_phase, out_phase : Signal or NotAssessed
        Of the marrow that is asked about.
    water_like : sequence of pairs of Signal or NotAssessed
        Of disc and muscle in and out of phase: one of them must show that both series share their gain.
    """
    if isinstance(in_phase, NotAssessed):
        return in_phase
    if isinstance(out_phase, NotAssessed):
        return out_phase
    known = [(a, b) for a, b in water_like if isinstance(a, Signal) and isinstance(b, Signal) and a.value > 0]
    if not known:
        return NotAssessed(Reason.NO_REFERENCE, "neither disc nor muscle shows that both phases share their gain")
    alike = [a for a, b in known if SAME_GAIN[0] <= b.value / a.value <= SAME_GAIN[1]]
    if not alike:
        shown = ", ".join(f"{b.value / a.value:.2f}" for a, b in known)
        return NotAssessed(Reason.NO_REFERENCE, f"disc or muscle change {shown} times: both phases differ in gain")
    if in_phase.low < LEAST_SIGNAL * alike[0].value:
        return NotAssessed(Reason.NO_REFERENCE, "there is hardly any signal in phase, as in dense bone")
    pairs = ((out_phase.high, in_phase.low), (out_phase.value, in_phase.value), (out_phase.low, in_phase.high))
    low, value, high = (1 - max(a, 0.0) / b for a, b in pairs)
    return Measured(value, "1", low, high, "1 - mean out of phase / mean in phase")


def suppression_loss(own: Pair, water_like: Sequence[Pair], healthy: Pair) -> Finding:
    """Fraction of T1 signal that is lost with fat suppression, beyond what tissue without fat loses: that of its fat.

    Parameters
    ----------
    own : pair of Signal or NotAssessed
        What is asked about, on T1 without and with fat suppression.
    water_like : sequence of pairs of Signal or NotAssessed
        Disc and muscle, likewise: what gain both series differ by; the interval holds each.
    healthy : pair of Signal or NotAssessed
        Unaffected marrow, likewise: whether fat is suppressed at all.
    """
    for one in (*own, *healthy):
        if isinstance(one, NotAssessed):
            return one
    plain, suppressed, marrow, without_fat = (one for one in (*own, *healthy) if isinstance(one, Signal))
    known = [(a, b) for a, b in water_like if isinstance(a, Signal) and isinstance(b, Signal)]
    gains = [b.value / a.value for a, b in known if a.value > 0 and b.value > 0]
    if not gains or plain.low <= 0 or marrow.value <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "neither disc nor muscle shows what gain both series differ by")
    gain = float(np.mean(gains))
    lost = 1 - without_fat.value / marrow.value / gain
    if lost < SUPPRESSED_FROM:
        detail = f"healthy marrow loses {lost:.2f} of its signal, so that fat is not suppressed or it holds none"
        return NotAssessed(Reason.NO_REFERENCE, detail)
    pairs = ((suppressed.high, plain.low, min(gains)), (suppressed.value, plain.value, gain))
    low, value, high = (
        1 - max(after, 0.0) / before / one for after, before, one in (*pairs, (suppressed.low, plain.high, max(gains)))
    )
    return Measured(
        value, "1", low, high, "1 - T1 with by T1 without fat suppression, that of disc and muscle taken out"
    )


def fat_fraction(water: Signal | NotAssessed, fat: Signal | NotAssessed) -> Finding:
    """Fat by water and fat, of the scanner's own water and fat images."""
    if isinstance(water, NotAssessed):
        return water
    if isinstance(fat, NotAssessed):
        return fat
    pairs = [(max(f, 0.0), max(w, 0.0)) for f, w in ((fat.low, water.high), (fat.value, water.value))]
    pairs.append((max(fat.high, 0.0), max(water.low, 0.0)))
    if pairs[1][0] + pairs[1][1] <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "there is neither water nor fat signal")
    low, value, high = (f / (f + w) for f, w in pairs)
    return Measured(value, "1", low, high, "mean of the fat image by the sum of the fat and water images")


def signal_to_noise(part: PartOnImage, margin_mm: float) -> float:
    """Mean signal of a part by its noise: the spread of differences between voxels two apart, texture counted."""
    inside = part.least_mm > margin_mm
    image = part.image.array.astype(np.float64)
    axis = int(part.image.spacing_mm.argmin())
    image, inside = np.moveaxis(image, axis, 0), np.moveaxis(inside, axis, 0)
    pairs = inside[2:] & inside[:-2]
    if not pairs.any():
        return 0.0
    change = (image[2:] - image[:-2])[pairs]
    noise = float(1.48 * np.median(np.abs(change)) / np.sqrt(2))
    return float(image[inside].mean()) / noise if noise > 0 else float("inf")
