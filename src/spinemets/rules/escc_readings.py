"""The ESCC grade of one site from several readings of the same image by a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinemets.rules.escc import LEAST_SHARE
from spinemets.rules.escc_slice import HIGH_2_3, HIGH_FROM_1C, Grade, grades_between

BY_NETWORK, SUSPECTED, UNREADABLE = "canal_outlined_by_network", "tumour_in_some_readings", "readings_not_all_usable"
"""Flags of a site whose masks a network made."""


def with_readings(site: Mapping[str, Any], answers: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    """The answer for a site with what the single readings of its image say.

    The distribution is the mean of theirs, so that it holds what the network is unsure of as well as pixels and
    thresholds. Grades between the lowest and the highest possible one are possible too. Where no tumour was outlined,
    or none beside a cord, but a reading grades some, the reason says so.

    Parameters
    ----------
    site : mapping
        The answer for the mean of the readings.
    answers : sequence of mapping or None
        The answer for each; None where its masks could not be used.
    """
    graded = [one for one in answers if one is not None and one["status"] == "graded"]
    changed = dict(site)
    changed["flags"] = [*site["flags"], BY_NETWORK]
    worst_of_each = [_worst(one) for one in answers if one is not None]
    with_tumour = [grade for grade in worst_of_each if grade is not Grade.G0]
    if with_tumour and site["grade"] in (None, Grade.G0.value):
        changed["flags"] = [*changed["flags"], SUSPECTED]
    if site["status"] != "graded":
        seen = f"; {_told(with_tumour, len(answers))}" if with_tumour else ""
        return changed | {"reason": f"{site['reason']}{seen}"}
    if len(graded) < len(answers):
        changed["flags"] = [*changed["flags"], UNREADABLE]
    parts = [site["distribution"], *(one["distribution"] for one in graded)]
    shares = {g.value: round(sum(part.get(g.value, 0.0) for part in parts) / len(parts), 4) for g in Grade}
    changed["distribution"] = {grade: share for grade, share in shares.items() if share}
    possible = {*site["possible_grades"], *(grade for grade, share in shares.items() if share >= LEAST_SHARE)}
    between = grades_between(map(Grade, possible))
    changed["possible_grades"] = [grade.value for grade in between]
    for name, high in (("high_grade_2_3", HIGH_2_3), ("high_grade_from_1c", HIGH_FROM_1C)):
        answer = {grade in high for grade in between}
        changed[name] = answer.pop() if len(answer) == 1 else None
    return changed


def _told(grades: Sequence[Grade], readings: int) -> str:
    worst = max(grades, key=lambda grade: grade.rank)
    return f"{len(grades)} of {readings} readings of the image show tumour, up to grade {worst.value}"


def _worst(answer: Mapping[str, Any]) -> Grade:
    """The grade of a reading; of one that is not graded the worst that stays possible."""
    grades = [answer["grade"]] if answer["grade"] is not None else answer["possible_grades"]
    return max((Grade(one) for one in grades), key=lambda grade: grade.rank, default=Grade.G0)
