"""How much brighter T1 becomes after contrast medium, where both series can be compared at all."""

from __future__ import annotations

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.signal import Signal

FAT_KEPT = (0.7, 1.5)
"""Healthy marrow by muscle after contrast medium, by the same before: outside these limits only one of both series is
fat-suppressed (ours; `clinical.md` §3.5: 0.6 by 2.2 to 3 with suppression, near 1 without)."""
MUSCLE_GAIN = (-0.1, 0.6)
"""Muscle itself enhances by so much; more or less is another gain (ours; `clinical.md` §3.5: about 0.1)."""
LEAST_MUSCLE = 0.03
"""With less enhancement of muscle, there is nothing to divide by (ours)."""
Pair = tuple[Signal | NotAssessed, Signal | NotAssessed]
"""Signal of one tissue before and after contrast medium."""


def comparable(muscle: Pair, marrow: Pair) -> NotAssessed | None:
    """Why two series cannot be subtracted: another gain, or fat suppression in one of them; None where they can."""
    known = [one for one in (*muscle, *marrow) if isinstance(one, Signal)]
    for one in (*muscle, *marrow):
        if isinstance(one, NotAssessed):
            return NotAssessed(one.code, f"gain and fat suppression before and after are not known: {one.detail}")
    muscle_pre, muscle_post, marrow_pre, marrow_post = known
    if min(muscle_pre.value, muscle_post.value, marrow_pre.value) <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "muscle or marrow has no signal to compare with")
    gain = muscle_post.value / muscle_pre.value - 1
    if not MUSCLE_GAIN[0] <= gain <= MUSCLE_GAIN[1]:
        return NotAssessed(Reason.NO_REFERENCE, f"muscle changes by {gain:+.2f}: both series differ in gain")
    kept = marrow_post.value / marrow_pre.value / (1 + gain)
    if not FAT_KEPT[0] <= kept <= FAT_KEPT[1]:
        detail = f"healthy marrow changes {kept:.2f} times against muscle: only one of both series is fat-suppressed"
        return NotAssessed(Reason.NO_REFERENCE, detail)
    return None


def enhancement(pre: Signal | NotAssessed, post: Signal | NotAssessed, what: str) -> Finding:
    """Signal after contrast medium less that before, by that before."""
    if isinstance(pre, NotAssessed):
        return pre
    if isinstance(post, NotAssessed):
        return post
    if pre.low <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "there is no signal before contrast medium")
    low, value, high = (a / b - 1 for a, b in ((post.low, pre.high), (post.value, pre.value), (post.high, pre.low)))
    return Measured(value, "1", low, high, f"(after - before) / before contrast medium, {what}")


def enhancement_to_muscle(own: Finding, muscle: Finding) -> Finding:
    """Enhancement by that of muscle; the interval is that of the former, since muscle's noise is not the question."""
    if not isinstance(own, Measured):
        return own
    if not isinstance(muscle, Measured):
        return muscle
    if muscle.value < LEAST_MUSCLE:
        return NotAssessed(Reason.NO_REFERENCE, f"muscle enhances by {muscle.value:.2f}, too little to compare with")
    low, value, high = (one / muscle.value for one in (own.low, own.value, own.high))
    return Measured(value, "1", low, high, "enhancement by that of the erector muscle, whose own error is left out")
