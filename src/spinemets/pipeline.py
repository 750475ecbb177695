"""The method, from a study to a report.

1. The spine of each CT is located, segmented and named, or taken from a mask that was given.
2. Every vertebra is measured, and its lesions, where a mask of them is given, are put to the published rules.
3. What later sections need and nothing provides is said not to be assessable.
4. Everything is put down in one report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError, StudyError
from spinemets.findings import NotAssessed, Reason
from spinemets.inference.segment import SpineModels, SpineSegmentation, segment_spine
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.report import InputSeries, Report
from spinemets.spine import Spine
from spinemets.vertebra_assessment import SpineAssessment, assess_vertebrae
from spinemets.volume import LeftOut, Series, Study, Volume, require_same_grid

Pain = Literal["mechanical", "occasional", "none", "unknown"]
Answer = Literal["yes", "no", "unknown"]
Malignancy = Literal["known", "suspected", "no", "unknown"]
Progress = Callable[[str, float], None]

SEGMENTED_ROLES = ("ct",)
"""Roles that a shipped network segments."""


@dataclass(frozen=True)
class Clinical:
    """What an image cannot show and somebody has to say; unknown is the default of everything.

    Attributes
    ----------
    pain : str
        ``mechanical``, ``occasional``, ``none`` or ``unknown``.
    pain_by : str or None
        Who said so, and when.
    treated, bone_metastasis : str
        ``yes``, ``no`` or ``unknown``.
    malignancy : str
        ``known``, ``suspected``, ``no`` or ``unknown``.
    """

    pain: Pain = "unknown"
    pain_by: str | None = None
    treated: Answer = "unknown"
    malignancy: Malignancy = "unknown"
    bone_metastasis: Answer = "unknown"

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
    subregions : Volume or None
        `Subregion` labels on its grid.
    spine : Spine
        The vertebrae.
    findings : SpineAssessment
        What was measured and scored at each.
    seconds : mapping
        Time that each stage took; empty for a mask that was given.
    """

    series: Series
    vertebrae: Volume
    subregions: Volume | None
    spine: Spine
    findings: SpineAssessment
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Assessment:
    """A report with the masks it rests on."""

    report: Report
    results: tuple[SeriesResult, ...]
    masks: Mapping[str, Volume] = field(default_factory=dict)


def assess(study: Study, **options: Any) -> Report:
    """The report on a study, without the masks it rests on.

    Parameters
    ----------
    study : Study
        As `read_study` gives it.
    **options
        The attributes of `Clinical` (``pain="unknown"``, ``malignancy="known"`` …) and the
        parameters of `examine`.

    Raises
    ------
    StudyError
        If nothing in the study can be assessed, or a mask lies on another grid.
    TypeError
        If an option is neither.
    """
    names = {field.name for field in fields(Clinical)}
    stated = {name: options.pop(name) for name in names & options.keys()}
    if stated:
        options["clinical"] = replace(options.get("clinical") or Clinical(), **stated)
    return examine(study, **options).report


def examine(
    study: Study,
    *,
    models: SpineModels | None = None,
    masks: Mapping[str, Volume] | None = None,
    clinical: Clinical | None = None,
    anchor: tuple[Level, np.ndarray] | None = None,
    progress: Progress | None = None,
) -> Assessment:
    """The report on a study with the masks it rests on.

    Parameters
    ----------
    study : Study
        As `read_study` gives it.
    models : SpineModels, optional
        Opened networks; loaded with ONNX Runtime where they are needed and not given.
    masks : mapping of str to Volume, optional
        Masks by name (``vertebrae``, ``subregions``, ``lesions`` …) that replace a network's.
    clinical : Clinical, optional
        What the images cannot show.
    anchor : (Level, (3,) ndarray), optional
        A known level and a point of it, world RAS+ mm.
    progress : callable, optional
        Told the stage and the share of it that is done.

    Raises
    ------
    StudyError
        If nothing in the study can be assessed, or a mask lies on another grid.
    """
    given = dict(masks or {})
    clinical = clinical or Clinical()
    for name in given.keys() - set(_OWN):
        _require_grid_of_some_series(study, name, given[name])
    results = []
    left_out: list[LeftOut] = []
    for series in study.series:
        if series.role in SEGMENTED_ROLES:
            results.append(_examine(series, given, models, clinical, anchor, progress))
        elif "vertebrae" in given and not _any(study, SEGMENTED_ROLES) and not results:
            results.append(_from_masks(series, given, clinical))
        else:
            reason = f"no network of this version reads the role {series.role}"
            left_out.append(LeftOut(series.name, reason, series.uid))
    if not results:
        roles = ", ".join(series.role for series in study.series)
        raise StudyError(f"nothing to assess: no network reads {roles}; add a CT or give --vertebrae")
    first = results[0]
    report = Report(
        inputs=_inputs(study, results, left_out),
        spine=first.spine,
        vertebrae=first.findings.vertebrae,
        governing={"sins_level": _governing_level(first), "escc_level": _NOTHING_GRADED},
        not_assessed=_not_assessed(clinical, given),
        provenance=_provenance(results, clinical, models),
    )
    return Assessment(report, tuple(results), {name: given[name] for name in given if name not in _OWN})


