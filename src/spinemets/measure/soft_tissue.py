"""Soft tissue beside a body that its neighbours do not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_rays import STEP_MM, BodyRays, Sector

SOFT_HU = (0.0, 120.0)
"""What a mass or a haematoma measures (`clinical.md` §1.1, CT6)."""
FURTHEST_MM = 25.0
"""Soft tissue is followed this far from the wall (ours)."""
SKIPPED_MM = 1.5
"""So much next to the wall is a mixture of bone and what lies beside it (ours)."""
LEAST_ADDED_MM = 4.0
"""Less than this beyond the neighbours' is their own difference (ours)."""
MUSCLE_FROM_MM = 8.0
"""Where a neighbour has more soft tissue than this, muscle or a vessel lies, and a little more is no sign (ours)."""
COARSEST_MM = 2.0
"""With larger voxels the layer of fat before muscle and vessels is not seen, and they look like a mass (ours: at 3 mm
four of five healthy lumbar bodies of a real CT seemed to have one)."""
LEAST_RAYS = 20
"""Rays in front and at the sides, of 54, that must be free and beside neither (ours)."""


@dataclass(frozen=True)
class AddedTissue:
    """Soft tissue added to the front and the sides of a body.

    Attributes
    ----------
    thickness_mm : Finding
        The most of it, smoothed over 30°.
    coverage : Finding
        Share of the front and sides where there is at least `LEAST_ADDED_MM`.
    """

    thickness_mm: Finding
    coverage: Finding


def added_tissue(own: BodyRays | None, neighbours: Sequence[BodyRays], voxel_mm: float) -> AddedTissue:
    """Soft tissue of a body beyond the mean of its unaffected neighbours'.

    Parameters
    ----------
    own : BodyRays or None
        Of the body.
    neighbours : sequence of BodyRays
        Of the nearest unaffected ones.
    voxel_mm : float
        Largest edge of a voxel of the CT.
    """
    if voxel_mm > COARSEST_MM:
        return _absent(
            Reason.RESOLUTION, f"voxels of {voxel_mm:.1f} mm do not show the fat between bone, muscle and vessels"
        )
    if own is None or not neighbours:
        return _absent(Reason.NO_REFERENCE, "no unaffected neighbour shows how much soft tissue is usual")
    usual = np.array([_thickness(rays) for rays in neighbours])
    added = _thickness(own) - usual.mean(axis=0)
    apart = np.ptp(usual, axis=0)
    side = ~own.sector(Sector.POSTERIOR)
    known = side & np.isfinite(added) & (usual.max(axis=0) <= MUSCLE_FROM_MM)
    if known.sum() < LEAST_RAYS:
        return _absent(Reason.OUT_OF_FIELD, "the front and sides of the body are not seen well enough")
    smooth = _smoothed(added, known)
    peak = int(np.where(known, smooth, -np.inf).argmax())
    error = float(np.hypot(2 * STEP_MM, _smoothed(apart, known)[peak]))
    most = max(float(smooth[peak]), 0.0)
    shares = [float((smooth[known] >= LEAST_ADDED_MM + shift).mean()) for shift in (error, 0.0, -error)]
    names = f"soft tissue beside the body, less the mean of {len(neighbours)} neighbour(s); muscle and vessels count"
    return AddedTissue(
        Measured(most, "mm", max(most - error, 0.0), most + error, names),
        Measured(
            shares[1], "1", shares[0], shares[2], f"share of the front and sides with {LEAST_ADDED_MM:g} mm of it"
        ),
    )


def _absent(code: Reason, detail: str) -> AddedTissue:
    reason = NotAssessed(code, detail)
    return AddedTissue(reason, reason)


def _thickness(rays: BodyRays) -> NDArray[np.float64]:
    """(A,) median over the height of how far soft tissue reaches from the wall; NaN where a ray is not free."""
    offset = rays.distance_mm - rays.wall_mm[:, :, None]
    hu = ndimage.uniform_filter1d(np.nan_to_num(rays.hu, nan=-1000.0), 3, axis=2)
    soft = (hu >= SOFT_HU[0]) & (hu <= SOFT_HU[1]) & ~rays.bone
    looked = (offset > SKIPPED_MM) & (offset <= FURTHEST_MM)
    ends = looked & ~soft
    first = np.where(ends.any(axis=2), ends.argmax(axis=2), looked.shape[2] - 1)
    reached = np.take_along_axis(offset, first[:, :, None], axis=2)[:, :, 0]
    begins = reached > SKIPPED_MM + STEP_MM
    thick = np.where(rays.free, np.where(begins, np.minimum(reached, FURTHEST_MM), 0.0), np.nan)
    enough = np.isfinite(thick).mean(axis=1) >= 0.5
    return np.array([np.nanmedian(row) if ok else np.nan for row, ok in zip(thick, enough, strict=True)])


def _smoothed(added: NDArray[np.float64], known: NDArray[np.bool_], rays: int = 7) -> NDArray[np.float64]:
    total = ndimage.uniform_filter1d(np.where(known, added, 0.0), rays, mode="wrap")
    count = ndimage.uniform_filter1d(known.astype(float), rays, mode="wrap")
    return np.asarray(total / np.maximum(count, 1e-6))
