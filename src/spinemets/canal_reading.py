"""Epidural compression on an axial T2 that nobody outlined: a network reads it, and the same rules grade it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from spinemets.anatomy import CanalLabel
from spinemets.canal_assessment import AXIAL_ROLE, CanalResult, assess_canal
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.escc_assessment import EsccMasks, assess_escc
from spinemets.findings import NotAssessed, Reason
from spinemets.inference.canal import CanalModel, segment_canal
from spinemets.inference.models import Models
from spinemets.rules.escc_readings import with_readings
from spinemets.series_assessment import Clinical, Progress, SeriesResult
from spinemets.volume import Series, Study, Volume

CANAL_MASKS = ("cord", "sac", "epidural")
"""Masks that a grade needs, all of them."""


def canal_of_study(
    study: Study,
    given: Mapping[str, Volume],
    spine: SeriesResult,
    clinical: Clinical,
    models: Models,
    progress: Progress | None = None,
) -> CanalResult | NotAssessed | None:
    """Epidural compression by the masks that were given, else on the first axial T2 as the network outlines it.

    None where there are neither masks nor a network and a series for it to read. Of masks that are given without the
    others nothing is graded, for a network's would contradict them.

    Raises
    ------
    StudyError
        If masks that were given contradict one another.
    """
    lacking = [name for name in CANAL_MASKS if name not in given]
    if not lacking:
        return assess_canal(study, given, spine, clinical)
    if len(lacking) < len(CANAL_MASKS):
        detail = f"ESCC needs masks of cord, sac and tumour; {' and '.join(lacking)} not given"
        return NotAssessed(Reason.MISSING_MASK, detail)
    series = series_to_read(study, given, models)
    model = None if series is None else models.canal
    return None if series is None or model is None else read_axial(series, model, spine, clinical, progress)


def series_to_read(study: Study, given: Mapping[str, Volume], models: Models) -> Series | None:
    """The axial T2 that the network reads: the first, where no such mask is given and there is a network."""
    series = None if given.keys() & set(CANAL_MASKS) else study.first(AXIAL_ROLE)
    return series if series is not None and models.canal is not None else None


def read_axial(
    series: Series, model: CanalModel, spine: SeriesResult, clinical: Clinical, progress: Progress | None = None
) -> CanalResult | NotAssessed:
    """The ESCC grade of an axial T2 as a network outlines it, or why nothing could be outlined.

    Parameters
    ----------
    series : Series
        Of the role `AXIAL_ROLE`.
    model : CanalModel
        The opened network.
    spine : SeriesResult
        Tells the level, where it shares a frame of reference with the series, and whether there is a lesion.
    clinical : Clinical
        Whether a bone metastasis is established.
    progress : callable, optional
        Told the stage and the share of it that is done.
    """
    try:
        found = segment_canal(series.volume, model, _of_stage(progress))
        masks = given_masks(found.labels)
        canal = replace(assess_canal(Study((series,)), masks, spine, clinical), cards=(model.card,))
    except NoSpineFoundError as error:
        return NotAssessed(Reason.OUT_OF_FIELD, str(error))
    except StudyError as error:
        coarse = str(error).startswith("resolution")
        return NotAssessed(Reason.RESOLUTION if coarse else Reason.MISSING_SEQUENCE, str(error))
    if isinstance(canal.section, NotAssessed):
        return canal
    answers = [_reading(given_masks(one), series.volume) for one in found.readings]
    return replace(canal, section=(with_readings(canal.section[0], answers),))


def given_masks(labels: Volume) -> dict[str, Volume]:
    """``cord``, ``sac`` (with the cord) and ``epidural`` of `CanalLabel` values."""
    sac = (CanalLabel.CORD, CanalLabel.THECAL_SAC)
    chosen = {"cord": sac[:1], "sac": sac, "epidural": (CanalLabel.EPIDURAL_TUMOUR,)}
    return {name: labels.with_array(np.isin(labels.array, values).astype(np.uint8)) for name, values in chosen.items()}


def _reading(masks: Mapping[str, Volume], image: Volume) -> Mapping[str, Any] | None:
    """The answer for one reading; what shows no tumour votes for grade 0, whatever may be said to the patient."""
    try:
        given = EsccMasks(masks["cord"], masks["sac"], masks["epidural"], image)
        return assess_escc(given, bone_metastasis="yes")
    except StudyError:
        return None


def _of_stage(progress: Progress | None) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress("outlining cord, sac and tumour", share)
