"""Lengths that were measured, drawn where they were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Ruler:
    """A measured length in the patient.

    Attributes
    ----------
    start_mm, end_mm : (3,) ndarray
        Its ends, world RAS+ mm.
    kind : str
        What it measures: ``anterior``, ``middle`` or ``posterior`` height, ``gap``, ``indentation``.
    text : str
        What is said when the reader points at it, e.g. ``anterior 21.4 mm``.
    """

    start_mm: Array
    end_mm: Array
    kind: str
    text: str


@dataclass(frozen=True)
class Mark:
    """A ruler, or the edge of a mask that is no vertebra, on a picture.

    Attributes
    ----------
    points_mm : (N, 2) ndarray
        x to the right and y down, mm from the top left corner.
    kind : str
        Class of the path.
    text : str
        What is said when the reader points at it.
    closed : bool
        An edge goes back to where it began; a ruler does not.
    """

    points_mm: Array
    kind: str
    text: str = ""
    closed: bool = False

    @property
    def path(self) -> str:
        """The line as the ``d`` of an SVG path."""
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.points_mm) + ("Z" if self.closed else "")


def on_sheet(rulers: Sequence[Ruler], sheet_mm: Array, axes: tuple[int, int], pixel_mm: float) -> tuple[Mark, ...]:
    """Rulers seen along the third axis on a sheet whose columns and rows each run down one world axis.

    Parameters
    ----------
    rulers : sequence of Ruler
        In the patient.
    sheet_mm : (R, C, 3) ndarray
        World position of every pixel.
    axes : (int, int)
        World axis along which columns and rows run, both from high to low.
    pixel_mm : float
        Size of a pixel.
    """
    across, down = axes
    corner = sheet_mm[0, 0, [across, down]]
    marks = []
    for ruler in rulers:
        ends = np.array([ruler.start_mm, ruler.end_mm])[:, [across, down]]
        marks.append(Mark(corner - ends + pixel_mm / 2, ruler.kind, ruler.text))
    return tuple(marks)
