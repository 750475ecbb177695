"""What epidural tumour does to sac and cord in each slice, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from spinemets.measure.canal_reference import SliceReference
from spinemets.measure.canal_slices import CanalSlice, CanalStack
from spinemets.measure.fine_grid import FINE_MM
from spinemets.measure.slice_shape import (
    area_mm2,
    centroid,
    core_of,
    diameters_mm,
    edge_points_mm,
    signed_distance_mm,
    solidity,
    thickness_mm,
)

RING_MM = 1.0
"""CSF is looked for within this distance round the cord (`clinical.md` §2.3, [D])."""
LIMIT_SPREAD = 0.20
"""How far the width of the ring and the signal of CSF may be off, a fraction of either (`clinical.md` §2.3)."""
CORE_MM = 0.8
"""Signal of cord and CSF is taken this deep below their edges: a pixel (ours)."""


@dataclass(frozen=True)
class SliceCompression:
    """One slice with tumour.

    Attributes
    ----------
    index : int
        Of the slice, in stored order.
    epidural_area_mm2, epidural_thickness_mm : float
        Area of the tumour in the canal, and the diameter of the largest circle in it.
    sac_indentation_mm : float
        How far the tumour reaches into the undeformed sac; negative: how far it stays away.
    sac_area_loss : float
        Fraction of the undeformed sac's area.
    sac_area_mm2 : float
        Area of the sac.
    cord_gap_mm : float or None
        Distance between the edges of tumour and cord; None where there is no cord.
    cord_area_mm2 : float
        Area of the cord, 0 where there is none.
    cord_area_loss, mscc_ap, mscc_rl : float or None
        Fractions of the undeformed cord's area, anteroposterior and transverse diameter.
    cord_shift_mm : float or None
        How far the cord's centre moved away from the tumour.
    cord_dent : float or None
        How much less convex the cord is than undeformed, a fraction of its hull.
    cord_ap_mm, cord_rl_mm : float or None
        Anteroposterior and transverse diameter of the cord.
    csf_fraction, csf_low, csf_high : float or None
        Share of the ring round the cord that is CSF, and between which shares it lies with one edge half a pixel off,
        or the width of the ring or the signal of CSF by `LIMIT_SPREAD`.
    csf_pool_mm2, csf_pool_mm : float
        Area and width of the largest pool of CSF.
    """

    index: int
    epidural_area_mm2: float
    epidural_thickness_mm: float
    sac_indentation_mm: float
    sac_area_loss: float
    sac_area_mm2: float
    csf_pool_mm2: float
    csf_pool_mm: float
    cord_area_mm2: float = 0.0
    cord_gap_mm: float | None = None
    cord_area_loss: float | None = None
    mscc_ap: float | None = None
    mscc_rl: float | None = None
    cord_shift_mm: float | None = None
    cord_dent: float | None = None
    csf_fraction: float | None = None
    csf_low: float | None = None
    csf_high: float | None = None
    cord_ap_mm: float | None = None
    cord_rl_mm: float | None = None


def slice_compression(
    one: CanalSlice, reference: SliceReference, stack: CanalStack, csf_from: float | None
) -> SliceCompression:
    """Measures of one slice with tumour.

    Parameters
    ----------
    one : CanalSlice
        The slice.
    reference : SliceReference
        The same slice without tumour.
    stack : CanalStack
        For the patient's front.
    csf_from : float or None
        T2 signal from which fluid is CSF; the masks alone decide without it.
    """
    tumour, cord = one.tumour, one.cord
    indentation = float(-reference.sac_mm[tumour].min()) if tumour.any() else 0.0
    csf = csf_of(one, csf_from)
    pool_area, pool_width = _largest_pool(csf)
    tumour_area, thickness = area_mm2(tumour), thickness_mm(tumour)
    whole = SliceCompression(
        one.index,
        epidural_area_mm2=tumour_area,
        epidural_thickness_mm=thickness,
        sac_indentation_mm=indentation,
        sac_area_loss=1 - area_mm2(one.sac) / reference.sac_area_mm2,
        sac_area_mm2=area_mm2(one.sac),
        csf_pool_mm2=pool_area,
        csf_pool_mm=pool_width,
    )
    if not cord.any() or reference.cord_area_mm2 <= 0:
        return whole
    ap, rl = diameters_mm(cord, stack.to_front)
    low, high = _csf_interval(one, csf_from, stack.pixel_mm / 2)
    return replace(
        whole,
        cord_gap_mm=_gap_mm(tumour, cord),
        cord_area_mm2=area_mm2(cord),
        cord_area_loss=1 - area_mm2(cord) / reference.cord_area_mm2,
        mscc_ap=1 - ap / reference.cord_ap_mm,
        mscc_rl=1 - rl / reference.cord_rl_mm,
        cord_shift_mm=_shift_mm(tumour, cord, reference),
        cord_dent=reference.cord_solidity - solidity(cord),
        csf_fraction=_csf_fraction(cord, csf),
        csf_low=low,
        csf_high=high,
        cord_ap_mm=ap,
        cord_rl_mm=rl,
    )


def csf_of(one: CanalSlice, csf_from: float | None) -> NDArray[np.bool_]:
    """(U, V) what is sac and no cord, and bright enough where there is an image and a limit."""
    csf = one.sac & ~one.cord
    return csf if csf_from is None or one.image is None else csf & (one.image >= csf_from)


def ring_of(cord: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(U, V) the ring round a cord in which CSF is looked for."""
    outside = ndimage.distance_transform_edt(~cord) * FINE_MM
    return np.asarray((outside > 0) & (outside <= RING_MM))


