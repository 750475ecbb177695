"""A whole patient made ill: how many metastases and fractures, at which levels, among which benign findings.

Numbers of lesions and fractures, and levels of osteoporotic ones, are ours: fractures crowd at the thoracolumbar
junction. `CT7` of Table 1 decides whether there are others elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.simulate.disease import Disease
from spinemets.simulate.disease_canvas import EPIDURAL, PARAVERTEBRAL, DiseaseCanvas
from spinemets.simulate.fracture_disease import collapse_levels, draw_fracture
from spinemets.simulate.lesion import draw_lesion
from spinemets.simulate.lesion_plan import SAME_TYPE_SHARE, TYPE_SHARE, LesionPlan, choice, random_level, random_plan
from spinemets.simulate.look_alikes import LOOK_ALIKE_SHARE, draw_look_alike
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.simulate.tumour_spread import Spread

DISEASES = ("metastases", "osteoporosis", "mixed")
METASTATIC_FRACTURE_SHARE = 0.45
"""Of patients with metastases who have a collapse by one (ours)."""
OSTEOPOROTIC_AGE = 76.0
"""Bone of patients with osteoporotic fractures is at least as thin as at this age (ours): below 111 HU at L1."""
SPREAD_SHARE = 0.35
"""Of lesions with broken cortex from which tumour leaves the bone (ours)."""
MOST_LESIONS, MOST_LOOK_ALIKES = 6, 3
JUNCTION = (Level.T11, Level.T12, Level.L1, Level.L2)
JUNCTION_WEIGHT = 3.0
AT_A_DISC = ("degenerative", "vacuum_disc", "discitis")


def diseased(anatomy: LabelledAnatomy, kind: str, seed: int) -> Disease:
    """A patient made ill.

    Parameters
    ----------
    anatomy : LabelledAnatomy
        A healthy one; it is not changed.
    kind : str
        ``metastases``, ``osteoporosis``, or ``mixed`` for both. An osteoporotic patient may have a metastasis
        elsewhere, as rarely as Table 1's frequencies say.
    seed : int
        Of everything.

    Raises
    ------
    ValueError
        If there is no such kind, or no whole vertebra in the field of view.
    """
    if kind not in DISEASES:
        raise ValueError(f"there is no disease '{kind}'; it must be one of {', '.join(DISEASES)}")
    rng = np.random.default_rng([seed, 0xD15])
    canvas = DiseaseCanvas(anatomy)
    free: list[Level] = [level for level in canvas.levels if level.region is not Region.CERVICAL or level.order > 1]
    if not free:
        raise ValueError(f"{anatomy.name} has no whole vertebra in its field of view")
    causes = fracture_causes(free, kind, rng)
    collapse_levels(canvas, causes, rng)
    for truth in tuple(canvas.fractures):
        draw_fracture(canvas, truth, rng)
    free = [level for level in free if level not in causes]
    free = _draw_lesions(canvas, free, _lesion_count(canvas, kind, rng), rng)
    draw_look_alikes(canvas, free, rng)
    settle_elsewhere(canvas)
    return canvas.finished(least_age=0.0 if kind == "metastases" else OSTEOPOROTIC_AGE)


def settle_elsewhere(canvas: DiseaseCanvas) -> None:
    """Let the signs of CT7 say what the patient has in the end at other levels."""
    brittle = {one.level for one in canvas.fractures if one.cause == FractureClass.OSTEOPOROTIC.value}
    ill = {one.level for one in canvas.lesion_truth}
    for one in canvas.fractures:
        one.signs["other_osteoporotic_fractures"] = bool(brittle - {one.level})
        one.signs["lesions_elsewhere"] = bool(ill - {one.level})


def fracture_causes(levels: Sequence[Level], kind: str, rng: np.random.Generator) -> dict[Level, FractureClass]:
    """Levels that collapse, each with its cause; at most a third of those there are, but for one."""
    causes: dict[Level, FractureClass] = {}
    brittle = [] if kind == "metastases" else [level for level in levels if level.region is not Region.CERVICAL]
    for _ in range(min(int(rng.geometric(0.55)), max(1, len(levels) // 3), len(brittle))):
        weights = np.array([JUNCTION_WEIGHT if level in JUNCTION else 1.0 for level in brittle])
        level = brittle.pop(int(rng.choice(len(brittle), p=weights / weights.sum())))
        causes[level] = FractureClass.OSTEOPOROTIC
    left = [level for level in levels if level not in causes]
    if kind != "osteoporosis" and left and rng.random() < METASTATIC_FRACTURE_SHARE:
        causes[random_level(left, rng)] = FractureClass.METASTATIC
    return causes


def _lesion_count(canvas: DiseaseCanvas, kind: str, rng: np.random.Generator) -> int:
    """Metastases beside those that made a body collapse."""
    some = min(int(rng.geometric(0.4)), MOST_LESIONS)
    decisive = [
        one for one in canvas.fractures if kind == "osteoporosis" or one.cause == FractureClass.METASTATIC.value
    ]
    if decisive:
        return some if any(one.signs["lesions_elsewhere"] for one in decisive) else 0
    return some if kind != "osteoporosis" else 0


def _draw_lesions(canvas: DiseaseCanvas, levels: list[Level], count: int, rng: np.random.Generator) -> list[Level]:
    """Draw so many metastases; the levels that are left."""
    left = list(levels)
    first = canvas.lesion_truth[0].type if canvas.lesion_truth else choice(TYPE_SHARE, rng)
    for _ in range(count):
        if not left:
            break
        level = random_level(left, rng)
        left.remove(level)
        plan = random_plan(level, rng, first if rng.random() < SAME_TYPE_SHARE else None)
        if plan.place != "body" and not canvas.site(level).part(plan.place).any():
            plan = LesionPlan(level, "body", plan.type, plan.pattern, plan.volume_ml, plan.cortex_broken)
        draw_lesion(canvas, plan, rng, _spreads(plan, rng))
    return left


def _spreads(plan: LesionPlan, rng: np.random.Generator) -> tuple[Spread, ...]:
    if plan.type == "blastic" or not plan.cortex_broken or rng.random() > SPREAD_SHARE:
        return ()
    where = EPIDURAL if rng.random() < 0.4 else PARAVERTEBRAL
    return (Spread(where, float(plan.volume_ml * rng.uniform(0.3, 0.9 if where == EPIDURAL else 2.0))),)


def draw_look_alikes(canvas: DiseaseCanvas, levels: list[Level], rng: np.random.Generator) -> None:
    """Benign findings at levels without disease; those at a disc where the next level is free as well."""
    left = list(levels)
    for _ in range(int(rng.integers(0, MOST_LOOK_ALIKES + 1))):
        kind = choice(LOOK_ALIKE_SHARE, rng)
        pairs = {upper for upper, lower in pairwise(canvas.levels) if upper in left and lower in left}
        open_to_it = [level for level in left if kind not in AT_A_DISC or level in pairs]
        if open_to_it:
            level = open_to_it[int(rng.integers(len(open_to_it)))]
            draw_look_alike(canvas, level, kind, rng)
            left.remove(level)
