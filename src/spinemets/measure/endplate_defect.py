"""The shape that an endplate has without its pits, and where on CT its dense layer is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import crop
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.body_surface import BodySurface, body_surface
from spinemets.measure.body_view import BodyView
from spinemets.measure.trabecular import Reference, has_implant
from spinemets.measure.vertebra_boxes import vertebra_boxes
from spinemets.volume import Volume

CORE_SHARE = 0.8
"""Endplates are looked at within this share of half the width and depth: rims and osteophytes are left out (ours)."""
PIT_MM = 1.0
"""What lies deeper than the surface through the rest is a pit, and no part of its shape (ours)."""
ROUNDS = 6
LEAST_POINTS, LEAST_KEPT = 60, 0.5
"""With fewer places, or less of them outside pits, the shape is not known (ours)."""
LOSS_MM = 2.0
"""An endplate is lost where nothing dense is left so far below it (`clinical.md` §1.7, X10, [D])."""
OUTSIDE_MM = 1.5
"""It is looked for so far beyond its shape, too (ours: fits and masks are off by a voxel)."""
LEAST_HU, SPREADS = 250.0, 3.0
"""Cortex has at least this, and the reference's mean plus so many standard deviations (`clinical.md` §1.1, CT1,
[D])."""
COARSEST_MM = 3.0
"""With larger voxels no cortex is seen (`clinical.md` §1.1)."""


@dataclass(frozen=True, eq=False)
class EndplateShape:
    """An endplate as a surface of the second degree in its vertebra's own axes.

    Attributes
    ----------
    ends : BodyEnds
        The body.
    upper : bool
        Which of its endplates.
    terms : (6,) ndarray
        Of 1, right, front, right², right·front, front², mm.
    middle_mm : (2,) ndarray
        Its centre to the right and front of the body's.
    """

    ends: BodyEnds
    upper: bool
    terms: NDArray[np.float64]
    middle_mm: NDArray[np.float64]

    def height_mm(self, right: NDArray[np.float64], front: NDArray[np.float64]) -> NDArray[np.float64]:
        """Height above the body's centre at places of any one shape."""
        return np.asarray(_terms_of(right, front) @ self.terms)

    def outward_mm(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) how far (N, 3) points lie beyond the endplate, towards the disc; negative in the body."""
        beyond = coordinates[:, 2] - self.height_mm(coordinates[:, 0], coordinates[:, 1])
        return beyond if self.upper else -beyond

    def covers(
        self, right: NDArray[np.float64], front: NDArray[np.float64], share: float = CORE_SHARE
    ) -> NDArray[np.bool_]:
        """Whether places lie within a share of half the body's width and depth."""
        across = np.abs(right - self.middle_mm[0]) <= share * self.ends.width_mm / 2
        return np.asarray(across & (np.abs(front - self.middle_mm[1]) <= share * self.ends.depth_mm / 2))


def _terms_of(right: NDArray[np.float64], front: NDArray[np.float64]) -> NDArray[np.float64]:
    right, front = np.broadcast_arrays(right, front)
    return np.stack([np.ones(right.shape), right, front, right**2, right * front, front**2], axis=-1)


def surface_of(vertebrae: Volume, ends: BodyEnds) -> BodySurface:
    """Upper and lower end of a vertebra along the axis of its body."""
    level = ends.axes.level
    box = vertebra_boxes(vertebrae)[level]
    near = crop(vertebrae, [axis.start - 2 for axis in box], [axis.stop + 2 for axis in box])
    return body_surface(near.with_array((near.array == level.verse_id).astype(np.uint8)), ends.axes)


