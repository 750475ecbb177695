"""Whether a measured loss of height is a collapse, in the words of SINS.

SINS (Fisher 2010) gives no method. From 20 % on (Genant's mildest grade) a loss is a collapse; from 10 to 20 % it may
be one; below 10 % it is none. Both limits are ours (`clinical.md` §1.5), and so is taking the largest loss.
"""

from __future__ import annotations

from spinemets.findings import Finding, Measured

NONE_BELOW, SURE_FROM = 0.10, 0.20


def collapse_percent(loss: Finding, *, by_interval: bool = False) -> tuple[float, float] | None:
    """The interval of a collapse in percent for a SINS case; None where the loss was not measured.

    A loss below `NONE_BELOW` whose interval ends below `SURE_FROM` is none: (0, 0). One that may be none keeps 0 in its
    interval. One of at least `SURE_FROM` is a collapse whatever the lower end of its interval, unless `by_interval`
    says that the interval decides: then it may be none where that end lies below `NONE_BELOW`.
    """
    if not isinstance(loss, Measured):
        return None
    if _is_none(loss):
        return 0.0, 0.0
    low = loss.low if loss.value >= SURE_FROM else 0.0
    if loss.value >= SURE_FROM and low < NONE_BELOW:
        low = 0.0 if by_interval else NONE_BELOW
    return 100 * low, 100 * loss.high


def decided_by_value(loss: Finding, *, by_interval: bool = False) -> bool:
    """Whether `collapse_percent` says none, or a collapse, where the interval reaches over `NONE_BELOW`."""
    if not isinstance(loss, Measured):
        return False
    surely = loss.value >= SURE_FROM and not by_interval
    return loss.low < NONE_BELOW <= loss.high and (surely or _is_none(loss))


def _is_none(loss: Measured) -> bool:
    return loss.value < NONE_BELOW and loss.high < SURE_FROM
