"""How epidural tumour grows: it fills the epidural space, pushes the sac, touches the cord, presses it, takes its CSF.

Along such a growth the true grade only rises, so that a case of a wished grade, and one near the edge of a grade, is
found by trying.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

import numpy as np

from spinemets.simulate.epidural import TOUCHING_MM, EpiduralCase

GRADES = ("1a", "1b", "1c", "2", "3")
DEEPEST_MM = 9.0
"""Furthest push of a growth."""
STEPS, HALVINGS = 13, 5
"""Pushes that are tried along a growth, and how often the step at the edge of a grade is halved."""
MOST_FLATTENING = 0.55
TRIES = 60


class Origin(str, Enum):
    """Where the tumour comes from."""

    BODY = "body"
    PEDICLE = "pedicle"
    FORAMEN = "foramen"
    ARCH = "arch"
    ALL_ROUND = "all_round"


class NoRoomError(ValueError):
    """A canal has no room for a tumour of the grade that was asked for."""


@dataclass(frozen=True)
class Growth:
    """What is fixed while a tumour grows.

    Attributes
    ----------
    start : EpiduralCase
        The site with a tumour that does not push yet.
    yields : float
        Share of the push beyond the first touch by which the cord moves away.
    flattens : float
        Share of it by which the cord becomes flatter.
    """

    start: EpiduralCase
    yields: float
    flattens: float

    def at(self, pushed_mm: float) -> EpiduralCase:
        """The case when the wall has been pushed so far."""
        moved = replace(self.start, indentation_mm=pushed_mm)
        beyond = max(TOUCHING_MM - moved.clearance_mm, 0.0)
        if beyond == 0:
            return moved
        extent = 2 * float(np.hypot(*(np.array(self.start.direction) * np.array(self.start.cord_mm) / 2)))
        return replace(
            moved,
            shift_mm=min(self.yields * beyond, max(self._room_mm(), 0.0)),
            flattening=min(self.flattens * beyond / extent, MOST_FLATTENING),
        )

    def _room_mm(self) -> float:
        """How far the cord can move away from the tumour before it lies on the other side of the sac."""
        away = -np.array(self.start.direction)
        sac = 1 / float(np.hypot(*(away / (np.array(self.start.sac_mm) / 2))))
        cord = 1 / float(np.hypot(*(away / (np.array(self.start.cord_mm) / 2))))
        return sac - cord - float(np.array(self.start.cord_at_mm) @ away) - self.start.film_mm


def grown_case(
    rng: np.random.Generator, site: EpiduralCase, grade: str, *, near_edge: bool = False
) -> tuple[EpiduralCase, Origin]:
    """A case of a grade at a site, and where its tumour comes from.

    Parameters
    ----------
    rng : numpy Generator
        Decides everything else.
    site : EpiduralCase
        Sizes of sac, cord and canal.
    grade : str
        ``1a`` to ``3``.
    near_edge : bool
        Take a case that is about to become the next grade, or has just left the one before.

    Raises
    ------
    ValueError
        If the grade is none of these.
    NoRoomError
        If no growth at this site passes through it.
    """
    if grade not in GRADES:
        raise ValueError(f"a tumour grows through the grades {', '.join(GRADES)}, not '{grade}'")
    for _ in range(TRIES):
        growth, origin = random_growth(rng, site, severe=grade == "3")
        pushes = [float(push) for push in np.linspace(0.0, DEEPEST_MM, STEPS)]
        own = [n for n, push in enumerate(pushes) if growth.at(push).grade == grade]
        if not own:
            continue
        first, last = own[0], own[-1]
        if near_edge:
            upper = rng.random() < 0.5 and last + 1 < STEPS
            push = _edge(growth, grade, pushes[last], pushes[last + 1]) if upper else pushes[first]
            push = push if upper or first == 0 else _edge(growth, grade, pushes[first], pushes[first - 1])
        else:
            push = float(rng.uniform(pushes[first], pushes[last]))
        case = growth.at(push)
        if case.grade == grade and case.is_enough:
            return case, origin
    raise NoRoomError(f"no growth at a sac of {site.sac_mm} mm and a cord of {site.cord_mm} mm reaches grade {grade}")


def _edge(growth: Growth, grade: str, inside: float, outside: float) -> float:
    """The last push on the way from one that gives a grade to one that does not which still gives it."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if growth.at(middle).grade == grade else (inside, middle)
    return inside


def random_growth(rng: np.random.Generator, site: EpiduralCase, *, severe: bool) -> tuple[Growth, Origin]:
    """Some growth at a site; a severe one goes all round, as it must to take all CSF."""
    origin = Origin(str(rng.choice([one.value for one in Origin], p=[0.45, 0.2, 0.1, 0.15, 0.1])))
    side = float(rng.choice([-1.0, 1.0]))
    middle = {
        Origin.BODY: rng.normal(0, 22),
        Origin.PEDICLE: side * rng.uniform(40, 95),
        Origin.FORAMEN: side * rng.uniform(75, 110),
        Origin.ARCH: 180 + rng.normal(0, 25),
        Origin.ALL_ROUND: rng.uniform(-180, 180),
    }[origin]
    half = rng.uniform(35, 75) if origin is not Origin.FORAMEN else rng.uniform(25, 45)
    plateau, lobe = rng.uniform(0.0, 0.6), 0.0
    if origin is Origin.BODY and rng.random() < 0.35:
        middle, lobe, half = rng.normal(0, 4), rng.uniform(28, 42), rng.uniform(26, 40)
    if severe:
        half, lobe = 180.0, 0.0
    if origin is Origin.ALL_ROUND:
        half = 180.0
    start = replace(
        site,
        direction=(float(np.sin(np.radians(middle))), float(np.cos(np.radians(middle)))),
        half_angle_deg=float(half),
        plateau=float(plateau),
        lobe_deg=float(lobe),
        ripple=(float(rng.uniform(0.0, 0.25)), int(rng.integers(2, 8)), float(rng.uniform(0, 2 * np.pi))),
        film_mm=float(rng.uniform(0.02, 0.08 if severe else 0.3)),
        length_mm=float(rng.uniform(22, 36)),
    )
    yields = float(rng.uniform(0.1, 0.6))
    # half of what the cord loses it loses on the side of the tumour: it never draws back faster than it is pushed
    return Growth(start, yields, float(rng.uniform(0.2, min(0.9, 2 * (0.9 - yields))))), origin


def rises(growth: Growth) -> bool:
    """Whether the grade never falls along a growth."""
    ranks = [GRADES.index(growth.at(float(push)).grade) for push in np.linspace(0.0, DEEPEST_MM, STEPS)]
    return all(first <= second for first, second in pairwise(ranks))