def endplate_shape(surface: BodySurface, ends: BodyEnds, *, upper: bool) -> EndplateShape | NotAssessed:
    """The shape of an endplate, from all of it that is no pit.

    Parameters
    ----------
    surface : BodySurface
        Of the vertebra.
    ends : BodyEnds
        Of the same vertebra.
    upper : bool
        Which endplate.
    """
    plate = ends.upper if upper else ends.lower
    middle = ends.axes.coordinates(plate.centre_mm[None])[0, :2]
    shape = EndplateShape(ends, upper, np.zeros(6), middle)
    right, front = np.meshgrid(surface.right_mm, surface.front_mm, indexing="ij")
    height = surface.top_mm if upper else surface.bottom_mm
    inside = shape.covers(right, front)
    known = inside & np.isfinite(height)
    if known.sum() < LEAST_POINTS:
        return NotAssessed(Reason.TOO_SMALL, f"an endplate of {ends.axes.level} has too few places")
    design, values = _terms_of(right[known], front[known]), height[known]
    keep = np.ones(len(values), dtype=bool)
    for _ in range(ROUNDS):
        terms, *_ = np.linalg.lstsq(design[keep], values[keep], rcond=None)
        deeper = (design @ terms - values) * (1 if upper else -1)
        keep = deeper <= np.maximum(PIT_MM, np.quantile(deeper, LEAST_KEPT))
    if (deeper <= PIT_MM).sum() < LEAST_KEPT * inside.sum():
        return NotAssessed(Reason.NO_REFERENCE, f"an endplate of {ends.axes.level} is lost over most of its area")
    return EndplateShape(ends, upper, np.asarray(terms), middle)


@dataclass(frozen=True, eq=False)
class Defect:
    """Where the dense layer of an endplate is lost.

    Attributes
    ----------
    lost : (R, F) ndarray of bool
        On the places of the body's view.
    area_mm2 : Finding
        Of the largest piece.
    share : Finding
        The same of the endplate.
    """

    lost: NDArray[np.bool_]
    area_mm2: Finding
    share: Finding


def defect(view: BodyView, shape: EndplateShape, reference: Reference | NotAssessed) -> Defect | NotAssessed:
    """Loss of an endplate on CT.

    Parameters
    ----------
    view : BodyView
        CT round the body.
    shape : EndplateShape
        Of the same body.
    reference : Reference or NotAssessed
        Healthy spongy bone, to tell a thin endplate from dense spongy bone.
    """
    reason = _refusal(view, reference)
    if reason is not None:
        return reason
    assert isinstance(reference, Reference)
    right, front = np.meshgrid(view.right_mm, view.front_mm, indexing="ij")
    plate = shape.covers(right, front)
    up = view.up_mm - shape.height_mm(right, front)[:, :, None]
    beyond = up if shape.upper else -up
    band = (beyond >= -LOSS_MM) & (beyond <= OUTSIDE_MM) & plate[:, :, None]
    if not np.isfinite(view.hu[band]).all():
        return NotAssessed(Reason.OUT_OF_FIELD, f"the image does not show an endplate of {view.axes.level}")
    limit = max(LEAST_HU, reference.mean_hu + SPREADS * reference.spread_hu)
    bare = plate & ~(band & (view.hu >= limit)).any(axis=2)
    lost = _largest(np.asarray(ndimage.binary_opening(bare, np.ones((2, 2)))))
    step = float(view.right_mm[1] - view.right_mm[0])
    area = disc_area(float(lost.sum()) * step**2, view.voxel_mm / 2, f"without {limit:.0f} HU to {LOSS_MM:g} mm deep")
    whole = float(plate.sum()) * step**2
    share = Measured.fraction(area.value / whole, (area.high - area.low) / 2 / whole, "of the endplate's middle part")
    return Defect(lost, area, share)


def _refusal(view: BodyView, reference: Reference | NotAssessed) -> NotAssessed | None:
    if isinstance(reference, NotAssessed):
        return reference
    if view.voxel_mm > COARSEST_MM:
        return NotAssessed(Reason.RESOLUTION, f"voxels of {view.voxel_mm:.1f} mm do not show an endplate")
    return NotAssessed(Reason.METAL, "metal or cement lies in the body") if has_implant(view) else None


def disc_area(area_mm2: float, error_mm: float, method: str) -> Measured:
    """An area with the interval of a circle whose radius is off by an error; 0 is 0."""
    if area_mm2 == 0:
        return Measured(0.0, "mm2", 0.0, 0.0, method)
    radius = np.sqrt(area_mm2 / np.pi)
    low, high = np.pi * max(radius - error_mm, 0.0) ** 2, np.pi * (radius + error_mm) ** 2
    return Measured(area_mm2, "mm2", float(low), float(high), method)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(mask)
    if count == 0:
        return mask
    return np.asarray(pieces == int(np.bincount(pieces.ravel())[1:].argmax()) + 1)
