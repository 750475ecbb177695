"""The section of the report on the cause of every fracture: is there one, how probable is a metastasis, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from spinemets.anatomy import Region
from spinemets.errors import MissingExtraError
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason, Section, VertebraFindings
from spinemets.fracture_features import BY_NAME, feature_row
from spinemets.inference.fracture import CauseOdds, FractureModel
from spinemets.report import plain
from spinemets.rules.fracture_cause import DEFAULT_PRIOR, SOURCE, Verdict, verdict
from spinemets.rules.genant import MILD_FROM

NO_FRACTURE = NotApplicable("no_fracture")
BORDERLINE = NotAssessed(
    Reason.RESOLUTION, "the interval of the height loss holds both a fracture (a fifth or more) and none"
)
IF_FRACTURED = "if there is a fracture, which its height leaves open"
NO_CERVICAL = NotAssessed(Reason.NOT_TRAINED_FOR, "the model of the cause has learnt from no fracture of the neck")
NOTHING_SEEN = NotAssessed(
    Reason.MISSING_SEQUENCE, "none of the signs that the model weighs was assessed, so the prior is all there is"
)
SECTIONS = ("height_loss", "posterior_wall", "signs", "lesions")
"""Parts of the findings at a level that its row is made from."""
BY_HEIGHT = "the largest loss of height is a fifth or more (Genant 1993)"


@cache
def shipped_model() -> FractureModel | NotAssessed | None:
    """The model that this version ships; why it cannot run, or None where there is none."""
    try:
        return FractureModel.load()
    except MissingExtraError as error:
        return NotAssessed(Reason.NO_MODEL, str(error))


def with_causes(
    vertebrae: Sequence[VertebraFindings], model: FractureModel | NotAssessed | None, prior: float = DEFAULT_PRIOR
) -> tuple[VertebraFindings, ...]:
    """Findings with the section on fracture filled; as they were without a model.

    Parameters
    ----------
    vertebrae : sequence of VertebraFindings
        With heights and signs.
    model : FractureModel, NotAssessed or None
        What weighs the signs, or why nothing does.
    prior : float
        Share of metastatic fractures among those that are asked about.
    """
    if model is None:
        return tuple(vertebrae)
    return tuple(replace(findings, fracture=_section(findings, model, prior)) for findings in vertebrae)


def _section(findings: VertebraFindings, model: FractureModel | NotAssessed, prior: float) -> Section:
    present = _present(findings)
    if not isinstance(present, dict) and not _shows_fracture(findings):
        return present
    if findings.level.region is Region.CERVICAL:
        return NO_CERVICAL
    if isinstance(model, NotAssessed):
        return model
    row = feature_row({name: plain(getattr(findings, name)) for name in SECTIONS})
    odds = model.explain(row, prior)
    told = _answer(row, odds, model, prior, _has_lesion(findings.lesions))
    return {"present": present, **(told if isinstance(present, dict) else _if_fractured(told))}


def _present(findings: VertebraFindings) -> Section:
    """Whether there is a fracture by the loss of height, or why that is open."""
    grade = findings.genant
    if not isinstance(grade, Measured):
        return grade
    if grade.low < 1 <= grade.high:
        return BORDERLINE
    return NO_FRACTURE if grade.value < 1 else {"value": True, "method": BY_HEIGHT}


def _shows_fracture(findings: VertebraFindings) -> bool:
    """Whether the height itself, whatever its interval, is that of a fracture."""
    losses = findings.height_loss
    largest = losses.get("max") if isinstance(losses, Mapping) else None
    return isinstance(largest, Measured) and largest.value >= MILD_FROM


def _if_fractured(told: dict[str, Any]) -> dict[str, Any]:
    """The same of a fracture that the height leaves open: no verdict, and the probability says its condition."""
    p = told["p_metastatic"]
    if isinstance(p, Measured):
        p = replace(p, method=f"{IF_FRACTURED}; {p.method}")
    return told | {"p_metastatic": p, "verdict": Verdict.INDETERMINATE.value}


def _answer(
    row: Mapping[str, float | None], odds: CauseOdds, model: FractureModel, prior: float, has_lesion: bool | None
) -> dict[str, Any]:
    stated = Measured(prior, "1", prior, prior, f"share of metastatic fractures taken for granted; {_origin(prior)}")
    if not odds.contributions:
        return {"p_metastatic": NOTHING_SEEN, "prior": stated, "verdict": "indeterminate", "contributions": ()}
    seen = f"{len(odds.contributions)} of {len(model.inputs)} inputs assessed{_beyond(odds, model)}"
    method = f"additive model {model.version}, {model.calibration}; {seen}; {SOURCE}"
    return {
        "p_metastatic": Measured(odds.p_metastatic, "1", odds.low, odds.high, method),
        "prior": stated,
        "verdict": verdict(odds.p_metastatic, odds.low, odds.high, has_lesion=has_lesion).value,
        "contributions": contributions(row, odds),
    }


def _beyond(odds: CauseOdds, model: FractureModel) -> str:
    """Which scan the study does not have, of those that the model has learnt from."""
    shown, every = (
        {scan for name in names if (scan := BY_NAME[name].scan)} for names in (odds.contributions, model.inputs)
    )
    return "".join(f", what {scan} would add is outside the interval" for scan in sorted(every - shown) if shown)


def contributions(row: Mapping[str, float | None], odds: CauseOdds) -> tuple[dict[str, Any], ...]:
    """The prior first, then every assessed input, largest first: log-odds of metastasis, which add up."""
    own = sorted(odds.contributions.items(), key=lambda pair: -abs(pair[1]))
    told = [{"sign": name, "item": BY_NAME[name].item, "value": row[name], "log_odds": part} for name, part in own]
    return ({"sign": "prior", "log_odds": odds.prior_log_odds}, *told)


def _origin(prior: float) -> str:
    return "the default, ours: as many of either" if prior == DEFAULT_PRIOR else "as given"


def _has_lesion(lesions: Section) -> bool | None:
    return bool(lesions) if isinstance(lesions, Sequence) else None
