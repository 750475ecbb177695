"""How dense the inside of a body is beside that of unaffected ones, lesions counted: how much is gone, how much added.

The shares of `trabecular.shares` ask every voxel to differ by two standard deviations of single voxels, which noise
makes wide. Means and percentiles of a smoothed inside tell smaller differences, and say nothing of where.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_view import BodyView
from spinemets.measure.trabecular import INNER_MM, INNER_VOXELS, Reference

LEAST_ML = 0.3
"""A smaller inside has no percentiles (ours)."""
LEAST_REFERENCE_HU = 40.0
"""Zero HU is water and not the absence of bone, so that a ratio to thin bone is as large as one likes (limit ours)."""
LOW, HIGH = 10.0, 90.0
"""Percentiles of the thinnest and of the densest part (ours)."""


@dataclass(frozen=True)
class CoreDensity:
    """Density of the inside of a body by that of its reference.

    Attributes
    ----------
    mean_ratio : Finding
        Mean by the reference's, 1 for equal; below 0 where there is gas or fat.
    low_ratio, high_ratio : Finding
        The tenth and the ninetieth percentile after a median over 3 mm, likewise.
    """

    mean_ratio: Finding
    low_ratio: Finding
    high_ratio: Finding


def core_density(view: BodyView, reference: Reference | NotAssessed) -> CoreDensity:
    """Density of the inside of a body.

    The interval is 1.64 standard errors of the mean of `LEAST_ML`, as if voxels of 1 mm were independent (ours, not
    measured; the model of the cause takes no account of it).
    """
    if isinstance(reference, NotAssessed):
        return CoreDensity(reference, reference, reference)
    inside = (view.depth_mm > max(INNER_MM, INNER_VOXELS * view.voxel_mm)) & np.isfinite(view.hu)
    if reference.mean_hu < LEAST_REFERENCE_HU:
        thin = NotAssessed(
            Reason.NO_REFERENCE,
            f"the reference has {reference.mean_hu:.0f} HU: below {LEAST_REFERENCE_HU:g} HU a ratio to it says little",
        )
        return CoreDensity(thin, thin, thin)
    if inside.sum() < 1000 * LEAST_ML:
        absent = NotAssessed(Reason.TOO_SMALL, "too little of the body lies inside its shell")
        return CoreDensity(absent, absent, absent)
    box = tuple(slice(max(a.start - 1, 0), a.stop + 1) for a in ndimage.find_objects(inside.astype(np.uint8))[0])
    smooth = ndimage.median_filter(np.where(inside, view.hu, reference.mean_hu)[box], 3)[inside[box]]
    error = 1.64 * reference.spread_hu / np.sqrt(1000 * LEAST_ML)
    names = " and ".join(map(str, reference.levels))

    def ratio(hu: float, what: str) -> Measured:
        low, value, high = ((x / reference.mean_hu) for x in (hu - error, hu, hu + error))
        return Measured(value, "1", low, high, f"{what} of the body's inside by the mean of {names}")

    low, high = (float(np.percentile(smooth, share)) for share in (LOW, HIGH))
    return CoreDensity(
        ratio(float(view.hu[inside].mean()), "mean"),
        ratio(low, f"percentile {LOW:g}"),
        ratio(high, f"percentile {HIGH:g}"),
    )
