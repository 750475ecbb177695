"""How much of the cortex of a body is missing, by quarter of its wall, and whether what is missing lies beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_rays import STEP_MM, BodyRays, Sector
from spinemets.measure.trabecular import Reference

LEAST_HU, SPREADS = 250.0, 3.0
"""Cortex has at least this, and at least the reference's mean plus so many standard deviations (`clinical.md` §1.1,
CT1, [D])."""
BAND_MM = (-2.0, 0.75)
"""It is looked for from here to there along each ray, from the outline: 2 mm inside it (`clinical.md`), and half a
voxel outside, no more, since vessels full of contrast medium touch the bone (ours)."""
FRAGMENT_MM = 3.0
"""A fragment lies this close to the outline (`clinical.md` §1.1, CT1, [D])."""
GAP_MM = (1.0, 4.0)
"""A gap between two fragments (`clinical.md` §1.1, CT1, [D])."""
COARSEST_MM = 3.0
"""With larger voxels there is no cortex to be seen (`clinical.md` §1.1)."""
UNRESOLVED_FROM = 0.5
"""Where an unaffected body seems to lack more of a quarter's cortex than this, cortex is too thin to be seen (ours)."""
LEAST_RAYS = 12
"""Fewer rays that meet a free wall make no quarter (ours)."""


@dataclass(frozen=True, eq=False)
class Cortex:
    """The cortex of one body.

    Attributes
    ----------
    missing : mapping of Sector to Finding
        Share of the free wall of each quarter without cortex.
    missing_total : Finding
        The same of the whole wall.
    amount : Finding
        Cortex within `FRAGMENT_MM` of the outline, as a share of what its covered part would make all round.
    gaps : int
        Breaks of `GAP_MM` between two pieces of cortex.
    """

    missing: Mapping[Sector, Finding]
    missing_total: Finding
    amount: Finding
    gaps: int


def cortex(rays: BodyRays | None, reference: Reference | NotAssessed, voxel_mm: float) -> Cortex:
    """Missing cortex of a body.

    Parameters
    ----------
    rays : BodyRays or None
        Through its wall.
    reference : Reference or NotAssessed
        Healthy spongy bone; without it, nothing tells thin cortex from dense spongy bone.
    voxel_mm : float
        Largest edge of a voxel of the CT.
    """
    if isinstance(reference, NotAssessed):
        return _absent(reference)
    if voxel_mm > COARSEST_MM:
        return _absent(NotAssessed(Reason.RESOLUTION, f"voxels of {voxel_mm:.1f} mm do not show the cortex"))
    if rays is None:
        return _absent(NotAssessed(Reason.TOO_SMALL, "the body is too low to have a wall"))
    limit = max(LEAST_HU, reference.mean_hu + SPREADS * reference.spread_hu)
    dense = np.nan_to_num(rays.hu, nan=-1000.0) >= limit
    covered = _covered(dense, rays)
    seen = np.asarray(rays.free & np.isfinite(rays.hu).any(axis=2))
    missing = {sector: _missing(covered, seen & rays.sector(sector)[:, None], rays, limit) for sector in Sector}
    total = _missing(covered, seen, rays, limit)
    return Cortex(missing, total, _amount(dense, rays, voxel_mm), _gaps(covered, seen, rays))


def _absent(reason: NotAssessed) -> Cortex:
    return Cortex(dict.fromkeys(Sector, reason), reason, reason, 0)


def _missing(
    covered: NDArray[np.bool_], asked: NDArray[np.bool_], rays: BodyRays, limit: float
) -> Measured | NotAssessed:
    if asked.sum() < LEAST_RAYS:
        return NotAssessed(Reason.OUT_OF_FIELD, "too little of this wall borders on nothing else")
    area = rays.area_mm2 * asked
    bare = asked & ~covered
    value = float(area[bare].sum() / area.sum())
    edge = float(area[bare & _beside(covered)].sum() / area.sum()) / 2
    method = f"share of the wall without {limit:.0f} HU within 2 mm of its outline"
    return Measured.fraction(value, edge, method)


def _beside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.roll(mask, 1, axis=0) | np.roll(mask, -1, axis=0)


