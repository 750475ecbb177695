"""In which compartment tumour of the canal lies: outside the dura, between dura and cord, or in the cord.

The three classes are those of the review (Montoya-Bordón 2023, l.40-45); how much of a tumour decides is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.measure.canal_slices import stack_axis
from spinemets.measure.enclosure import enclosed
from spinemets.volume import Volume

CONTAINED_FROM, OUTSIDE_UP_TO = 0.8, 0.2
"""Shares of a tumour within an outline from which it lies inside, and up to which outside (ours)."""
SURE_AT = 0.5
"""The whole interval of the share lies on the same side of one half (ours)."""
LEAST_VOXELS, LEAST_ACROSS = 10, 3
"""A piece of fewer voxels, or narrower in its slices, is too small (`clinical.md` §1, [D])."""
SOURCE = "the review, l.40-45; shares ours"


class Compartment(str, Enum):
    """Where a tumour lies; indeterminate where its mask straddles an edge."""

    EXTRADURAL = "extradural"
    INTRADURAL_EXTRAMEDULLARY = "intradural_extramedullary"
    INTRAMEDULLARY = "intramedullary"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True)
class TumourPlace:
    """One piece of tumour.

    Attributes
    ----------
    volume_ml : float
        Of the piece.
    in_sac, in_cord : Finding
        Shares of it within the outlines of sac and cord.
    compartment : Compartment or NotAssessed
        Where it lies.
    """

    volume_ml: float
    in_sac: Finding
    in_cord: Finding
    compartment: Compartment | NotAssessed


def tumour_places(cord: Volume, sac: Volume, tumour: Volume) -> tuple[TumourPlace, ...] | NotAssessed | NotApplicable:
    """Every piece of tumour, the largest first.

    Masks may overlap or leave each other out: what a mask surrounds within a slice is inside its outline.

    Parameters
    ----------
    cord, sac, tumour : Volume
        Binary masks on one grid.
    """
    if not tumour.array.any():
        return NotApplicable("no_epidural_tumour")
    if not sac.array.any():
        return NotAssessed(Reason.MISSING_MASK, "the mask of the sac is empty, so inside and outside cannot be told")
    axis = stack_axis(cord if cord.array.any() else sac)
    inner = np.moveaxis(cord.array > 0, axis, 0)
    outer = np.moveaxis(sac.array > 0, axis, 0) | inner
    in_plane = np.delete(tumour.spacing_mm, axis)
    pieces, _ = ndimage.label(np.moveaxis(tumour.array > 0, axis, 0), structure=np.ones((3, 3, 3)))
    boxes = ndimage.find_objects(pieces)
    large = [number for number, box in enumerate(boxes, start=1) if _is_large(pieces[box] == number)]
    if not large:
        detail = f"no piece of tumour has {LEAST_VOXELS} voxels and is {LEAST_ACROSS} voxels wide"
        return NotAssessed(Reason.TOO_SMALL, detail)
    voxel_ml = tumour.voxel_volume_mm3 / 1000
    found = [_place(pieces == number, inner, outer, in_plane, voxel_ml) for number in large]
    return tuple(sorted(found, key=lambda one: -one.volume_ml))


def _is_large(piece: NDArray[np.bool_]) -> bool:
    return bool(piece.sum() >= LEAST_VOXELS and min(piece.shape[1:]) >= LEAST_ACROSS)


def _place(
    piece: NDArray[np.bool_],
    cord: NDArray[np.bool_],
    sac: NDArray[np.bool_],
    in_plane: NDArray[np.float64],
    voxel_ml: float,
) -> TumourPlace:
    in_sac = _share(piece, sac, in_plane, "sac")
    in_cord: Finding = _share(piece, cord, in_plane, "cord")
    if not cord.any() or _cord_is_interrupted(piece, cord):
        in_cord = NotAssessed(Reason.MISSING_MASK, "the cord mask holds nothing beside the tumour")
    return TumourPlace(float(piece.sum()) * voxel_ml, in_sac, in_cord, _compartment(in_sac, in_cord))


def _cord_is_interrupted(piece: NDArray[np.bool_], cord: NDArray[np.bool_]) -> bool:
    """Whether a slice of the tumour has no cord although slices on both sides of it have."""
    seen: NDArray[np.bool_] = np.asarray(cord.any(axis=(1, 2)))
    own = np.flatnonzero(piece.any(axis=(1, 2)) & ~seen)
    return any(seen[:index].any() and seen[index:].any() for index in own)


def _share(piece: NDArray[np.bool_], mask: NDArray[np.bool_], in_plane: NDArray[np.float64], name: str) -> Measured:
    """Share of a piece inside the outline of a mask; the interval is that of an outline half a pixel off."""
    half = float(in_plane.max()) / 2
    inside = {-1: 0, 0: 0, 1: 0}
    for index in np.flatnonzero(piece.any(axis=(1, 2))):
        own, outline = piece[index], enclosed(mask[index])
        distance = _edge_distance_mm(outline, in_plane)[own] if outline.any() else np.full(int(own.sum()), np.inf)
        for sign in inside:
            inside[sign] += int((distance < sign * half).sum())
    total = float(piece.sum())
    low, value, high = (inside[sign] / total for sign in (-1, 0, 1))
    return Measured(value, "1", low, high, f"voxels of the tumour within the outline of the {name}")


def _edge_distance_mm(mask: NDArray[np.bool_], in_plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each pixel's centre from the edge of a mask, mm, negative inside."""
    half = float(in_plane.min()) / 2
    outside = ndimage.distance_transform_edt(~mask, sampling=in_plane)
    inside = ndimage.distance_transform_edt(mask, sampling=in_plane)
    return np.where(mask, half - inside, outside - half)


def _compartment(in_sac: Measured, in_cord: Finding) -> Compartment | NotAssessed:
    dural = _inside(in_sac)
    if dural is False:
        return Compartment.EXTRADURAL
    if dural is None:
        return Compartment.INDETERMINATE
    if not isinstance(in_cord, Measured):
        return NotAssessed(Reason.MISSING_MASK, "the tumour lies inside the dura, and the cord is not seen beside it")
    medullary = _inside(in_cord)
    if medullary is None:
        return Compartment.INDETERMINATE
    return Compartment.INTRAMEDULLARY if medullary else Compartment.INTRADURAL_EXTRAMEDULLARY


def _inside(share: Measured) -> bool | None:
    """Whether a piece lies inside; None where it straddles."""
    if share.value >= CONTAINED_FROM and share.low >= SURE_AT:
        return True
    return False if share.value <= OUTSIDE_UP_TO and share.high < SURE_AT else None
