"""The signs of one level as the page shows them: what was seen, what was measured, and what could not be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spinemets.formats.report_words import WORDS

COLUMNS = (
    (r"favours osteoporotic", "osteoporotic collapse"),
    (r"favours metastatic", "metastasis"),
    (r"^X1[012]\b", "what mimics metastasis"),
)
"""What the review lists a sign under, by the method that it carries."""
FIRST = ("present", "at_threshold")
"""Answers that stand on top."""


def signs(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], str]]:
    """Signs that were looked at, with what they are listed under, present ones first."""
    rows = [
        (name, sign, next((column for pattern, column in COLUMNS if re.search(pattern, sign["method"])), ""))
        for name, sign in found.items()
        if "unit" not in sign and "method" in sign
    ]
    return sorted(rows, key=lambda row: FIRST.index(row[1]["value"]) if row[1]["value"] in FIRST else len(FIRST))


def measures(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Numbers."""
    return [(name, item) for name, item in found.items() if "unit" in item]


def unknown(found: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Every reason why something was not told, with the names of all that it holds for."""
    reasons: dict[str, list[str]] = {}
    for name, item in found.items():
        if "not_assessable" in item:
            reasons.setdefault(item["detail"], []).append(name)
        elif "not_applicable" in item:
            code = item["not_applicable"]
            reasons.setdefault(f"does not apply: {WORDS.get(code, code.replace('_', ' '))}", []).append(name)
    return list(reasons.items())
