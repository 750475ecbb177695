"""A lesion mask that was given on any series of those that are measured together.

Masks of vertebrae lie on one series of them, to whose grid lesions are brought; the others are measured under both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spinemets.findings import NotAssessed, Reason
from spinemets.geometry import Grid, crop, index_box, resample_labels
from spinemets.series_images import lies_on
from spinemets.volume import Series, Volume

DRAWN_ELSEWHERE, BEYOND_IMAGE = "lesions_drawn_on_another_series", "lesions_beyond_image"
"""Flags of a lesion mask that was given on another series than vertebrae are outlined on."""


@dataclass(frozen=True, eq=False)
class DrawnLesions:
    """A lesion mask that was given, on the grid that vertebrae are outlined on.

    Attributes
    ----------
    mask : Volume or None
        `LesionLabel` values; None where none was given.
    drawn_on : Series or None
        The other series in the same coordinates on which they were drawn.
    cut : bool
        Whether a part of what was drawn there lies outside the grid.
    """

    mask: Volume | None = None
    drawn_on: Series | None = None
    cut: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """What the reader must know of it."""
        return ((DRAWN_ELSEWHERE,) if self.drawn_on else ()) + ((BEYOND_IMAGE,) if self.cut else ())

    @property
    def no_density(self) -> NotAssessed | None:
        """Why HU are not read inside it: on MR nobody sees them, and edges of thick slices take in healthy bone."""
        if self.drawn_on is None:
            return None
        detail = f"the lesions were drawn on {self.drawn_on.name}, so HU and what they do to bone are not told"
        return NotAssessed(Reason.NO_REFERENCE, detail)


def lesions_for(group: Sequence[Series], given: Mapping[str, Volume]) -> DrawnLesions:
    """The lesion mask that was given for the first of some series in the same coordinates, or for another of them."""
    mask = given.get("lesions")
    drawn_on = None if mask is None else next((one for one in group if lies_on(one, mask)), None)
    if mask is None or drawn_on is None:
        return DrawnLesions()
    return DrawnLesions(mask) if drawn_on is group[0] else _brought_to(group[0].volume, mask, drawn_on)


def _brought_to(image: Volume, mask: Volume, drawn_on: Series) -> DrawnLesions:
    """A mask on the grid of an image in the same coordinates."""
    start, stop = index_box(image, Grid(mask.shape, mask.affine))
    part = crop(image, start, stop)
    labels = np.zeros(image.shape, np.uint8)
    labels[tuple(map(slice, start, stop))] = resample_labels(mask, Grid(part.shape, part.affine))
    index = image.index(mask.world(np.argwhere(mask.array > 0)))
    inside = (index > -0.5) & (index < np.array(image.shape) - 0.5)
    return DrawnLesions(image.with_array(labels), drawn_on, not inside.all())
