"""Signal of a lesion on an MR series by that of healthy marrow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_view import BodyView
from spinemets.measure.trabecular import CORE_MM
from spinemets.volume import Volume

EDGE_MM = 1.0
"""A lesion is looked at so far inside its surface (ours)."""
SEEN_FROM = 0.9
"""So much of it, and of the marrow, lies within the image (ours)."""
LEAST_PLACES = 30


def lesion_to_marrow(image: Volume, view: BodyView, sound: Sequence[BodyView]) -> Finding:
    """Mean signal of the lesions of a body by that of the cores of unaffected bodies.

    Parameters
    ----------
    image : Volume
        MR in the same world, on any grid.
    view : BodyView
        The body with the lesion.
    sound : sequence of BodyView
        Unaffected bodies; each counts the same.
    """
    depth = ndimage.distance_transform_edt(view.lesion & view.body)
    lesion = _values(image, view, depth > EDGE_MM)
    if lesion is None:
        return NotAssessed(Reason.OUT_OF_FIELD, "the series does not show the lesion")
    marrow = [values for one in sound if (values := _values(image, one, one.depth_mm > CORE_MM)) is not None]
    usual = [float(values.mean()) for values in marrow]
    if not usual or np.mean(usual) <= 0:
        return NotAssessed(Reason.NO_REFERENCE, "the series shows no unaffected marrow to compare with")
    healthy, value = float(np.mean(usual)), float(lesion.mean())
    error = 1.64 * float(lesion.std()) / np.sqrt(max(len(lesion) / 8, 1))
    low, high = max(value - error, 0.0) / max(usual), (value + error) / min(usual)
    return Measured(value / healthy, "1", low, high, "mean of the lesion by the cores of the nearest unaffected bodies")


def _values(image: Volume, view: BodyView, mask: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Signal at the places of a mask; None where too few of them lie in the image."""
    index = np.argwhere(mask)
    if len(index) < LEAST_PLACES:
        return None
    places = np.column_stack([view.right_mm[index[:, 0]], view.front_mm[index[:, 1]], view.up_mm[index[:, 2]]])
    at = image.index(view.axes.world(places)).T
    inside = ((at >= -0.5) & (at <= np.array(image.shape)[:, None] - 0.5)).all(axis=0)
    if inside.mean() < SEEN_FROM:
        return None
    values = ndimage.map_coordinates(image.array.astype(np.float32), at[:, inside], order=1, mode="nearest")
    return np.asarray(values, dtype=np.float64)
