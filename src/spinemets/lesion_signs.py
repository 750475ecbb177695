"""What further is said of a level with lesions on CT: ivory, winking owl, bone island, film, risk, place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.fracture_assessment import CtEvidence, MeasuredBody, said
from spinemets.measure.beyond_bone import beyond_bone_ml
from spinemets.measure.discs import disc_heights, ratio_to_next
from spinemets.measure.lesion_pieces import LesionType
from spinemets.measure.lesion_place import lesion_place
from spinemets.measure.lesions import Lesion
from spinemets.measure.trabecular import Reference, shares
from spinemets.rules import fracture_risk, ivory, sclerotic, winking_owl
from spinemets.rules.enostosis import SOURCE as ENOSTOSIS_SOURCE
from spinemets.rules.enostosis import enostosis


def lesion_signs(
    level: Level,
    evidence: CtEvidence,
    bodies: Mapping[Level, MeasuredBody],
    treated: Literal["yes", "no", "unknown"],
) -> dict[str, Any]:
    """Signs of one level with lesions, by name."""
    own = bodies[level]
    lesions = own.lesions or ()
    reference = evidence.reference(level)
    missing = evidence.missing_cortex(level)
    both = evidence.pedicles(level)
    place = lesion_place(evidence.view(level))
    dense, grown = _dense(level, evidence, reference), _size_change(level, bodies)
    owl = said(winking_owl.winking_owl(both.shadow_ratio), winking_owl.SOURCE)
    if isinstance(owl, dict) and owl["value"] == "present" and both.fainter is not None:
        owl["method"] = f"{both.fainter.value} pedicle: {owl['method']}"
    return {
        "winking_owl": owl,
        "pedicle_shadow_ratio": both.shadow_ratio,
        "ivory_vertebra": said(ivory.ivory(dense, grown, _discs(level, bodies)), ivory.SOURCE),
        "dense_share": dense,
        "suggests_paget": said_bool(ivory.suggests_paget(dense, grown), "dense and grown: the review, l.162-166"),
        "high_fracture_risk": said(fracture_risk.high_fracture_risk(missing), fracture_risk.RISK_SOURCE),
        "visible_on_film": _film(lesions, reference),
        "enostosis": _enostosis(lesions, treated),
        **_unusual(level, evidence, lesions),
        "lesion_from_front": place.from_front,
        "lesion_to_endplate": place.to_endplate,
    }


def _unusual(level: Level, evidence: CtEvidence, lesions: tuple[Lesion, ...]) -> dict[str, Any]:
    """X18, where all lesions are sclerotic."""
    beyond: Finding = NotApplicable("not_only_sclerotic_lesions")
    missing: tuple[Finding, ...] = ()
    if lesions and all(lesion.type is LesionType.BLASTIC for lesion in lesions):
        beyond = beyond_bone_ml(evidence.view(level))
        missing = tuple(evidence.missing_by_sector(level).values())
    sign = said(sclerotic.unusual(beyond, missing), f"X18, look again: {sclerotic.SOURCE}")
    return {"unusual_sclerotic_lesion": sign, "sclerotic_beyond_bone": beyond}


def said_bool(value: bool, method: str) -> dict[str, Any]:
    """A plain yes or no as it stands in the report."""
    return {"value": value, "method": method}


def _dense(level: Level, evidence: CtEvidence, reference: Reference | NotAssessed) -> Finding:
    return shares(evidence.view(level), reference).dense if isinstance(reference, Reference) else reference


def _size_change(level: Level, bodies: Mapping[Level, MeasuredBody]) -> list[Finding]:
    """Change of width and of depth against the mean of the nearest unaffected bodies."""
    near = [bodies[other].heights for other in bodies[level].loss.neighbours if other in bodies]
    if not near:
        return [NotAssessed(Reason.NO_REFERENCE, f"no unaffected vertebra near {level} shows its usual size")]
    own = bodies[level]
    voxel = own.ends.voxel_mm if own.ends is not None else 1.0
    result: list[Finding] = []
    for name in ("width_mm", "depth_mm"):
        usual = sum(getattr(one, name) for one in near) / len(near)
        value = getattr(own.heights, name) / usual - 1
        result.append(Measured(value, "1", value - voxel / usual, value + voxel / usual, f"change of {name[:-3]}"))
    return result


def _discs(level: Level, bodies: Mapping[Level, MeasuredBody]) -> list[Finding]:
    heights = disc_heights({other: body.ends for other, body in bodies.items() if body.ends is not None})
    own = [disc for disc in heights if level in disc]
    if len(own) < 2:
        return [NotAssessed(Reason.OUT_OF_FIELD, f"the discs above and below {level} were not both measured")]
    return [ratio_to_next(disc, heights) for disc in own]


def _largest(lesions: tuple[Lesion, ...], kinds: tuple[LesionType, ...]) -> Lesion | None:
    fit = [lesion for lesion in lesions if lesion.type in kinds and isinstance(lesion.volume_ml, Measured)]
    return max(fit, key=lambda one: one.volume_ml.value if isinstance(one.volume_ml, Measured) else 0.0, default=None)


def _film(lesions: tuple[Lesion, ...], reference: Reference | NotAssessed) -> Any:
    lesion = _largest(lesions, (LesionType.LYTIC, LesionType.MIXED))
    if lesion is None:
        return NotApplicable("no_lytic_lesion")
    if isinstance(reference, NotAssessed) or not isinstance(lesion.mean_hu, Measured):
        return reference if isinstance(reference, NotAssessed) else lesion.mean_hu
    if reference.mean_hu <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "the spongy bone of the neighbours is no denser than water")
    hu = lesion.mean_hu
    low, value, high = (1 - x / reference.mean_hu for x in (hu.high, hu.value, hu.low))
    deficit = Measured(value, "1", low, high, "1 - mean of the lesion / spongy bone of the neighbours")
    return said(fracture_risk.visible_on_film(lesion.diameter_mm, deficit), fracture_risk.FILM_SOURCE)


def _enostosis(lesions: tuple[Lesion, ...], treated: str) -> Any:
    lesion = _largest(lesions, (LesionType.BLASTIC,))
    if lesion is None:
        return NotApplicable("no_blastic_lesion")
    if treated == "unknown":
        return NotAssessed(Reason.NOT_STATED, "the cut-offs hold for untreated lesions, and nobody said whether it is")
    if not isinstance(lesion.mean_hu, Measured) or not isinstance(lesion.p99_hu, Measured):
        return lesion.mean_hu
    label = enostosis(lesion.mean_hu.value, lesion.p99_hu.value, treated=treated == "yes")
    return {
        "value": label.value,
        "method": f"mean and 99th percentile of the largest blastic lesion: {ENOSTOSIS_SOURCE}",
    }
