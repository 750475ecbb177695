"""Endplates of neighbouring bodies with the lesions and the loss of bone at them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from spinemets.anatomy import Level
from spinemets.findings import Finding, NotAssessed, Reason
from spinemets.fracture_assessment import NO_LESION_MASK, CtEvidence, MeasuredBody
from spinemets.measure.body_surface import BodySurface
from spinemets.measure.disc_contact import Contact, bridge_mm2, contact
from spinemets.measure.discs import Disc, disc_heights
from spinemets.measure.endplate_defect import Defect, EndplateShape, defect, endplate_shape, surface_of
from spinemets.rules import mimics
from spinemets.rules.presence import Presence, at_least
from spinemets.volume import Volume

NO_CT = NotAssessed(Reason.MISSING_SEQUENCE, "an endplate's erosion is read on CT, and there is none")


class DiscEvidence:
    """The endplates of a spine and what lies against them, looked at when it is asked for, once.

    Parameters
    ----------
    evidence : CtEvidence or None
        CT round the bodies.
    bodies : mapping of Level to MeasuredBody
        What else is known of every level.
    lesions : Volume or None
        Lesion labels.
    vertebrae : Volume
        VerSe ids on the same grid.
    """

    def __init__(
        self,
        evidence: CtEvidence | None,
        bodies: Mapping[Level, MeasuredBody],
        lesions: Volume | None,
        vertebrae: Volume,
    ) -> None:
        self.evidence, self._bodies, self._lesions, self._vertebrae = evidence, bodies, lesions, vertebrae
        self.shape, self.defect, self.contact = cache(self._shape), cache(self._defect), cache(self._contact)
        self._surface = cache(self._measured_surface)

    def discs_of(self, level: Level) -> tuple[Disc | NotAssessed, ...]:
        """The discs above and below a level, or why one of them was not looked at."""
        ends = {other: body.ends for other, body in self._bodies.items() if body.ends is not None}
        discs = disc_heights(ends) if ends else {}
        above = next((disc for disc in discs if disc[1] is level), None)
        below = next((disc for disc in discs if disc[0] is level), None)
        unknown = NotAssessed(Reason.OUT_OF_FIELD, f"the discs above and below {level} were not both seen whole")
        return above or unknown, below or unknown

    def _measured_surface(self, level: Level) -> BodySurface | None:
        ends = self._bodies[level].ends if level in self._bodies else None
        return None if ends is None else surface_of(self._vertebrae, ends)

    def _shape(self, level: Level, upper: bool) -> EndplateShape | NotAssessed:
        surface = self._surface(level)
        ends = self._bodies[level].ends if level in self._bodies else None
        if surface is None or ends is None:
            return NotAssessed(Reason.OUT_OF_FIELD, f"the endplates of {level} were not measured")
        return endplate_shape(surface, ends, upper=upper)

    def _defect(self, level: Level, upper: bool) -> Defect | NotAssessed:
        """Loss of an endplate, unless a sound neighbour's looks lost too."""
        if self.evidence is None:
            return NO_CT
        own = self._alone(level, upper)
        for other in self.evidence.neighbours(level) if isinstance(own, Defect) else ():
            beside = self._alone(other, upper)
            if isinstance(beside, Defect) and at_least(beside.area_mm2, mimics.DEFECT_MM2) is not Presence.ABSENT:
                return NotAssessed(Reason.RESOLUTION, f"the sound endplate of {other} is not seen as dense either")
        return own

    def _alone(self, level: Level, upper: bool) -> Defect | NotAssessed:
        assert self.evidence is not None
        shape = self.shape(level, upper)
        if isinstance(shape, NotAssessed):
            return shape
        return defect(self.evidence.view(level), shape, self.evidence.reference(level))

    def _contact(self, level: Level, upper: bool) -> Contact | NotAssessed:
        if self._lesions is None:
            return NO_LESION_MASK
        shape, other = self.shape(level, upper), self.shape(level, not upper)
        if isinstance(shape, NotAssessed):
            return shape
        return other if isinstance(other, NotAssessed) else contact(self._lesions, shape, other)

    def facing(self, disc: Disc) -> tuple[EndplateShape, EndplateShape] | NotAssessed:
        """The endplates above and below a disc."""
        above, below = self.shape(disc[0], False), self.shape(disc[1], True)
        if isinstance(above, NotAssessed):
            return above
        return below if isinstance(below, NotAssessed) else (above, below)

    def bridge(self, disc: Disc | NotAssessed) -> Finding:
        """Cross-section of what joins the bodies through a disc."""
        if isinstance(disc, NotAssessed) or self._lesions is None:
            return disc if isinstance(disc, NotAssessed) else NO_LESION_MASK
        facing = self.facing(disc)
        return facing if isinstance(facing, NotAssessed) else bridge_mm2(self._lesions, *facing)
