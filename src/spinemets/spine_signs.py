"""Signs at every level with a fracture or a lesion: on CT, on MR, of mimics, between two dates, and of uptake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from spinemets.anatomy import Level, Side
from spinemets.diffuse_marrow import ALL_DARK, DIFFUSE, diffuse_sign
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.flare_signs import flare_signs
from spinemets.fracture_assessment import (
    NO_LESION_MASK,
    CtEvidence,
    MeasuredBody,
    is_fractured,
    level_signs,
    said,
    signs_without_ct,
    undecided,
)
from spinemets.lesion_signs import lesion_signs
from spinemets.marrow_assessment import marrow_signs
from spinemets.measure.foramen import foramen_share
from spinemets.measure.height_reference import steps_between
from spinemets.measure.uptake import uptake
from spinemets.measure.vertebra_regions import VertebraRegions
from spinemets.mimic_signs import mimic_signs
from spinemets.rules import foramen
from spinemets.rules.genant import MILD_FROM
from spinemets.volume import Volume

Answer = Literal["yes", "no", "unknown"]

NO_IMAGE = NotAssessed(Reason.MISSING_SEQUENCE, "the signs are read on CT or MR, and there is neither")
NOT_SOUGHT = NotAssessed(
    Reason.MISSING_MASK, "no fracture was measured, and without a lesion mask nobody knows whether there is a lesion"
)
UNAFFECTED = NotApplicable("no_fracture_or_lesion")

MARROW = (
    "diffuse_t1_hypointensity", "fluid_sign", "phase_drop_label", "adc_label", "enhancement_ratio", "enhancing_mass",
    "mass_without_enhancement", "halo", "signal_pattern", "discitis_disc_enhancement", "diffuse_marrow_disease",
)  # fmt: skip
LESION = (
    "winking_owl", "ivory_vertebra", "high_fracture_risk", "visible_on_film", "enostosis", "lesion_from_front",
    "lesion_to_endplate",
)  # fmt: skip
FLARE = ("osteoblastic_flare", "denser_rim", "new_sclerosis")
UPTAKE = ("suv_max", "suv_mean", "suv_to_unaffected")
"""Names of what stands in the report as not assessable where nothing shows it."""

NO_CT = NotAssessed(Reason.MISSING_SEQUENCE, "the sign is read on CT, and there is none")
NO_MR = NotAssessed(Reason.MISSING_SEQUENCE, "the sign is read on MR, and there is none in the coordinates of the mask")
NO_PRIOR = NotAssessed(Reason.MISSING_SEQUENCE, "there is no earlier CT in the coordinates of this one")
NO_PET = NotAssessed(Reason.MISSING_SEQUENCE, "there is no PET in the coordinates of the mask")


@dataclass(frozen=True, eq=False)
class SpineMasks:
    """What is where, all on one grid.

    Attributes
    ----------
    vertebrae : Volume
        VerSe ids.
    regions : VertebraRegions
        Their parts.
    lesions : Volume or None
        `LesionLabel` values.
    """

    vertebrae: Volume
    regions: VertebraRegions
    lesions: Volume | None


@dataclass(frozen=True, eq=False)
class SpineImages:
    """What a spine is seen on.

    Attributes
    ----------
    ct : Volume or None
        HU on the grid of the masks.
    mr : mapping of str to Volume
        By role, each on its own grid in the world of the masks.
    prior_ct : Volume or None
        HU of an earlier date in the same world, on any grid.
    pet : Volume, NotAssessed or None
        SUV in the same world, on any grid, or why there is none.
    """

    ct: Volume | None = None
    mr: Mapping[str, Volume] = field(default_factory=dict)
    prior_ct: Volume | None = None
    pet: Volume | NotAssessed | None = None


@dataclass(frozen=True)
class Treatment:
    """What a clinician states of it.

    Attributes
    ----------
    treated : str
        Whether lesions were treated: ``yes``, ``no`` or ``unknown``.
    partial_response : str
        Whether other signs show a partial response, likewise.
    """

    treated: Answer = "unknown"
    partial_response: Answer = "unknown"


def spine_signs(
    masks: SpineMasks, images: SpineImages, bodies: Mapping[Level, MeasuredBody], treatment: Treatment
) -> tuple[dict[Level, Any], tuple[str, ...]]:
    """Signs of every level whose body was measured, and flags of the whole spine.

    Where marrow is dark on T1 at all levels, none is a reference, on CT neither.
    """
    if images.ct is None and not images.mr:
        return dict.fromkeys(bodies, NO_IMAGE), ()
    affected = {level for level, body in bodies.items() if body.lesions or is_fractured(body)}
    no_reference = affected | {level for level, body in bodies.items() if _may_be_fractured(body)}
    marrow: Mapping[Level, dict[str, Any]] = {}
    flags: tuple[str, ...] = ()
    if images.mr:
        marrow, flags = marrow_signs(images.mr, masks.vertebrae, masks.regions, masks.lesions, bodies, no_reference)
    diffuse = DIFFUSE in flags
    evidence = None
    if images.ct is not None:
        refusal = ALL_DARK if diffuse else None
        evidence = CtEvidence(images.ct, masks.vertebrae, masks.regions, masks.lesions, bodies, no_reference, refusal)
    level_of = _Levels(masks, images, bodies, treatment, evidence, () if diffuse else set(bodies) - no_reference)
    signs: dict[Level, Any] = {}
    for level, body in bodies.items():
        if level not in affected:
            signs[level] = {"diffuse_marrow_disease": diffuse_sign(True)} if diffuse else _unaffected(body)
        else:
            signs[level] = level_of.signs(level) | marrow.get(level, dict.fromkeys(MARROW, NO_MR))
    return signs, flags


def _may_be_fractured(body: MeasuredBody) -> bool:
    """Whether a loss is large enough for a fracture though its outline leaves it open."""
    largest = body.loss.largest
    return undecided(body.loss) is not None and isinstance(largest, Measured) and largest.value >= MILD_FROM


def _unaffected(body: MeasuredBody) -> NotAssessed | NotApplicable:
    """What stands for the signs of a level at which neither fracture nor lesion was found, or sought."""
    doubt = undecided(body.loss)
    if doubt is not None or body.lesions is None:
        return doubt or NOT_SOUGHT
    return body.loss.largest if isinstance(body.loss.largest, NotAssessed) else UNAFFECTED


def _neighbours(levels: Collection[Level]) -> list[tuple[Level, Level]]:
    """Every two levels next to each other, the upper first."""
    ordered = sorted(levels, key=lambda level: level.order)
    return [(above, below) for above, below in pairwise(ordered) if steps_between(above, below) <= 1]


@dataclass(frozen=True, eq=False)
class _Levels:
    """Signs of one affected level after the other."""

    masks: SpineMasks
    images: SpineImages
    bodies: Mapping[Level, MeasuredBody]
    treatment: Treatment
    evidence: CtEvidence | None
    unaffected: Collection[Level]

    def signs(self, level: Level) -> dict[str, Any]:
        lesions, vertebrae = self.masks.lesions, self.masks.vertebrae
        found = self._on_ct(level) | self._flare(level) | self._uptake(level) | self._foramina(level)
        return found | mimic_signs(level, self.evidence, self.bodies, lesions, vertebrae, self.images.mr)

    def _without(self, level: Level) -> NotAssessed | NotApplicable | None:
        """Why nothing is said of the lesions of a level; None where it has some."""
        own = self.bodies[level].lesions
        return NO_LESION_MASK if own is None else None if own else NotApplicable("no_lesion")

    def _on_ct(self, level: Level) -> dict[str, Any]:
        none = self._without(level)
        if self.evidence is None:
            return signs_without_ct(level, self.bodies, NO_CT) | dict.fromkeys(LESION, none or NO_CT)
        found = level_signs(level, self.evidence, self.bodies)
        if none is not None:
            return found | dict.fromkeys(LESION, none)
        return found | lesion_signs(level, self.evidence, self.bodies, self.treatment.treated)

    def _flare(self, level: Level) -> dict[str, Any]:
        none = self._without(level)
        ct, prior, lesions = self.images.ct, self.images.prior_ct, self.masks.lesions
        if none is not None or ct is None or prior is None or lesions is None:
            return dict.fromkeys(FLARE, none or (NO_CT if ct is None else NO_PRIOR))
        return flare_signs(level, lesions, self.masks.vertebrae, ct, prior, self.treatment.partial_response)

    def _foramina(self, level: Level) -> dict[str, Any]:
        """Those above and below, by side."""
        lesions, regions = self.masks.lesions, self.masks.regions
        names = [(f"foramen_{side.value}", f"foramen_{side.value}_share", side) for side in Side]
        if self._without(level) is not None or lesions is None:
            return dict.fromkeys((name for sign, share, _ in names for name in (sign, share)), self._without(level))
        pairs = [pair for pair in _neighbours(regions.axes) if level in pair]
        found: dict[str, Any] = {}
        for sign, share, side in names:
            shares: list[Finding] = [
                foramen_share(lesions, self.masks.vertebrae, regions.labels, regions.axes[above], below, side)
                for above, below in pairs
            ]
            if len(pairs) < 2:
                detail = f"the vertebrae above and below {level} were not both seen"
                shares.append(NotAssessed(Reason.OUT_OF_FIELD, detail))
            found[sign] = said(foramen.foramen_involved(*shares), f"X19, in the lesion mask: {foramen.SOURCE}")
            known = [one for one in shares if isinstance(one, Measured)]
            found[share] = max(known, key=lambda one: one.value) if known else shares[0]
        return found

    def _uptake(self, level: Level) -> dict[str, Any]:
        none = self._without(level)
        pet, lesions = self.images.pet, self.masks.lesions
        if none is not None or not isinstance(pet, Volume) or lesions is None:
            return dict.fromkeys(UPTAKE, none or pet or NO_PET)
        return uptake(level, lesions, self.masks.vertebrae, pet, self.unaffected)
