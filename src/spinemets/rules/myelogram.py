"""Whether the column of contrast medium stops at a level of a CT myelogram.

The review (Montoya-Bordón 2023, l.286-293): where MRI is impossible, CT myelography "can characterise spinal cord
compression and the degree of myelographic block". It gives no number; the one here is ours. The sign is what is seen: a
complete block, or contrast medium that got no further. It is no ESCC grade, which is defined on axial T2.
"""

from __future__ import annotations

from spinemets.findings import Finding
from spinemets.rules.presence import Sign, at_least

SOURCE = "CT myelography, the review, l.286-293; number ours; no ESCC grade"
STOPS_FROM = 0.90
"""So much of the cross-section of the column is lost where it stops."""


def column_stops(loss: Finding) -> Sign:
    """Whether hardly any contrast medium is seen at a level that has some beside it."""
    return at_least(loss, STOPS_FROM)
