"""The two pedicles of a vertebra: as a film from the front shows them, and the cortical ring of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Side
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import Grid, crop, index_box, resample
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.region_labels import RegionLabel
from spinemets.volume import Volume

SOFT_HU = 60.0
"""What bone is compared with on a film: muscle (ours)."""
RING_MM = 1.5
"""The ring is looked for this far from the outline of the pedicle's cross-section (ours)."""
LEAST_AREA_MM2 = 12.0
"""A smaller cross-section is no pedicle (ours; Panjabi's thinnest is 6 by 12 mm)."""
COARSEST_MM = 1.5
"""With larger voxels the ring of a pedicle is not seen (ours)."""
_LABEL = {Side.LEFT: RegionLabel.PEDICLE_LEFT, Side.RIGHT: RegionLabel.PEDICLE_RIGHT}
_HALF_MM = (34.0, 34.0, 24.0)


@dataclass(frozen=True)
class Pedicles:
    """Both pedicles of a vertebra.

    Attributes
    ----------
    shadow_ratio : Finding
        Of the fainter to the stronger of both shadows, 1 for equal ones.
    fainter : Side or None
        The side of the fainter one.
    ring_missing : mapping of Side to Finding
        Share of the cortical ring that is missing in the smallest cross-section.
    """

    shadow_ratio: Finding
    fainter: Side | None
    ring_missing: dict[Side, Finding]


def pedicles(ct: Volume, vertebrae: Volume, regions: Volume, axes: VertebraAxes, ring_hu: float) -> Pedicles:
    """Shadows and rings of the pedicles of a vertebra.

    Where one side's pedicle is gone from the mask, its place is that of the other one mirrored in the mid-plane.

    Parameters
    ----------
    ct, vertebrae, regions : Volume
        HU, VerSe ids and `RegionLabel` on one grid.
    axes : VertebraAxes
        Of the vertebra.
    ring_hu : float
        What its cortex measures at least.
    """
    grid = _grid(axes)
    start, stop = index_box(ct, grid)
    image = crop(ct, start, stop)
    own = crop(vertebrae, start, stop).array == axes.level.verse_id
    parts = np.where(own, crop(regions, start, stop).array, 0)
    hu = resample(image, grid, fill=np.nan)
    masks = {
        side: resample(image.with_array((parts == label).astype(np.uint8) * 100), grid) >= 50
        for side, label in _LABEL.items()
    }
    ratio, fainter = _shadows(hu, masks)
    voxel = float(ct.spacing_mm.max())
    return Pedicles(ratio, fainter, {side: _ring(hu, masks[side], ring_hu, voxel) for side in Side})


def _grid(axes: VertebraAxes) -> Grid:
    """1 mm steps to the right, front and up round the middle of the canal, symmetrical to the mid-plane."""
    middle = axes.coordinates(axes.canal_mm[None])[0]
    corner = [-_HALF_MM[0], middle[1] - _HALF_MM[1] / 2, -_HALF_MM[2]]
    affine = np.eye(4)
    affine[:3, :3] = axes.rows.T
    affine[:3, 3] = axes.world(np.array([corner]))[0]
    return Grid((int(2 * _HALF_MM[0]) + 1, int(_HALF_MM[1]) + 1, int(2 * _HALF_MM[2]) + 1), affine)


def _shadows(hu: NDArray[np.float32], masks: dict[Side, NDArray[np.bool_]]) -> tuple[Finding, Side | None]:
    """Attenuation over muscle summed from back to front through each pedicle, over the mean area of both."""
    left, right = masks[Side.LEFT], masks[Side.RIGHT]
    place = {Side.LEFT: left | right[::-1], Side.RIGHT: right | left[::-1]}
    if not place[Side.LEFT].any():
        reason = NotAssessed(Reason.MISSING_MASK, "neither pedicle is in the mask, and both cannot be compared")
        return reason, None
    if np.isnan(hu[place[Side.LEFT] | place[Side.RIGHT]]).any():
        return NotAssessed(Reason.OUT_OF_FIELD, "the image does not show both pedicles"), None
    shadow = {side: float(np.clip(hu[mask] - SOFT_HU, 0, None).sum()) for side, mask in place.items()}
    fainter = min(shadow, key=lambda side: shadow[side])
    strong = max(shadow.values())
    if strong <= 0:
        return NotAssessed(Reason.OUT_OF_FIELD, "neither pedicle casts a shadow"), None
    value = shadow[fainter] / strong
    spread = 0.5 * float(_edge(place[fainter]).sum()) / float(place[fainter].sum()) * value
    method = "attenuation over muscle through the pedicle, fainter side by stronger side"
    return Measured.fraction(value, spread, method), fainter


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask & ~ndimage.binary_erosion(mask)


def _ring(hu: NDArray[np.float32], mask: NDArray[np.bool_], ring_hu: float, voxel_mm: float) -> Finding:
    """Missing share of the ring in the smallest cross-section from front to back."""
    if voxel_mm > COARSEST_MM:
        return NotAssessed(Reason.RESOLUTION, f"voxels of {voxel_mm:.1f} mm do not show the ring of a pedicle")
    area = mask.sum(axis=(0, 2))
    rows = np.flatnonzero(area >= LEAST_AREA_MM2)
    if len(rows) < 3:
        return NotAssessed(Reason.MISSING_MASK, "the pedicle is not in the mask")
    inner = rows[len(rows) // 4 : max(len(rows) - len(rows) // 4, len(rows) // 4 + 1)]
    row = int(inner[area[inner].argmin()])
    section, image = mask[:, row, :], hu[:, row, :]
    if np.isnan(image[section]).any():
        return NotAssessed(Reason.OUT_OF_FIELD, "the image does not show the whole pedicle")
    outline = _edge(section)
    dense = section & (image >= ring_hu)
    near = ndimage.distance_transform_edt(~dense) <= RING_MM
    value = float((outline & ~near).sum() / outline.sum())
    error = 1.0 / float(np.sqrt(outline.sum()))
    method = f"outline of the smallest cross-section without {ring_hu:.0f} HU within {RING_MM:g} mm"
    return Measured.fraction(value, error, method)
