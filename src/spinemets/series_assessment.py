"""One image series: its spine found or taken from a mask, and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from spinemets.errors import ModelError
from spinemets.given_lesions import lesions_for
from spinemets.inference.card import ModelCard
from spinemets.inference.models import Models
from spinemets.inference.segment import Anchor, SpineSegmentation, segment_mr_spine, segment_spine
from spinemets.lesion_search import FoundLesions, search_lesions
from spinemets.measure.outline_error import EXACT, MR_OUTLINE, NETWORK_OUTLINE, OutlineError
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.rules.fracture_cause import DEFAULT_PRIOR
from spinemets.series_images import SEGMENTED_ROLES, given_on, image_flags, required_on, spine_images
from spinemets.spine import Spine
from spinemets.spine_signs import Treatment
from spinemets.trust import Trust
from spinemets.vertebra_assessment import SpineAssessment, assess_vertebrae
from spinemets.volume import Series, Volume

Pain = Literal["mechanical", "occasional", "none", "unknown"]
Answer = Literal["yes", "no", "unknown"]
Malignancy = Literal["known", "suspected", "no", "unknown"]
Progress = Callable[[str, float], None]

BY_NETWORK = "vertebrae_outlined_by_network"
"""Flag where what was measured rests on a network's outlines of vertebrae."""


@dataclass(frozen=True)
class Clinical:
    """What an image cannot show and somebody has to say; unknown is the default of everything.

    Attributes
    ----------
    pain : str
        ``mechanical``, ``occasional``, ``none`` or ``unknown``.
    pain_by : str or None
        Who said so, and when.
    treated, bone_metastasis, partial_response : str
        ``yes``, ``no`` or ``unknown``.
    malignancy : str
        ``known``, ``suspected``, ``no`` or ``unknown``.
    fracture_prior : float
        Share of metastatic fractures among those that are asked about, between 0 and 1.
    """

    pain: Pain = "unknown"
    pain_by: str | None = None
    treated: Answer = "unknown"
    malignancy: Malignancy = "unknown"
    bone_metastasis: Answer = "unknown"
    partial_response: Answer = "unknown"
    fracture_prior: float = DEFAULT_PRIOR

    def __post_init__(self) -> None:
        if not 0.0 < self.fracture_prior < 1.0:
            raise ValueError(f"fracture_prior must lie between 0 and 1, got {self.fracture_prior}")

    @property
    def flags(self) -> list[str]:
        """``pain_source_not_stated`` where pain was given without its source."""
        return ["pain_source_not_stated"] if self.pain != "unknown" and not self.pain_by else []


@dataclass(frozen=True)
class SeriesResult:
    """What was found on one series.

    Attributes
    ----------
    series : Series
        The image.
    vertebrae : Volume
        VerSe ids on its grid.
    subregions, lesions : Volume or None
        `Subregion` and `LesionLabel` on its grid, given or found by a network.
    spine : Spine
        The vertebrae.
    findings : SpineAssessment
        What was measured and scored at each.
    seconds : mapping
        Time that each stage of the networks took; empty for masks that were given.
    cards : tuple of ModelCard
        The networks that were run.
    beside : tuple of Series
        What was measured under its masks as well.
    """

    series: Series
    vertebrae: Volume
    subregions: Volume | None
    spine: Spine
    findings: SpineAssessment
    seconds: Mapping[str, float] = field(default_factory=dict)
    lesions: Volume | None = None
    cards: tuple[ModelCard, ...] = ()
    beside: tuple[Series, ...] = ()


@dataclass(frozen=True, eq=False)
class _Found:
    """The masks of one series before anything is measured on them, where they come from, and what lies beside it."""

    vertebrae: Volume
    subregions: Volume | None
    spine: Spine
    outline: OutlineError = EXACT
    seconds: Mapping[str, float] = field(default_factory=dict)
    cards: tuple[ModelCard, ...] = ()
    beside: Sequence[Series] = ()


