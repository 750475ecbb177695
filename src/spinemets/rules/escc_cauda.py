"""Whether grades that name the cord have a meaning at a tumour: cord, or roots below the conus.

`clinical.md` §2.4: where there is no cord, 1c, 2 and 3 have no referent. Which slices show a cord is an argument; what
follows from them is decided here (ours). In doubt nothing is graded, and what would hold for a cord stays possible:
a compressed cord must not be lost because it no longer looks like one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from spinemets.anatomy import Level
from spinemets.rules.escc_slice import Grade

CONUS = (Level.T12, Level.L3)
"""Levels that the cord may end at (`clinical.md` §2.4)."""
CORD_OR_ROOTS, CORD_NOT_SEEN, CORD_BELOW_CONUS = "cord_or_roots", "cord_not_seen", "cord_below_conus"
"""Flags of sites that are not graded for this."""
BELOW_CONUS = "there is no cord at the tumour: 1c, 2 and 3 have no meaning below the conus"


class AtTumour(Enum):
    """What lies in the sac beside tumour."""

    CORD = "cord"
    NOT_SEEN = "not seen"  # the cord runs on above and below, and is outlined in no slice with tumour
    EITHER = "either"
    ROOTS = "roots"
    NO_CORD_THERE = "no cord there"  # a reader outlined one at a level that no cord reaches


REASON = {
    AtTumour.NOT_SEEN: f"{CORD_NOT_SEEN}: a cord is seen away from the tumour and none beside it; "
    "that it is compressed is not excluded",
    AtTumour.EITHER: f"{CORD_OR_ROOTS}: the cord ends near the tumour or is not seen there, "
    "and what lies beside it may be cord or roots",
    AtTumour.ROOTS: BELOW_CONUS,
    AtTumour.NO_CORD_THERE: f"{CORD_BELOW_CONUS}: a cord is outlined below {CONUS[1]}, where none runs: "
    "the level or the mask is wrong, or the cord is tethered",
}


def at_tumour(
    tumour: frozenset[int],
    *,
    doubtful: frozenset[int],
    roots: frozenset[int],
    drawn: frozenset[int],
    level: Level | None,
) -> AtTumour | None:
    """What lies in the sac beside tumour; None where there is no tumour.

    A level above those of `CONUS`, or below them, is believed before the image.

    Parameters
    ----------
    tumour : frozenset of int
        Indices of the slices with tumour.
    doubtful, roots : frozenset of int
        Indices of the slices in which the cord may have ended, and in which it has.
    drawn : frozenset of int
        Indices of the slices with something outlined as cord.
    level : Level or None
        Of the tumour, where it is known.
    """
    if not tumour:
        return None
    if level is not None and level.order > CONUS[1].order:
        return AtTumour.ROOTS
    if level is None or level.order >= CONUS[0].order:
        if tumour <= roots:
            return AtTumour.ROOTS
        if tumour & doubtful:
            return AtTumour.EITHER
    return AtTumour.CORD if tumour & drawn else AtTumour.NOT_SEEN


def given_cord(tumour: frozenset[int], drawn: frozenset[int], level: Level | None) -> AtTumour:
    """What lies beside tumour where a reader drew the masks: what they show, unless no cord reaches the level.

    Parameters
    ----------
    tumour, drawn : frozenset of int
        Indices of the slices with tumour, and with a cord.
    level : Level or None
        Of the tumour, as the reader states it.
    """
    below = level is not None and level.order > CONUS[1].order
    return AtTumour.NO_CORD_THERE if below and tumour & drawn else AtTumour.CORD


def with_place(answer: Mapping[str, Any], place: AtTumour) -> dict[str, Any]:
    """The answer for a site, given what lies in the sac beside its tumour."""
    if place is AtTumour.CORD:
        return dict(answer)
    ungraded = {"grade": None, "high_grade_2_3": None, "high_grade_from_1c": None, "reason": REASON[place]}
    if place is AtTumour.ROOTS:
        nothing: dict[str, Any] = {"possible_grades": [], "distribution": {}}
        return {**answer, **ungraded, **nothing, "status": "not_applicable_below_conus"}
    if place is AtTumour.NO_CORD_THERE:
        flags = [*answer["flags"], CORD_BELOW_CONUS]
        return {**answer, **ungraded, "status": "not_assessable", "flags": flags}
    flag = CORD_OR_ROOTS if place is AtTumour.EITHER else CORD_NOT_SEEN
    return {
        **answer,
        **ungraded,
        "status": "not_assessable",
        "possible_grades": _possible(answer),
        "flags": [*answer["flags"], flag],
    }


def _possible(answer: Mapping[str, Any]) -> list[str]:
    """From the least grade that holds on to 3, since a cord that is not seen may be compressed to any degree."""
    known = answer["possible_grades"] or [one["grade"] for one in answer["slices"]]
    ranks = [Grade(one).rank for one in known]
    least = (min(ranks) if answer["possible_grades"] else max(ranks)) if ranks else 0
    return [grade.value for grade in Grade if grade.rank >= max(least, Grade.G1A.rank)]
