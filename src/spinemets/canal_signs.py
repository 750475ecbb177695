"""Signs of tumour in the canal among the findings of the vertebrae at its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from spinemets.anatomy import Level
from spinemets.canal_assessment import CanalResult
from spinemets.epidural_signs import EPIDURAL
from spinemets.findings import NotAssessed, Reason, VertebraFindings


def with_canal_signs(
    findings: Sequence[VertebraFindings], canals: Sequence[CanalResult]
) -> tuple[VertebraFindings, ...]:
    """Findings with the signs of tumour in the canal at its level, and why there are none elsewhere.

    A level without other signs gets a table of its own only where the tumour is. Of two series with a site at one
    level the first one tells the signs.
    """
    result = []
    for one in findings:
        own, name = isinstance(one.signs, Mapping), str(one.level)
        at_tumour = next((canal.by_level[name] for canal in canals if name in canal.by_level), None)
        if own or at_tumour is not None:
            found = at_tumour if at_tumour is not None else _without_tumour(one.level, canals)
            one = replace(one, signs={**(one.signs if own else {}), **found})
        result.append(one)
    return tuple(result)


def _without_tumour(level: Level, canals: Sequence[CanalResult]) -> Mapping[str, Any]:
    """What stands for the signs at a level where no tumour was measured in the canal.

    A series that shows the level tells it; without one, the first that says why it does not.
    """
    if not canals:
        reason = NotAssessed(Reason.MISSING_MASK, "there are no masks of cord, sac and tumour on an axial T2")
        return dict.fromkeys(EPIDURAL, reason)
    canal = next((one for one in canals if level in one.seen), canals[0])
    if isinstance(canal.section, NotAssessed):
        return canal.signs[0]
    if not canal.seen:
        detail = "at which level the slices of the canal lie is not known"
        return dict.fromkeys(EPIDURAL, NotAssessed(Reason.LEVEL_AMBIGUOUS, detail))
    if level not in canal.seen:
        reason = NotAssessed(Reason.OUT_OF_FIELD, f"the canal was not outlined at {level}")
        return dict.fromkeys(EPIDURAL, reason)
    if not canal.by_level and not canal.masks.epidural.array.any():
        return canal.signs[0]
    if not canal.by_level:
        detail = "at which level the tumour in the canal lies is not known, since no slice of it decides"
        return dict.fromkeys(EPIDURAL, NotAssessed(Reason.LEVEL_AMBIGUOUS, detail))
    levels = " and ".join(sorted(canal.by_level, key=lambda name: Level(name).order))
    return dict.fromkeys(
        EPIDURAL, NotAssessed(Reason.OUT_OF_FIELD, f"the tumour in the canal was read at {levels} only")
    )
