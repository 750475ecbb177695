"""What at one level looks like metastasis and may be none: discitis, Schmorl's node, discogenic change, haemangioma."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.disc_evidence import DiscEvidence
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.fracture_assessment import NO_LESION_MASK, CtEvidence, MeasuredBody, said
from spinemets.measure.disc_contact import Contact
from spinemets.measure.disc_signal import disc_to_csf
from spinemets.measure.discs import Disc
from spinemets.measure.endplate_defect import Defect
from spinemets.measure.marrow_signal import lesion_to_marrow
from spinemets.measure.striation import striation
from spinemets.measure.trabecular import Reference
from spinemets.rules import mimics
from spinemets.rules.haemangioma import SOURCE as HAEMANGIOMA_SOURCE
from spinemets.rules.haemangioma import haemangioma
from spinemets.rules.presence import Sign, any_of
from spinemets.volume import Volume, require_same_grid

NEAR_LESION_MM = 2.0
"""A defect this close to where a lesion touches the endplate is the lesion's (ours)."""


def mimic_signs(
    level: Level,
    evidence: CtEvidence | None,
    bodies: Mapping[Level, MeasuredBody],
    lesions: Volume | None,
    vertebrae: Volume,
    series: Mapping[str, Volume],
) -> dict[str, Any]:
    """Signs of what mimics a metastasis at one level, by name.

    Parameters
    ----------
    level : Level
        With a lesion or a fracture.
    evidence : CtEvidence or None
        CT round the bodies.
    bodies : mapping of Level to MeasuredBody
        What else is known of every level.
    lesions : Volume or None
        Lesion labels.
    vertebrae : Volume
        VerSe ids on the same grid.
    series : mapping of str to Volume
        MR by role, in the same world on any grid; ``t1``, ``t2`` and ``stir`` are used.

    Raises
    ------
    GeometryMismatchError
        If the lesions lie on another grid than the vertebrae.
    """
    if lesions is not None:
        require_same_grid(vertebrae, lesions, mask_name="the lesion mask")
    plates = DiscEvidence(evidence, bodies, lesions, vertebrae)
    discs = plates.discs_of(level)
    found = _crossing(plates, discs) | _discitis(plates, discs, series)
    found |= _schmorl(plates, level) | {"discogenic": _discogenic(plates, discs)}
    return found | _haemangioma(level, evidence, lesions, series)


def _largest(findings: list[Finding]) -> Finding:
    """The largest that was measured, else the first reason."""
    known = [one for one in findings if isinstance(one, Measured)]
    return max(known, key=lambda one: one.value) if known else findings[0]


def _crossing(plates: DiscEvidence, discs: tuple[Disc | NotAssessed, ...]) -> dict[str, Any]:
    bridges = [plates.bridge(disc) for disc in discs]
    sign = any_of(*(mimics.crosses_disc(one) for one in bridges))
    return {"crosses_disc": said(sign, f"X10: {mimics.SOURCE}"), "disc_bridge_area": _largest(bridges)}


def _discitis(
    plates: DiscEvidence, discs: tuple[Disc | NotAssessed, ...], series: Mapping[str, Volume]
) -> dict[str, Any]:
    eroded = any_of(*(_eroded(plates, disc) for disc in discs))
    ratios = [_fluid(plates, disc, series) for disc in discs]
    return {
        "discitis_endplates_eroded": said(eroded, f"X10, both sides of a disc: {mimics.SOURCE}"),
        "discitis_disc_fluid": said(any_of(*(mimics.disc_fluid(one) for one in ratios)), f"X10: {mimics.SOURCE}"),
        "disc_to_csf": _largest(ratios),
    }


def _eroded(plates: DiscEvidence, disc: Disc | NotAssessed) -> Sign:
    if isinstance(disc, NotAssessed):
        return disc
    return mimics.eroded_on_both_sides(_area(plates.defect(disc[0], False)), _area(plates.defect(disc[1], True)))


def _area(found: Defect | NotAssessed) -> Finding:
    return found if isinstance(found, NotAssessed) else found.area_mm2


