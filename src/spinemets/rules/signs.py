"""Single signs from numbers that somebody measured: a document in, labels with thresholds and sources out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from spinemets.anatomy import parse_level
from spinemets.errors import SpinemetsError
from spinemets.rules import adc as adc_rule
from spinemets.rules import dixon as dixon_rule
from spinemets.rules import enostosis as enostosis_rule
from spinemets.rules import genant as genant_rule
from spinemets.rules import mscc as mscc_rule

COLUMNS = ("anterior", "middle", "posterior")
UNITS = {
    "1e-3 mm2/s": "1e-3 mm2/s",
    "10^-3 mm2/s": "1e-3 mm2/s",
    "um2/ms": "1e-3 mm2/s",
    "1e-6 mm2/s": "1e-6 mm2/s",
    "10^-6 mm2/s": "1e-6 mm2/s",
    "um2/s": "1e-6 mm2/s",
    "mm2/s": "mm2/s",
}
"""Spellings of a unit that are understood; an ADC map without one is told by its size."""


def answer_signs(document: Any) -> Any:
    """The answer to one case, or the list of answers to a list of cases.

    Raises
    ------
    SpinemetsError
        If a sign, key or number is none that is taken.
    """
    if isinstance(document, list):
        return [answer_signs(case) for case in document]
    if not isinstance(document, Mapping) or not document:
        raise SpinemetsError(f"a case must be a JSON object with one of {', '.join(SIGNS)}, got {document!r:.60}")
    answers = {}
    for name, numbers in document.items():
        if name not in SIGNS:
            raise SpinemetsError(f"there is no sign '{name}'; it takes {', '.join(SIGNS)}")
        if not isinstance(numbers, Mapping):
            raise SpinemetsError(f"{name} must be an object with its numbers, got {numbers!r:.60}")
        try:
            answers[name] = SIGNS[name](numbers)
        except ValueError as error:
            raise SpinemetsError(f"{name}: {error}") from None
    return answers


def _enostosis(case: Mapping[str, Any]) -> dict[str, Any]:
    _only(case, ("mean_hu", "max_hu", "treated"))
    mean_hu, max_hu = _number(case, "mean_hu"), _number(case, "max_hu")
    treated = case.get("treated")
    if not (treated is None or isinstance(treated, bool)):
        raise ValueError(f"treated must be true or false, got {treated!r}")
    answers = [
        enostosis_rule.enostosis(mean_hu, max_hu, treated=t) for t in ((False, True) if treated is None else (treated,))
    ]
    answer: dict[str, Any] = {"label": answers[0].value if len(answers) == 1 else None}
    if treated is None:
        answer["possible_labels"] = [label.value for label in answers]
    threshold = {"mean_hu": _plain(enostosis_rule.MEAN_HU), "max_hu": _plain(enostosis_rule.MAX_HU)}
    return {**answer, "threshold": threshold, "source": enostosis_rule.SOURCE}


def _dixon(case: Mapping[str, Any]) -> dict[str, Any]:
    _only(case, ("in_phase", "out_phase", "sequence"))
    drop = dixon_rule.signal_drop(_number(case, "in_phase"), _number(case, "out_phase"))
    return {
        "drop_percent": None if drop is None else round(100 * drop, 1),
        "label": dixon_rule.dixon(drop).value,
        "threshold": _plain(dixon_rule.THRESHOLD_PERCENT),
        "other_thresholds": dict(dixon_rule.OTHER_CUTS_PERCENT),
        "source": dixon_rule.SOURCE,
    }


def _mscc(case: Mapping[str, Any]) -> dict[str, Any]:
    names = ("above_mm", "below_mm", "at_mm")
    _only(case, names)
    lost = mscc_rule.mscc(*(_number(case, name) for name in names))
    return {"mscc_percent": round(100 * lost, 1), "source": mscc_rule.SOURCE}


def _height_loss(case: Mapping[str, Any]) -> dict[str, Any]:
    _only(case, ("level", "heights_mm", "reference_mm"))
    heights, reference = _columns(case, "heights_mm", least=0.0), _columns(case, "reference_mm", least=1e-6)
    losses = {
        name: max(1 - heights[name] / reference[name], 0.0) for name in COLUMNS if name in heights and name in reference
    }
    if not losses:
        raise ValueError("heights_mm and reference_mm share none of anterior, middle and posterior")
    most = max(losses.values())
    whole = len(losses) == len(COLUMNS)
    answer: dict[str, Any] = {} if "level" not in case else {"level": str(parse_level(str(case["level"])))}
    answer |= {
        "max_loss_percent": round(100 * most, 1) if whole else None,
        "genant": int(genant_rule.genant_grade(most)) if whole else None,
    }
    if not whole:
        answer["at_least_percent"] = round(100 * most, 1)
    edges = (genant_rule.MILD_FROM, genant_rule.MODERATE_FROM, genant_rule.SEVERE_ABOVE)
    return {**answer, "threshold": [_plain(100 * edge) for edge in edges], "source": genant_rule.SOURCE}


def _adc(case: Mapping[str, Any]) -> dict[str, Any]:
    _only(case, ("value", "unit"))
    value, unit = _number(case, "value"), case.get("unit")
    if unit is not None and unit not in UNITS:
        raise ValueError(f"unit '{unit}' is not understood; write one of {', '.join(UNITS)}")
    known = adc_rule.unit_of_size(value) if unit is None else UNITS[unit]
    found = adc_rule.adc_in_1e3(value, known)
    answer = {
        "value": round(found, 4),
        "unit": "1e-3 mm2/s",
        "label": adc_rule.adc(found).value,
        "threshold": {"malignant_below": adc_rule.MALIGNANT_BELOW, "benign_above": adc_rule.BENIGN_ABOVE},
        "published_cuts": list(adc_rule.PUBLISHED_CUTS),
        "source": adc_rule.SOURCE,
    }
    return answer if unit is not None else {**answer, "flags": ["unit_told_by_size"]}


SIGNS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "enostosis": _enostosis,
    "dixon": _dixon,
    "mscc": _mscc,
    "height_loss": _height_loss,
    "adc": _adc,
}
"""Signs that ``spinemets signs`` answers."""


def _columns(case: Mapping[str, Any], key: str, *, least: float) -> dict[str, float]:
    found = case.get(key, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"{key} must be an object with {', '.join(COLUMNS)}, got {found!r:.60}")
    _only(found, COLUMNS)
    columns = {name: _number(found, name) for name in found}
    for name, value in columns.items():
        if value < least:
            raise ValueError(f"{key} {name} must be positive, got {value:g}")
    return columns


def _number(case: Mapping[str, Any], key: str) -> float:
    if key not in case:
        raise ValueError(f"{key} is missing")
    value = case[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{key} must be a number, got {value!r:.60}")
    return float(value)


def _only(case: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in case:
        if key not in known:
            raise ValueError(f"there is no key '{key}'; it takes {', '.join(known)}")


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value