def csf_signal(stack: CanalStack) -> float | None:
    """T2 signal half-way between cord and CSF, from every slice that has both; None without an image."""
    cord, fluid = [], []
    for one in stack.slices:
        if one.image is None or not one.cord.any():
            continue
        cord.append(one.image[core_of(one.cord, CORE_MM)])
        fluid.append(one.image[core_of(one.sac & ~one.cord, CORE_MM)])
    if not cord or not sum(len(part) for part in fluid) or not sum(len(part) for part in cord):
        return None
    return float((np.median(np.concatenate(cord)) + np.median(np.concatenate(fluid))) / 2)


def _gap_mm(tumour: NDArray[np.bool_], cord: NDArray[np.bool_]) -> float | None:
    """Distance between the edges of two masks; 0 where no pixel lies between them."""
    if not tumour.any():
        return None
    if (ndimage.binary_dilation(tumour) & cord).any():
        return 0.0
    return float(cKDTree(edge_points_mm(tumour)).query(edge_points_mm(cord))[0].min())


def _shift_mm(tumour: NDArray[np.bool_], cord: NDArray[np.bool_], reference: SliceReference) -> float:
    moved = (centroid(cord) - reference.cord_centre) * FINE_MM
    if not tumour.any():
        return float(np.linalg.norm(moved))
    away = reference.cord_centre - centroid(tumour)
    length = float(np.linalg.norm(away))
    return float(moved @ away / length) if length > 1.0 else float(np.linalg.norm(moved))


def _csf_fraction(cord: NDArray[np.bool_], csf: NDArray[np.bool_]) -> float:
    ring = ring_of(cord)
    return float(csf[ring].mean()) if ring.any() else 0.0


def _csf_interval(one: CanalSlice, csf_from: float | None, half_mm: float) -> tuple[float, float]:
    """The ends of the share of the ring that is CSF, each way of being off by itself, all taken together as errors."""
    to_cord, to_sac = signed_distance_mm(one.cord), signed_distance_mm(one.sac)

    def share(cord: float = 0.0, sac: float = 0.0, ring: float = 0.0, signal: float = 0.0) -> float:
        beyond = to_cord - cord
        within = (beyond > 0) & (beyond <= RING_MM * (1 + ring))
        csf = to_sac[within] < sac
        if csf_from is not None and one.image is not None:
            csf &= one.image[within] >= csf_from * (1 + signal)
        return float(csf.mean()) if csf.size else 0.0

    here = share()
    steps = {"cord": half_mm, "sac": half_mm, "ring": LIMIT_SPREAD, "signal": LIMIT_SPREAD}
    off = [[share(**{name: sign * step}) - here for sign in (-1, 1)] for name, step in steps.items()]
    below, above = (float(np.linalg.norm([max(0.0, *(way * one for one in pair)) for pair in off])) for way in (-1, 1))
    return max(here - below, 0.0), min(here + above, 1.0)


def _largest_pool(csf: NDArray[np.bool_]) -> tuple[float, float]:
    pieces, count = ndimage.label(csf)
    if count == 0:
        return 0.0, 0.0
    largest = pieces == int(np.bincount(pieces.ravel())[1:].argmax()) + 1
    return area_mm2(largest), thickness_mm(largest)
