"""One fractured vertebra of a known cause with its neighbours, on a CT of the spine alone: what a cause is learnt from.

The patient is the parametric one of the seed, drawn round the spine only. Level, age and scanner are drawn alike for
both causes, so that none of them tells the cause; the signs come from the table of frequencies. That osteoporotic bone
is thin belongs to the disease.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spinemets.anatomy import Level
from spinemets.geometry import Grid, resample, world_aligned_grid
from spinemets.simulate.canvas import Canvas
from spinemets.simulate.ct import render_ct
from spinemets.simulate.ct_acquisition import random_acquisition
from spinemets.simulate.curve import PlacedVertebra, place_spine, sway
from spinemets.simulate.disease import Disease, FractureTruth
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.disease_truth import render_lesions
from spinemets.simulate.diseased_patient import JUNCTION, JUNCTION_WEIGHT, OSTEOPOROTIC_AGE, settle_elsewhere
from spinemets.simulate.fracture_disease import collapse_levels, draw_fracture
from spinemets.simulate.landmarks import landmarks
from spinemets.simulate.lesion import draw_lesion
from spinemets.simulate.lesion_plan import SAME_TYPE_SHARE, random_plan
from spinemets.simulate.parametric import draw_patient, visible_centres
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.simulate.subject import Subject, random_subject
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.volume import Volume

SPACING_MM = 1.5
"""Edge of a voxel of the anatomy (ours)."""
PIXEL_MM, THINNEST_MM = (0.8, 1.1), 1.25
"""Of the CT: coarser than most, for speed (ours)."""
AROUND = 2
"""Levels shown above and below the fracture; the nearest stay sound, the others may be ill (ours)."""
ASIDE_MM, BEHIND_MM, AHEAD_MM, ABOVE_MM, BELOW_MM = 62.0, 75.0, 62.0, 8.0, 32.0
"""What is shown beyond the middles of the bodies, and beyond the outer bodies along the spine (ours): as far as
anything is measured, and spinous processes reach down."""
AGE = (50.0, 90.0)
"""Of patients with either cause (ours)."""
FIRST, LAST = Level.T4, Level.L4
"""Levels that collapse (ours)."""


@dataclass(frozen=True, eq=False)
class FractureCase:
    """A simulated CT of a fracture with the truth.

    Attributes
    ----------
    seed : int
        Of everything.
    truth : FractureTruth
        Level, cause and signs of the fracture.
    disease : Disease
        All that was drawn.
    ct, vertebrae, subregions, lesions : Volume
        HU, and the true masks on its grid.
    """

    seed: int
    truth: FractureTruth
    disease: Disease
    ct: Volume
    vertebrae: Volume
    subregions: Volume
    lesions: Volume


def fracture_case(seed: int, cause: FractureClass, spacing_mm: float = SPACING_MM) -> FractureCase:
    """The fracture of a seed.

    Parameters
    ----------
    seed : int
        Not negative; the same seed and cause are the same voxels.
    cause : FractureClass
        What made the body collapse.
    spacing_mm : float
        Edge of a voxel of the anatomy.

    Raises
    ------
    ValueError
        If the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"the seed must not be negative, got {seed}")
    rng = np.random.default_rng([seed, 0xF2AC])
    subject = random_subject(seed)
    level = _random_level(subject, rng)
    at = subject.levels.index(level)
    shown = subject.levels[at - AROUND : at + AROUND + 1]
    disease = _disease(_anatomy(subject, shown, spacing_mm), level, shown, cause, rng)
    scan = random_acquisition(seed, age=float(rng.uniform(*AGE)))
    pixel = float(rng.uniform(*PIXEL_MM))
    scan = replace(scan, spacing_mm=(pixel, pixel, max(scan.spacing_mm[2], THINNEST_MM)))
    ct = render_ct(disease.anatomy, seed, scan, disease)
    grid = Grid.of(ct)

    def mask(name: str) -> Volume:
        source = Volume(getattr(disease.anatomy, name), disease.anatomy.affine)
        return Volume(resample(source, grid, order=0, antialias=False).astype(np.uint8), grid.affine)

    truth = next(one for one in disease.fractures if one.level is level)
    return FractureCase(seed, truth, disease, ct, mask("vertebra"), mask("subregion"), render_lesions(disease, grid))


def _random_level(subject: Subject, rng: np.random.Generator) -> Level:
    levels = [level for level in subject.levels if FIRST.order <= level.order <= LAST.order]
    weights = np.array([JUNCTION_WEIGHT if level in JUNCTION else 1.0 for level in levels])
    return levels[int(rng.choice(len(levels), p=weights / weights.sum()))]


def _anatomy(subject: Subject, shown: tuple[Level, ...], spacing_mm: float) -> LabelledAnatomy:
    """A patient from the first to the last level, round the spine only."""
    placed = sway(place_spine(subject))
    marks = landmarks(subject, placed)
    lower, upper = _box([placed[level] for level in shown])
    canvas = Canvas(world_aligned_grid(lower, upper, spacing_mm))
    draw_patient(canvas, subject, marks, placed)
    return LabelledAnatomy(
        tissue=canvas.tissue,
        vertebra=canvas.vertebra,
        subregion=canvas.subregion,
        affine=canvas.grid.affine,
        centres_mm=visible_centres(placed, canvas.grid),
        name=f"fracture-{subject.seed}",
    )


def _box(bodies: list[PlacedVertebra]) -> tuple[np.ndarray, np.ndarray]:
    centres = np.array([body.centre for body in bodies])
    heights = np.array([body.middle_height for body in bodies])
    low, high = centres.min(axis=0), centres.max(axis=0)
    bottom = (centres[:, 2] - heights).min() - BELOW_MM
    top = (centres[:, 2] + heights).max() + ABOVE_MM
    lower = np.array([low[0] - ASIDE_MM, low[1] - BEHIND_MM, bottom])
    return lower, np.array([high[0] + ASIDE_MM, high[1] + AHEAD_MM, top])


def _disease(
    anatomy: LabelledAnatomy, level: Level, shown: tuple[Level, ...], cause: FractureClass, rng: np.random.Generator
) -> Disease:
    canvas = DiseaseCanvas(anatomy)
    outer = [other for other in (shown[0], shown[-1]) if other in canvas.levels]
    collapse_levels(canvas, {level: cause}, rng)
    wanted = dict(canvas.fractures[0].signs)
    if wanted["other_osteoporotic_fractures"] and outer:
        other = outer.pop(int(rng.integers(len(outer))))
        collapse_levels(canvas, {other: FractureClass.OSTEOPOROTIC}, rng)
    for truth in tuple(canvas.fractures):
        draw_fracture(canvas, truth, rng)
    if wanted["lesions_elsewhere"]:
        _draw_lesions(canvas, outer, rng)
    settle_elsewhere(canvas)
    return canvas.finished(least_age=OSTEOPOROTIC_AGE if cause is FractureClass.OSTEOPOROTIC else 0.0)


def _draw_lesions(canvas: DiseaseCanvas, levels: list[Level], rng: np.random.Generator) -> None:
    """A metastasis at one or more of these levels."""
    first = canvas.lesion_truth[0].type if canvas.lesion_truth else None
    for number, level in enumerate(levels):
        if number == 0 or rng.random() < 0.5:
            plan = random_plan(level, rng, first if rng.random() < SAME_TYPE_SHARE else None)
            if plan.place == "body" or canvas.site(level).part(plan.place).any():
                draw_lesion(canvas, plan, rng)