_OWN = ("vertebrae", "subregions")
_NOTHING_GRADED = NotAssessed(Reason.NO_MODEL, "nothing was graded, so no level governs")


def _governing_level(result: SeriesResult) -> Any:
    level = result.findings.governing
    return str(level) if isinstance(level, Level) else level


def _require_grid_of_some_series(study: Study, name: str, mask: Volume) -> None:
    """Raise `GeometryMismatchError` unless the mask lies on the grid of one of the series."""
    if not any(_on_grid(series, mask) for series in study.series):
        require_same_grid(study.series[0].volume, mask, mask_name=f"the {name} mask")


def _on_grid(series: Series, mask: Volume) -> bool:
    try:
        require_same_grid(series.volume, mask)
    except GeometryMismatchError:
        return False
    return True


def _any(study: Study, roles: tuple[str, ...]) -> bool:
    return any(series.role in roles for series in study.series)


def _examine(
    series: Series,
    given: Mapping[str, Volume],
    models: SpineModels | None,
    clinical: Clinical,
    anchor: tuple[Level, np.ndarray] | None,
    progress: Progress | None,
) -> SeriesResult:
    if "vertebrae" in given:
        return _from_masks(series, given, clinical)
    found: SpineSegmentation = segment_spine(
        series.volume, models or SpineModels.load(), anchor=anchor, report=progress
    )
    subregions = _given(series, given, "subregions") or found.subregions
    began = time.perf_counter()
    findings = _measured(series, given, found.vertebrae, subregions, found.spine, clinical)
    seconds = {**found.seconds, "measure": time.perf_counter() - began}
    return SeriesResult(series, found.vertebrae, subregions, found.spine, findings, seconds)


def _from_masks(series: Series, given: Mapping[str, Volume], clinical: Clinical) -> SeriesResult:
    vertebrae = _given(series, given, "vertebrae")
    assert vertebrae is not None
    subregions, spine = _given(series, given, "subregions"), spine_from_mask(vertebrae)
    findings = _measured(series, given, vertebrae, subregions, spine, clinical)
    return SeriesResult(series, vertebrae, subregions, spine, findings)


def _measured(
    series: Series,
    given: Mapping[str, Volume],
    vertebrae: Volume,
    subregions: Volume | None,
    spine: Spine,
    clinical: Clinical,
) -> SpineAssessment:
    lesions = given.get("lesions")
    if lesions is not None and not _on_grid(series, lesions):
        lesions = None  # it belongs to another series of the study
    ct = series.volume if series.role in SEGMENTED_ROLES else None
    return assess_vertebrae(spine, vertebrae, subregions, lesions=lesions, ct=ct, pain=clinical.pain)


def _given(series: Series, given: Mapping[str, Volume], name: str) -> Volume | None:
    if name not in given:
        return None
    require_same_grid(series.volume, given[name], mask_name=f"the {name} mask")
    return given[name]


def _inputs(study: Study, results: list[SeriesResult], left_out: list[LeftOut]) -> tuple[InputSeries, ...]:
    used = [InputSeries.of(result.series) for result in results]
    return (*used, *(InputSeries.of(item) for item in (*left_out, *study.left_out)))


def _not_assessed(clinical: Clinical, given: Mapping[str, Volume]) -> tuple[tuple[str, NotAssessed], ...]:
    reasons = []
    if clinical.pain == "unknown":
        reasons.append(("pain", NotAssessed(Reason.NOT_STATED, "pain is told by a clinician, and nobody did")))
    if clinical.malignancy == "unknown":
        detail = "scores need a known or suspected malignancy, and nobody stated one"
        reasons.append(("malignancy", NotAssessed(Reason.NOT_STATED, detail)))
    if clinical.malignancy == "no":
        detail = "scores are defined for a known or suspected malignancy, and none is said to be there"
        reasons.append(("malignancy", NotAssessed(Reason.NOT_TRAINED_FOR, detail)))
    return tuple(reasons)


def _provenance(results: list[SeriesResult], clinical: Clinical, models: SpineModels | None) -> dict[str, Any]:
    seconds = {name: round(value, 2) for result in results for name, value in result.seconds.items()}
    provenance: dict[str, Any] = {
        "clinical": {name: value for name, value in vars(clinical).items() if value is not None},
        "flags": [*clinical.flags, *results[0].findings.flags],
        "seconds": seconds,
    }
    if any(result.seconds for result in results):
        opened = models or SpineModels.load()
        cards = (opened.locator_card, opened.spine_card)
        provenance["models"] = [
            {"name": card.name, "version": card.version, "licence": card.licence, "sha256": card.sha256}
            for card in cards
        ]
    return provenance
