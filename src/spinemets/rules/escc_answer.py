"""The answer of ``spinemets escc`` with nothing in it yet (`design.md`, contract 3)."""

from __future__ import annotations

from typing import Any

from spinemets.anatomy import Level

NOT_CLEARANCE = "no epidural tumour found; this is not clearance"


def escc_answer(level: Level | None, **known: Any) -> dict[str, Any]:
    """An answer that says no more than what is given; not assessable unless that says otherwise."""
    answer: dict[str, Any] = {
        "grade": None,
        "possible_grades": [],
        "status": "not_assessable",
        "reason": None,
        "slice": None,
        "level": None if level is None else str(level),
        "high_grade_2_3": None,
        "high_grade_from_1c": None,
        "sac_deformed": None,
        "slices": [],
        "distribution": {},
        "reference": None,
        "flags": [],
    }
    return answer | known
