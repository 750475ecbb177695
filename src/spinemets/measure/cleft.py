"""Gas in a vertebral body: the vacuum of a bone that has died, or of the disc beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_view import BodyView
from spinemets.measure.enclosure import enclosed

GAS_HU = -200.0
"""Below this a voxel holds gas (`clinical.md` §1.1, CT3, [D])."""
LEAST_MM3 = 5.0
EDGE_MM = 1.0
"""Gas this close to the surface of the body is not looked at (`clinical.md` §1.1, CT3, [D])."""


@dataclass(frozen=True)
class Cleft:
    """Gas inside a body.

    Attributes
    ----------
    volume_ml : Finding
        Of the pieces of at least `LEAST_MM3` that stay inside.
    from_disc : bool
        Whether gas inside hangs together with gas outside.
    """

    volume_ml: Finding
    from_disc: bool


def cleft(view: BodyView) -> Cleft:
    """Gas in a body; what its mask leaves out but encloses is searched too."""
    outline = view.body | (enclosed(view.body) & ~view.posterior & ~view.others)
    inside = ndimage.distance_transform_edt(outline) > EDGE_MM
    known = np.isfinite(view.hu)
    if known[inside].mean() < 0.9 if inside.any() else True:
        reason = NotAssessed(Reason.OUT_OF_FIELD, "the image does not show the whole body")
        return Cleft(reason, from_disc=False)
    gas = known & (view.hu < GAS_HU)
    pieces, count = ndimage.label(gas, structure=np.ones((3, 3, 3)))
    own, outer, from_disc = 0.0, 0.0, False
    for number in range(1, count + 1):
        piece = pieces == number
        within = float((piece & inside).sum())
        if within < LEAST_MM3:
            continue
        if (piece & ~outline).any():
            from_disc, outer = True, outer + within
        else:
            own += within
    edge = float((gas & inside & ~ndimage.binary_erosion(gas)).sum()) / 2
    value, error = own / 1000, edge / 1000 if own else 0.0
    method = f"below {GAS_HU:g} HU, more than {EDGE_MM:g} mm inside the body, apart from gas outside"
    return Cleft(Measured(value, "mL", max(value - error, 0.0), value + error, method), from_disc)
