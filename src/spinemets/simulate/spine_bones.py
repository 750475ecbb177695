"""Draws the vertebrae, discs and sacrum of a subject."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from spinemets.anatomy import VERSE_ID, Level, Subregion
from spinemets.simulate.canal import canal_of, draw_canal
from spinemets.simulate.canvas import Canvas, Field
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.facets import Facet, facet
from spinemets.simulate.implicit import Shape
from spinemets.simulate.roughness import roughness
from spinemets.simulate.sacrum import sacral_arc, sacrum
from spinemets.simulate.subject import Subject, stream
from spinemets.simulate.tidy import drop_specks, part_vertebrae
from spinemets.simulate.tissues import CANAL, Tissue
from spinemets.simulate.upper_cervical import arterial_foramen, atlas_parts, axis_parts, dens
from spinemets.simulate.vertebral_arch import SIDES, Part, arch_parts, articular, random_arch_shape
from spinemets.simulate.vertebral_body import BodyShape, body, disc, random_body_shape

TISSUE_OF_PART: dict[int, Tissue] = {0: Tissue.POSTERIOR_ELEMENTS, int(Subregion.BODY): Tissue.VERTEBRAL_BODY}

Joints = dict[tuple[str, int], Facet]


def draw_spine(
    canvas: Canvas, subject: Subject, placed: Mapping[Level, PlacedVertebra], *, has_slipped: bool = False
) -> None:
    """Draw canal, discs, sacrum and vertebrae, in that order, each sparing what it must.

    Where a body has slipped its corners stand in the canal, which gives way to them.
    """
    firm = int(Subregion.BODY) if has_slipped else None
    spine = dict(placed)
    draw_canal(canvas, canal_of(subject, spine, sacral_arc(subject, spine[Level.SACRUM])))
    shapes = {level: random_body_shape(subject, vertebra) for level, vertebra in spine.items()}
    draw_discs(canvas, spine, shapes)
    joints = facet_joints(subject, spine)
    gap_mm = max(1.2, 0.9 * float(canvas.grid.spacing_mm.max()))
    draw_sacrum(canvas, subject, spine[Level.SACRUM], joints[Level.SACRUM], gap_mm)
    for level in reversed(subject.levels[:-1]):
        draw_vertebra(canvas, subject, spine[level], shapes[level], joints[level], gap_mm, firm)
    part_vertebrae(canvas)
    drop_specks(canvas)


def facet_joints(subject: Subject, placed: dict[Level, PlacedVertebra]) -> dict[Level, Joints]:
    """The facet joints of each level, above and below it; the atlas and axis meet otherwise."""
    levels = list(placed)
    joints: dict[Level, Joints] = {level: {} for level in levels}
    for above, below in pairwise(levels[1:]):
        for side in SIDES:
            joint = facet(subject, placed[above], placed[below], side)
            joints[above]["below", side] = joint
            joints[below]["above", side] = joint
    return joints


def draw_discs(canvas: Canvas, placed: dict[Level, PlacedVertebra], shapes: dict[Level, BodyShape]) -> None:
    """Fill the spaces between the endplates from C2 down."""
    levels = list(placed)
    for above, below in pairwise(levels[1:]):
        shape = disc(placed[above], shapes[above], placed[below], shapes[below])
        space = Field(canvas, [shape], placed[below].origin, placed[below].axes)
        space.add(shape)
        space.fill(Tissue.DISC, spare=CANAL)


def draw_sacrum(canvas: Canvas, subject: Subject, first: PlacedVertebra, joints: Joints, gap_mm: float) -> None:
    """Draw the sacrum with the processes that carry the last lumbar vertebra."""
    shapes: list[Shape] = [sacrum(sacral_arc(subject, first))]
    for side in SIDES:
        shapes += articular(first, None, joints["above", side], side, upper=True)
    bone = Field(canvas, shapes, first.origin, first.axes)
    for shape in shapes:
        bone.add(shape)
    bone.roughen(roughness(stream(subject.seed, "relief of the sacrum"), 0.6, shortest_mm=14.0))
    bone.draw({0: Tissue.SACRUM}, vertebra=VERSE_ID[Level.SACRUM], gap_mm=gap_mm, spare=CANAL)


def parts_of(subject: Subject, vertebra: PlacedVertebra, joints: Joints) -> list[Part]:
    """Everything of a vertebra but its body."""
    if vertebra.level is Level.C1:
        return atlas_parts(subject, vertebra)
    if vertebra.level is Level.C2:
        return axis_parts(subject, vertebra, joints)
    return arch_parts(vertebra, random_arch_shape(subject, vertebra), joints)


def draw_vertebra(
    canvas: Canvas,
    subject: Subject,
    vertebra: PlacedVertebra,
    shape: BodyShape,
    joints: Joints,
    gap_mm: float,
    firm: int | None = None,
) -> None:
    """Draw one vertebra with its subregions; the part `firm` does not give way to the canal."""
    parts = parts_of(subject, vertebra, joints)
    bodies: list[Shape] = [] if vertebra.level is Level.C1 else [body(vertebra, shape)]
    if vertebra.level is Level.C2:
        bodies.append(dens(subject, vertebra))
    bone = Field(canvas, [*bodies, *(piece for piece, _ in parts)], vertebra.origin, vertebra.axes)
    for piece, part in parts:
        bone.add(piece, part)
    if vertebra.level.order <= Level.C6.order:
        for side in SIDES:
            bone.carve(arterial_foramen(vertebra, side))
    for piece in bodies:
        bone.claim(piece, Subregion.BODY)
    bone.roughen(roughness(stream(subject.seed, f"relief of {vertebra.level}"), 0.45))
    number = VERSE_ID[vertebra.level]
    bone.draw(TISSUE_OF_PART, vertebra=number, gap_mm=gap_mm, subregions=True, spare=CANAL, firm=firm)