def _fluid(plates: DiscEvidence, disc: Disc | NotAssessed, series: Mapping[str, Volume]) -> Finding:
    image = series.get("t2", series.get("stir"))
    if image is None:
        return NotAssessed(Reason.MISSING_SEQUENCE, "fluid in a disc is read on T2 or STIR, and there is none")
    if isinstance(disc, NotAssessed):
        return disc
    facing = plates.facing(disc)
    return facing if isinstance(facing, NotAssessed) else disc_to_csf(image, *facing)


def _schmorl(plates: DiscEvidence, level: Level) -> dict[str, Any]:
    """Of the endplate that a lesion touches most."""
    signs: list[Sign] = []
    shares: list[Finding] = []
    areas: list[Finding] = []
    for upper in (True, False):
        touch = plates.contact(level, upper)
        lost = plates.defect(level, upper)
        share: Finding = touch if isinstance(touch, NotAssessed) else touch.share
        area, part = _at_lesion(touch, lost, plates, level)
        signs.append(mimics.schmorl_node(share, area, part))
        shares.append(share)
        areas.append(_area(lost))
    sign = shares[0] if isinstance(shares[0], NotApplicable) else any_of(*signs)
    return {
        "schmorl_node": said(sign, f"X12: {mimics.SOURCE}"),
        "endplate_contact": _largest(shares),
        "endplate_defect_area": _largest(areas),
    }


def _at_lesion(
    touch: Contact | NotAssessed, lost: Defect | NotAssessed, plates: DiscEvidence, level: Level
) -> tuple[Finding, Finding]:
    """Area and share of a defect, 0 where it lies away from the lesion."""
    if isinstance(lost, NotAssessed):
        return lost, lost
    if isinstance(touch, NotAssessed) or not isinstance(lost.area_mm2, Measured):
        return lost.area_mm2, lost.share
    assert plates.evidence is not None
    view = plates.evidence.view(level)
    rows, columns = np.nonzero(lost.lost)
    places = np.column_stack([view.right_mm[rows], view.front_mm[columns]])
    if _least_distance(places, touch.columns_mm) <= NEAR_LESION_MM:
        return lost.area_mm2, lost.share
    away = "the defect lies away from the lesion"
    return Measured(0.0, "mm2", 0.0, 0.0, away), Measured(0.0, "1", 0.0, 0.0, away)


def _least_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    if not len(first) or not len(second):
        return float("inf")
    return float(np.sqrt(((first[:, None] - second[None]) ** 2).sum(axis=-1)).min())


def _discogenic(plates: DiscEvidence, discs: tuple[Disc | NotAssessed, ...]) -> Any:
    signs: list[Sign] = []
    for disc in discs:
        if isinstance(disc, NotAssessed):
            signs.append(disc)
            continue
        touches = (plates.contact(disc[0], False), plates.contact(disc[1], True))
        above, below = (one if isinstance(one, NotAssessed) else one.share for one in touches)
        signs.append(mimics.discogenic(above, below, plates.bridge(disc)))
    return said(any_of(*signs), f"X12, both sides of a disc: {mimics.SOURCE}")


def _haemangioma(
    level: Level, evidence: CtEvidence | None, lesions: Volume | None, series: Mapping[str, Volume]
) -> dict[str, Any]:
    """On CT, with T1 where there is one."""
    reason = NO_LESION_MASK if lesions is None else None
    if evidence is None:
        reason = NotAssessed(Reason.MISSING_SEQUENCE, "trabeculae are read on CT, and there is none")
    if reason is not None or evidence is None:
        return dict.fromkeys(("haemangioma", "vertical_trabeculae", "t1_to_marrow"), reason)
    view, reference = evidence.view(level), evidence.reference(level)
    found = striation(view, reference)
    image = series.get("t1")
    near = [evidence.view(other) for other in evidence.neighbours(level)]
    ratio = None if image is None else lesion_to_marrow(image, view, near)
    usual = reference.mean_hu if isinstance(reference, Reference) else 0.0
    sign = haemangioma(found.mean_hu, usual, found.dense_share, found.vertical_share, ratio)
    return {
        "haemangioma": said(sign, f"X11, {'CT' if ratio is None else 'CT and T1'}: {HAEMANGIOMA_SOURCE}"),
        "vertical_trabeculae": found.vertical_share,
        "t1_to_marrow": NotAssessed(Reason.MISSING_SEQUENCE, "there is no T1") if ratio is None else ratio,
    }
