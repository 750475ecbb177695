"""Cord or cauda equina: where along a stack a cord runs, by what slices show and by where it may end.

Below the conus there are only roots, and what outlines a cord in every slice draws some of them. To a reader a cord is
one compact, even body, much darker than CSF; roots are scattered threads with CSF between them, or a layer at the back
of the sac. A cord runs on from the head and ends once, so that the slices above and below a tumour tell what lies in
it: a cord that is flattened there is not taken for roots because it no longer looks like a cord.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.measure.canal_sites import has_much_tumour
from spinemets.measure.canal_slices import CanalSlice, CanalStack
from spinemets.measure.slice_shape import area_mm2, core_of, solidity

LEAST_CORD_MM2 = 10.0
"""A smaller body is no cord (ours): half of a mean conus at L1, a third of the thinnest cord (`clinical.md` §3.3)."""
LEAST_SOLIDITY = 0.85
"""A body with deeper gaps is not compact (ours)."""
MOST_SIGNAL = 0.65
"""Of CSF: what is brighter is no cord, or mixed with CSF (ours; a cord has a third of the signal of CSF)."""
LEAST_BODY_MM2 = 15.0
"""A dark body of this area in the sac may be a cord that was not outlined (ours)."""
CSF_PERCENTILE = 90.0
EDGE_MM = 0.8
"""What lies within this distance of an edge is a mixture."""
SLACK = 1
"""Slices that may contradict the place where the cord ends (ours)."""


class Look(IntEnum):
    """What a slice shows in the sac; the value counts for a cord."""

    ROOTS = -1
    UNCLEAR = 0
    CORD = 1


@dataclass(frozen=True)
class CordExtent:
    """Where a cord runs.

    Attributes
    ----------
    cord, doubtful, roots : frozenset of int
        Indices of slices: above its end, or where its end may lie and a cord is seen; where its end may lie and none
        is seen; below it. Together all slices of the stack.
    looks : mapping of int to Look
        What each slice shows by itself.
    """

    cord: frozenset[int]
    doubtful: frozenset[int]
    roots: frozenset[int]
    looks: Mapping[int, Look]


def cord_extent(stack: CanalStack) -> CordExtent:
    """Where the cord of a stack runs.

    Every end of the cord that at most `SLACK` more slices contradict than the best one is possible. A slice without
    tumour speaks for cord or for roots; one with tumour, where the cord may have lost its shape, only for a cord.
    """
    fluid = _csf(stack)
    ordered = sorted(stack.slices, key=lambda one: -one.height_mm * stack.to_head)
    looks = {one.index: look(one, fluid) for one in ordered}
    tumour = with_tumour(stack)
    votes = [max(looks[one.index], Look.UNCLEAR) if one.index in tumour else looks[one.index] for one in ordered]
    first, last = _ends(votes)
    between = frozenset(one.index for one in ordered[first:last] if looks[one.index] is not Look.CORD)
    roots = frozenset(one.index for one in ordered[last:])
    return CordExtent(frozenset(looks) - between - roots, between, roots, looks)


def look(one: CanalSlice, csf: float | None) -> Look:
    """What one slice shows in the sac; by the outline alone where the signal of CSF is not known."""
    if _is_cord(one.cord, one.image, csf):
        return Look.CORD
    if csf is None or one.image is None:
        return Look.ROOTS
    dark = (one.image < MOST_SIGNAL * csf) & core_of(one.sac, EDGE_MM)
    return Look.UNCLEAR if _is_compact(_largest(dark), LEAST_BODY_MM2) else Look.ROOTS


def _is_cord(cord: NDArray[np.bool_], image: NDArray[np.float32] | None, csf: float | None) -> bool:
    if not _is_compact(cord, LEAST_CORD_MM2):
        return False
    if csf is None or image is None:
        return True
    core = core_of(cord, EDGE_MM)
    return float(np.median(image[core if core.any() else cord])) <= MOST_SIGNAL * csf


def _is_compact(body: NDArray[np.bool_], least_mm2: float) -> bool:
    return area_mm2(body) >= least_mm2 and solidity(body) >= LEAST_SOLIDITY


def _csf(stack: CanalStack) -> float | None:
    """T2 signal of CSF: the bright part of the sac in all slices together; None without an image."""
    sacs = [one.image[one.sac] for one in stack.slices if one.image is not None and one.sac.any()]
    return float(np.percentile(np.concatenate(sacs), CSF_PERCENTILE)) if sacs else None


def _ends(votes: Sequence[int]) -> tuple[int, int]:
    """First and last number of slices above the end of the cord, from head to foot, that the votes leave possible."""
    against_cord = np.concatenate([[0], np.cumsum([vote < 0 for vote in votes])])
    for_cord = np.concatenate([[0], np.cumsum([vote > 0 for vote in votes])])
    contradicted = against_cord + for_cord[-1] - for_cord
    possible = np.flatnonzero(contradicted <= contradicted.min() + SLACK)
    return int(possible[0]), int(possible[-1])


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(mask)
    return mask if count < 2 else pieces == int(np.bincount(pieces.ravel())[1:].argmax()) + 1


def with_tumour(stack: CanalStack) -> frozenset[int]:
    """Indices of the slices with as much tumour as counts."""
    return frozenset(one.index for one in stack.slices if has_much_tumour(one))


def without_cord(stack: CanalStack, indices: frozenset[int]) -> CanalStack:
    """The stack without what is drawn as cord in some slices, which stays part of the sac."""
    slices = [replace(one, cord=np.zeros_like(one.cord)) if one.index in indices else one for one in stack.slices]
    return replace(stack, slices=tuple(slices))
