"""The method, from a study to a report.

1. The spine of each CT, or of an MR without a CT beside it, is segmented and named, or taken from a mask.
2. Lesions are found in its vertebrae, or taken from a mask.
3. Every vertebra is measured, and it and its lesions are put to the published rules.
4. Epidural compression is graded on every axial T2, by masks that are given or a network makes.
5. Everything is put down in one report, and what nothing provides is said not to be assessable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from spinemets.anatomy import Level
from spinemets.canal_assessment import AXIAL_ROLE, CanalResult
from spinemets.canal_reading import NO_SPINE, CanalsOfStudy, canals_of_study
from spinemets.canal_signs import with_canal_signs
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.findings import NotAssessed, Reason, VertebraFindings
from spinemets.fracture_cause import shipped_model, with_causes
from spinemets.inference.fracture import FractureModel
from spinemets.inference.models import Models
from spinemets.inference.segment import Anchor
from spinemets.outlining import Unread, outlined_by_networks, require_lesions_used, unmeasured
from spinemets.report import InputSeries, Report
from spinemets.rules.treatment import Statement, statements
from spinemets.series_assessment import Clinical, Progress, SeriesResult, examine_series, series_from_masks
from spinemets.series_images import is_beside, require_grid_of_some_series, series_of_spine, why_left_out
from spinemets.spine import Spine
from spinemets.volume import LeftOut, Series, Study, Volume


@dataclass(frozen=True)
class Assessment:
    """A report with the masks it rests on.

    Attributes
    ----------
    report : Report
        What is said.
    results : tuple of SeriesResult
        Each series whose vertebrae were measured; none where only the canal was read.
    masks : mapping of str to Volume
        Masks that were given, beside those of the results.
    canals : tuple of CanalResult
        Each series that the canal was read on, in the order of the report's sites: the worst first.
    """

    report: Report
    results: tuple[SeriesResult, ...]
    masks: Mapping[str, Volume] = field(default_factory=dict)
    canals: tuple[CanalResult, ...] = ()


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
    anchor: Anchor | None = None,
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
    given, clinical, models = dict(masks or {}), clinical or Clinical(), models or Models()
    for name, mask in given.items():
        require_grid_of_some_series(study, name, mask)
    home = series_of_spine(study, given)
    results, blind = _results(study, home, given, _Asked(clinical, models, anchor, progress))
    first = results[0] if results else None
    absent = None if first else _without_spine(study, blind)
    canals = canals_of_study(study, given, results, clinical, models, progress, anchor)
    of_results = [*(one.series for one in results), *(one for result in results for one in result.beside)]
    used = [*of_results, *(canal.series for canal in canals.results)]
    vertebrae = with_canal_signs(first.findings.vertebrae if first else (), canals.results)
    vertebrae = with_causes(vertebrae, shipped_model(), clinical.fracture_prior)
    report = Report(
        inputs=_inputs(study, used, _reasons(blind, canals), home),
        spine=first.spine if first else Spine((), level_ambiguous=True),
        vertebrae=vertebrae,
        escc=canals.section,
        governing={"sins_level": absent or _governing_level(first), "escc_level": canals.governing},
        review_statements=_statements(first, canals, clinical),
        not_assessed=(*_not_assessed(clinical, absent), *unmeasured(results), *canals.not_assessed),
        provenance=_provenance(clinical, results, _cards(results, canals.results, vertebrae)),
    )
    return Assessment(report, tuple(results), {n: given[n] for n in given if n not in _OWN}, canals.results)


_OWN = ("vertebrae", "subregions")


@dataclass(frozen=True)
class _Asked:
    """What is known and used beside the images."""

    clinical: Clinical
    models: Models
    anchor: Anchor | None
    progress: Progress | None


def _results(
    study: Study, home: Series | None, given: Mapping[str, Volume], asked: _Asked
) -> tuple[list[SeriesResult], Unread]:
    """What masks and networks say of vertebrae, the reported series first; and which series show none."""
    clinical, models, progress = asked.clinical, asked.models, asked.progress
    measured = [] if home is None else [series for series in study.series if is_beside(series, home)]
    results = [] if home is None else [series_from_masks(home, given, clinical, measured, models, progress)]

    def look(group: Sequence[Series], is_first: bool) -> SeriesResult:
        anchor = asked.anchor if is_first else None
        return examine_series(group, given, clinical, models, anchor=anchor, progress=progress)

    done = measured if home is None else [home, *measured]
    by_network, blind = outlined_by_networks(study, [*given.values()], done, models, look)
    results += by_network
    require_lesions_used(given, results, blind)
    return results, blind


def _without_spine(study: Study, blind: Unread) -> NotAssessed:
    """Why no vertebra was measured, in a study that has an axial T2 besides; an error where it has none."""
    if study.first(AXIAL_ROLE) is not None:
        return blind[0][1] if blind else NO_SPINE
    if blind:
        series, why = blind[0]
        if why.code is Reason.OUT_OF_FIELD:
            raise NoSpineFoundError(why.detail)
        raise StudyError(f"nothing to assess: {series.name}: {why.detail}")
    roles = ", ".join(series.role for series in study.series)
    raise StudyError(f"nothing to assess: no network reads {roles}; add a CT or give --vertebrae")


def _reasons(blind: Unread, canals: CanalsOfStudy) -> dict[int, str]:
    return {id(series): reason.detail for series, reason in (*blind, *canals.unread)}


def _governing_level(result: SeriesResult | None) -> Any:
    level = None if result is None else result.findings.governing
    return str(level) if isinstance(level, Level) else level


def _statements(first: SeriesResult | None, canals: CanalsOfStudy, clinical: Clinical) -> tuple[Statement, ...]:
    """What the review states of a patient with a tumour, by the governing SINS and the graded ESCC."""
    if clinical.malignancy not in ("known", "suspected"):
        return ()
    scores = [one.sins for one in first.findings.vertebrae if one.level is first.findings.governing] if first else []
    return statements(scores[0]["possible_categories"] if scores else None, canals.possible_grades)


def _inputs(
    study: Study, used: Sequence[Series], unread: Mapping[int, str], home: Series | None
) -> tuple[InputSeries, ...]:
    """Series that are used, in the order in which they were, then the others with their reasons (by identity)."""
    known = {id(series): series for series in used}
    others = [series for series in study.series if id(series) not in known]
    left_out = [LeftOut(one.name, unread.get(id(one)) or why_left_out(one, home), one.uid) for one in others]
    return (*map(InputSeries.of, known.values()), *map(InputSeries.of, (*left_out, *study.left_out)))


def _not_assessed(clinical: Clinical, absent: NotAssessed | None) -> tuple[tuple[str, NotAssessed], ...]:
    reasons = [("spine", absent)] if absent else []
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
    results: list[SeriesResult], canals: Sequence[CanalResult], vertebrae: Sequence[VertebraFindings]
) -> dict[str, Any]:
    """Cards of all that was run, by name."""
    cards: dict[str, Any] = {card.name: card for result in results for card in result.cards}
    cards |= {card.name: card for canal in canals for card in canal.cards}
    cause = shipped_model()
    if isinstance(cause, FractureModel) and any(isinstance(one.fracture, Mapping) for one in vertebrae):
        cards["fracture"] = cause
    return cards


def _provenance(clinical: Clinical, results: list[SeriesResult], cards: Mapping[str, Any]) -> dict[str, Any]:
    stages = [name for result in results for name in result.seconds]
    provenance: dict[str, Any] = {
        "clinical": {name: value for name, value in vars(clinical).items() if value is not None},
        "flags": [*clinical.flags, *(results[0].findings.flags if results else ())],
        "seconds": {name: round(sum(one.seconds.get(name, 0.0) for one in results), 2) for name in stages},
    }
    if cards:
        provenance["models"] = [
            {"name": name, "version": card.version, "licence": card.licence, "sha256": card.sha256}
            for name, card in cards.items()
        ]
    return provenance
