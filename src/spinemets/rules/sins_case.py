"""A SINS case as somebody wrote it down: checked word by word, and turned into a `SinsCase`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from spinemets.anatomy import Level, Side, parse_level
from spinemets.errors import SpinemetsError
from spinemets.rules.sins import Percent, SinsCase, governing, sins
from spinemets.rules.sins_table import Alignment, BoneLesion, Pain

PAIN = {"mechanical": Pain.MECHANICAL, "occasional": Pain.OCCASIONAL, "none": Pain.PAINLESS, "unknown": None}
LESION_QUALITY = {
    "lytic": BoneLesion.LYTIC,
    "mixed": BoneLesion.MIXED,
    "blastic": BoneLesion.BLASTIC,
    "not_assessable": None,
}
ALIGNMENT: dict[str, frozenset[Alignment]] = {
    "subluxation": frozenset({Alignment.SUBLUXATION}),
    "de_novo_deformity": frozenset({Alignment.DE_NOVO_DEFORMITY}),
    "deformity_age_unknown": frozenset({Alignment.NORMAL, Alignment.DE_NOVO_DEFORMITY}),
    "normal": frozenset({Alignment.NORMAL}),
    "not_assessable": frozenset(),
}
SIDE_ITEMS = ("pedicle", "facet", "costovertebral_joint")
OTHER_POSTERIOR = ("spinous_process", "lamina", "transverse_process")
"""Posterior elements that score nothing (Fisher 2010)."""
KEYS = (
    "level",
    "pain",
    "lesion_quality",
    "alignment",
    "collapse_percent",
    "body_involved_percent",
    "posterolateral",
    "other_posterior",
)


def answer_sins(document: Any) -> dict[str, Any]:
    """The answer to a case, or to ``{"lesions": [case, …]}``.

    Raises
    ------
    SpinemetsError
        If a key, word or number is none that a case takes.
    """
    if isinstance(document, Mapping) and "lesions" in document:
        _only(document, ("lesions",), "a case with lesions")
        lesions = document["lesions"]
        if not isinstance(lesions, list) or not lesions:
            raise SpinemetsError(f"lesions must be a list of at least one case, got {_shown(lesions)}")
        scores = [sins(parse_case(lesion)) for lesion in lesions]
        return {"lesions": [score.to_json_dict() for score in scores], "governing": governing(scores)}
    return sins(parse_case(document)).to_json_dict()


def parse_case(document: Any) -> SinsCase:
    """A case from its JSON document; a missing key is unknown.

    Raises
    ------
    SpinemetsError
        If a key, word or number is none that a case takes.
    """
    if not isinstance(document, Mapping):
        raise SpinemetsError(f"a SINS case must be a JSON object, got {_shown(document)}")
    _only(document, KEYS, "a SINS case")
    for item in _items(document.get("other_posterior", []), "other_posterior"):
        _word(item, OTHER_POSTERIOR, "other_posterior")
    return SinsCase(
        levels=_levels(document["level"]) if "level" in document else (),
        pain=PAIN[_word(document.get("pain", "unknown"), PAIN, "pain")],
        bone_lesion=LESION_QUALITY[
            _word(document.get("lesion_quality", "not_assessable"), LESION_QUALITY, "lesion_quality")
        ],
        alignment=ALIGNMENT[_word(document.get("alignment", "not_assessable"), ALIGNMENT, "alignment")],
        collapse=_percent(document, "collapse_percent"),
        body_involved=_percent(document, "body_involved_percent"),
        posterolateral=_sides(document.get("posterolateral", {})),
    )


def _only(document: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for key in document:
        if key not in known:
            raise SpinemetsError(f"{what} has no key '{key}'; it takes {', '.join(known)}")


def _levels(value: Any) -> tuple[Level, ...]:
    names = _items(value, "level") if isinstance(value, list) else [value]
    if not names:
        raise SpinemetsError("level is an empty list; name every level that it may be, or leave the key out")
    found = []
    for name in names:
        if not isinstance(name, str):
            raise SpinemetsError(f"level must be a name such as T9, or a list of names, got {_shown(name)}")
        try:
            found.append(parse_level(name))
        except ValueError as error:
            raise SpinemetsError(f"level: {error}") from None
    return tuple(dict.fromkeys(found))


def _sides(value: Any) -> dict[Side, bool]:
    if not isinstance(value, Mapping):
        raise SpinemetsError(f"posterolateral must be an object with left and right, got {_shown(value)}")
    _only(value, tuple(side.value for side in Side), "posterolateral")
    found = {}
    for name, items in value.items():
        involved = [
            _word(item, SIDE_ITEMS, f"posterolateral {name}") for item in _items(items, f"posterolateral {name}")
        ]
        found[Side(name)] = bool(involved)
    return found


def _percent(document: Mapping[str, Any], key: str) -> Percent | None:
    if key not in document:
        return None
    value = document[key]
    if not isinstance(value, Mapping):
        number = _number(value, key)
        return Percent(number, number)
    _only(value, ("low", "high"), key)
    if set(value) != {"low", "high"}:
        raise SpinemetsError(f"{key} needs both low and high, got {_shown(dict(value))}")
    low, high = _number(value["low"], f"{key} low"), _number(value["high"], f"{key} high")
    if low > high:
        raise SpinemetsError(f"{key}: low {low:g} is above high {high:g}")
    return Percent(low, high)


def _number(value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SpinemetsError(f"{key} must be a number from 0 to 100, got {_shown(value)}")
    if not 0 <= value <= 100:
        raise SpinemetsError(f"{key} must lie in 0 to 100, got {value:g}")
    return float(value)


def _items(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list):
        raise SpinemetsError(f"{key} must be a list, got {_shown(value)}")
    return value


def _word(value: Any, known: Any, key: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise SpinemetsError(f"{key} must be one of {', '.join(known)}, got {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
