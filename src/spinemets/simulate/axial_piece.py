"""A piece of a parametric patient round one level, in the frame of its own canal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.geometry import Grid, resample_labels, world_aligned_grid
from spinemets.simulate.canal import Canal, canal_of
from spinemets.simulate.canvas import Canvas
from spinemets.simulate.curve import PlacedVertebra, place_spine, sway
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.landmarks import landmarks
from spinemets.simulate.organs import draw_organs
from spinemets.simulate.rib_cage import draw_rib_cage, rib_cage
from spinemets.simulate.sacrum import sacral_arc
from spinemets.simulate.spine_bones import draw_spine
from spinemets.simulate.subject import random_subject
from spinemets.simulate.trunk import close_cavity, draw_trunk, smooth_skin
from spinemets.volume import Volume

Array = NDArray[np.float64]

DRAWN_MM = 0.8
"""Edge of the voxels that bones and organs are drawn with; what lies in the canal is painted in closed form."""
MARGIN_MM = 12.0
"""Drawn beyond the piece, since the canal is inclined against the world."""
NO_CORD_MM = 0.3
"""Half depth below which a cord has ended."""


@dataclass(frozen=True)
class CanalCourse:
    """The canal along its own height.

    Attributes
    ----------
    up : (N,) ndarray
        Heights, ascending, mm.
    table : (N, 10) ndarray
        Middle (right, front), half width and half depth of the bony canal, half width, half depth and lead of the
        sac, the same of the cord; a lead is how far in front of the middle of the canal it lies. mm.
    """

    up: Array
    table: Array

    def at(self, up: Array | float) -> Array:
        """(10, ...) row of the table at each height."""
        return np.stack([np.asarray(np.interp(up, self.up, column)) for column in self.table.T])

    def case(self, up: float) -> EpiduralCase:
        """A site without tumour at a height: the sizes of canal, sac and cord there."""
        row = [float(value) for value in self.at(up)]
        return EpiduralCase(
            sac_mm=(2 * row[4], 2 * row[5]),
            cord_mm=(2 * max(row[7], NO_CORD_MM), 2 * max(row[8], NO_CORD_MM)),
            cord_at_mm=(0.0, row[9] - row[6]),
            canal_mm=(row[2], row[3], row[6]),
            length_mm=0.0,
        )

    def has_cord(self, up: float) -> bool:
        """Whether there is a cord at a height."""
        return bool(self.at(up)[8] > NO_CORD_MM)


@dataclass(frozen=True)
class SpinePiece:
    """What surrounds the canal of one patient near one level.

    Attributes
    ----------
    level : Level
        In whose middle the frame has its origin.
    tissue, vertebra : Volume
        `Tissue` and VerSe ids of a box of the patient, world RAS+ mm.
    origin_mm, axes : (3,), (3, 3) ndarray
        Of the canal's own frame: its middle at the level; unit vectors right, front and up as rows.
    course : CanalCourse
        The canal in that frame.
    centres : mapping of Level to float
        Height of the middle of each vertebral body near by.
    """

    level: Level
    tissue: Volume
    vertebra: Volume
    origin_mm: Array
    axes: Array
    course: CanalCourse
    centres: dict[Level, float]

    def tissue_on(self, grid: Grid) -> NDArray[np.uint8]:
        """Tissue at the points of a grid of the piece's own frame, with smooth surfaces."""
        to_world = np.eye(4)
        to_world[:3, :3], to_world[:3, 3] = self.axes.T, self.origin_mm
        return resample_labels(self.tissue, Grid(grid.shape, to_world @ grid.affine))


def spine_piece(seed: int, level: Level, half_mm: tuple[float, float, float]) -> SpinePiece:
    """The piece of the patient of a seed that reaches `half_mm` to each side, front and back, up and down.

    Raises
    ------
    ValueError
        If the patient has no such level.
    """
    subject = random_subject(seed)
    if level not in subject.levels:
        raise ValueError(f"the patient of seed {seed} has no {level}")
    placed = sway(place_spine(subject))
    canal = canal_of(subject, placed, sacral_arc(subject, placed[Level.SACRUM]))
    origin, axes = canal_frame(canal, placed[level])
    reach = np.abs(axes.T) @ np.array(half_mm) + MARGIN_MM
    canvas = Canvas(world_aligned_grid(origin - reach, origin + reach, DRAWN_MM))
    marks = landmarks(subject, placed)
    cage = rib_cage(subject, marks)
    draw_trunk(canvas, subject, cage)
    smooth_skin(canvas)
    draw_organs(canvas, subject, marks)
    close_cavity(canvas)
    draw_spine(canvas, subject, placed)
    draw_rib_cage(canvas, subject, cage, placed, 1.2)
    up = {one: float((placed[one].origin - origin) @ axes[2]) for one in placed}
    return SpinePiece(
        level,
        Volume(canvas.tissue, canvas.grid.affine),
        Volume(canvas.vertebra, canvas.grid.affine),
        origin,
        axes,
        course(canal, origin, axes, half_mm[2] + MARGIN_MM),
        {one: height for one, height in up.items() if abs(height) < half_mm[2] + MARGIN_MM},
    )


def canal_frame(canal: Canal, vertebra: PlacedVertebra) -> tuple[Array, Array]:
    """Origin and axes of the canal's own frame at a vertebra."""
    middle = vertebra.world(np.array([0.0, vertebra.canal_y, 0.0]))
    nearest = int(np.linalg.norm(canal.centre - middle, axis=1).argmin())
    up = canal.centre[max(nearest - 12, 0)] - canal.centre[min(nearest + 12, len(canal.centre) - 1)]
    up /= np.linalg.norm(up)
    front = canal.front[nearest] - (canal.front[nearest] @ up) * up
    front /= np.linalg.norm(front)
    return canal.centre[nearest], np.stack([np.cross(front, up), front, up])


def course(canal: Canal, origin_mm: Array, axes: Array, reach_mm: float) -> CanalCourse:
    """The part of a canal within `reach_mm` above and below the origin, by its height in a frame."""
    local = (canal.centre - origin_mm) @ axes.T
    own = np.abs(local[:, 2]) <= reach_mm
    shapes = [canal.half_width, canal.half_depth, *canal.sac.T, *canal.cord.T]
    table = np.column_stack([local[:, 0], local[:, 1], *shapes])[own]
    order = np.argsort(local[own, 2])
    return CanalCourse(local[own, 2][order], table[order])
