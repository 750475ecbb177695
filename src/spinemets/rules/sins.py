"""Spinal Instability Neoplastic Score.

Fisher CG et al. A novel classification system for spinal instability in neoplastic disease.
Spine 2010;35(22):E1221-1229. Categories: Fourney DR et al. J Clin Oncol 2011;29(22):3072-3077.

What is not known stays open: a component holds every value that it may still take, and the
total every sum of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from spinemets.anatomy import Level, Side
from spinemets.rules.sins_table import (
    CONSULTATION_FROM,
    HALF_PERCENT,
    IMAGING_COMPONENTS,
    LOCATION_OF_LEVEL,
    Alignment,
    BoneLesion,
    Category,
    Collapse,
    Location,
    Pain,
    Posterolateral,
    category_of,
)


@dataclass(frozen=True)
class Percent:
    """A percentage known within an interval, both ends included.

    Attributes
    ----------
    low, high : float
        In [0, 100]; equal where the number is taken as read.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 100:
            raise ValueError(f"a percentage must satisfy 0 <= low <= high <= 100, got {self.low} to {self.high}")

    @property
    def over_half(self) -> set[bool]:
        """The answers that it leaves open to "more than 50 %?"."""
        return {self.low > HALF_PERCENT, self.high > HALF_PERCENT}

    @property
    def at_half(self) -> bool:
        """Whether it contains exactly 50 %, which the source does not place."""
        return self.low <= HALF_PERCENT <= self.high


