"""What the report could not tell, one row for each reason, as its page shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_HERE = "\0"
"""Stands in a sentence for the level that it is about."""


@dataclass(frozen=True)
class Gap:
    """One reason with all that it holds for.

    Attributes
    ----------
    code : str
        Of the reason, e.g. ``out_of_field``.
    detail : str
        The sentence.
    holds : tuple of (tuple of str, tuple of str)
        Items of the report with the levels where they were not assessed for this reason; no level is the whole study.
    """

    code: str
    detail: str
    holds: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def gaps(entries: Sequence[Mapping[str, Any]], levels: Sequence[str]) -> list[Gap]:
    """Entries of ``not_assessed`` by their reason, in the order in which reasons come first.

    Sentences that differ by nothing but the name of the level they are about are one reason.

    Parameters
    ----------
    entries : sequence of mapping
        ``item``, ``not_assessable``, ``detail`` and perhaps ``levels``.
    levels : sequence of str
        All of the report, in their order.
    """
    reasons: dict[tuple[str, str], dict[str, set[str]]] = {}
    for entry in entries:
        own = list(entry.get("levels") or ())
        key = entry["not_assessable"], _about_any(entry["detail"], own)
        reasons.setdefault(key, {}).setdefault(entry["item"], set()).update(own)
    return [_gap(code, detail, items, levels) for (code, detail), items in reasons.items()]


def _about_any(detail: str, levels: Sequence[str]) -> str:
    """A sentence about one level without the name of that level."""
    return re.sub(rf"\b{re.escape(levels[0])}\b", _HERE, detail) if len(levels) == 1 else detail


def _gap(code: str, detail: str, items: Mapping[str, set[str]], levels: Sequence[str]) -> Gap:
    alike: dict[tuple[str, ...], list[str]] = {}
    for item, own in items.items():
        alike.setdefault(tuple(level for level in levels if level in own), []).append(item)
    every = [level for level in levels if any(level in own for own in items.values())]
    about = every[0] if len(every) == 1 else f"each of {', '.join(every)}"
    return Gap(code, detail.replace(_HERE, about), tuple((tuple(names), where) for where, names in alike.items()))
