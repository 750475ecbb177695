"""Signs of marrow disease on MR at every level with a fracture or a lesion, and whether all marrow is diseased."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from spinemets.anatomy import Level
from spinemets.diffuse_marrow import ALL_DARK, diffuse_disease, diffuse_flags, diffuse_sign
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.fracture_assessment import MeasuredBody, said
from spinemets.marrow_contrast import contrast_signs
from spinemets.marrow_diffusion import diffusion_signs, labelled
from spinemets.marrow_evidence import BODY_MM, NO_LESION_MASK, MrEvidence
from spinemets.measure.dark_share import dark_share
from spinemets.measure.fluid import fluid_volume
from spinemets.measure.halo import halo_share
from spinemets.measure.height_reference import AFFECTED_FROM
from spinemets.measure.marrow_line import dark_line_width
from spinemets.measure.phases import fat_fraction, phase_drop, suppression_loss
from spinemets.measure.signal import Signal, ratio
from spinemets.measure.vertebra_regions import VertebraRegions
from spinemets.rules import marrow_signal, signal_table
from spinemets.rules.dixon import OTHER_CUTS_PERCENT
from spinemets.rules.dixon import SOURCE as DIXON_SOURCE
from spinemets.rules.haemangioma import SUPPRESSION_SOURCE, loses_fat
from spinemets.volume import Volume

NEVER = (Level.C1, Level.C2)
ARCH_MM = 1.0
"""Posterior elements are looked at so far inside their surface (ours): cortex is dark in health, too."""
TO_MUSCLE = {"t1": "t1_to_muscle", "t2": "t2_to_muscle", "stir": "stir_to_muscle", "dwi_high": "dwi_to_muscle"}


def marrow_signs(
    series: Mapping[str, Volume],
    vertebrae: Volume,
    regions: VertebraRegions,
    lesions: Volume | None,
    bodies: Mapping[Level, MeasuredBody],
    affected: Collection[Level],
) -> tuple[dict[Level, dict[str, Any]], tuple[str, ...]]:
    """Signs of marrow disease by affected level and name, and flags of the whole spine.

    Parameters
    ----------
    series : mapping of str to Volume
        MR by role: ``t1``, ``t2``, ``stir``, ``dwi_b0``, ``dwi_high``, ``adc``, ``in_phase``, ``out_phase``,
        ``water``, ``fat``, ``t1_gd``, ``t1_fs``, ``prior_adc``; each on its own grid in the world of the masks.
    vertebrae : Volume
        VerSe ids.
    regions : VertebraRegions
        Parts of every vertebra on the same grid.
    lesions : Volume or None
        `LesionLabel` values on the same grid.
    bodies : mapping of Level to MeasuredBody
        What else is known of every level that was measured.
    affected : collection of Level
        Levels with a fracture or lesion: never a reference. The sacrum, C1 and C2 are left out of the answer.

    Returns
    -------
    signs : dict of Level to dict of str
        Of every affected level that was measured.
    flags : tuple of str
        `DIFFUSE` or `UNCHECKED`, or none.

    Raises
    ------
    GeometryMismatchError
        If lesions lie on another grid, or a series is in another frame of reference than the vertebrae.
    """
    known = {level: body for level, body in bodies.items() if level not in NEVER and level in regions.axes}
    evidence = MrEvidence(series, vertebrae, regions, lesions, known, affected)
    diffuse = diffuse_disease(evidence, known)
    asked = sorted((level for level in affected if level in known), key=lambda level: level.order)
    signs = {level: _level_signs(level, evidence, diffuse is True, lesions is not None) for level in asked}
    for own in signs.values():
        own["diffuse_marrow_disease"] = diffuse_sign(diffuse)
    return signs, diffuse_flags(diffuse)


def _level_signs(level: Level, evidence: MrEvidence, diffuse: bool, has_mask: bool) -> dict[str, Any]:
    what = "the lesions" if evidence.target(level) == "lesion" else "the body"
    found: dict[str, Any] = {
        name: ratio(evidence.own(role, level), evidence.muscle(role, level), f"mean of {what} by the erector muscle")
        for role, name in TO_MUSCLE.items()
    }
    discs = evidence.disc("t1", level)
    found["t1_to_disc"] = ratio(evidence.own("t1", level), discs, f"mean of {what} by the middles of the discs")
    found |= _dark(level, evidence) | _line(level, evidence) | _fluid(level, evidence) | _phases(level, evidence, what)
    found |= diffusion_signs(level, evidence, what, has_mask) | contrast_signs(level, evidence, diffuse, what, has_mask)
    found |= _halo(level, evidence, diffuse, has_mask) | _suppression(level, evidence, diffuse, has_mask)
    return found | {"signal_pattern": _pattern(found)}


def _dark(level: Level, evidence: MrEvidence) -> dict[str, Any]:
    """MR1: how much of body and posterior elements is darker than muscle on T1, or than disc without muscle."""
    muscle, disc = evidence.muscle("t1", level), evidence.disc("t1", level)
    use_disc = isinstance(muscle, NotAssessed) and isinstance(disc, Signal)
    reference, name = (disc, "disc") if use_disc else (muscle, "the erector muscle")
    shares: dict[str, Finding] = {}
    for part, margin, what in (("body", BODY_MM, "body"), ("posterior", ARCH_MM, "pedicles and arch, cortex counted,")):
        on_image = evidence.part("t1", level, part)
        method = f"share of the {what} darker than {name} on T1"
        shares[part] = (
            on_image if isinstance(on_image, NotAssessed) else dark_share(on_image, margin, reference, method)
        )
    sign = marrow_signal.diffuse_t1_hypointensity(shares["body"])
    return {
        "t1_dark_share": shares["body"],
        "posterior_t1_dark_share": shares["posterior"],
        "diffuse_t1_hypointensity": said(sign, f"MR1, favours metastatic: {marrow_signal.SOURCE}"),
    }


def _line(level: Level, evidence: MrEvidence) -> dict[str, Any]:
    """MR1, the osteoporotic side: a line that is dark on T1 and on T2."""
    role = "t2" if "t2" in evidence.series else "stir"
    unseen = (evidence.part(one, level, "body") for one in ("t1", role))
    reason = next((one for one in unseen if isinstance(one, NotAssessed)), None)
    if role not in evidence.series:
        reason = NotAssessed(Reason.MISSING_SEQUENCE, "a line is read on T1 and T2 or STIR, which are not both there")
    depth = evidence.depth(level, "body")
    width: Finding = reason or NotAssessed(Reason.MISSING_MASK, f"the mask holds no body of {level}")
    if reason is None and depth is not None:
        width = dark_line_width(evidence.series["t1"], evidence.series[role], depth, evidence.axes[level])
    sign = said(marrow_signal.dark_line(width), f"MR1, favours osteoporotic: {marrow_signal.SOURCE}")
    return {"dark_t1_line": sign, "dark_line_width": width}


def _fluid(level: Level, evidence: MrEvidence) -> dict[str, Any]:
    """MR2, where the body is or may be fractured."""
    volume = _fluid_volume(level, evidence)
    sign = said(marrow_signal.fluid_sign(volume), f"MR2, favours osteoporotic: {marrow_signal.SOURCE}")
    return {"fluid_sign": sign, "fluid_volume": volume}


def _fluid_volume(level: Level, evidence: MrEvidence) -> Finding:
    own = evidence.bodies[level]
    if isinstance(own.loss.largest, Measured) and own.loss.largest.high < AFFECTED_FROM:
        return NotApplicable("no_fracture")
    role = "t2" if "t2" in evidence.series else "stir"
    if role not in evidence.series:
        return NotAssessed(Reason.MISSING_SEQUENCE, "fluid is read on T2 or STIR, and there is none")
    reason = evidence.missing("t1")
    if reason is not None:
        return reason
    if own.ends is None:
        return NotAssessed(Reason.OUT_OF_FIELD, f"the endplates of {level} were not measured")
    body = evidence.part(role, level, "body")
    if isinstance(body, NotAssessed):
        return body
    muscle = evidence.muscle("t1", level)
    return fluid_volume(body, evidence.series["t1"], evidence.csf(role, level), muscle, own.ends)


def _phases(level: Level, evidence: MrEvidence, what: str) -> dict[str, Any]:
    """MR4 and X6."""
    pair = ("in_phase", "out_phase")
    drop: Finding | None = evidence.missing(*pair)
    if drop is None:
        inside, outside = (evidence.own(role, level) for role in pair)
        discs, muscles = ([one(role, level) for role in pair] for one in (evidence.disc, evidence.muscle))
        drop = phase_drop(inside, outside, [(discs[0], discs[1]), (muscles[0], muscles[1])])
    cuts = ", ".join(f"{name} {cut:g} %" for name, cut in OTHER_CUTS_PERCENT.items())
    fat = evidence.missing("water", "fat")
    return {
        "phase_drop": drop,
        "phase_drop_label": labelled(
            marrow_signal.phase_drop_label(drop), f"MR4, {what}, cut at 20 %: {DIXON_SOURCE}; other cuts: {cuts}"
        ),
        "fat_fraction": fat or fat_fraction(evidence.own("water", level), evidence.own("fat", level)),
    }


def _suppression(level: Level, evidence: MrEvidence, diffuse: bool, has_mask: bool) -> dict[str, Any]:
    """X11, where there is a lesion: loss of T1 signal with fat suppression."""
    pair = ("t1", "t1_fs")
    reason = evidence.missing(*pair) or (ALL_DARK if diffuse else None)
    loss: Finding
    if not has_mask or evidence.target(level) == "body":
        loss = NotApplicable("no_lesion") if has_mask else NO_LESION_MASK
    elif reason is not None:
        loss = reason
    else:
        own, discs, muscles, marrow = (
            (one("t1", level), one("t1_fs", level))
            for one in (evidence.own, evidence.disc, evidence.muscle, evidence.marrow)
        )
        loss = suppression_loss(own, (discs, muscles), marrow)
    sign = said(loses_fat(loss), f"X11, favours haemangioma: {SUPPRESSION_SOURCE}")
    return {"lesion_loses_fat_signal": sign, "fat_suppression_loss": loss}


def _halo(level: Level, evidence: MrEvidence, diffuse: bool, has_mask: bool) -> dict[str, Any]:
    """X9, where there is a lesion."""
    share = _halo_share(level, evidence, diffuse, has_mask)
    sign = said(marrow_signal.halo(share), f"X9, oedema of a fracture looks alike: {marrow_signal.SOURCE}")
    return {"halo": sign, "halo_share": share}


def _halo_share(level: Level, evidence: MrEvidence, diffuse: bool, has_mask: bool) -> Finding:
    if not has_mask:
        return NO_LESION_MASK
    if evidence.target(level) == "body":
        return NotApplicable("no_lesion")
    reason = evidence.missing("t2") or (ALL_DARK if diffuse else None)
    lesion, bone = evidence.part("t2", level, "lesion"), evidence.depth(level, "bone")
    if reason is not None or isinstance(lesion, NotAssessed) or bone is None:
        return reason or (lesion if isinstance(lesion, NotAssessed) else NO_LESION_MASK)
    return halo_share(lesion, bone, evidence.marrow("t2", level), evidence.own("t2", level))


def _pattern(found: Mapping[str, Any]) -> Any:
    """Table 2: which kinds of marrow no assessed signal rules out."""
    left, names = signal_table.consistent_with(found)
    if not names:
        return found["t1_to_muscle"]
    value = " or ".join(kind.value for kind in left) or "none"
    return {"value": value, "method": f"by {', '.join(names).replace('_', ' ')}: {signal_table.SOURCE}"}
