"""Pictures of a series with the outlines and names of its vertebrae, for the report.

Radiological convention: the head is up, the patient's right is on the left of a coronal
or axial picture, the front is on the left of a sagittal one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.formats.grey import Window, grey_png, window_of
from spinemets.formats.outlines import Outline, lesion_outlines, outlines
from spinemets.formats.picture import Name, Picture, SeriesPictures
from spinemets.formats.reformat import (
    Centreline,
    axial_sheet,
    body_centres_mm,
    coronal_sheet,
    sagittal_sheet,
    slab_mean,
)
from spinemets.formats.rulers import Ruler, on_sheet
from spinemets.geometry import corners_mm
from spinemets.spine import Spine
from spinemets.volume import Series, Volume, require_same_grid

Array = NDArray[Any]

PIXEL_MM = 0.6
THUMBNAIL_PIXEL_MM = 0.5
SLAB_MM = 4.0
"""Big pictures show the mean of this thickness, which takes the noise off."""

COARSE_STEP = 3
"""The extent of the spine is sought in every third voxel."""

MARGIN_MM = 35.0
"""What is shown around the labelled spine, where the image reaches that far."""

NAME_GAP_MM = 3.0

SAGITTAL_AXES = (1, 2)
"""World axes along which the columns and rows of a sagittal sheet run."""

UNSURE_BELOW = 0.9
"""A level less probable than this is named with a question mark."""


def draw_pictures(
    series: Series,
    mask: Volume,
    spine: Spine,
    rulers: Mapping[Level, Sequence[Ruler]] | None = None,
    lesions: Volume | None = None,
) -> SeriesPictures | None:
    """Pictures of `series` with the vertebrae of `mask`, or None where `mask` has none of `spine`.

    Parameters
    ----------
    series : Series
        The image, in any storage orientation.
    mask : Volume
        VerSe labels on the grid of the image.
    spine : Spine
        Levels to show; names of unsure levels carry a question mark.
    rulers : mapping of Level to sequence of Ruler, optional
        What was measured at each level, drawn on the sagittal pictures.
    lesions : Volume, optional
        `LesionLabel` values on the grid of the image; their edges are drawn on every picture.
    """
    require_same_grid(series.volume, mask, mask_name="vertebra mask")
    if lesions is not None:
        require_same_grid(series.volume, lesions, mask_name="lesion mask")
    centres_mm = body_centres_mm(mask, spine.levels)
    if not centres_mm:
        return None
    window = window_of(series, np.array(list(centres_mm.values())))
    artist = _Artist(series.volume, mask, spine, centres_mm, window, rulers or {}, lesions)
    return SeriesPictures(
        name=series.name,
        role=series.role,
        window=artist.window.text,
        sagittal=artist.sagittal(),
        coronal=artist.coronal(),
        thumbnails={level: artist.thumbnails(level) for level in centres_mm},
    )


@dataclass(frozen=True)
class _Artist:
    """Draws one series in one window along one centreline."""

    image: Volume
    mask: Volume
    spine: Spine
    centres_mm: Mapping[Level, Array]
    window: Window
    rulers: Mapping[Level, Sequence[Ruler]]
    lesions: Volume | None

    @property
    def line(self) -> Centreline:
        """Through the bodies that are wholly visible, where there are two: of a cut one, the middle is not known."""
        whole = [centre for level, centre in self.centres_mm.items() if not self.spine[level].partly_visible]
        return Centreline.through(np.array(whole if len(whole) > 1 else list(self.centres_mm.values())))

    def sagittal(self) -> Picture:
        lower, upper = self._shown_mm()
        heights_mm, depths_mm = _descending(lower[2], upper[2], PIXEL_MM), _descending(lower[1], upper[1], PIXEL_MM)
        sheet = sagittal_sheet(self.line, heights_mm, depths_mm)
        caption = f"Sagittal, curved through the vertebral bodies, mean of {SLAB_MM:g} mm"
        drawn = self._picture(sheet, PIXEL_MM, ("A", "P", "H", "F"), caption, thick_along=0, names_in_front=True)
        every = [ruler for own in self.rulers.values() for ruler in own]
        return replace(drawn, marks=drawn.marks + on_sheet(every, sheet, SAGITTAL_AXES, PIXEL_MM))

    def coronal(self) -> Picture:
        lower, upper = self._shown_mm()
        heights_mm, widths_mm = _descending(lower[2], upper[2], PIXEL_MM), _descending(lower[0], upper[0], PIXEL_MM)
        sheet = coronal_sheet(self.line, heights_mm, widths_mm)
        caption = f"Coronal, curved through the vertebral bodies, mean of {SLAB_MM:g} mm"
        return self._picture(sheet, PIXEL_MM, ("R", "L", "H", "F"), caption, thick_along=1, names_in_front=False)

    def thumbnails(self, level: Level) -> tuple[Picture, Picture]:
        """Sagittal and axial picture of one level; the axial one lies across the spine."""
        x, y, z = self.centres_mm[level]
        step = THUMBNAIL_PIXEL_MM
        sagittal = sagittal_sheet(self.line, _descending(z - 32, z + 32, step), _descending(y - 60, y + 30, step))
        forward_mm, right_mm = _descending(-57, 33, step), _descending(-50, 50, step)
        axial = axial_sheet(np.array([x, y, z]), self.line.direction(z), forward_mm, right_mm)
        beside = self._picture(sagittal, step, ("A", "P", "H", "F"), f"{level}, sagittal")
        return (
            replace(beside, marks=beside.marks + on_sheet(self.rulers.get(level, ()), sagittal, SAGITTAL_AXES, step)),
            self._picture(axial, step, ("R", "L", "A", "P"), f"{level}, axial, across the spine"),
        )

    def _picture(
        self,
        sheet_mm: Array,
        pixel_mm: float,
        letters: tuple[str, str, str, str],
        caption: str,
        *,
        thick_along: int | None = None,
        names_in_front: bool = False,
    ) -> Picture:
        offsets_mm = np.zeros((1, 3))
        if thick_along is not None:
            offsets_mm = np.linspace(-SLAB_MM / 2, SLAB_MM / 2, 5)[:, None] * np.eye(3)[thick_along]
        values = slab_mean(self.image, sheet_mm, offsets_mm, fill=self.window.black)
        edges = outlines(self.mask, sheet_mm, pixel_mm, self.spine)
        rows, columns = values.shape
        return Picture(
            png=grey_png(self.window.grey(values)),
            width_mm=columns * pixel_mm,
            height_mm=rows * pixel_mm,
            outlines=edges,
            letters=letters,
            caption=caption,
            names=() if thick_along is None else self._names(edges, float(sheet_mm[0, 0, 2]), names_in_front),
            names_end_here=names_in_front,
            marks=() if self.lesions is None else lesion_outlines(self.lesions, sheet_mm, pixel_mm),
        )

    def _names(self, edges: tuple[Outline, ...], top_mm: float, in_front: bool) -> tuple[Name, ...]:
        """One name for each level at the height of its body, beside the largest of its outlines."""
        largest = {edge.level: edge for edge in sorted(edges, key=lambda edge: edge.area_mm2)}
        names = []
        for level, edge in largest.items():
            y_mm = top_mm - float(self.centres_mm[level][2])
            left_mm, right_mm = edge.ends_mm(y_mm)
            x_mm = left_mm - NAME_GAP_MM if in_front else right_mm + NAME_GAP_MM
            names.append(Name(_name(self.spine, level), x_mm, y_mm, level))
        return tuple(names)

    def _shown_mm(self) -> tuple[Array, Array]:
        """Opposite world corners of what the big pictures cover: the labelled spine and a margin, within the image."""
        step = COARSE_STEP
        labelled = np.argwhere(np.isin(self.mask.array[::step, ::step, ::step], [n.verse_id for n in self.centres_mm]))
        spine_mm = np.vstack([self.mask.world(labelled * step), *self.centres_mm.values()])
        image_mm = corners_mm(self.image.shape, self.image.affine)
        lower = np.maximum(spine_mm.min(axis=0) - MARGIN_MM, image_mm.min(axis=0))
        return lower, np.minimum(spine_mm.max(axis=0) + MARGIN_MM, image_mm.max(axis=0))


def _name(spine: Spine, level: Level) -> str:
    unsure = spine.level_ambiguous or spine[level].probability < UNSURE_BELOW
    return f"{level}?" if unsure else str(level)


def _descending(low_mm: float, high_mm: float, step_mm: float) -> Array:
    """Pixel centres from `high_mm` down to `low_mm`."""
    return np.arange(high_mm - step_mm / 2, low_mm, -step_mm)
