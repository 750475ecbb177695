"""A thin dark line across a body on T1 and on T2: bone pressed together along a fracture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import Grid, resample
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.fracture_line import COARSEST_MM, THICKEST_MM, longest
from spinemets.measure.signal import STEP_MM
from spinemets.volume import Volume

DARKER_BY = 0.2
"""A line is darker by this share than what lies `THICKEST_MM` above it and below it, so that the edge of oedema is no
line (ours)."""
PLATE_MM = 1.5
"""What it is compared with lies so far inside the body: nearer, the endplate is dark as well (ours)."""
SMOOTH_MM = (1.5, 1.5, 0.5)
"""Standard deviations to the right, front and up that noise is averaged over (ours)."""


def dark_line_width(t1: Volume, t2: Volume, depth: Volume, axes: VertebraAxes) -> Finding:
    """How far the longest line that is dark on both series runs across a body, as a share of its width; 0 without one.

    Parameters
    ----------
    t1, t2 : Volume
        T1, and T2 or STIR, in the same world, on any grids; both show the body.
    depth : Volume
        Signed depth within the body, mm, on a grid along its axes, as `signed_depth` gives it.
    axes : VertebraAxes
        Of the vertebra.
    """
    steep = max(float(np.abs(axes.up @ image.affine[:3, :3]).max()) for image in (t1, t2))
    if steep > COARSEST_MM:
        detail = f"voxels {steep:.1f} mm high do not show a line thinner than {THICKEST_MM:g} mm"
        return NotAssessed(Reason.RESOLUTION, detail)
    inside = (depth.array > 0).any(axis=(1, 2))
    width = float(np.ptp(np.flatnonzero(inside))) + 1
    first, second = (_valleys(image, depth) for image in (t1, t2))
    if first is None or second is None:
        return NotAssessed(Reason.TOO_SMALL, "the body is too low to look for a line between its endplates")
    value = min(longest(first & ndimage.binary_dilation(second)) / width, 1.0)
    slices = max(float(np.abs(axes.right @ image.affine[:3, :3]).max()) for image in (t1, t2))
    method = f"longest line dark on both series, from {THICKEST_MM + PLATE_MM:g} mm off the endplates on, by the width"
    return Measured.fraction(value, slices / width, method)


def _valleys(image: Volume, depth: Volume) -> NDArray[np.bool_] | None:
    """Where an image is darker than above and below; None where no place has body on both sides."""
    signal = ndimage.gaussian_filter(resample(image, Grid.of(depth)), [one / STEP_MM for one in SMOOTH_MM])
    aside = round(THICKEST_MM / STEP_MM)
    sides = [np.roll(signal, shift, axis=2) for shift in (-aside, aside)]
    within = [np.roll(depth.array > PLATE_MM, shift, axis=2) for shift in (-aside, aside)]
    asked = within[0] & within[1] & (depth.array > PLATE_MM)
    return asked & (signal < (1 - DARKER_BY) * np.minimum(*sides)) if asked.any() else None