def _amount(dense: NDArray[np.bool_], rays: BodyRays, voxel_mm: float) -> Finding:
    """Amount of cortex; its interval is what half a voxel makes of it.

    The outline may lie half a voxel further in or out, and rays at the edge of cortex meet it or miss it by chance.
    That all of a covered wall has grown thinner is not seen: its mean is what counts as whole.
    """
    seen = np.asarray(rays.free & np.isfinite(rays.hu).any(axis=2))
    half = voxel_mm / 2
    value, *moved = (_share_of_usual(dense, seen, rays, shift) for shift in (0.0, -half, half))
    if value is None:
        return NotAssessed(Reason.TOO_SMALL, "no wall is whole enough to tell how thick the cortex was")
    known = [value, *(other for other in moved if other is not None)]
    area, covered = rays.area_mm2 * seen, _covered(dense, rays)
    error = float(area[_at_edge(covered)].sum() / area.sum()) / 4  # a ray of an edge has another on its other side
    method = f"cortex within {FRAGMENT_MM:g} mm of the outline, by its mean thickness where it is whole"
    return Measured(value, "1", max(min(known) - error, 0.0), max(known) + error, method)


def _share_of_usual(dense: NDArray[np.bool_], seen: NDArray[np.bool_], rays: BodyRays, shift_mm: float) -> float | None:
    """Amount of cortex by an outline moved outwards; None where too little is whole."""
    whole = _covered(dense, rays, shift_mm) & seen
    if whole.sum() < LEAST_RAYS:
        return None
    thickness, area = _near(dense, rays, shift_mm), rays.area_mm2 * seen
    usual = float((thickness * area)[whole].sum() / area[whole].sum())
    return float((np.minimum(thickness, 3 * usual) * area).sum() / (usual * area.sum()))


def _at_edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(A, U) rays one of whose four neighbours differs from them."""
    edge = (mask != np.roll(mask, 1, axis=0)) | (mask != np.roll(mask, -1, axis=0))
    steps = mask[:, 1:] != mask[:, :-1]
    edge[:, 1:] |= steps
    edge[:, :-1] |= steps
    return np.asarray(edge)


def _covered(dense: NDArray[np.bool_], rays: BodyRays, shift_mm: float = 0.0) -> NDArray[np.bool_]:
    """(A, U) rays that meet cortex at the outline, moved outwards by `shift_mm`."""
    offset = rays.distance_mm - rays.wall_mm[:, :, None] - shift_mm
    return np.asarray((dense & (offset >= BAND_MM[0]) & (offset <= BAND_MM[1])).any(axis=2))


def _near(dense: NDArray[np.bool_], rays: BodyRays, shift_mm: float = 0.0) -> NDArray[np.float64]:
    """(A, U) thickness of cortex beside the outline, moved likewise, mm."""
    offset = rays.distance_mm - rays.wall_mm[:, :, None] - shift_mm
    thickness: NDArray[np.float64] = (dense & (np.abs(offset) <= FRAGMENT_MM)).sum(axis=2) * STEP_MM
    return thickness


def _gaps(covered: NDArray[np.bool_], seen: NDArray[np.bool_], rays: BodyRays) -> int:
    """Breaks along the wall, at most one for each height, counted at the height that has most."""
    arc = float(np.nanmedian(rays.wall_mm)) * np.radians(rays.angle_deg[1] - rays.angle_deg[0])
    most = 0
    for row in range(covered.shape[1]):
        bare = seen[:, row] & ~covered[:, row]
        if not bare.any() or not covered[:, row].any():
            continue
        start = int(np.flatnonzero(covered[:, row])[0])
        runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], np.roll(bare, -start).astype(int), [0]]))))[::2]
        most = max(most, int(((runs * arc >= GAP_MM[0]) & (runs * arc <= GAP_MM[1])).sum()))
    return most


def beyond_neighbours(own: Cortex, neighbours: Sequence[Cortex]) -> dict[Sector, Finding]:
    """Missing cortex of each quarter less what unaffected neighbours miss there.

    Thin cortex that the CT does not resolve is missing everywhere; where neighbours miss more than `UNRESOLVED_FROM`,
    nothing is said.
    """
    return {
        sector: _beyond(share, [found.missing[sector] for found in neighbours]) for sector, share in own.missing.items()
    }


def total_beyond_neighbours(own: Cortex, neighbours: Sequence[Cortex]) -> Finding:
    """The same of the whole wall."""
    return _beyond(own.missing_total, [found.missing_total for found in neighbours])


def _beyond(share: Finding, usual: Sequence[Finding]) -> Finding:
    if not isinstance(share, Measured):
        return share
    known = [one.value for one in usual if isinstance(one, Measured)]
    if not known:
        return NotAssessed(Reason.NO_REFERENCE, "no neighbour shows how much cortex the CT resolves")
    if max(known) > UNRESOLVED_FROM:
        detail = f"the CT does not resolve the cortex of unaffected neighbours ({max(known):.0%} of it missing)"
        return NotAssessed(Reason.RESOLUTION, detail)
    less = float(np.mean(known))
    low, value, high = (max(x - less, 0.0) for x in (share.low, share.value, share.high))
    return Measured(value, "1", low, high, f"{share.method}, less that of neighbours")
