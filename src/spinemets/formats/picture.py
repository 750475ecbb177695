"""A grey picture with what is drawn on top of it.

Pixels are grey PNG; outlines and names are kept apart as paths and text in millimetres from the top left
corner, so that they stay sharp in print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spinemets.anatomy import LesionLabel, Level
from spinemets.formats.outlines import Outline
from spinemets.formats.rulers import Mark

LESION_KINDS = tuple(label.name.lower() for label in LesionLabel)
"""Kinds of the marks that are edges of lesions."""


@dataclass(frozen=True)
class Name:
    """The name of a level beside its outline, mm from the top left corner."""

    text: str
    x_mm: float
    y_mm: float
    level: Level


@dataclass(frozen=True)
class Picture:
    """A grey picture with what is drawn on top of it.

    Attributes
    ----------
    png : bytes
        8-bit grey PNG.
    width_mm, height_mm : float
        What it covers in the patient.
    outlines : tuple of Outline
        Edges of the masks.
    letters : (str, str, str, str)
        The patient's side at the left, right, top and bottom edge.
    caption : str
        What the plane is.
    names : tuple of Name
        Level names.
    names_end_here : bool
        Names stand to the left of their points, else to the right.
    marks : tuple of Mark
        Measured lengths, and edges of what is no vertebra.
    """

    png: bytes
    width_mm: float
    height_mm: float
    outlines: tuple[Outline, ...]
    letters: tuple[str, str, str, str]
    caption: str
    names: tuple[Name, ...] = ()
    names_end_here: bool = False
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class SeriesPictures:
    """All pictures of one series; thumbnails are a sagittal and an axial picture of each level."""

    name: str
    role: str
    window: str
    sagittal: Picture
    coronal: Picture
    thumbnails: Mapping[Level, tuple[Picture, Picture]]

    @property
    def shows_lesions(self) -> bool:
        """Whether the edge of a lesion is drawn on one of them."""
        every = [self.sagittal, self.coronal, *(picture for pair in self.thumbnails.values() for picture in pair)]
        return any(mark.kind in LESION_KINDS for picture in every for mark in picture.marks)
