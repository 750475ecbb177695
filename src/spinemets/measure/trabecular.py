"""Attenuation of the spongy bone inside a body, and how much of it is destroyed or sclerotic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.body_view import BodyView

CORE_MM = 4.0
"""The core of a body begins this far from its surface (`clinical.md` §1: 3 to 4 mm)."""
INNER_MM, INNER_VOXELS = 3.0, 1.25
"""Shares of destroyed and of sclerotic bone are taken this far from the surface, in millimetres and in voxels (ours):
the shell, and what it fills of a thick slice, is neither."""
LEAST_ML = 0.5
"""A core of less gives no density (ours)."""
LEAST_LESION_ML = 0.1
"""Less of a lesion inside the shell is not asked for its bone (ours)."""
SPREADS = 2.0
"""Spongy bone differs by more than so many standard deviations from the reference (`clinical.md` §1.6, [D])."""
CEMENT_HU = 1500.0
"""From here on a core holds metal or cement (`clinical.md` §1, [D]) ..."""
CEMENT_ML = 0.2
"""... if there is this much of it (ours)."""


@dataclass(frozen=True)
class Trabecular:
    """Spongy bone of one body.

    Attributes
    ----------
    mean_hu : Finding
        Of its core, lesions left out.
    spread_hu : float
        Standard deviation within the core: structure and noise together; NaN where it was not measured.
    """

    mean_hu: Finding
    spread_hu: float


def trabecular(view: BodyView) -> Trabecular:
    """Attenuation of the core of a body, lesions left out; the interval is that of a surface half a voxel off."""
    if has_implant(view):
        reason = NotAssessed(Reason.METAL, "metal or cement lies in the body")
        return Trabecular(reason, float("nan"))
    distance = view.depth_mm
    usable = np.isfinite(view.hu) & ~ndimage.binary_dilation(view.lesion, iterations=2)
    means = []
    for depth in (CORE_MM, CORE_MM - view.voxel_mm / 2, CORE_MM + view.voxel_mm / 2):
        core = (distance > depth) & usable
        if core.sum() < 1000 * LEAST_ML * (1.0 if depth == CORE_MM else 0.25):
            reason = NotAssessed(Reason.TOO_SMALL, f"less than {LEAST_ML:g} ml of spongy bone is free of lesions")
            return Trabecular(reason, float("nan"))
        means.append(float(view.hu[core].mean()))
    values = view.hu[(distance > CORE_MM) & usable]
    method = f"mean of the body more than {CORE_MM:g} mm from its surface, lesions left out"
    spread = float(values.std())
    error = 1.64 * spread / np.sqrt(len(values))
    low, high = min(means) - error, max(means) + error
    return Trabecular(Measured(means[0], "[hnsf'U]", low, high, method), spread)


def has_implant(view: BodyView) -> bool:
    """Whether metal or cement lies in the body."""
    return bool((view.body & (view.hu > CEMENT_HU)).sum() > 1000 * CEMENT_ML)


@dataclass(frozen=True)
class Reference:
    """Spongy bone that is taken for healthy.

    Attributes
    ----------
    levels : tuple of Level
        Where it was measured.
    mean_hu, spread_hu : float
        Mean and standard deviation of its voxels.
    """

    levels: tuple[Level, ...]
    mean_hu: float
    spread_hu: float

    @property
    def mean(self) -> Measured:
        """The mean with one standard deviation of single voxels to either side."""
        names = " and ".join(map(str, self.levels))
        low, high = self.mean_hu - self.spread_hu, self.mean_hu + self.spread_hu
        return Measured(self.mean_hu, "[hnsf'U]", low, high, f"mean of {names}, with one standard deviation of voxels")


def reference_for(
    level: Level, measured: Mapping[Level, Trabecular], excluded: Collection[Level]
) -> Reference | NotAssessed:
    """The nearest unaffected bodies above and below.

    Parameters
    ----------
    level : Level
        The vertebra to be compared.
    measured : mapping of Level to Trabecular
        What is known.
    excluded : collection of Level
        Fractured or diseased vertebrae.
    """
    fit = [
        other
        for other, own in measured.items()
        if isinstance(own.mean_hu, Measured) and other not in excluded and other is not level
    ]
    above = max((other for other in fit if other.order < level.order), key=lambda one: one.order, default=None)
    below = min((other for other in fit if other.order > level.order), key=lambda one: one.order, default=None)
    levels = tuple(other for other in (above, below) if other is not None)
    if not levels:
        return NotAssessed(Reason.NO_REFERENCE, f"no unaffected vertebra to compare {level} with was measured")
    means = [measured[other].mean_hu for other in levels]
    mean = float(np.mean([one.value for one in means if isinstance(one, Measured)]))
    spread = float(np.sqrt(np.mean([measured[other].spread_hu ** 2 for other in levels])))
    return Reference(levels, mean, spread)


@dataclass(frozen=True)
class Shares:
    """How much of a body's inside is not like the reference, destroyed bone counted as bone.

    Attributes
    ----------
    lytic, blastic : Finding
        Share of it below and above the reference by more than `SPREADS` standard deviations, after smoothing.
    largest_ml : float
        Volume of the largest piece of either.
    dense : Finding
        Share of it at least three standard deviations above the reference.
    lesion_lytic, lesion_blastic : Finding
        The first two, of that part of the body's lesions that lies in its inside.
    """

    lytic: Finding
    blastic: Finding
    largest_ml: float
    dense: Finding
    lesion_lytic: Finding
    lesion_blastic: Finding

    @classmethod
    def absent(cls, reason: NotAssessed) -> Shares:
        """None of them was measured, for one reason."""
        return cls(reason, reason, 0.0, reason, reason, reason)


def shares(view: BodyView, reference: Reference) -> Shares:
    """Destroyed and sclerotic shares of a body.

    A median over 3 mm comes first, so that noise and single trabeculae are neither; the limits stay those of single
    voxels, which makes them strict.
    """
    inside = (view.depth_mm > max(INNER_MM, INNER_VOXELS * view.voxel_mm)) & np.isfinite(view.hu)
    if inside.sum() < 1000 * LEAST_ML:
        reason = NotAssessed(Reason.TOO_SMALL, "too little of the body lies inside its shell")
        return Shares.absent(reason)
    mean = _smoothed(view.hu, inside, reference.mean_hu)
    low = inside & (mean < reference.mean_hu - SPREADS * reference.spread_hu)
    high = inside & (mean > reference.mean_hu + SPREADS * reference.spread_hu)
    dense = inside & (mean >= reference.mean_hu + 3 * reference.spread_hu)
    names = " and ".join(map(str, reference.levels))
    largest = max(_largest(low), _largest(high)) / 1000
    below, above = f"{SPREADS:g} below {names}", f"{SPREADS:g} above {names}"
    return Shares(
        _share(low, inside, below),
        _share(high, inside, above),
        largest,
        _share(dense, inside, f"3 above {names}"),
        _lesion_share(low, inside & view.lesion, below),
        _lesion_share(high, inside & view.lesion, above),
    )


def _smoothed(hu: NDArray[np.float32], inside: NDArray[np.bool_], other: float) -> NDArray[np.float32]:
    """Median of the 3 mm cube round each voxel, `other` for what does not lie inside: edges stay where they are."""
    box = tuple(
        slice(max(axis.start - 1, 0), axis.stop + 1) for axis in ndimage.find_objects(inside.astype(np.uint8))[0]
    )
    result = np.full(hu.shape, other, np.float32)
    result[box] = ndimage.median_filter(np.where(inside, hu, other)[box], 3)
    return result


def _largest(mask: NDArray[np.bool_]) -> float:
    pieces, count = ndimage.label(mask)
    return float(np.bincount(pieces.ravel())[1:].max()) if count else 0.0


def _share(mask: NDArray[np.bool_], whole: NDArray[np.bool_], limit: str, what: str = "the body's inside") -> Measured:
    total = float(whole.sum())
    value = float((mask & whole).sum()) / total
    error = 0.5 * float((mask & ~ndimage.binary_erosion(mask) & whole).sum()) / total
    return Measured.fraction(value, error, f"share of {what} that is more standard deviations away than {limit}")


def _lesion_share(mask: NDArray[np.bool_], lesion: NDArray[np.bool_], limit: str) -> Finding:
    if lesion.sum() < 1000 * LEAST_LESION_ML:
        detail = f"less than {LEAST_LESION_ML:g} ml of a lesion lies inside the shell of the body"
        return NotAssessed(Reason.TOO_SMALL, detail)
    return _share(mask, lesion, limit, "the lesions in the body's inside")
