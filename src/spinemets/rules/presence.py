"""Present, absent, or too close to the limit to say: what a measured sign is."""

from __future__ import annotations

from enum import Enum

from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed


class Presence(str, Enum):
    """Whether a sign was seen by someone who looked for it; not looked for is a `NotAssessed`."""

    PRESENT = "present"
    ABSENT = "absent"
    AT_THRESHOLD = "at_threshold"


Sign = Presence | NotAssessed | NotApplicable


def at_least(finding: Finding, limit: float) -> Sign:
    """Whether a measurement is at least a limit; `AT_THRESHOLD` where its interval reaches to both sides."""
    if not isinstance(finding, Measured):
        return finding
    if finding.low >= limit:
        return Presence.PRESENT
    return Presence.ABSENT if finding.high < limit else Presence.AT_THRESHOLD


def more_than(finding: Finding, limit: float) -> Sign:
    """Whether a measurement is more than a limit."""
    if not isinstance(finding, Measured):
        return finding
    if finding.low > limit:
        return Presence.PRESENT
    return Presence.ABSENT if finding.high <= limit else Presence.AT_THRESHOLD


def less_than(finding: Finding, limit: float) -> Sign:
    """Whether a measurement is less than a limit."""
    return opposite(at_least(finding, limit))


def opposite(sign: Sign) -> Sign:
    """Absent for present and present for absent."""
    swapped = {Presence.PRESENT: Presence.ABSENT, Presence.ABSENT: Presence.PRESENT}
    return swapped.get(sign, sign) if isinstance(sign, Presence) else sign


def all_of(*signs: Sign) -> Sign:
    """Present where all are; absent where one is absent; else the first that is not present."""
    if any(sign is Presence.ABSENT for sign in signs):
        return Presence.ABSENT
    return next((sign for sign in signs if sign is not Presence.PRESENT), Presence.PRESENT)


def any_of(*signs: Sign) -> Sign:
    """Present where one is; absent where all are; else the first that is neither."""
    return opposite(all_of(*(opposite(sign) for sign in signs)))
