"""A whole patient made of shapes, whose every dimension is known: the parametric anatomy.

Nothing comes from a scan, so it carries no licence and no patient, and variants that a
data set lacks can be asked for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.geometry import Grid, world_aligned_grid
from spinemets.simulate.canvas import Canvas
from spinemets.simulate.curve import PlacedVertebra, place_spine, sway
from spinemets.simulate.displacement import Displacement, displaced
from spinemets.simulate.field_of_view import field_of_view
from spinemets.simulate.implicit import vector
from spinemets.simulate.landmarks import Landmarks, landmarks
from spinemets.simulate.limb_bones import draw_head, draw_pelvis, draw_shoulders
from spinemets.simulate.organs import draw_organs
from spinemets.simulate.rib_cage import draw_rib_cage, rib_cage
from spinemets.simulate.spine_bones import draw_spine
from spinemets.simulate.subject import Arms, Subject, Variant, random_subject, stream
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.simulate.trunk import close_cavity, draw_arms, draw_table, draw_trunk, skin_back, smooth_skin

CENTRES_WITHIN_MM = 60.0
"""Centres of vertebrae cut off by the field of view are told up to this distance from it."""


def parametric_anatomy(
    seed: int,
    *,
    spacing_mm: float = 1.5,
    field: str | tuple[Level, Level] = "random",
    variant: Variant | str | None = None,
    arms: Arms | str | None = None,
    displacement: Displacement | None = None,
) -> LabelledAnatomy:
    """A whole patient, or part of one, in labels.

    Parameters
    ----------
    seed : int
        Not negative. The same seed is the same patient at any spacing and in any field of
        view, and with the same arguments the same bytes.
    spacing_mm : float
        Edge of a voxel, mm.
    field : str or (Level, Level)
        ``whole``, ``chest``, ``abdomen``, ``lumbar``, ``cervical``, ``random`` (one of these, edges
        moved at random), or the first and last level to be shown.
    variant : Variant or str, optional
        Number of vertebrae; random when left out.
    arms : Arms or str, optional
        ``up`` or ``down``; random when left out.
    displacement : Displacement, optional
        A slip or bend at one disc.

    Returns
    -------
    LabelledAnatomy
        With RAS+ axes. `centres_mm` holds every level whose centre is inside the field of view
        or at most `CENTRES_WITHIN_MM` outside it.

    Raises
    ------
    ValueError
        If the seed is negative, the spacing is not between 0.3 and 6 mm, or `field`, `variant`
        or `arms` is none of those named, or the spine has no level of the displacement.

    Examples
    --------
    >>> patient = parametric_anatomy(3, spacing_mm=4.0, field="lumbar", variant="L6")
    >>> Level.L6 in patient.centres_mm
    True
    """
    if seed < 0:
        raise ValueError(f"the seed must not be negative, got {seed}")
    if not 0.3 <= spacing_mm <= 6.0:
        raise ValueError(f"spacing_mm must be from 0.3 to 6 mm, got {spacing_mm}")
    subject = random_subject(seed, None if variant is None else Variant(variant), None if arms is None else Arms(arms))
    placed = sway(place_spine(subject))
    if displacement is not None:
        placed = displaced(placed, displacement)
    marks = landmarks(subject, placed)
    lower, upper = field_of_view(subject, marks, placed, field)
    canvas = Canvas(world_aligned_grid(lower, upper, spacing_mm))
    draw_patient(canvas, subject, marks, placed, has_slipped=displacement is not None)
    return LabelledAnatomy(
        tissue=canvas.tissue,
        vertebra=canvas.vertebra,
        subregion=canvas.subregion,
        affine=canvas.grid.affine,
        centres_mm=visible_centres(placed, canvas.grid),
        name=f"parametric-{seed}",
    )


def draw_patient(
    canvas: Canvas,
    subject: Subject,
    marks: Landmarks,
    placed: dict[Level, PlacedVertebra],
    *,
    has_slipped: bool = False,
) -> None:
    """Draw everything, from soft to hard."""
    cage = rib_cage(subject, marks)
    gap_mm = max(1.2, 0.9 * float(canvas.grid.spacing_mm.max()))
    draw_trunk(canvas, subject, cage)
    draw_arms(canvas, subject, cage)
    smooth_skin(canvas)
    draw_organs(canvas, subject, marks)
    close_cavity(canvas)
    draw_head(canvas, subject, marks, gap_mm)
    draw_spine(canvas, subject, placed, has_slipped=has_slipped)
    draw_rib_cage(canvas, subject, cage, placed, gap_mm)
    draw_pelvis(canvas, subject, marks, gap_mm)
    draw_shoulders(canvas, subject, cage, gap_mm)
    if stream(subject.seed, "table").random() < 0.7:
        draw_table(canvas, skin_back(canvas))


def visible_centres(placed: dict[Level, PlacedVertebra], grid: Grid) -> dict[Level, NDArray[np.float64]]:
    """Centres of the bodies inside a grid or at most `CENTRES_WITHIN_MM` outside it, world mm."""
    lower = grid.affine[:3, 3] - CENTRES_WITHIN_MM
    upper = grid.affine[:3, 3] + grid.spacing_mm * (np.array(grid.shape) - 1) + CENTRES_WITHIN_MM
    return {
        level: vector(vertebra.centre)
        for level, vertebra in placed.items()
        if level is not Level.SACRUM and (vertebra.centre >= lower).all() and (vertebra.centre <= upper).all()
    }
