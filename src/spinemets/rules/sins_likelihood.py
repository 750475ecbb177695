"""How likely each category of SINS is where measurements leave the score open.

A category is stated where every completion of a case has it, and errors of measurement leave most cases open then. But
what an interval crosses is not as likely on either side, so each component gets a probability for its points. What
nobody measured or told (pain, the age of a deformity, a level without a name) has none: its probability goes to a set
of points, any of which may be right. So a category has a least and a largest probability: belief and plausibility
(Shafer G, A Mathematical Theory of Evidence, 1976). Components count as independent (ours).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product
from typing import Any

from spinemets.anatomy import Side
from spinemets.findings import Finding, Measured
from spinemets.rules.collapse import NONE_BELOW, SURE_FROM, collapse_percent
from spinemets.rules.likelihood import chance_over
from spinemets.rules.sins import SinsScore
from spinemets.rules.sins_table import HALF_PERCENT, Alignment, Category, Collapse, Posterolateral, category_of

Masses = Mapping[tuple[int, ...], float]
"""Probability of sets of points of one component, ascending; one point for what was measured, more where any of them
may be right. They add up to 1."""
LIKELY_FROM = 0.8
"""A category at least so likely is called likely (ours)."""
STEPS = 11
"""Limits of a collapse between `NONE_BELOW` and `SURE_FROM` that are asked, each as likely (ours)."""


def collapse_masses(loss: Finding | None, over_half_involved: float | None, *, by_interval: bool = False) -> Masses:
    """Probability of the points for collapse.

    Parameters
    ----------
    loss : Measured, NotAssessed or None
        Largest loss of height, a fraction.
    over_half_involved : float or None
        Probability that tumour takes more than half of the body.
    by_interval : bool
        As of `spinemets.rules.collapse.collapse_percent`, by which a loss may be decided.
    """
    percent = None if loss is None else collapse_percent(loss, by_interval=by_interval)
    if percent is None or not isinstance(loss, Measured):
        return {tuple(int(one) for one in Collapse): 1.0}
    limits = [NONE_BELOW + step * (SURE_FROM - NONE_BELOW) / (STEPS - 1) for step in range(STEPS)]
    lost = sum(chance_over(loss, limit) for limit in limits) / STEPS
    lost = 0.0 if percent == (0.0, 0.0) else 1.0 if percent[0] > 0 else lost
    over_half = min(chance_over(loss, HALF_PERCENT / 100), lost)
    masses: dict[tuple[int, ...], float] = {
        (int(Collapse.OVER_HALF),): over_half,
        (int(Collapse.UP_TO_HALF),): lost - over_half,
    }
    if over_half_involved is None:
        masses[int(Collapse.NONE), int(Collapse.BODY_INVOLVED)] = 1 - lost
    else:
        masses[(int(Collapse.BODY_INVOLVED),)] = (1 - lost) * over_half_involved
        masses[(int(Collapse.NONE),)] = (1 - lost) * (1 - over_half_involved)
    return masses


def alignment_masses(slipped: float | None, bent: float | None) -> Masses:
    """Probability of the points for alignment.

    A bend may be new or old, nobody knows. A slip that may be over its cut-off makes every point possible, and none of
    the four is claimed for it: beside a collapsed body of a simulated validation patient (103006, T6) one that was
    likely over it was none.

    Parameters
    ----------
    slipped, bent : float or None
        Probability of a slip and of a bend over its cut-off; None where it was not measured.
    """
    open_slip, bend = 1.0 if slipped is None else slipped, 1.0 if bent is None else bent
    normal, deformity = int(Alignment.NORMAL), int(Alignment.DE_NOVO_DEFORMITY)
    return {
        (normal, deformity, int(Alignment.SUBLUXATION)): open_slip,
        (normal, deformity): (1 - open_slip) * bend,
        (normal,): (1 - open_slip) * (1 - bend),
    }


def posterolateral_masses(involved: Mapping[Side, float], unproven: Collection[Side] = ()) -> Masses:
    """Probability of the points for posterolateral elements.

    Parameters
    ----------
    involved : mapping of Side to float
        That of any element; a missing side is unknown.
    unproven : collection of Side
        Sides of which not all elements were measured: what does not speak for one speaks for nothing.
    """
    scale = (Posterolateral.NONE, Posterolateral.UNILATERAL, Posterolateral.BILATERAL)
    sides: list[Masses] = []
    for side in Side:
        chance = involved.get(side, 0.0)
        sides.append({(1,): chance, (0, 1) if side in unproven or side not in involved else (0,): 1 - chance})
    masses: dict[tuple[int, ...], float] = {}
    for (first, own), (second, other) in product(*(side.items() for side in sides)):
        points = tuple(sorted({int(scale[a + b]) for a in first for b in second}))
        masses[points] = masses.get(points, 0.0) + own * other
    return {points: share for points, share in masses.items() if share > 0}


def component_masses(score: SinsScore, measured: Mapping[str, Masses]) -> dict[str, Masses]:
    """Of every component of a score, within the points that it may have.

    Parameters
    ----------
    score : SinsScore
        What is open and what is not.
    measured : mapping of str to Masses
        By component; one that is missing is decided, or not known at all.
    """
    return {name: _within(measured.get(name, {points: 1.0}), points) for name, points in score.points.items()}


def category_probability(components: Mapping[str, Masses]) -> dict[Category, tuple[float, float]]:
    """The least and the largest probability of each category."""
    totals: dict[tuple[int, ...], float] = {(0,): 1.0}
    for masses in components.values():
        joined: dict[tuple[int, ...], float] = {}
        for (sums, own), (points, other) in product(totals.items(), masses.items()):
            every = tuple(sorted({a + b for a in sums for b in points}))
            joined[every] = joined.get(every, 0.0) + own * other
        totals = joined
    found = [({category_of(total) for total in sums}, share) for sums, share in totals.items()]
    return {
        category: (
            sum(share for every, share in found if every == {category}),
            sum(share for every, share in found if category in every),
        )
        for category in Category
    }


def likely_category(probability: Mapping[Category, tuple[float, float]]) -> Category | None:
    """The category whose least probability is at least `LIKELY_FROM`, if any."""
    return next((category for category, (least, _) in probability.items() if least >= LIKELY_FROM), None)


def likelihood_json(components: Mapping[str, Masses]) -> dict[str, Any]:
    """What ``report.json`` has of it: ``component_probability``, ``category_probability``, ``likely_category``."""
    probability = category_probability(components)
    likely = likely_category(probability)
    return {
        "component_probability": {
            name: [{"points": list(points), "probability": round(share, 4)} for points, share in sorted(masses.items())]
            for name, masses in components.items()
        },
        "category_probability": {
            category.value: {"low": round(min(low, 1.0), 4), "high": round(min(high, 1.0), 4)}
            for category, (low, high) in probability.items()
        },
        "likely_category": None if likely is None else likely.value,
    }


def masses_of(written: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Masses]:
    """The masses that ``component_probability`` of a report states."""
    return {name: {tuple(one["points"]): float(one["probability"]) for one in every} for name, every in written.items()}


def _within(masses: Masses, possible: Sequence[int]) -> Masses:
    """Masses on what a score leaves open; the tails of an error beyond its interval are cut off."""
    kept: dict[tuple[int, ...], float] = {}
    for points, share in masses.items():
        inside = tuple(one for one in points if one in possible)
        if inside and share > 0:
            kept[inside] = kept.get(inside, 0.0) + share
    total = sum(kept.values())
    return {points: share / total for points, share in kept.items()} if total > 0 else {tuple(possible): 1.0}