def examine_series(
    group: Sequence[Series],
    given: Mapping[str, Volume],
    clinical: Clinical,
    models: Models,
    *,
    anchor: Anchor | None = None,
    progress: Progress | None = None,
) -> SeriesResult:
    """What is found on a series that no vertebra mask is given for: networks outline the vertebrae.

    Parameters
    ----------
    group : sequence of Series
        The one that is outlined, a role of `SEGMENTED_ROLES` or `OUTLINED_MR_ROLES`, then those that are measured under
        its masks, in the same world coordinates.
    given : mapping of str to Volume
        Masks by name; those that lie on the grid of the series replace a network's.
    clinical : Clinical
        What the images cannot show.
    models : Models
        The networks.
    anchor : (Level, (3,) ndarray), optional
        A known level and a point of it, world mm.
    progress : callable, optional
        Told the stage and the share of it that is done.

    Raises
    ------
    StudyError
        If there is no spine.
    ModelError
        If this version ships no network for the role.
    """
    series, *beside = group
    found, cards, outline = _outlined(series, models, anchor, progress)
    own = given_on(series, given, "subregions")
    if own is not None:
        outline = replace(outline, draws_parts=True)
    parts = own or found.subregions
    masks = _Found(found.vertebrae, parts, found.spine, outline, found.seconds, cards, beside)
    return _measured(series, masks, given, clinical, models, progress)


def _outlined(
    series: Series, models: Models, anchor: Anchor | None, progress: Progress | None
) -> tuple[SpineSegmentation, tuple[ModelCard, ...], OutlineError]:
    """What the network of the modality outlines, its cards, and what its outlines add to errors."""
    if series.role in SEGMENTED_ROLES:
        found = segment_spine(series.volume, models.spine, anchor=anchor, report=progress)
        return found, (models.spine.locator_card, models.spine.spine_card), NETWORK_OUTLINE
    model = models.spine_mr
    if model is None:
        raise ModelError(f"no network of this version outlines vertebrae on the role {series.role}")
    return segment_mr_spine(series.volume, model, anchor=anchor, report=progress), (model.card,), MR_OUTLINE


def series_from_masks(
    series: Series,
    given: Mapping[str, Volume],
    clinical: Clinical,
    beside: Sequence[Series] = (),
    models: Models | None = None,
    progress: Progress | None = None,
) -> SeriesResult:
    """What the masks say; ``vertebrae`` must be among them. Without a lesion mask a network looks for lesions.

    Parameters
    ----------
    series : Series
        On whose grid the masks lie.
    given : mapping of str to Volume
        The masks by name.
    clinical : Clinical
        What the images cannot show.
    beside : sequence of Series
        Other series in the same world coordinates, one for each role.
    models : Models, optional
        The networks; without them none is asked.
    progress : callable, optional
        Told the stage and the share of it that is done.

    Raises
    ------
    GeometryMismatchError
        If a mask of the spine lies on another grid.
    """
    vertebrae = required_on(series, given, "vertebrae")
    assert vertebrae is not None
    subregions = required_on(series, given, "subregions")
    masks = _Found(vertebrae, subregions, spine_from_mask(vertebrae), beside=beside)
    return _measured(series, masks, given, clinical, models, progress)


def _measured(
    series: Series,
    masks: _Found,
    given: Mapping[str, Volume],
    clinical: Clinical,
    models: Models | None,
    progress: Progress | None,
) -> SeriesResult:
    """Lesions of a series, given or found, and what is measured of its vertebrae."""
    seconds, cards = dict(masks.seconds), masks.cards
    group = [series, *masks.beside]
    drawn = lesions_for(group, given)
    lesions, flags = drawn.mask, ((BY_NETWORK,) if masks.outline.is_coarse else ()) + drawn.flags
    found = None if lesions is not None or models is None else _searched(group, masks, models, progress)
    if found is not None:
        lesions, flags = found.mask, (*flags, *found.flags)
        seconds["lesions"], cards = found.seconds, (*cards, found.card)
    findings = assess_vertebrae(
        masks.spine,
        masks.vertebrae,
        masks.subregions,
        lesions=lesions,
        images=spine_images(group),
        pain=clinical.pain,
        treatment=Treatment(clinical.treated, clinical.partial_response),
        trust=Trust(masks.outline, found.blind if found else {}, drawn.no_density, shows_all=found is None),
    )
    findings = replace(findings, flags=(*findings.flags, *flags, *image_flags(group)))
    masks_of = (masks.vertebrae, masks.subregions, masks.spine)
    return SeriesResult(series, *masks_of, findings, seconds, lesions, cards, tuple(masks.beside))


def _searched(group: Sequence[Series], masks: _Found, models: Models, progress: Progress | None) -> FoundLesions | None:
    told = None if progress is None else partial(progress, "looking for lesions")
    return search_lesions(group, masks.vertebrae, models, told)
