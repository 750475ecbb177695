"""How much of the lesions of a vertebra lies outside the bone."""

from __future__ import annotations

from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_view import STEP_MM, BodyView

OUTSIDE_MM, EDGE_MM = 2.0, 1.0
"""What lies this far from all bone is outside of it; the surface is known to so much either way (ours)."""


def beyond_bone_ml(view: BodyView) -> Finding:
    """Volume of what of the lesions lies outside the bone and nearer to this vertebra than to others, mL."""
    own = view.body | view.posterior
    if not (view.lesion.any() and own.any()):
        return NotAssessed(Reason.TOO_SMALL, "the lesions or the vertebra are too small to be told apart")
    nearest = ndimage.distance_transform_edt(~own) * STEP_MM
    others = ndimage.distance_transform_edt(~view.others) * STEP_MM if view.others.any() else nearest + 1
    loose = view.lesion & (nearest <= others)
    shifts = (OUTSIDE_MM, OUTSIDE_MM + EDGE_MM, OUTSIDE_MM - EDGE_MM)
    value, low, high = (float((loose & (nearest > far) & (others > far)).sum()) * STEP_MM**3 / 1000 for far in shifts)
    return Measured(value, "mL", low, high, f"voxels of the lesions more than {OUTSIDE_MM:g} mm from all bone")
