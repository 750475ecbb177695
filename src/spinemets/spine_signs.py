"""Signs at every level with a fracture or a lesion: on CT, on MR, of mimics, between two dates, and of uptake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spinemets.anatomy import Level
from spinemets.diffuse_marrow import ALL_DARK, DIFFUSE, UNCHECKED, diffuse_sign
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.flare_signs import flare_signs
from spinemets.foramen_signs import FORAMEN, foramen_signs
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
from spinemets.measure.myelogram import column_loss
from spinemets.measure.uptake import PET, SPECT, uptake
from spinemets.measure.vertebra_regions import VertebraRegions
from spinemets.mimic_signs import mimic_signs
from spinemets.rules.genant import MILD_FROM
from spinemets.rules.myelogram import SOURCE as X27
from spinemets.rules.myelogram import column_stops
from spinemets.volume import Volume

Answer = Literal["yes", "no", "unknown"]

NO_IMAGE = NotAssessed(Reason.MISSING_SEQUENCE, "the signs are read on CT or MR, and there is neither")
NOT_SOUGHT = NotAssessed(
    Reason.MISSING_MASK, "no fracture was measured, and without a lesion mask nobody knows whether there is a lesion"
)
UNAFFECTED = NotApplicable("no_fracture_or_lesion")

MARROW = (
    "diffuse_t1_hypointensity", "dark_t1_line", "fluid_sign", "phase_drop_label", "adc_label", "adc_rise",
    "enhancement_ratio", "enhancing_mass", "mass_without_enhancement", "halo", "signal_pattern",
    "lesion_loses_fat_signal", "discitis_disc_enhancement", "diffuse_marrow_disease",
)  # fmt: skip
LESION = (
    "winking_owl", "ivory_vertebra", "high_fracture_risk", "visible_on_film", "enostosis", "unusual_sclerotic_lesion",
    "lesion_from_front", "lesion_to_endplate",
)  # fmt: skip
FLARE = ("osteoblastic_flare", "denser_rim", "new_sclerosis")
UPTAKE = PET.names
"""Names of what stands in the report as not assessable where nothing shows it."""

UNTOLD_HEIGHTS = "fractures_not_excluded_from_reference"
"""Flag where marrow or bone is compared with that of bodies whose loss of height is not told."""
NO_CT = NotAssessed(Reason.MISSING_SEQUENCE, "the sign is read on CT, and there is none")
NO_MR = NotAssessed(Reason.MISSING_SEQUENCE, "the sign is read on MR, and there is none in the coordinates of the mask")
NO_PRIOR = NotAssessed(Reason.MISSING_SEQUENCE, "there is no earlier CT in the coordinates of this one")
NO_PET = NotAssessed(Reason.MISSING_SEQUENCE, "there is no PET in the coordinates of the mask")
NO_MYELOGRAM = NotAssessed(Reason.MISSING_SEQUENCE, "there is no CT myelogram in the coordinates of the mask")
NO_SPECT = NotAssessed(Reason.MISSING_SEQUENCE, "there is no SPECT in the coordinates of the mask")


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
    spect : Volume or None
        Counts in the same world, on any grid.
    myelogram : Volume or None
        HU of a CT with contrast medium in the thecal sac, likewise.
    """

    ct: Volume | None = None
    mr: Mapping[str, Volume] = field(default_factory=dict)
    prior_ct: Volume | None = None
    pet: Volume | NotAssessed | None = None
    spect: Volume | None = None
    myelogram: Volume | None = None


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

    They are read where there is a lesion or a fracture, and where the height shows one that its interval leaves open.

    Where marrow is dark on T1 at all levels, none is a reference, on CT neither. Without T1 nobody can check, and a
    flag says so: CT compares with neighbours all the same.
    """
    if images.ct is None and images.myelogram is None and not images.mr:
        return dict.fromkeys(bodies, NO_IMAGE), ()
    affected = {level for level, body in bodies.items() if body.lesions or is_fractured(body)}
    no_reference = affected | {level for level, body in bodies.items() if _may_be_fractured(body)}
    marrow: Mapping[Level, dict[str, Any]] = {}
    flags: tuple[str, ...] = (UNCHECKED,)
    if images.mr:
        marrow, flags = marrow_signs(images.mr, masks.vertebrae, masks.regions, masks.lesions, bodies, no_reference)
    diffuse = DIFFUSE in flags
    evidence = None
    if images.ct is not None:
        refusal = ALL_DARK if diffuse else None
        evidence = CtEvidence(images.ct, masks.vertebrae, masks.regions, masks.lesions, bodies, no_reference, refusal)
    fit = () if diffuse else set(bodies) - no_reference
    flags += _reference_flags([bodies[level] for level in fit]) if no_reference else ()
    level_of = _Levels(masks, images, bodies, treatment, evidence, fit)
    signs: dict[Level, Any] = {}
    for level, body in bodies.items():
        if level not in no_reference:
            signs[level] = {"diffuse_marrow_disease": diffuse_sign(True)} if diffuse else _unaffected(body)
        else:
            signs[level] = level_of.signs(level) | marrow.get(level, dict.fromkeys(MARROW, NO_MR))
    return signs, flags


def _may_be_fractured(body: MeasuredBody) -> bool:
    """Whether a loss is large enough for a fracture though its outline leaves it open."""
    largest = body.loss.largest
    return undecided(body.loss) is not None and isinstance(largest, Measured) and largest.value >= MILD_FROM


def _reference_flags(fit: Collection[MeasuredBody]) -> tuple[str, ...]:
    """A flag where bodies that others are compared with may be fractured for all that is known of their heights."""
    return (UNTOLD_HEIGHTS,) if any(isinstance(body.loss.largest, NotAssessed) for body in fit) else ()


def _unaffected(body: MeasuredBody) -> NotAssessed | NotApplicable:
    """What stands for the signs of a level at which neither fracture nor lesion was found, or sought."""
    doubt = undecided(body.loss)
    if doubt is not None or body.lesions is None:
        return doubt or NOT_SOUGHT
    return body.loss.largest if isinstance(body.loss.largest, NotAssessed) else UNAFFECTED


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
        found |= self._myelogram(level)
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

    def _myelogram(self, level: Level) -> dict[str, Any]:
        image, axes = self.images.myelogram, self.masks.regions.axes
        loss: Finding = NO_MYELOGRAM
        if image is not None and level in axes:
            loss = column_loss(image, self.masks.vertebrae, axes, level, self.unaffected, self.images.ct)
        return {"contrast_column_stops": said(column_stops(loss), f"X27: {X27}"), "contrast_column_loss": loss}

    def _foramina(self, level: Level) -> dict[str, Any]:
        none, lesions = self._without(level), self.masks.lesions
        if none is not None or lesions is None:
            return dict.fromkeys(FORAMEN, none)
        return foramen_signs(level, lesions, self.masks.vertebrae, self.masks.regions)

    def _uptake(self, level: Level) -> dict[str, Any]:
        none, lesions = self._without(level), self.masks.lesions
        found: dict[str, Any] = {}
        for tracer, image, absent in ((PET, self.images.pet, NO_PET), (SPECT, self.images.spect, NO_SPECT)):
            if none is not None or not isinstance(image, Volume) or lesions is None:
                found |= dict.fromkeys(tracer.names, none or image or absent)
            else:
                found |= uptake(level, lesions, self.masks.vertebrae, image, self.unaffected, tracer)
        return found
