"""Osteoporotic and metastatic fractures: form, matter and signs, drawn from the table of frequencies by their cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spinemets.anatomy import Level
from spinemets.simulate.disease import Deposit, FractureTruth
from spinemets.simulate.disease_canvas import EPIDURAL, PARAVERTEBRAL, DiseaseCanvas
from spinemets.simulate.fracture import collapsed
from spinemets.simulate.fracture_marks import (
    cleft,
    cortical_defect,
    cortical_gaps,
    epidural_blood,
    fracture_line,
    haematoma,
    hollow_marrow,
    impaction_band,
    pedicle_crack,
)
from spinemets.simulate.fracture_shape import bulge, random_collapse, retropulsion
from spinemets.simulate.fracture_signs_drawn import drawn_signs
from spinemets.simulate.lesion import draw_lesion, join_lesions
from spinemets.simulate.lesion_plan import SMALLEST_ML, LesionPlan, choice
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.simulate.tumour_spread import Spread
from spinemets.simulate.vertebra_site import VertebraSite, placed_vertebra

BROKEN_TYPE = {"lytic": 0.72, "mixed": 0.22, "blastic": 0.06}
"""Type of a lesion that lets a body collapse (ours; lytic ones break most, Nakata 2023 among others)."""
BODY_SHARE = (0.45, 0.92)
"""Part of the body that such a lesion takes (ours)."""
PEDICLE_ML = 2.5
EPIDURAL_ML, PARAVERTEBRAL_ML = (0.6, 2.5), (4.0, 22.0)
GAS_SHARE = 0.75
"""Of clefts on CT, filled with gas rather than fluid (ours)."""


def collapse_levels(canvas: DiseaseCanvas, causes: dict[Level, FractureClass], rng: np.random.Generator) -> None:
    """Collapse bodies and record what they lose and which signs they show; their matter is drawn by `draw_fracture`.

    Raises
    ------
    ValueError
        If the canvas shows no body of one of the levels.
    """
    for level, cause in causes.items():
        signs = drawn_signs(cause, rng)
        collapse = random_collapse(cause, rng, asymmetric=signs["asymmetric_collapse"])
        canvas.anatomy = collapsed(canvas.anatomy, placed_vertebra(canvas.site(level)), collapse)
        losses = {name: round(getattr(collapse, name), 4) for name in ("anterior", "middle", "posterior")}
        canvas.fractures.append(FractureTruth(level, cause.value, losses, round(collapse.tilt, 4), signs))
    canvas.remake_regions()


def draw_fracture(canvas: DiseaseCanvas, truth: FractureTruth, rng: np.random.Generator) -> None:
    """Draw the signs of a collapsed body, and record how far its posterior wall then stands out."""
    shapes = {"posterior_wall_bulge": bulge, "retropulsion": retropulsion}
    depths = [shape(canvas, canvas.site(truth.level), rng) for name, shape in shapes.items() if truth.signs[name]]
    wall_mm = round(max(depths, default=0.0), 4)
    canvas.fractures = [replace(one, wall_mm=wall_mm) if one is truth else one for one in canvas.fractures]
    if truth.cause == FractureClass.METASTATIC.value:
        _draw_metastatic(canvas, truth, rng)
    else:
        _draw_osteoporotic(canvas, truth, rng)


def _draw_osteoporotic(canvas: DiseaseCanvas, truth: FractureTruth, rng: np.random.Generator) -> None:
    site = canvas.site(truth.level)
    canvas.add([impaction_band(site, rng)])
    canvas.add(_marks(site, truth.signs, rng))
    makers: dict[str, Callable[[VertebraSite, np.random.Generator], Deposit]] = {
        "cortex_destroyed": cortical_defect,
        "cancellous_bone_destroyed": hollow_marrow,
        "pedicle_destroyed": pedicle_crack,
        "epidural_mass": epidural_blood,
    }
    canvas.add(make(site, rng) for name, make in makers.items() if truth.signs[name])
    if truth.signs["paravertebral_mass"]:
        canvas.add([haematoma(site, rng, focal=True)])


def _marks(site: VertebraSite, signs: dict[str, bool], rng: np.random.Generator) -> list[Deposit]:
    """Signs that look alike whatever the cause."""
    marks = []
    if signs["fracture_line"]:
        marks.append(fracture_line(site, rng))
    if signs["vacuum_cleft"]:
        marks.append(cleft(site, rng, gas=bool(rng.random() < GAS_SHARE)))
    if signs["jigsaw"]:
        marks.append(cortical_gaps(site, rng))
    if signs["lamellar_haematoma"]:
        marks.append(haematoma(site, rng, focal=False))
    return marks


def _draw_metastatic(canvas: DiseaseCanvas, truth: FractureTruth, rng: np.random.Generator) -> None:
    signs, level = truth.signs, truth.level
    site = canvas.site(level)
    body_ml = int(site.body.sum()) * site.voxel_ml
    share = rng.uniform(*BODY_SHARE) if signs["cancellous_bone_destroyed"] else rng.uniform(0.12, 0.3)
    kind = choice(BROKEN_TYPE, rng)
    pattern = {"lytic": str(rng.choice(["geographic", "moth_eaten"])), "mixed": "mixed", "blastic": "nodular"}[kind]
    broken = signs["cortex_destroyed"]
    spreads = []
    if signs["epidural_mass"]:
        spreads.append(Spread(EPIDURAL, float(rng.uniform(*EPIDURAL_ML))))
    if signs["paravertebral_mass"]:
        spreads.append(Spread(PARAVERTEBRAL, float(rng.uniform(*PARAVERTEBRAL_ML))))
    plan = LesionPlan(level, "body", kind, pattern, max(share * body_ml, SMALLEST_ML), broken)
    lesion = draw_lesion(canvas, plan, rng, tuple(spreads))
    signs["epidural_mass"], signs["paravertebral_mass"] = lesion.epidural_ml > 0, lesion.paravertebral_ml > 0
    if signs["pedicle_destroyed"]:
        sides = ["pedicle_left", "pedicle_right"]
        for place in sides if rng.random() < 0.3 else [str(rng.choice(sides))]:
            if site.part(place).any():
                draw_pedicle(canvas, plan, place, rng)
        join_lesions(canvas, level)
    canvas.add(_marks(site, signs, rng))


def draw_pedicle(canvas: DiseaseCanvas, body: LesionPlan, place: str, rng: np.random.Generator) -> None:
    """Let a lesion of the body take a pedicle as well."""
    pattern = "nodular" if body.type == "blastic" else "geographic"
    kind = "blastic" if body.type == "blastic" else "lytic"
    draw_lesion(canvas, LesionPlan(body.level, place, kind, pattern, PEDICLE_ML, cortex_broken=kind == "lytic"), rng)
