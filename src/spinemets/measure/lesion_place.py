"""Where in the body a lesion lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_view import BodyView


@dataclass(frozen=True)
class LesionPlace:
    """Where the lesions of a body lie.

    Attributes
    ----------
    from_front : Finding
        Of their centroid along the depth of the body: 0 at the front, 1 at the back.
    to_endplate : Finding
        From their surface to the nearer endplate, as a share of the body's height; 0 where they touch it.
    """

    from_front: Finding
    to_endplate: Finding


def lesion_place(view: BodyView) -> LesionPlace:
    """Place of all that is lesion in a body (`clinical.md` §1.7, X14); descriptive only."""
    found = np.argwhere(view.lesion & view.body)
    if not len(found):
        reason = NotAssessed(Reason.MISSING_MASK, "no part of the lesion lies in the body")
        return LesionPlace(reason, reason)
    front = np.flatnonzero(view.body.any(axis=(0, 2)))
    depth = max(float(front[-1] - front[0]), 1.0)
    place = float((front[-1] - found[:, 1].mean()) / depth)
    error = view.voxel_mm / depth
    gaps = []
    for right, ahead in {(int(i), int(j)) for i, j, _ in found}:
        body, own = np.flatnonzero(view.body[right, ahead]), np.flatnonzero((view.lesion & view.body)[right, ahead])
        gaps.append(min(own[0] - body[0], body[-1] - own[-1]))
    height = float(np.ptp(np.flatnonzero(view.body.any(axis=(0, 1))))) + 1
    gap, gap_error = min(gaps) / height, view.voxel_mm / height
    return LesionPlace(
        Measured.fraction(place, error, "centroid along the depth of the body"),
        Measured(gap, "1", max(gap - gap_error, 0.0), gap + gap_error, "least distance to an endplate by the height"),
    )
