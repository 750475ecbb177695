"""The ESCC grade of one site from several readings of the same image by a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinemets.rules.escc import LEAST_SHARE
from spinemets.rules.escc_slice import HIGH_2_3, HIGH_FROM_1C, Grade

BY_NETWORK, SUSPECTED, UNREADABLE = "canal_outlined_by_network", "tumour_in_some_readings", "readings_not_all_usable"
"""Flags of a site whose masks a network made."""


def with_readings(site: Mapping[str, Any], answers: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    """The answer for a site with what the single readings of its image say.

    The distribution is the mean of theirs, so that it holds what the network is unsure of as well as pixels and
    thresholds. Where no tumour was outlined but a reading shows some, the reason says so.

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
    with_tumour = [one for one in graded if one["grade"] != Grade.G0.value]
    if site["status"] != "graded":
        if with_tumour and site["status"] == "not_assessable":
            worst = max((Grade(one["grade"]) for one in with_tumour), key=lambda grade: grade.rank)
            seen = f"{len(with_tumour)} of {len(answers)} readings of the image show tumour, up to grade {worst.value}"
            changed["reason"] = f"{site['reason']}; {seen}"
            changed["flags"] = [*changed["flags"], SUSPECTED]
        return changed
    if site["grade"] == Grade.G0.value and with_tumour:
        changed["flags"] = [*changed["flags"], SUSPECTED]
    if len(graded) < len(answers):
        changed["flags"] = [*changed["flags"], UNREADABLE]
    parts = [site["distribution"], *(one["distribution"] for one in graded)]
    shares = {g.value: round(sum(part.get(g.value, 0.0) for part in parts) / len(parts), 3) for g in Grade}
    changed["distribution"] = {grade: share for grade, share in shares.items() if share}
    possible = {*site["possible_grades"], *(grade for grade, share in shares.items() if share >= LEAST_SHARE)}
    changed["possible_grades"] = [g.value for g in Grade if g.value in possible]
    for name, high in (("high_grade_2_3", HIGH_2_3), ("high_grade_from_1c", HIGH_FROM_1C)):
        answer = {Grade(grade) in high for grade in possible}
        changed[name] = answer.pop() if len(answer) == 1 else None
    return changed
