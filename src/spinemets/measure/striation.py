"""Dense trabeculae inside a lesion, and whether they run along the axis of the body as those of a haemangioma do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.measure.body_view import STEP_MM, BodyView
from spinemets.measure.trabecular import Reference, has_implant

EDGE_MM = 1.5
"""A lesion is looked at so far inside its surface: its edge would be a wall of dense bone (ours)."""
LEAST_ML = 0.3
"""Less of it shows no pattern (ours)."""
COARSEST_MM = 1.5
"""With larger voxels thick trabeculae, 1 to 2 mm, are not told apart (ours)."""
SPREADS = 2.0
"""Trabeculae are denser than the reference by so many standard deviations (`clinical.md` §1.6, [D])."""
LEAST_DENSE = 0.03
"""With a smaller share of dense voxels there are no trabeculae to have a direction (ours)."""
GRADIENT_MM, WINDOW_MM = 0.8, 1.5
"""Standard deviations of the smoothing of the image and of its structure tensor (ours)."""
UPRIGHT_DEG = 20.0
"""Trabeculae are vertical within this of the body's axis (`clinical.md` §1.7, X11)."""


@dataclass(frozen=True)
class Striation:
    """Dense trabeculae of a lesion.

    Attributes
    ----------
    mean_hu : Finding
        Of the lesion, its trabeculae counted.
    dense_share : Finding
        Share of it that is denser than healthy spongy bone.
    vertical_share : Finding
        Share of that which runs within `UPRIGHT_DEG` of the body's axis; chance alone gives 0.06.
    """

    mean_hu: Finding
    dense_share: Finding
    vertical_share: Finding


def striation(view: BodyView, reference: Reference | NotAssessed) -> Striation:
    """Direction of the dense voxels of all that is lesion in a body, by the structure tensor.

    Parameters
    ----------
    view : BodyView
        CT round the body; its last axis is the body's.
    reference : Reference or NotAssessed
        Healthy spongy bone.
    """
    lesion = view.lesion & view.body
    inside = (ndimage.distance_transform_edt(lesion) * STEP_MM > EDGE_MM) & np.isfinite(view.hu)
    reason = _refusal(view, lesion, inside, reference)
    if reason is not None:
        return Striation(reason, reason, reason)
    assert isinstance(reference, Reference)
    values = view.hu[inside].astype(np.float64)
    error = 1.64 * float(values.std()) / np.sqrt(len(values) / 4)
    mean = float(values.mean())
    where = f"more than {EDGE_MM:g} mm inside the lesion"
    mean_hu = Measured(mean, "[hnsf'U]", mean - error, mean + error, f"mean {where}")
    dense = inside & (view.hu > reference.mean_hu + SPREADS * reference.spread_hu)
    share = float(dense.sum()) / len(values)
    dense_share = Measured.fraction(share, _spread(share, len(values)), f"share denser than healthy bone {where}")
    if share < LEAST_DENSE:
        return Striation(mean_hu, dense_share, NotApplicable("no_dense_trabeculae"))
    upright = float((_angles_deg(view.hu, dense) <= UPRIGHT_DEG).mean())
    method = f"share of the dense bone in the lesion that runs within {UPRIGHT_DEG:g}° of the axis of the body"
    return Striation(mean_hu, dense_share, Measured.fraction(upright, _spread(upright, int(dense.sum())), method))


def _refusal(
    view: BodyView, lesion: NDArray[np.bool_], inside: NDArray[np.bool_], reference: Reference | NotAssessed
) -> NotAssessed | NotApplicable | None:
    if not lesion.any():
        return NotApplicable("no_lesion_in_body")
    if isinstance(reference, NotAssessed):
        return reference
    if has_implant(view):
        return NotAssessed(Reason.METAL, "metal or cement lies in the body")
    if view.voxel_mm > COARSEST_MM:
        return NotAssessed(Reason.RESOLUTION, f"voxels of {view.voxel_mm:.1f} mm do not show trabeculae")
    if inside.sum() * STEP_MM**3 < 1000 * LEAST_ML:
        return NotAssessed(Reason.TOO_SMALL, f"less than {LEAST_ML:g} ml of the lesion lies inside its edge")
    return None


def _spread(share: float, count: int) -> float:
    """Half width of the 90 % interval of a share, every eighth voxel taken for independent."""
    return float(1.64 * np.sqrt(share * (1 - share) / max(count / 8, 1)))


def _angles_deg(hu: NDArray[np.float32], dense: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) angle to the last axis of the direction along which the image changes least, at each dense voxel."""
    margin = int(np.ceil(3 * (GRADIENT_MM + WINDOW_MM) / STEP_MM))
    box = tuple(
        slice(max(axis.start - margin, 0), axis.stop + margin)
        for axis in ndimage.find_objects(dense.astype(np.uint8))[0]
    )
    near, asked = np.nan_to_num(hu[box]), dense[box]
    slopes = [
        ndimage.gaussian_filter(near, GRADIENT_MM / STEP_MM, order=tuple(np.eye(3, dtype=int)[n])) for n in range(3)
    ]
    tensor = np.empty((int(asked.sum()), 3, 3))
    for first in range(3):
        for second in range(first, 3):
            product = ndimage.gaussian_filter(slopes[first] * slopes[second], WINDOW_MM / STEP_MM)[asked]
            tensor[:, first, second] = tensor[:, second, first] = product
    _, directions = np.linalg.eigh(tensor)
    return np.asarray(np.degrees(np.arccos(np.clip(np.abs(directions[:, 2, 0]), 0, 1))))
