"""How much of the column of contrast medium in the canal is lost at a level of a CT myelogram."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level, nearest_levels
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import Grid, resample
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.same_place import displacement
from spinemets.measure.signal import shows, values_at
from spinemets.volume import Volume

RADIUS_MM, HALF_HEIGHT_MM, STEP_MM = 6.0, 10.0, 1.0
"""The column is looked at so far round the middle of the canal and behind the body, in cross-sections so far apart
(ours)."""
CONTRAST_PERCENTILE, CONTRAST_HU, TISSUE_HU = 95.0, 200.0, 40.0
"""The brightest of an opacified canal has at least so many HU; halfway to cord and tumour lies the limit (ours)."""
LIMIT_SHIFTS, MOVED_MM, WAYS = (0.8, 1.2), 1.0, ((-1, 0), (1, 0), (0, -1), (0, 1))
"""The interval is that of a limit a fifth lower or higher, of a middle of the canal so far aside, and of cross-sections
that differ as they do at unaffected levels (ours)."""
AROUND_MM, CANAL_MM, MOST_MOVED_MM = np.array([30.0, 35.0, 15.0]), 12.0, 2.0
"""A plain CT is compared so far to the right, front and up of the middle of the canal, and beyond the canal; both may
lie so far apart (ours)."""
METAL_HU = 3000.0
COARSEST_MM = 3.0
"""With larger voxels cord and contrast medium are one (ours)."""


def column_loss(
    image: Volume,
    vertebrae: Volume,
    axes: Mapping[Level, VertebraAxes],
    level: Level,
    unaffected: Collection[Level],
    plain: Volume | None = None,
) -> Finding:
    """Fraction of the cross-section of the contrast column that is lost where it is least; 0 where it is wider.

    Parameters
    ----------
    image : Volume
        HU of a CT with contrast medium in the thecal sac.
    vertebrae : Volume
        VerSe ids in the same world; bone in the canal is no contrast medium.
    axes : mapping of Level to VertebraAxes
        Of every vertebra.
    level : Level
        Which is asked about.
    unaffected : collection of Level
        Levels without lesion and fracture: the column at the nearest ones above and below is the undeformed one.
    plain : Volume, optional
        The CT that the mask was made on, which shows whether the patient moved since.
    """
    own = _canal(image, vertebrae, axes[level])
    if own is None:
        return NotAssessed(Reason.OUT_OF_FIELD, f"the myelogram does not show the canal of {level}")
    refusal = _refusal(image, own, axes[level], plain)
    if refusal is not None:
        return refusal
    nearest = nearest_levels(level, [one for one in unaffected if one in axes])
    near = {one: canal for one in nearest if (canal := _canal(image, vertebrae, axes[one])) is not None}
    usual = {one: canal for one, canal in near.items() if _contrast_hu(canal) >= CONTRAST_HU}
    if not usual:
        return NotAssessed(Reason.NO_REFERENCE, "no contrast medium is seen in the canal of unaffected neighbours")
    aside = [_canal(image, vertebrae, axes[level], MOVED_MM * np.array(way)) for way in WAYS]
    value, low, high = _losses(own, [one for one in aside if one is not None], list(usual.values()))
    beyond = " and ".join(str(one) for one in near if one not in usual)
    note = f"; none is seen at {beyond}, where it may not have got to" if beyond else ""
    method = f"1 - least cross-section of the contrast column by that at {' and '.join(map(str, usual))}{note}"
    return Measured(value, "1", low, high, method)


def _refusal(image: Volume, own: NDArray[np.float64], axes: VertebraAxes, plain: Volume | None) -> NotAssessed | None:
    """Why a myelogram cannot be measured at a level; round the canal it must lie on the plain CT."""
    if image.spacing_mm.max() > COARSEST_MM:
        return NotAssessed(Reason.RESOLUTION, f"voxels of {image.spacing_mm.max():.1f} mm do not show the cord")
    if float(own.max()) > METAL_HU:
        return NotAssessed(Reason.METAL, f"metal lies in the canal of {axes.level}")
    if plain is None:
        return None
    affine = np.eye(4)
    affine[:3, :3] = axes.rows.T
    affine[:3, 3] = axes.canal_mm - AROUND_MM @ axes.rows
    right, front, up = (int(2 * reach) + 1 for reach in AROUND_MM)
    grid = Grid((right, front, up), affine)
    first, second = (resample(one, grid, fill=np.nan) for one in (image, plain))
    aside = np.hypot(np.arange(right)[:, None] - AROUND_MM[0], np.arange(front)[None] - AROUND_MM[1])
    around = np.broadcast_to((aside > CANAL_MM)[:, :, None], grid.shape)
    return displacement(first, second, around, MOST_MOVED_MM)


def _losses(
    own: NDArray[np.float64], moved: list[NDArray[np.float64]], usual: list[NDArray[np.float64]]
) -> tuple[float, float, float]:
    """Loss, and the least and greatest that it may be."""
    limit = (float(np.mean([_contrast_hu(one) for one in usual])) + TISSUE_HU) / 2
    value = _loss(own, usual, limit)
    found = [value, *(_loss(one, usual, limit) for one in moved)]
    found += [_loss(own, usual, limit * shift) for shift in LIMIT_SHIFTS]
    shares = np.array([(one >= limit).mean(axis=1) for one in usual])
    error = 1.64 * float(shares.std()) / max(float(shares.mean()), 1e-9)
    return value, max(min(found) - error, 0.0), min(max(found) + error, 1.0)


def _contrast_hu(canal: NDArray[np.float64]) -> float:
    return float(np.percentile(canal, CONTRAST_PERCENTILE))


def _canal(
    image: Volume, vertebrae: Volume, axes: VertebraAxes, aside_mm: NDArray[np.float64] | None = None
) -> NDArray[np.float64] | None:
    """(S, P) HU in cross-sections of the canal, soft tissue for bone; None where the image does not show them.

    `aside_mm`, to the right and front, moves them.
    """
    side = np.arange(-RADIUS_MM, RADIUS_MM + STEP_MM, STEP_MM)
    flat = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    flat = flat[np.hypot(flat[:, 0], flat[:, 1]) <= RADIUS_MM] + (np.zeros(2) if aside_mm is None else aside_mm)
    heights = np.arange(-HALF_HEIGHT_MM, HALF_HEIGHT_MM + STEP_MM, STEP_MM)
    places = np.concatenate([np.column_stack([flat, np.full(len(flat), height)]) for height in heights])
    points = axes.canal_mm + places @ axes.rows
    if not shows(image, points):
        return None
    bone = ndimage.map_coordinates(vertebrae.array > 0, vertebrae.index(points).T, order=0, output=np.uint8)
    return np.where(bone > 0, TISSUE_HU, values_at(image, points)).reshape(len(heights), -1)


def _loss(own: NDArray[np.float64], usual: list[NDArray[np.float64]], limit_hu: float) -> float:
    """1 - least by usual share of a cross-section with contrast medium; single cross-sections are noise."""
    least = float(ndimage.median_filter((own >= limit_hu).mean(axis=1), 3, mode="nearest").min())
    reference = float(np.mean([(one >= limit_hu).mean() for one in usual]))
    return min(max(1 - least / reference, 0.0), 1.0) if reference > 0 else 0.0
