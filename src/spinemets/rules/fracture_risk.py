"""Risk of fracture by destroyed cortex, and what a plain film would show.

The review (Montoya-Bordón 2023): the risk is "high if the tumour destroys 50% of the cortex" (l.121-123), where "at
least" is our reading; a film shows a mass of more than 1 cm with at least half of the trabeculae lost (l.109-112).
"""

from __future__ import annotations

from spinemets.findings import Finding
from spinemets.rules.presence import Sign, all_of, at_least, more_than

RISK_SOURCE = "the review, l.121-123; which cortex is not said, the whole shell is ours"
FILM_SOURCE = "the review, l.109-112"
CORTEX_FROM = 0.5
DIAMETER_ABOVE_MM = 10.0
DEFICIT_FROM = 0.5


def high_fracture_risk(cortex_missing: Finding) -> Sign:
    """Whether at least half of the cortex of the body is missing."""
    return at_least(cortex_missing, CORTEX_FROM)


def visible_on_film(diameter_mm: Finding, trabecular_deficit: Finding) -> Sign:
    """Whether a lytic lesion would be seen on a plain film; informative only."""
    return all_of(more_than(diameter_mm, DIAMETER_ABOVE_MM), at_least(trabecular_deficit, DEFICIT_FROM))
