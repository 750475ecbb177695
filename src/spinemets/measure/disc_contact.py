"""Lesions at a disc: how much of their surface touches its endplates, and whether they are joined through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.geometry import Grid, crop, resample
from spinemets.measure.endplate_defect import CORE_SHARE, EndplateShape, disc_area
from spinemets.volume import Volume

LEAST_VOXELS = 10
"""A lesion of fewer voxels is too small (`clinical.md` §1, [D])."""
TOUCHES_MM, TOUCHES_VOXELS = 1.0, 0.5
"""A surface touches the endplate that lies within this distance, and this share of a voxel more (ours)."""
FACING = 0.5
"""Cosine between a lesion's surface and the way to the disc from which it faces the disc (ours: 60°)."""
SMOOTHING = 0.7
"""Standard deviation, in voxels, of the smoothing of a mask before its surface is taken (ours)."""
REACH_MM = 3.0
"""A lesion belongs to a body as far as this beyond its endplates, not further into the disc (ours)."""
STEP_MM = 1.0
BODY_MM, LEAST_MM3 = 8.0, 30.0
"""Of a joined lesion, at least so much lies in each body, within this distance of the disc (ours)."""
LEAST_VOXELS_HIGH = 2.0
"""A disc lower than this many voxels may seem crossed where it is not (ours)."""
LAYERS = (0.25, 0.5, 0.75)
"""Shares of the disc's height at which a bridge is cut (ours)."""


@dataclass(frozen=True, eq=False)
class Contact:
    """The lesion of a body that lies against one of its endplates.

    Attributes
    ----------
    share : Finding
        Of its surface that faces and touches the endplate; the largest of all lesions of the body.
    columns_mm : (N, 2) ndarray
        Places of that surface to the right and front of the body's centre.
    """

    share: Finding
    columns_mm: NDArray[np.float64]


NO_COLUMNS = np.zeros((0, 2))


def contact(lesions: Volume, shape: EndplateShape, other: EndplateShape) -> Contact:
    """Share of a lesion's surface that touches an endplate.

    Parameters
    ----------
    lesions : Volume
        Lesion labels.
    shape, other : EndplateShape
        The endplate that is asked for, and the other one of the same body.
    """
    near = _round_body(lesions, shape)
    mask = near.array > 0
    index = np.argwhere(mask)
    if len(index):
        place = shape.ends.axes.coordinates(near.world(index))
        beyond = np.maximum(shape.outward_mm(place), other.outward_mm(place)) > REACH_MM
        mask[tuple(index[beyond | ~shape.covers(place[:, 0], place[:, 1], 1.2)].T)] = False
    if not mask.any():
        return Contact(NotApplicable("no_lesion_in_body"), NO_COLUMNS)
    pieces, _ = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel())[1:]
    large = [number for number, size in enumerate(sizes, start=1) if size >= LEAST_VOXELS]
    if not large:
        return Contact(NotAssessed(Reason.TOO_SMALL, f"no lesion has {LEAST_VOXELS} voxels in the body"), NO_COLUMNS)
    found = [_piece(near.with_array((pieces == number).astype(np.float32)), shape) for number in large]
    return max(found, key=lambda one: one.share.value if isinstance(one.share, Measured) else 0.0)


def _round_body(lesions: Volume, shape: EndplateShape) -> Volume:
    """The part of a mask round a body."""
    reach = np.array([shape.ends.width_mm, shape.ends.depth_mm, 60.0]) / 2 + 6.0
    corners = np.array(np.meshgrid(*[(-one, one) for one in reach])).reshape(3, -1).T
    index = lesions.index(shape.ends.axes.world(corners))
    return crop(lesions, np.floor(index.min(axis=0)) - 2, np.ceil(index.max(axis=0)) + 3)


def _piece(piece: Volume, shape: EndplateShape) -> Contact:
    """Contact of one piece; its surface is where the smoothed mask changes."""
    smooth = ndimage.gaussian_filter(np.pad(piece.array, 3), SMOOTHING)
    slopes = np.stack(np.gradient(smooth), axis=-1)
    index = np.argwhere(np.abs(slopes).max(axis=-1) > 1e-3)
    gradient = slopes[tuple(index.T)] @ np.linalg.inv(piece.affine[:3, :3])
    weight = np.linalg.norm(gradient, axis=1)
    axes = shape.ends.axes
    place = axes.coordinates(piece.world(index - 3))
    out = axes.up if shape.upper else -axes.up
    faces = -(gradient @ out) >= FACING * weight
    beyond = shape.outward_mm(place)
    reach = float(np.abs(axes.up @ piece.affine[:3, :3]).sum())
    margins = (TOUCHES_MM + (TOUCHES_VOXELS + more) * reach for more in (-0.5, 0.0, 0.5))
    low, value, high = (float(weight[faces & (beyond >= -margin)].sum() / weight.sum()) for margin in margins)
    touching = faces & (beyond >= -TOUCHES_MM - TOUCHES_VOXELS * reach)
    method = "share of the lesion's surface that faces and touches the endplate"
    return Contact(Measured(value, "1", low, high, method), place[touching, :2])


