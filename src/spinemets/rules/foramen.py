"""Whether a lesion reaches into an intervertebral foramen.

The review (Montoya-Bordón 2023, l.187-189) names the sign and gives no number; a tenth of the foramen is ours
(`clinical.md` §1.7, X19). Whether the fat round the nerve root is lost is not looked at.
"""

from __future__ import annotations

from spinemets.findings import Finding
from spinemets.rules.presence import Sign, any_of, at_least

SOURCE = "the review, l.187-189; number ours"
INVOLVED_FROM = 0.10
"""Share of a foramen that a lesion fills."""


def foramen_involved(*shares: Finding) -> Sign:
    """Whether a lesion fills enough of one of the foramina above and below a vertebra, on one side."""
    return any_of(*(at_least(share, INVOLVED_FROM) for share in shares))