@dataclass(frozen=True)
class SinsCase:
    """One lesion, as far as it is known; None and missing entries are unknown, never none.

    Attributes
    ----------
    levels : tuple of Level
        The level, or every level that it may be; empty where nobody knows.
    pain : Pain or None
        Told by a clinician.
    bone_lesion : BoneLesion or None
        On CT.
    alignment : set of Alignment
        What it may be; empty where it was not assessed.
    collapse, body_involved : Percent or None
        Loss of height of the body, and share of the body that the tumour takes.
    posterolateral : mapping of Side to bool
        Whether pedicle, facet or costovertebral joint of that side is involved; a missing side is unknown.
    """

    levels: tuple[Level, ...] = ()
    pain: Pain | None = None
    bone_lesion: BoneLesion | None = None
    alignment: frozenset[Alignment] = frozenset()
    collapse: Percent | None = None
    body_involved: Percent | None = None
    posterolateral: Mapping[Side, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class SinsScore:
    """The score of one lesion.

    Attributes
    ----------
    levels : tuple of Level
        Of the case.
    points : mapping of str to tuple of int
        For each of `COMPONENTS` the points that it may have, ascending.
    flags : tuple of str
        ``collapse_at_threshold``, ``body_involvement_at_threshold``, ``level_not_defined``.
    """

    levels: tuple[Level, ...]
    points: Mapping[str, tuple[int, ...]]
    flags: tuple[str, ...] = ()

    @property
    def attainable_totals(self) -> tuple[int, ...]:
        """Every total that some completion of what is unknown gives, ascending."""
        return tuple(sorted({sum(choice) for choice in product(*self.points.values())}))

    @property
    def possible_categories(self) -> tuple[Category, ...]:
        """Categories of the attainable totals, from stable on."""
        found = {category_of(total) for total in self.attainable_totals}
        return tuple(category for category in Category if category in found)

    @property
    def category(self) -> Category | None:
        """The category that every attainable total has, or None."""
        return self.possible_categories[0] if len(self.possible_categories) == 1 else None

    @property
    def consultation_suggested(self) -> bool | None:
        """Whether every attainable total is at least 7 (True) or none is (False); else None."""
        answers = {total >= CONSULTATION_FROM for total in self.attainable_totals}
        return answers.pop() if len(answers) == 1 else None

    @property
    def imaging_subtotal(self) -> int | None:
        """The sum without pain, or None where an imaging component is undecided."""
        parts = [self.points[name] for name in IMAGING_COMPONENTS]
        return sum(part[0] for part in parts) if all(len(part) == 1 for part in parts) else None

    def to_json_dict(self) -> dict[str, Any]:
        """The answer of ``spinemets sins``."""
        totals = self.attainable_totals
        names = [str(level) for level in self.levels]
        return {
            "level": names[0] if len(names) == 1 else (names or None),
            "component_points": {name: p[0] if len(p) == 1 else None for name, p in self.points.items()},
            "possible_points": {name: list(p) for name, p in self.points.items() if len(p) > 1},
            "total": totals[0] if len(totals) == 1 else None,
            "attainable_totals": list(totals),
            "total_range": [totals[0], totals[-1]],
            "imaging_subtotal": self.imaging_subtotal,
            "category": None if self.category is None else self.category.value,
            "possible_categories": [category.value for category in self.possible_categories],
            "surgical_consultation_suggested": self.consultation_suggested,
            "flags": list(self.flags),
        }


def sins(case: SinsCase) -> SinsScore:
    """The score of one lesion, open wherever the case is."""
    points: dict[str, set[Any]] = {
        "location": _location(case.levels),
        "pain": set(Pain) if case.pain is None else {case.pain},
        "bone_lesion": set(BoneLesion) if case.bone_lesion is None else {case.bone_lesion},
        "alignment": set(case.alignment) or set(Alignment),
        "collapse": _collapse(case.collapse, case.body_involved),
        "posterolateral": _posterolateral(case.posterolateral),
    }
    ordered = {name: tuple(sorted(int(value) for value in values)) for name, values in points.items()}
    return SinsScore(case.levels, ordered, tuple(_flags(case)))


def _location(levels: Sequence[Level]) -> set[Location]:
    if not levels:
        return set(Location)
    found: set[Location] = set()
    for level in levels:
        if level is Level.SACRUM:
            found |= {Location.JUNCTIONAL, Location.RIGID}  # S1, or S2 to S5
        elif level in LOCATION_OF_LEVEL:
            found.add(LOCATION_OF_LEVEL[level])
        else:
            found |= set(Location)
    return found


def _collapse(collapse: Percent | None, involved: Percent | None) -> set[Collapse]:
    without = {False, True} if involved is None else involved.over_half
    found = set()
    if collapse is None or collapse.low == 0:
        found |= {Collapse.BODY_INVOLVED if over else Collapse.NONE for over in without}
    if collapse is None or (collapse.high > 0 and collapse.low <= HALF_PERCENT):
        found.add(Collapse.UP_TO_HALF)
    if collapse is None or collapse.high > HALF_PERCENT:
        found.add(Collapse.OVER_HALF)
    return found


def _posterolateral(sides: Mapping[Side, bool]) -> set[Posterolateral]:
    scale = (Posterolateral.NONE, Posterolateral.UNILATERAL, Posterolateral.BILATERAL)
    choices = [(sides[side],) if side in sides else (False, True) for side in Side]
    return {scale[sum(choice)] for choice in product(*choices)}


def _flags(case: SinsCase) -> list[str]:
    flags = []
    if case.collapse is not None and case.collapse.at_half:
        flags.append("collapse_at_threshold")
    uncollapsed = case.collapse is None or case.collapse.low == 0
    if case.body_involved is not None and case.body_involved.at_half and uncollapsed:
        flags.append("body_involvement_at_threshold")
    if any(level not in LOCATION_OF_LEVEL and level is not Level.SACRUM for level in case.levels):
        flags.append("level_not_defined")
    return flags


def governing(scores: Sequence[SinsScore]) -> int:
    """Index of the lesion that governs: the highest maximum, then the highest minimum, then the most cranial.

    Raises
    ------
    ValueError
        If there is no lesion.
    """
    if not scores:
        raise ValueError("no lesion to choose the governing one from")

    def rank(number: int) -> tuple[int, int, int, int]:
        totals = scores[number].attainable_totals
        order = min((level.order for level in scores[number].levels), default=len(Level))
        return totals[-1], totals[0], -order, -number

    return max(range(len(scores)), key=rank)