def bridge_mm2(lesions: Volume, lower_of_above: EndplateShape, upper_of_below: EndplateShape) -> Finding:
    """Cross-section, mm², of the lesion that joins two bodies through the disc between them; 0 where none does.

    Parameters
    ----------
    lesions : Volume
        Lesion labels.
    lower_of_above, upper_of_below : EndplateShape
        The endplates that face the disc.
    """
    upper, lower = lower_of_above.ends, upper_of_below.ends
    along = upper.lower.normal + lower.upper.normal
    along /= np.linalg.norm(along)
    gap = float((upper.lower.centre_mm - lower.upper.centre_mm) @ along)
    voxel = float(np.abs(along @ lesions.affine[:3, :3]).sum())
    if gap < LEAST_VOXELS_HIGH * voxel:
        detail = f"the disc is {gap:.1f} mm high, and voxels reach {voxel:.1f} mm along it"
        return NotAssessed(Reason.RESOLUTION, detail)
    grid = disc_grid(lower_of_above, upper_of_below, BODY_MM)
    mask = resample(lesions.with_array((lesions.array > 0).astype(np.uint8) * 100), grid) >= 50
    below_upper, above_lower = disc_distances(grid, lower_of_above, upper_of_below)
    pieces, count = ndimage.label(mask)
    best = 0.0
    for number in range(1, count + 1):
        piece = pieces == number
        ends = (piece & (below_upper < 0)).sum(), (piece & (above_lower < 0)).sum()
        if min(ends) * STEP_MM**3 < LEAST_MM3:
            continue
        share = above_lower / np.maximum(above_lower + below_upper, 1e-3)
        inside = piece & (below_upper >= 0) & (above_lower >= 0)
        half = STEP_MM / 2 / gap
        cuts = [float((inside & (np.abs(share - at) <= half)).sum()) * STEP_MM**2 for at in LAYERS]
        best = max(best, min(cuts))
    return disc_area(best, float(lesions.spacing_mm.max()) / 2, "narrowest cross-section of the lesion in the disc")


def disc_grid(lower_of_above: EndplateShape, upper_of_below: EndplateShape, more_mm: float) -> Grid:
    """A grid in the axes of a disc that covers it within the rims of both bodies, and so much of them above and below.

    Its axes run to the right, the front and up.
    """
    upper, lower = lower_of_above.ends, upper_of_below.ends
    up = upper.lower.normal + lower.upper.normal
    up = up / np.linalg.norm(up)
    front = upper.axes.front + lower.axes.front
    front = front - (front @ up) * up
    front = front / np.linalg.norm(front)
    rows = np.stack([np.cross(front, up), front, up])
    gap = abs(float((upper.lower.centre_mm - lower.upper.centre_mm) @ up))
    width, depth = (min(getattr(one, name) for one in (upper, lower)) for name in ("width_mm", "depth_mm"))
    reach = np.array([CORE_SHARE * width / 2, CORE_SHARE * depth / 2, gap / 2 + more_mm])
    size = 2 * np.ceil(reach / STEP_MM).astype(int) + 1
    affine = np.eye(4)
    affine[:3, :3] = rows.T * STEP_MM
    middle = (upper.lower.centre_mm + lower.upper.centre_mm) / 2
    affine[:3, 3] = middle - affine[:3, :3] @ ((size - 1) / 2)
    return Grid((int(size[0]), int(size[1]), int(size[2])), affine)


def disc_distances(
    grid: Grid, lower_of_above: EndplateShape, upper_of_below: EndplateShape
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each voxel lies below the endplate above, and above the endplate below; both are positive in the disc."""
    index = np.moveaxis(np.indices(grid.shape), 0, -1).reshape(-1, 3)
    world = index @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    first, second = (
        shape.outward_mm(shape.ends.axes.coordinates(world)).reshape(grid.shape)
        for shape in (lower_of_above, upper_of_below)
    )
    return first, second
