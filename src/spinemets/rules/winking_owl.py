"""The winking owl: a pedicle that is missing on a film from the front.

The review (Montoya-Bordón 2023, l.150-156) calls it characteristic of metastasis, without a number. A shadow of less
than half of the other side's is ours (`clinical.md` §1.7, X1).
"""

from __future__ import annotations

from spinemets.findings import Finding
from spinemets.rules.presence import Sign, less_than

SOURCE = "the review, l.150-156; number ours"
RATIO_BELOW = 0.5


def winking_owl(shadow_ratio: Finding) -> Sign:
    """Whether one pedicle casts less than half of the other one's shadow."""
    return less_than(shadow_ratio, RATIO_BELOW)
