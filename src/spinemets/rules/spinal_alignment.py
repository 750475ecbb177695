"""SINS alignment from measured slips and angles.

Fisher 2010 names subluxation or translation, and de novo deformity, without numbers. The cut-offs are those of
White AA, Panjabi MM, Clinical Biomechanics of the Spine (recalled, to be re-checked): translation of more than 3.5,
2.5 and 4.5 mm, angulation of more than 11° (cervical) and 5° (thoracic); for the lumbar spine the source gives 15 % of
the depth beside 4.5 mm and no static angle, so the thoracic one stands in (ours). Scoliosis: more than 10°.
A supine scan hides deformity, and without an earlier image nobody knows its age.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spinemets.anatomy import Region
from spinemets.findings import Finding, Measured
from spinemets.rules.sins_table import Alignment

SOURCE = "cut-offs of White and Panjabi, Clinical Biomechanics of the Spine, from memory; SINS gives none"
SLIP_OVER_MM = {Region.CERVICAL: 3.5, Region.THORACIC: 2.5, Region.LUMBAR: 4.5}
ANGLE_OVER_DEG = {Region.CERVICAL: 11.0, Region.THORACIC: 5.0, Region.LUMBAR: 5.0}
SCOLIOSIS_OVER_DEG = 10.0


@dataclass(frozen=True)
class AlignmentReading:
    """What a level's alignment may be.

    Attributes
    ----------
    possible : frozenset of Alignment
        Empty where nothing could be measured.
    flags : tuple of str
        ``slip_at_threshold``, ``angle_at_threshold``, ``supine``.
    """

    possible: frozenset[Alignment]
    flags: tuple[str, ...]

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
    region: Region, slips_mm: Iterable[Finding], angles_deg: Iterable[Finding], scoliosis_deg: Finding
) -> AlignmentReading:
    """What a level's alignment may be, from both slips, the changes of angle, and its scoliosis.

    A slip surely over its cut-off is a subluxation. Where every slip is surely below, an angle that is over its
    cut-off, or that could not be measured, leaves deformity of unknown age open. Where a slip was not measured or its
    interval contains the cut-off, subluxation stays open too.

    Parameters
    ----------
    region : Region
        Cervical, thoracic or lumbar.
    slips_mm : iterable of Finding
        Translation above and below, sagittal and lateral.
    angles_deg : iterable of Finding
        Changes of kyphosis and scoliosis against what is usual there.
    scoliosis_deg : Finding
        Local coronal angle.
    """
    slips, angles = list(slips_mm), list(angles_deg)
    over = [_over(slip, SLIP_OVER_MM[region]) for slip in slips]
    bent = [_over(angle, ANGLE_OVER_DEG[region]) for angle in angles] + [_over(scoliosis_deg, SCOLIOSIS_OVER_DEG)]
    flags = ["supine"]
    if any(answer == {False, True} for answer, slip in zip(over, slips, strict=True) if isinstance(slip, Measured)):
        flags.append("slip_at_threshold")
    if any(isinstance(angle, Measured) and _over(angle, ANGLE_OVER_DEG[region]) == {False, True} for angle in angles):
        flags.append("angle_at_threshold")
    if any(answer == {True} for answer in over):
        return AlignmentReading(frozenset({Alignment.SUBLUXATION}), tuple(flags))
    possible = {Alignment.NORMAL}
    if any(True in answer for answer in bent):
        possible.add(Alignment.DE_NOVO_DEFORMITY)
    if any(True in answer for answer in over):
        return AlignmentReading(frozenset(), tuple(flags))
    return AlignmentReading(frozenset(possible), tuple(flags))


def _over(finding: Finding, limit: float) -> set[bool]:
    """The answers that a finding leaves open to "more than the limit, either way?"."""
    if not isinstance(finding, Measured):
        return {False, True}
    most = max(abs(finding.low), abs(finding.high))
    least = 0.0 if finding.low <= 0 <= finding.high else min(abs(finding.low), abs(finding.high))
    return {least > limit, most > limit}
