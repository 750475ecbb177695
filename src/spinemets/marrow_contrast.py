"""Uptake of contrast medium at a level: in lesions or body, in what of a lesion lies beyond the bone, in the discs."""

from __future__ import annotations

from typing import Any

from spinemets.anatomy import Level
from spinemets.diffuse_marrow import ALL_DARK
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.fracture_assessment import said
from spinemets.marrow_evidence import NO_LESION_MASK, MrEvidence
from spinemets.measure.disc_uptake import disc_uptake
from spinemets.measure.enhancement import comparable, enhancement, enhancement_to_muscle
from spinemets.rules import marrow_signal, mimics
from spinemets.rules.presence import any_of, opposite

PAIR = ("t1", "t1_gd")


def contrast_signs(level: Level, evidence: MrEvidence, diffuse: bool, what: str, has_mask: bool) -> dict[str, Any]:
    """MR6, two numbers and never a yes or no, since no limit is published; MR7; and X10 of the discs."""
    reason = evidence.missing(*PAIR) or (ALL_DARK if diffuse else None)
    muscle, marrow = ([one(role, level) for role in PAIR] for one in (evidence.muscle, evidence.marrow))
    reason = reason or comparable((muscle[0], muscle[1]), (marrow[0], marrow[1]))
    own: Finding = reason or enhancement(evidence.own("t1", level), evidence.own("t1_gd", level), f"mean of {what}")
    of_muscle = reason or enhancement(muscle[0], muscle[1], "the erector muscle")
    mass = _mass(level, evidence, has_mask, reason)
    enhances = marrow_signal.mass_enhances(mass)
    return {
        "enhancement_ratio": own,
        "enhancement_to_muscle": enhancement_to_muscle(own, of_muscle),
        "mass_enhancement": mass,
        "enhancing_mass": said(enhances, f"MR7, favours metastatic: {marrow_signal.SOURCE}"),
        "mass_without_enhancement": said(opposite(enhances), f"MR7, favours osteoporotic: {marrow_signal.SOURCE}"),
        **_discs(level, evidence),
    }


def _mass(level: Level, evidence: MrEvidence, has_mask: bool, reason: Finding | None) -> Finding:
    """Uptake of what of the lesions lies beyond the bone."""
    if not has_mask:
        return NO_LESION_MASK
    if evidence.depth(level, "mass") is None:
        return NotApplicable("no_mass_beyond_the_bone")
    before, after = (evidence.signal(role, level, "mass") for role in PAIR)
    return reason or enhancement(before, after, "mean of the lesion beyond the bone")


def _discs(level: Level, evidence: MrEvidence) -> dict[str, Any]:
    """X10: uptake of the discs above and below, the larger."""
    reason = evidence.missing(*PAIR)
    if reason is not None:
        return {"discitis_disc_enhancement": reason, "disc_uptake": reason}
    before, after = (evidence.series[role] for role in PAIR)
    own = evidence.discs(level)
    found = [disc_uptake(before, after, disc, evidence.sound_discs(level)) for disc in own]
    if len(own) < 2:
        detail = f"the discs above and below {level} were not both seen whole"
        found.append(NotAssessed(Reason.OUT_OF_FIELD, detail))
    sign = any_of(*(mimics.disc_enhances(one) for one in found))
    known = [one for one in found if isinstance(one, Measured)]
    return {
        "discitis_disc_enhancement": said(sign, f"X10: {mimics.SOURCE}"),
        "disc_uptake": max(known, key=lambda one: one.value) if known else found[0],
    }
