"""Tumours in one stack with enough canal between them to be told apart: each is a site of its own."""

from __future__ import annotations

import numpy as np

from spinemets.measure.canal_slices import CanalSlice, CanalStack
from spinemets.measure.slice_shape import area_mm2, thickness_mm

AWAY_MM = 10.0
"""Distance from tumour from which a slice shows what the canal is like without it (spinalcordtoolbox,
sct_compute_compression)."""
TUMOUR_FREE_MM2 = 5.0
"""Less epidural tissue than this is none (`clinical.md` §2.2, [D])."""


def has_much_tumour(one: CanalSlice) -> bool:
    """Whether a slice shows as much tumour as counts."""
    return area_mm2(one.tumour) >= TUMOUR_FREE_MM2


def is_whole_and_free(one: CanalSlice) -> bool:
    """Whether a slice shows cord, all of the sac, and no tumour."""
    return not has_much_tumour(one) and bool(one.cord.any()) and not one.cut


def tumour_sites(stack: CanalStack, *, with_cord: bool = True) -> list[list[CanalSlice]]:
    """Slices with tumour in groups, in order of height, with a slice between any two that is far enough from both.

    Parameters
    ----------
    stack : CanalStack
        The slices.
    with_cord : bool
        Whether that slice has to show cord, as what others are compared with does; below the conus none does.
    """
    free = [one for one in stack.slices if is_whole_and_free(one) or (not with_cord and not has_much_tumour(one))]
    sites: list[list[CanalSlice]] = []
    for one in sorted(filter(has_much_tumour, stack.slices), key=lambda one: one.height_mm):
        last = sites[-1][-1].height_mm if sites else -np.inf
        apart = any(last + AWAY_MM <= other.height_mm <= one.height_mm - AWAY_MM for other in free)
        if not sites or apart:
            sites.append([])
        sites[-1].append(one)
    return sites


def tumour_zones(stack: CanalStack, thick_from_mm: float) -> tuple[frozenset[int], ...]:
    """Indices of the slices that are nearer to one site than to the others, for each; none where all is one site.

    Slices with tumour and no sac are among them.

    Parameters
    ----------
    stack : CanalStack
        The slices.
    thick_from_mm : float
        A site whose tumour is thinner in every slice is none of its own, and belongs to the nearest.
    """
    every = tumour_sites(stack, with_cord=False)
    sites = [site for site in every if any(thickness_mm(one.tumour) >= thick_from_mm for one in site)]
    if len(sites) < 2:
        return ()
    nearest: list[set[int]] = [set() for _ in sites]
    for one in stack.slices:
        away = [min(abs(one.height_mm - other.height_mm) for other in site) for site in sites]
        nearest[int(np.argmin(away))].add(one.index)
    for index in stack.tumour_without_sac_mm2:
        away = [min(abs(index - other.index) for other in site) for site in sites]
        nearest[int(np.argmin(away))].add(index)
    return tuple(map(frozenset, nearest))
