"""What a slice would be measured as with the edges of its masks a little further in or out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from spinemets.rules.escc_slice import SliceMeasures

REFERENCE_LEFT = 1 / 3
"""The mean edge of the slices that the reference is averaged over moves with the same reader's hand, so that no more of
a random movement is left in what is compared with it (ours)."""
MEASURED = tuple(one.name for one in fields(SliceMeasures) if one.name != "index")
"""All that is measured in a slice."""


def pairs(slices: Sequence[SliceMeasures]) -> list[SliceMeasures]:
    """The means of every two adjacent slices, with the index of the first; what one of them lacks has no mean."""
    both = [(a, b) for a, b in pairwise(slices) if abs(a.index - b.index) == 1]
    means = [{name: _mean(getattr(a, name), getattr(b, name)) for name in MEASURED} for a, b in both]
    return [SliceMeasures(a.index, **own) for (a, _), own in zip(both, means, strict=True)]


def _mean(first: float | None, second: float | None) -> Any:
    return None if first is None or second is None else (first + second) / 2


def perturbed(
    one: SliceMeasures,
    tumour: float = 0.0,
    sac: float = 0.0,
    cord: float = 0.0,
    shift: float = 0.0,
) -> SliceMeasures:
    """The slice as it would be with the edge of each mask moved outwards, and the cord moved, by so many mm."""
    changed = replace(
        one,
        tumour_mm2=one.tumour_mm2 * max(1 + 2 * tumour / max(one.tumour_mm, 0.5), 0.0),
        tumour_mm=max(one.tumour_mm + 2 * tumour, 0.0),
        indentation_mm=one.indentation_mm + tumour,
        sac_loss=one.sac_loss - REFERENCE_LEFT * 4 * sac / max(one.sac_mm, 1.0),
        csf_pool_mm2=max(one.csf_pool_mm2 * (1 + (sac - cord) / max(one.csf_pool_mm, 0.5)), 0.0),
        csf_pool_mm=max(one.csf_pool_mm + sac - cord, 0.0),
    )
    if one.gap_mm is None or one.cord_mm is None:
        return changed
    return replace(
        changed,
        gap_mm=max(one.gap_mm - tumour - cord, 0.0),
        mscc=None if one.mscc is None else one.mscc - REFERENCE_LEFT * 2 * cord / one.cord_mm,
        cord_loss=None if one.cord_loss is None else one.cord_loss - REFERENCE_LEFT * 4 * cord / one.cord_mm,
        shift_mm=None if one.shift_mm is None else max(one.shift_mm + shift, 0.0),
    )


def half_pixel_off(one: SliceMeasures, edge: str, step: float) -> SliceMeasures:
    """The slice with one edge moved by a signed step of half a pixel, and all that moves with it (ours).

    The wall of the sac goes along with tumour where tumour lies on it. A cord that is pressed flatter loses in one
    diameter, and as large a share of its area. Masks between which no pixel is left may be half a pixel apart before
    an edge is moved, since a film of CSF so thin holds the middle of no pixel.
    """
    moved = _film(perturbed(one, **{edge: step}), edge, step)
    if edge == "tumour":
        moved = replace(moved, sac_loss=one.sac_loss + _wall_under_tumour(one) * 4 * step / max(one.sac_mm, 1.0))
    if one.gap_mm is None or one.cord_mm is None:
        return moved
    if edge == "cord":
        less = 2 * step / one.cord_mm
        moved = replace(
            moved,
            mscc=None if one.mscc is None else one.mscc - less,
            cord_loss=None if one.cord_loss is None else one.cord_loss - less,
        )
    opens = edge in ("tumour", "cord") and step < 0
    return replace(moved, gap_mm=max(one.gap_mm, -step) - step) if opens else moved


def _wall_under_tumour(one: SliceMeasures) -> float:
    """Share of the wall of the sac that tumour lies on: its length, by area and thickness, round a circular sac."""
    return min(one.tumour_mm2 / max(one.tumour_mm * np.pi * one.sac_mm, 1e-6), 1.0)


def _film(one: SliceMeasures, edge: str, step: float) -> SliceMeasures:
    """The slice with the film of CSF that opens all round where the sac grows or the cord shrinks."""
    opens = {"sac": step, "cord": -step}.get(edge, 0.0) > 0
    return replace(one, csf_ring=1.0) if opens and one.csf_ring is not None else one
