"""Whether lesions reach into the foramina above and below a level, by side."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from spinemets.anatomy import Level, Side
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.fracture_assessment import said
from spinemets.measure.foramen import foramen_share
from spinemets.measure.height_reference import steps_between
from spinemets.measure.vertebra_regions import VertebraRegions
from spinemets.rules import foramen
from spinemets.volume import Volume

FORAMEN = tuple(f"foramen_{side.value}{what}" for side in Side for what in ("", "_share"))
"""Names of what is said of them."""


def foramen_signs(level: Level, lesions: Volume, vertebrae: Volume, regions: VertebraRegions) -> dict[str, Any]:
    """Sign and share of both sides, by name.

    Parameters
    ----------
    level : Level
        With lesions.
    lesions, vertebrae : Volume
        Lesion labels and VerSe ids on one grid.
    regions : VertebraRegions
        Parts of every vertebra on that grid.
    """
    ordered = sorted(regions.axes, key=lambda one: one.order)
    pairs = [pair for pair in pairwise(ordered) if level in pair and steps_between(*pair) <= 1]
    found: dict[str, Any] = {}
    for side in Side:
        shares: list[Finding] = [
            foramen_share(lesions, vertebrae, regions.labels, regions.axes[above], below, side)
            for above, below in pairs
        ]
        if len(pairs) < 2:
            detail = f"the vertebrae above and below {level} were not both seen"
            shares.append(NotAssessed(Reason.OUT_OF_FIELD, detail))
        sign = said(foramen.foramen_involved(*shares), f"X19, in the lesion mask: {foramen.SOURCE}")
        known = [one for one in shares if isinstance(one, Measured)]
        largest = max(known, key=lambda one: one.value) if known else shares[0]
        found |= {f"foramen_{side.value}": sign, f"foramen_{side.value}_share": largest}
    return found
