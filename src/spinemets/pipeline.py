"""The method, from a study to a report.

1. The spine of each CT is located, segmented and named, or taken from a mask that was given.
2. Lesions are found in its vertebrae, or taken from a mask.
3. Every vertebra is measured, and it and its lesions are put to the published rules.
4. Epidural compression is graded on an axial T2, by masks that are given or a network makes.
5. What later sections need and nothing provides is said not to be assessable.
6. Everything is put down in one report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from spinemets.anatomy import Level
from spinemets.canal_assessment import CanalResult, with_canal_signs
from spinemets.canal_reading import canal_of_study, series_to_read
from spinemets.errors import StudyError
from spinemets.findings import ESCC_NOT_ASSESSED, NotAssessed, Reason, VertebraFindings
from spinemets.fracture_cause import shipped_model, with_causes
from spinemets.inference.fracture import FractureModel
from spinemets.inference.models import Models
from spinemets.report import InputSeries, Report
from spinemets.rules.treatment import Statement, statements
from spinemets.series_assessment import (
    Clinical,
    Progress,
    SeriesResult,
    examine_series,
    lies_on,
    series_from_masks,
)
from spinemets.series_images import BESIDE_CT_ROLES, MARROW_ROLES, SEGMENTED_ROLES, shares_world
from spinemets.volume import LeftOut, Series, Study, Volume, require_same_grid


@dataclass(frozen=True)
class Assessment:
    """A report with the masks it rests on."""

    report: Report
    results: tuple[SeriesResult, ...]
    masks: Mapping[str, Volume] = field(default_factory=dict)
    canal: CanalResult | None = None


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
    models: Models | None = None,
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
    models : Models, optional
        Networks; the shipped ones run by ONNX Runtime without it. Each is opened where it is needed.
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
    clinical, models = clinical or Clinical(), models or Models()
    for name, mask in given.items():
        _require_grid_of_some_series(study, name, mask)
    canal_masks = {"cord", "sac", "epidural"} <= given.keys()
    home = _series_of_spine(study, given)
    axial = series_to_read(study, given, models)
    results = []
    measured: list[Series] = []
    left_out: list[LeftOut] = []
    if home is not None and "vertebrae" in given:
        measured = [series for series in study.series if _is_beside(series, home)]
        results.append(series_from_masks(home, given, clinical, measured, models, progress))
    for series in study.series:
        if series is home or series in measured:
            continue
        if series.role in SEGMENTED_ROLES:
            results.append(examine_series(series, given, clinical, models, anchor=anchor, progress=progress))
        elif series is not axial and not (canal_masks and lies_on(series, given["sac"])):
            left_out.append(LeftOut(series.name, _why_left_out(series, home), series.uid))
    if not results:
        roles = ", ".join(series.role for series in study.series)
        raise StudyError(f"nothing to assess: no network reads {roles}; add a CT or give --vertebrae")
    first = results[0]
    found = canal_of_study(study, given, first, clinical, models, progress)
    canal = found if isinstance(found, CanalResult) else None
    absent = found if isinstance(found, NotAssessed) else None
    if axial is not None and absent is not None:
        left_out.append(LeftOut(axial.name, absent.detail, axial.uid))
    vertebrae = with_canal_signs(first.findings.vertebrae, canal)
    vertebrae = with_causes(vertebrae, shipped_model(), clinical.fracture_prior)
    report = Report(
        inputs=_inputs(study, [*(result.series for result in results), *measured], left_out, canal),
        spine=first.spine,
        vertebrae=vertebrae,
        escc=canal.section if canal else absent or ESCC_NOT_ASSESSED,
        governing={
            "sins_level": _governing_level(first),
            "escc_level": canal.governing if canal else absent or _NOTHING_GRADED,
        },
        review_statements=_statements(first, canal, clinical),
        not_assessed=_not_assessed(clinical, given),
        provenance=_provenance(clinical, results, _cards(results, canal, vertebrae)),
    )
    return Assessment(report, tuple(results), {name: given[name] for name in given if name not in _OWN}, canal)


_OWN = ("vertebrae", "subregions")
_NOTHING_GRADED = NotAssessed(Reason.NO_MODEL, "nothing was graded, so no level governs")


def _governing_level(result: SeriesResult) -> Any:
    level = result.findings.governing
    return str(level) if isinstance(level, Level) else level


def _statements(first: SeriesResult, canal: CanalResult | None, clinical: Clinical) -> tuple[Statement, ...]:
    """What the review states of a patient with a tumour, by the governing SINS and the graded ESCC."""
    if clinical.malignancy not in ("known", "suspected"):
        return ()
    governing = first.findings.governing
    scores = [one.sins for one in first.findings.vertebrae if one.level is governing]
    categories = scores[0]["possible_categories"] if scores else None
    graded = canal is not None and isinstance(canal.section, tuple) and canal.section[0]["grade"] is not None
    return statements(categories, canal.section[0]["possible_grades"] if graded and canal is not None else None)


def _require_grid_of_some_series(study: Study, name: str, mask: Volume) -> None:
    """Raise `GeometryMismatchError` unless the mask lies on the grid of one of the series."""
    if not any(lies_on(series, mask) for series in study.series):
        require_same_grid(study.series[0].volume, mask, mask_name=f"the {name} mask")


def _is_beside(series: Series, home: Series) -> bool:
    """Whether something is measured on a series under the masks of another."""
    roles = (*MARROW_ROLES, *(BESIDE_CT_ROLES if home.role in SEGMENTED_ROLES else ("pet",)))
    return series is not home and series.role in roles and shares_world(home, series)


def _series_of_spine(study: Study, given: Mapping[str, Volume]) -> Series | None:
    """The series on whose grid the vertebra mask lies, CT before MR; None without a mask."""
    if "vertebrae" not in given:
        return None
    fitting = [series for series in study.series if lies_on(series, given["vertebrae"])]
    return min(fitting, key=lambda series: series.role not in SEGMENTED_ROLES)


def _why_left_out(series: Series, home: Series | None) -> str:
    if home is not None and series.role in (*MARROW_ROLES, *BESIDE_CT_ROLES):
        return f"it is not stated to lie in the same coordinates as {home.name}, to which the vertebra mask belongs"
    return f"no network of this version reads the role {series.role}"


def _inputs(
    study: Study, measured: list[Series], left_out: list[LeftOut], canal: CanalResult | None
) -> tuple[InputSeries, ...]:
    used = {id(series): series for series in (*measured, *([] if canal is None else [canal.series]))}
    return (*map(InputSeries.of, used.values()), *(InputSeries.of(item) for item in (*left_out, *study.left_out)))


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


def _cards(
    results: list[SeriesResult], canal: CanalResult | None, vertebrae: Sequence[VertebraFindings]
) -> dict[str, Any]:
    """Cards of all that was run, by name."""
    cards: dict[str, Any] = {card.name: card for result in results for card in result.cards}
    cards |= {card.name: card for card in (canal.cards if canal else ())}
    cause = shipped_model()
    if isinstance(cause, FractureModel) and any(isinstance(one.fracture, Mapping) for one in vertebrae):
        cards["fracture"] = cause
    return cards


def _provenance(clinical: Clinical, results: list[SeriesResult], cards: Mapping[str, Any]) -> dict[str, Any]:
    provenance: dict[str, Any] = {
        "clinical": {name: value for name, value in vars(clinical).items() if value is not None},
        "flags": [*clinical.flags, *results[0].findings.flags],
        "seconds": {name: round(value, 2) for result in results for name, value in result.seconds.items()},
    }
    if cards:
        provenance["models"] = [
            {"name": name, "version": card.version, "licence": card.licence, "sha256": card.sha256}
            for name, card in cards.items()
        ]
    return provenance
