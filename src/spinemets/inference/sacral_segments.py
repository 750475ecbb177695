"""Segments of the sacrum that were taken for vertebrae, as on MR, where discs are left between them.

The spine grows wider from level to level down to L5; the sacrum narrows from its upper end on. The body of S1 is about
50 mm wide and 33 mm deep at its upper end (`clinical.md` §3.1), and some 36 mm wide where it meets S2, between its
foramina: half of the area of its upper end, and two thirds of that of L5 at half of its height.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.inference.instances import END_VOXELS, Instances

OF_ABOVE = 0.82
"""A segment of the sacrum has less than this of the cross-section of the body above (ours: between the two thirds of S1
and a little over 1, as from level to level from C3 to L5)."""
TAPER = 0.75
"""And the lower third of the first one less than this of its upper third (ours: half for S1, 0.95 to 1.1 for lumbar
bodies)."""
MOST_SEGMENTS = 5
LEAST_VOXELS = 300
"""A body of fewer, 1 ml, has no shape."""
ENDS = 0.15
"""Share of the height at either end that is left out: endplates are oblique."""


def without_sacral_segments(
    found: Instances, body: NDArray[np.bool_], beyond: NDArray[np.bool_]
) -> tuple[Instances, NDArray[np.bool_]]:
    """Vertebrae without lowest ones that are segments of the sacrum, and the voxels of these.

    Parameters
    ----------
    found : Instances
        What look like vertebrae.
    body : (I, J, K) ndarray of bool
        Voxels of bodies.
    beyond : (I, J, K) ndarray of bool
        Where there is no image; a body that it cuts is not judged by its taper.
    """
    first = _first_segment(found, body, beyond)
    if first is None:
        return found, np.zeros(body.shape, dtype=bool)
    segments = found.labels > first
    return Instances(np.where(segments, 0, found.labels).astype(np.uint8), found.centres[:first]), segments


def _first_segment(found: Instances, body: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> int | None:
    """Index from head to foot of the highest segment of the sacrum among the vertebrae; None where there is none."""
    count = len(found.centres)
    section = {n: cross_sections(found, body, n) for n in range(max(count - MOST_SEGMENTS - 1, 0), count)}
    for first in range(max(count - MOST_SEGMENTS, 1), count):
        above, own = section[first - 1], section[first]
        if above is None or own is None or _is_cut(found.labels == first + 1, beyond):
            continue
        upper, middle, lower = own
        if middle >= OF_ABOVE * above[1] or lower >= TAPER * upper:
            continue
        below = [part[1] for n in range(first + 1, count) if (part := section[n]) is not None]
        if all(one < middle for one in below):
            return first
    return None


def cross_sections(found: Instances, body: NDArray[np.bool_], index: int) -> tuple[float, float, float] | None:
    """Area across the spine at 5/6, 1/2 and 1/6 of the height of a body, voxels; None of what is too little bone.

    By a straight line through the areas, since those of a few planes alone are rough.
    """
    box = ndimage.find_objects((found.labels == index + 1).astype(np.uint8))
    if len(found.centres) < 2 or not box:
        return None
    place = np.argwhere((found.labels[box[0]] == index + 1) & body[box[0]])
    if len(place) < LEAST_VOXELS:
        return None
    last = len(found.centres) - 1
    upwards = found.centres[max(index - 1, 0)] - found.centres[min(index + 1, last)]
    height = place @ (upwards / np.linalg.norm(upwards))
    low, high = np.quantile(height, [0.02, 0.98])
    area, edges = np.histogram(height, np.arange(low - 0.5, high + 1.0))
    at = (edges[:-1] + 0.5 - low) / max(high - low, 1.0)
    inner = (at > ENDS) & (at < 1 - ENDS)
    if inner.sum() < 3:
        return None
    slope, start = np.polyfit(at[inner], area[inner], 1)
    return float(start + 5 / 6 * slope), float(start + slope / 2), float(start + slope / 6)


def _is_cut(own: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> bool:
    """Whether a piece reaches the lower end of the image."""
    box = ndimage.find_objects(own.astype(np.uint8))
    if not box:
        return True
    low = box[0][2].start
    if low < END_VOXELS:
        return True
    bottom = own[:, :, low : low + 2].any(axis=2)
    return bool(beyond[:, :, low - END_VOXELS][bottom].any())
