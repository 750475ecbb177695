"""How likely it is that a measured number lies over a limit, by its interval."""

from __future__ import annotations

import math

from spinemets.findings import Measured

Z_90 = 1.6449
"""Half width of a 90 % interval of a normal distribution, in standard deviations."""


def chance_over(finding: Measured, limit: float, *, either_way: bool = False) -> float:
    """Probability in [0, 1] that what was measured is over a limit.

    The error is taken as normal, and the interval of a finding as its 90 % interval (ours), on either side by itself.

    Parameters
    ----------
    finding : Measured
        A number and its interval.
    limit : float
        In its unit.
    either_way : bool
        Whether a number below minus the limit is over it as well.
    """
    over = 1.0 - _below(finding, limit)
    return over + _below(finding, -limit) if either_way else over


def _below(finding: Measured, limit: float) -> float:
    way = limit - finding.value
    error = (finding.high - finding.value if way > 0 else finding.value - finding.low) / Z_90
    if error <= 0:
        return float(way >= 0)
    return 0.5 * math.erfc(-way / error / math.sqrt(2))
