"""Thin bands that cross a body near one of its endplates: lines of a fracture, dark or impacted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_view import BodyView
from spinemets.measure.trabecular import Reference

SHELL_MM, INSIDE_MM = 3.0, 4.0
"""The shell, so thick in the image, is taken for reference bone, and bands are looked for inside it (ours)."""
SCALE_MM = 1.2
"""Standard deviation at which bands thinner than 3 mm stand out (ours; a band of width w at w / 2)."""
PLATE_RATIO = 0.5
"""The second strongest curvature of a band is at most this share of the strongest (ours)."""
STEEPEST_DEG = 30.0
"""A band stands at right angles to the body's axis within this (ours; the source says "near parallel")."""
SPREADS = 2.0
"""It is darker or denser than what lies beside it by so many standard deviations of the reference (ours)."""
WIDTH_SHARE = 0.5
"""A line runs through more than this share of the body's width (`clinical.md` §1.1, CT2, [D])."""
THICKEST_MM = 3.0
"""A band is thinner than this (`clinical.md` §1.1, CT2, [D])."""
COARSEST_MM = 1.5
"""With larger voxels a line thinner than 3 mm is not told from noise (ours)."""


@dataclass(frozen=True)
class FractureLine:
    """The longest band of a body.

    Attributes
    ----------
    width_share : Finding
        How far it runs, as a share of the body's width; 0 where there is none.
    is_dense : bool or None
        Whether it is impacted bone rather than a gap; None without a band.
    """

    width_share: Finding
    is_dense: bool | None


def fracture_line(view: BodyView, reference: Reference | NotAssessed) -> FractureLine:
    """The longest dark or dense band across a body."""
    if isinstance(reference, NotAssessed):
        return FractureLine(reference, None)
    if view.voxel_mm > COARSEST_MM:
        detail = f"voxels of {view.voxel_mm:.1f} mm do not show a line thinner than {THICKEST_MM:g} mm"
        return FractureLine(NotAssessed(Reason.RESOLUTION, detail), None)
    inside = (view.depth_mm > INSIDE_MM) & np.isfinite(view.hu)
    if not inside.any():
        return FractureLine(NotAssessed(Reason.TOO_SMALL, "the body is too thin to look inside"), None)
    box = tuple(
        slice(max(axis.start - 6, 0), axis.stop + 6) for axis in ndimage.find_objects(inside.astype(np.uint8))[0]
    )
    width = float(np.ptp(np.flatnonzero(view.body.any(axis=(1, 2))))) + 1
    hu = np.where(view.depth_mm > SHELL_MM, np.nan_to_num(view.hu), reference.mean_hu)[box]
    best: tuple[float, bool | None] = (0.0, None)
    for is_dense in (False, True):
        found = longest(_band(hu, reference.spread_hu, is_dense) & inside[box]) / width
        if found > best[0]:
            best = (found, is_dense)
    value = min(best[0], 1.0)
    error = 2 * view.voxel_mm / width
    method = f"longest band thinner than {THICKEST_MM:g} mm across the body, by its width"
    return FractureLine(Measured.fraction(value, error, method), best[1])


def _band(hu: NDArray[np.float32], spread_hu: float, is_dense: bool) -> NDArray[np.bool_]:
    """Where the image is curved like a plate at right angles to the last axis.

    A band of contrast c and a width of about twice the scale has the second derivative -c / (2 scale²) in its middle.
    """
    sign = -1.0 if is_dense else 1.0
    second = np.empty((*hu.shape, 3, 3), np.float32)
    for a in range(3):
        for b in range(a, 3):
            order = [int(axis == a) + int(axis == b) for axis in range(3)]
            second[..., a, b] = second[..., b, a] = sign * ndimage.gaussian_filter(hu, SCALE_MM, order=order)
    curvature = second[..., 2, 2]
    strong = curvature > SPREADS * spread_hu / (2 * SCALE_MM**2)
    result = np.zeros(hu.shape, bool)
    values, vectors = np.linalg.eigh(second[strong])
    upright = np.abs(vectors[:, 2, 2]) >= np.cos(np.radians(STEEPEST_DEG))
    result[strong] = upright & (np.abs(values[:, :2]).max(axis=1) <= PLATE_RATIO * values[:, 2])
    return result


def longest(band: NDArray[np.bool_]) -> float:
    """Extent along the first axis of the longest piece of a band that is thin along the last.

    Parameters
    ----------
    band : (R, F, U) ndarray of bool
        In steps of 1 mm to the right, front and up.
    """
    pieces, _ = ndimage.label(band, structure=np.ones((3, 3, 3)))
    best = 0.0
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        piece = pieces[box] == number
        footprint = piece.any(axis=2)
        if piece.sum() > THICKEST_MM * footprint.sum() or footprint.sum() < 0.3 * footprint.shape[0] ** 2 / 2:
            continue
        best = max(best, float(footprint.shape[0]))
    return best
