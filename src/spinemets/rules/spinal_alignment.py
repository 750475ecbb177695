"""SINS alignment from measured slips and bends.

Fisher 2010 names subluxation or translation, and de novo deformity, without numbers. The cut-offs are those of
White AA, Panjabi MM, Clinical Biomechanics of the Spine (recalled, to be re-checked): translation of more than 3.5,
2.5 and 4.5 mm, angulation of more than 11° (cervical) and 5° (thoracic). For the lumbar spine the source gives 15 % of
the depth beside 4.5 mm, and for angulation at rest a limit of instability that lies far above any deformity a reader
would see, so the thoracic angle stands in (ours). Scoliosis, and a disc or body bent to the side: more than 10° (ours
for the latter two). To the front kyphosis counts alone: SINS names kyphosis and scoliosis, not lordosis.

A slip decides by its whole interval (ours): four points must not be lost to an error, so a slip that may be over its
cut-off is never normal. A bend decides by its value (ours), as a loss of height does in `spinemets.rules.collapse`: at
most its cut-off, and its interval ending below `BEND_ENDS_DEG`, it is none, and a flag says that the interval crosses.
Readers score by eye; to ask for the whole interval would leave every thoracic level open, since healthy endplates are
no planes. A bend over its cut-off is deformity only if it is new: a supine scan hides deformity, and without an earlier
image nobody knows its age, not even that of a collapse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from spinemets.anatomy import Region
from spinemets.findings import Finding, Measured
from spinemets.rules.likelihood import chance_over
from spinemets.rules.sins_table import Alignment

SOURCE = "cut-offs of White and Panjabi, Clinical Biomechanics of the Spine, from memory; SINS gives none"
SLIP_OVER_MM = {Region.CERVICAL: 3.5, Region.THORACIC: 2.5, Region.LUMBAR: 4.5}
ANGLE_OVER_DEG = {Region.CERVICAL: 11.0, Region.THORACIC: 5.0, Region.LUMBAR: 5.0}
SCOLIOSIS_OVER_DEG = 10.0
BEND_ENDS_DEG = {Region.CERVICAL: 22.0, Region.THORACIC: 15.0, Region.LUMBAR: 15.0}
"""A bend of at most its cut-off is none where its interval ends below this (ours). Twice the cut-off in the neck, as
`collapse.SURE_FROM` is to `collapse.NONE_BELOW`; three times below, where the cut-off is no larger than the error: a
local kyphosis that no reader overlooks."""
SCOLIOSIS_ENDS_DEG = 20.0
"""The same to the side (ours)."""


@dataclass(frozen=True)
class AlignmentReading:
    """What a level's alignment may be.

    Attributes
    ----------
    possible : frozenset of Alignment
        Empty where nothing could be measured.
    flags : tuple of str
        ``slip_at_threshold``, ``angle_at_threshold``, ``supine``.
    slipped, bent : float or None
        Probability that some slip, and that some bend, is over its cut-off; None where one was not measured. A bend
        that is none by `read_alignment` is not over it.
    """

    possible: frozenset[Alignment]
    flags: tuple[str, ...]
    slipped: float | None = None
    bent: float | None = None

    @property
    def case_word(self) -> str:
        """The word of a SINS case for it."""
        return _WORD.get(self.possible, "not_assessable")


_WORD = {
    frozenset({Alignment.NORMAL}): "normal",
    frozenset({Alignment.SUBLUXATION}): "subluxation",
    frozenset({Alignment.NORMAL, Alignment.DE_NOVO_DEFORMITY}): "deformity_age_unknown",
}


def read_alignment(
    region: Region, slips_mm: Iterable[Finding], bends_deg: Iterable[Finding], scoliosis_deg: Iterable[Finding]
) -> AlignmentReading:
    """What a level's alignment may be, from its slips, and from what bends it to the front and to the side.

    A slip surely over its cut-off is a subluxation. Where a slip was not measured or its interval contains the cut-off,
    everything stays open. Where every slip is surely below, a bend or a scoliosis that is not none leaves deformity of
    unknown age open: one over its cut-off, one that reaches too far beyond it, one that was not measured.

    Parameters
    ----------
    region : Region
        Cervical, thoracic or lumbar.
    slips_mm : iterable of Finding
        Translation above and below, sagittal and lateral.
    bends_deg : iterable of Finding
        What the body and the discs next to it bend to the front by, beyond what is usual there.
    scoliosis_deg : iterable of Finding
        Local coronal angle, and what the body and the discs bend to the side by.
    """
    slips = [(slip, SLIP_OVER_MM[region]) for slip in slips_mm]
    bends = [(_kyphotic(bend), ANGLE_OVER_DEG[region], BEND_ENDS_DEG[region]) for bend in bends_deg]
    bends += [(angle, SCOLIOSIS_OVER_DEG, SCOLIOSIS_ENDS_DEG) for angle in scoliosis_deg]
    over = [_over(*slip) for slip in slips]
    flags = ["supine"]
    if any(_crosses(*slip) for slip in slips):
        flags.append("slip_at_threshold")
    if any(_crosses(bend, limit) for bend, limit, _ in bends):
        flags.append("angle_at_threshold")
    is_bent = not all(_is_none(*bend) for bend in bends)
    chances = _chance_of_any(slips), _chance_of_any([bend[:2] for bend in bends if not _is_none(*bend)])
    possible = {Alignment.NORMAL, Alignment.DE_NOVO_DEFORMITY} if is_bent else {Alignment.NORMAL}
    if any(answer == {True} for answer in over):
        possible = {Alignment.SUBLUXATION}
    elif any(True in answer for answer in over):
        possible = set()
    return AlignmentReading(frozenset(possible), tuple(flags), *chances)


def _chance_of_any(findings: Sequence[tuple[Finding, float]]) -> float | None:
    """Probability that any of some findings is over its limit, either way, each by itself; None if one is unknown."""
    none = 1.0
    for finding, limit in findings:
        if not isinstance(finding, Measured):
            return None
        none *= 1 - chance_over(finding, limit, either_way=True)
    return 1 - none


def _is_none(bend: Finding, limit: float, ends_below: float) -> bool:
    """Whether a bend is none: its value at most the limit, either way, its interval ending below another."""
    if not isinstance(bend, Measured):
        return False
    return abs(bend.value) <= limit and max(abs(bend.low), abs(bend.high)) < ends_below


def _kyphotic(bend: Finding) -> Finding:
    """A bend to the front without what of it is lordosis, which is no deformity of SINS."""
    if not isinstance(bend, Measured):
        return bend
    value, low, high = (max(number, 0.0) for number in (bend.value, bend.low, bend.high))
    return replace(bend, value=value, low=low, high=high)


def _crosses(finding: Finding, limit: float) -> bool:
    return isinstance(finding, Measured) and _over(finding, limit) == {False, True}


def _over(finding: Finding, limit: float) -> set[bool]:
    """The answers that the interval of a finding leaves open to "more than the limit, either way?"."""
    if not isinstance(finding, Measured):
        return {False, True}
    most = max(abs(finding.low), abs(finding.high))
    least = 0.0 if finding.low <= 0 <= finding.high else min(abs(finding.low), abs(finding.high))
    return {least > limit, most > limit}
