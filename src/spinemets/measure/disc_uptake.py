"""How much more contrast medium a part of a disc takes up than discs of unaffected levels do.

These stand for what gain and fat suppression change between both series: discs hold hardly any fat, and healthy ones no
vessels. Uptake in discitis is patchy (the review, l.436), so the middle of the disc is looked at in nine parts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.reference_tissue import disc_points, disc_signal
from spinemets.measure.signal import Signal, places_signal
from spinemets.volume import Volume

PARTS = 3
"""So many parts to the right, and as many to the front (ours)."""
DiscEnds = tuple[BodyEnds, BodyEnds]
"""The bodies above and below a disc."""


def disc_uptake(before: Volume, after: Volume, disc: DiscEnds, unaffected: Sequence[DiscEnds]) -> Finding:
    """Rise of signal of the part of a disc that rises most, beyond that of unaffected discs, as a share of it.

    Parameters
    ----------
    before, after : Volume
        T1 before and after contrast medium, in the same world, on any grids.
    disc : (BodyEnds, BodyEnds)
        The bodies above and below the disc.
    unaffected : sequence of (BodyEnds, BodyEnds)
        The same of discs between unaffected bodies; the interval holds what each of them rises by.
    """
    whole = _rise(disc_signal(before, *disc), disc_signal(after, *disc))
    if isinstance(whole, NotAssessed):
        return whole
    usual = [_rise(disc_signal(before, *one), disc_signal(after, *one)) for one in unaffected]
    known = [one for one in usual if isinstance(one, Signal)]
    if not known:
        none = NotAssessed(Reason.NO_REFERENCE, "no disc between unaffected bodies shows what both series differ by")
        return next((one for one in usual if isinstance(one, NotAssessed)), none)
    points = disc_points(*disc)
    parts = [part for half in np.split(points, PARTS) for part in np.split(half, PARTS, axis=1)]
    rises = [_rise(*(places_signal(image, part.reshape(-1, 3)) for image in (before, after))) for part in parts]
    most = max((one for one in rises if isinstance(one, Signal)), key=lambda one: one.value, default=whole)
    low, high = most.low / max(one.value for one in known), most.high / min(one.value for one in known)
    value = most.value / float(np.mean([one.value for one in known]))
    method = "signal after by before contrast medium of a ninth of the disc, by that of unaffected discs, less 1"
    return Measured(value - 1, "1", low - 1, high - 1, method)


def _rise(before: Signal | NotAssessed, after: Signal | NotAssessed) -> Signal | NotAssessed:
    """Signal after contrast medium by that before."""
    if isinstance(before, NotAssessed):
        return before
    if isinstance(after, NotAssessed):
        return after
    if before.low <= 0 or after.low <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "a disc has no signal before or after contrast medium")
    return Signal(after.value / before.value, after.low / before.high, after.high / before.low)
