"""Epidural compression in every axial T2 of a study.

Each series is read by the masks that were given on it, else by a network, and the same rules grade it. Every one that
could be read has sites of its own in the report; the worst stands first. Of the others the report keeps the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from spinemets.anatomy import CanalLabel, Level
from spinemets.canal_assessment import (
    AXIAL_ROLE,
    CanalResult,
    assess_canal,
    series_of_masks,
    severity,
    worst_site_first,
)
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.escc_assessment import assess_escc
from spinemets.escc_masks import EsccMasks
from spinemets.findings import ESCC_NOT_ASSESSED, NotAssessed, Reason, Section
from spinemets.inference.canal import CanalModel, segment_canal
from spinemets.inference.models import Models
from spinemets.inference.segment import Anchor
from spinemets.rules.escc_readings import with_readings
from spinemets.rules.escc_slice import Grade
from spinemets.series_assessment import Clinical, Progress, SeriesResult
from spinemets.volume import Series, Study, Volume

CANAL_MASKS = ("cord", "sac", "epidural")
"""Masks that a grade needs, all of them."""
NO_NETWORK = NotAssessed(
    Reason.NO_MODEL,
    "no network of this version outlines cord, sac and tumour on axial T2; give --cord, --sac and --epidural",
)
SEVERAL_WORLDS = NotAssessed(
    Reason.LEVEL_AMBIGUOUS,
    "the axial T2 series of this study are not stated to lie in the same coordinates, so --anchor names no site",
)
_NOTHING_GRADED = NotAssessed(Reason.NO_MODEL, "nothing was graded, so no level governs")
NO_SPINE = NotAssessed(
    Reason.MISSING_SEQUENCE, "there is no CT and no mask of vertebrae: no vertebra was outlined, named or measured"
)


@dataclass(frozen=True)
class CanalsOfStudy:
    """What all axial T2 series of a study say of the canal.

    Attributes
    ----------
    results : tuple of CanalResult
        One for each series that was read, the worst first.
    unread : tuple of (Series, NotAssessed)
        The axial T2 series, and those that the masks of a part of the canal lie on, of which nothing can be told.
    unanchored : NotAssessed or None
        Why a level that the user gave names no slice.
    """

    results: tuple[CanalResult, ...] = ()
    unread: tuple[tuple[Series, NotAssessed], ...] = ()
    unanchored: NotAssessed | None = None

    @property
    def section(self) -> Section:
        """Sites of the report, the worst of all series first, or why there are none."""
        found = (site for one in self.results if isinstance(one.section, tuple) for site in one.section)
        sites = tuple(sorted(found, key=severity, reverse=True))
        reasons = [*(one.section for one in self.results), *(reason for _, reason in self.unread)]
        return sites or (reasons[0] if reasons else ESCC_NOT_ASSESSED)

    @property
    def governing(self) -> Any:
        """The level of the worst site, or why there is none."""
        if self.results:
            return self.results[0].governing
        return self.unread[0][1] if self.unread else _NOTHING_GRADED

    @property
    def not_assessed(self) -> tuple[tuple[str, NotAssessed], ...]:
        """Why series were not read where others were, for a grade of one clears no other; why no site has a level."""
        unanchored = () if self.unanchored is None else (("escc", self.unanchored),)
        if not isinstance(self.section, tuple):
            return unanchored
        ungraded = [(one.series, one.section) for one in self.results if isinstance(one.section, NotAssessed)]
        every = (*ungraded, *self.unread)
        unread = (("escc", NotAssessed(why.code, f"{one.name}: {why.detail}")) for one, why in every)
        return (*unread, *unanchored)

    @property
    def possible_grades(self) -> list[str] | None:
        """What the worst grade of the patient may be, ascending; None where nothing was graded.

        Any grade of a series that was not graded may be the worst.
        """
        sites = self.section if isinstance(self.section, tuple) else ()
        graded = [[Grade(one) for one in site["possible_grades"]] for site in sites if site["grade"] is not None]
        if not graded:
            return None
        least = max(min(grade.rank for grade in one) for one in graded)
        every_series = not self.unread and all(isinstance(one.section, tuple) for one in self.results)
        whole = every_series and len(graded) == len(sites)
        open_grades = {grade for one in graded for grade in one} if whole else set(Grade)
        return [grade.value for grade in Grade if grade in open_grades and grade.rank >= least]


def canals_of_study(
    study: Study,
    given: Mapping[str, Volume],
    vertebrae: Sequence[SeriesResult],
    clinical: Clinical,
    models: Models,
    progress: Progress | None = None,
    anchor: Anchor | None = None,
) -> CanalsOfStudy:
    """Epidural compression on the series that masks were given for, and on every other axial T2 by a network.

    Of masks that are given without the others nothing is graded on their series, for a network's would contradict them.

    Raises
    ------
    StudyError
        If masks that were given contradict one another, or do not lie on one grid.
    """
    present = [name for name in CANAL_MASKS if name in given]
    home = series_of_masks(study, given[present[-1]]) if present else None
    results: list[CanalResult] = []
    unread: list[tuple[Series, NotAssessed]] = []
    axial = [one for one in study.series if one.role == AXIAL_ROLE]
    asked_about = axial if home is None or home in axial else [home, *axial]
    unanchored = None if anchor is None or vertebrae or in_one_world(asked_about) else SEVERAL_WORLDS
    anchor = anchor if unanchored is None else None
    for series in asked_about:
        if series is not home:
            model = models.canal
            asked = (vertebrae, clinical, progress, anchor)
            found = NO_NETWORK if model is None else read_axial(series, model, *asked)
        elif len(present) == len(CANAL_MASKS):
            found = assess_canal(study, given, vertebrae, clinical, anchor=anchor)
        else:
            found = _lacking([name for name in CANAL_MASKS if name not in given])
        if isinstance(found, NotAssessed):
            unread.append((series, found))
        else:
            results.append(found)
    return CanalsOfStudy(worst_first(results), tuple(unread), unanchored)


def in_one_world(series: Sequence[Series]) -> bool:
    """Whether points of one series are known to be points of the others as well."""
    frames = {one.volume.frame_of_reference for one in series}
    return len(series) < 2 or (len(frames) == 1 and None not in frames)


def worst_first(results: Sequence[CanalResult]) -> tuple[CanalResult, ...]:
    """Results by their worst site, as `severity` orders them; what has no site stands last."""
    return tuple(sorted(results, key=_severity, reverse=True))


def _severity(result: CanalResult) -> tuple[int, int, int]:
    return (-1, 0, 0) if isinstance(result.section, NotAssessed) else severity(result.section[0])


def _lacking(names: Sequence[str]) -> NotAssessed:
    return NotAssessed(
        Reason.MISSING_MASK, f"ESCC needs masks of cord, sac and tumour; {' and '.join(names)} not given"
    )


def read_axial(
    series: Series,
    model: CanalModel,
    vertebrae: Sequence[SeriesResult],
    clinical: Clinical,
    progress: Progress | None = None,
    anchor: Anchor | None = None,
) -> CanalResult | NotAssessed:
    """The ESCC grade of an axial T2 as a network outlines it, or why nothing could be outlined.

    Parameters
    ----------
    series : Series
        Of the role `AXIAL_ROLE`.
    model : CanalModel
        The opened network.
    vertebrae : sequence of SeriesResult
        Tell the level, as `CanalLevels` says, and whether there is a lesion.
    clinical : Clinical
        Whether a bone metastasis is established.
    progress : callable, optional
        Told the stage and the share of it that is done.
    anchor : (Level, (3,) ndarray), optional
        A known level and a point of it, world mm.
    """
    try:
        found = segment_canal(series.volume, model, _of_stage(progress))
        masks = given_masks(found.labels)
        read = assess_canal(Study((series,)), masks, vertebrae, clinical, by_network=True, anchor=anchor)
        canal = replace(read, cards=(model.card,))
    except NoSpineFoundError as error:
        return NotAssessed(Reason.OUT_OF_FIELD, str(error))
    except StudyError as error:
        coarse = str(error).startswith("resolution")
        return NotAssessed(Reason.RESOLUTION if coarse else Reason.MISSING_SEQUENCE, str(error))
    if isinstance(canal.section, NotAssessed):
        return canal
    readings = [given_masks(one) for one in found.readings]
    sites = []
    for site, zone in zip(canal.section, canal.zones or (None,), strict=True):
        own = partial(_reading, image=series.volume, level=site["level"] and Level(site["level"]), zone=zone)
        with ThreadPoolExecutor() as threads:
            sites.append(with_readings(site, list(threads.map(own, readings))))
    return worst_site_first(replace(canal, section=tuple(sites)))


def given_masks(labels: Volume) -> dict[str, Volume]:
    """``cord``, ``sac`` (with the cord) and ``epidural`` of `CanalLabel` values."""
    sac = (CanalLabel.CORD, CanalLabel.THECAL_SAC)
    chosen = {"cord": sac[:1], "sac": sac, "epidural": (CanalLabel.EPIDURAL_TUMOUR,)}
    return {name: labels.with_array(np.isin(labels.array, values).astype(np.uint8)) for name, values in chosen.items()}


def _reading(
    masks: Mapping[str, Volume], image: Volume, level: Level | None, zone: frozenset[int] | None
) -> Mapping[str, Any] | None:
    """The answer of one reading; what shows no tumour votes for grade 0, whatever may be said to the patient."""
    try:
        given = EsccMasks(masks["cord"], masks["sac"], masks["epidural"], image, by_network=True)
        return assess_escc(given, level=level, bone_metastasis="yes", zone=zone)
    except StudyError:
        return None


def _of_stage(progress: Progress | None) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress("outlining cord, sac and tumour", share)
