"""Lesions of a mask, vertebra by vertebra: how large, how dense, and which parts they take.

Destroyed bone counts as bone: a body is the union of its mask and the lesion that lies in it, since networks and
readers tend to leave destroyed bone out of a vertebra mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Level
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.label_boxes import label_boxes
from spinemets.measure.enclosure import enclosed
from spinemets.measure.lesion_pieces import NEAR_MM, LesionType, lesion_owners, separate, type_of, widened
from spinemets.measure.region_labels import IN_BODY, RegionLabel
from spinemets.volume import Volume

LEAST_VOXELS = 10
LEAST_ACROSS = 3
"""A lesion of fewer voxels, or narrower than so many, is too small to be measured (`clinical.md` §1, [D])."""
EDGE_SHARE = 0.5
"""Half width of the 90 % interval of a volume: its surface moved by this share of a voxel (ours; set on simulated
lesions)."""


@dataclass(frozen=True)
class Lesion:
    """One lesion in one vertebra.

    Attributes
    ----------
    level : Level
        The vertebra.
    type : LesionType
        By the labels of its voxels.
    volume_ml : Finding
        Of the part in this vertebra, ml.
    body_fraction : Finding
        Share of the body that it takes, destroyed bone counted.
    regions : mapping of str to Finding
        Share of each part that it takes, by `RegionLabel.report_name`; parts that it does not touch are left out.
    mean_hu, p99_hu : Finding
        Mean and 99th percentile of the CT within it.
    diameter_mm : Finding
        Of a ball as large.
    """

    level: Level
    type: LesionType
    volume_ml: Finding
    body_fraction: Finding
    regions: Mapping[str, Finding]
    mean_hu: Finding
    p99_hu: Finding
    diameter_mm: Finding


def lesions_by_level(
    lesions: Volume, vertebrae: Volume, regions: Volume, ct: Volume | None = None
) -> dict[Level, tuple[Lesion, ...]]:
    """Lesions of every vertebra of a mask, the largest first.

    Parameters
    ----------
    lesions : Volume
        `LesionLabel` values.
    vertebrae, regions : Volume
        VerSe ids and `RegionLabel` on the same grid.
    ct : Volume, optional
        HU on the same grid.

    Returns
    -------
    mapping of Level to tuple of Lesion
        Every level of the mask; an empty tuple where nothing was found there.
    """
    result: dict[Level, tuple[Lesion, ...]] = {}
    owner = lesion_owners(lesions, vertebrae)
    for number, box in enumerate(label_boxes(vertebrae.array.astype(np.uint8, copy=False)), start=1):
        level = LEVEL_OF_VERSE_ID.get(number)
        if box is None or level is None:
            continue
        wide = widened(box, vertebrae, NEAR_MM + 2)
        part = _Part(
            level,
            owner[wide] == number,
            lesions.array[wide],
            _filled_regions(regions.array[wide], vertebrae.array[wide] == number, owner[wide] == number),
            None if ct is None else ct.array[wide],
            vertebrae.spacing_mm,
            vertebrae.voxel_volume_mm3,
        )
        result[level] = _lesions_of(part)
    return result


@dataclass(frozen=True, eq=False)
class _Part:
    """What surrounds one vertebra: its lesions' voxels, labels, regions and HU."""

    level: Level
    own: NDArray[np.bool_]
    labels: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    ct: NDArray[np.float32] | None
    spacing_mm: NDArray[np.float64]
    voxel_mm3: float


def _filled_regions(regions: NDArray[np.uint8], own: NDArray[np.bool_], lesion: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Regions of one vertebra, those of lesion voxels that its mask leaves out taken from the nearest labelled voxel.

    Only what its own mask encloses in its convex outline is filled: a mass beyond the bone is no part of it.
    """
    result = np.where(own, regions, 0).astype(np.uint8)
    outside = lesion & (result == 0)
    if not outside.any() or not (result > 0).any():
        return result
    nearest = ndimage.distance_transform_edt(result == 0, return_distances=False, return_indices=True)
    candidate = result[tuple(axis[outside] for axis in nearest)]
    result[outside] = np.where(enclosed(own)[outside], candidate, 0)
    return result


def _lesions_of(part: _Part) -> tuple[Lesion, ...]:
    return tuple(_measured(part, piece) for piece in separate(part.own))


def _measured(part: _Part, lesion: NDArray[np.bool_]) -> Lesion:
    count = int(lesion.sum())
    kind = type_of(part.labels[lesion])
    box = ndimage.find_objects(lesion.astype(np.uint8))[0]
    if count < LEAST_VOXELS or min(axis.stop - axis.start for axis in box) < LEAST_ACROSS:
        small = NotAssessed(Reason.TOO_SMALL, f"the lesion has {count} voxels; at least {LEAST_VOXELS} are needed")
        return Lesion(part.level, kind, small, small, {}, small, small, small)
    edge = _edge_voxels(lesion)
    volume = count * part.voxel_mm3 / 1000
    error = EDGE_SHARE * edge * part.voxel_mm3 / 1000
    diameter = [2 * (3 * 1000 * v / (4 * np.pi)) ** (1 / 3) for v in (volume, max(volume - error, 0.0), volume + error)]
    return Lesion(
        part.level,
        kind,
        Measured(volume, "mL", max(volume - error, 0.0), volume + error, "voxels of the lesion mask in this vertebra"),
        _fraction(part, lesion, IN_BODY, "the body, destroyed bone counted"),
        _regions(part, lesion),
        *_density(part, lesion),
        Measured(diameter[0], "mm", diameter[1], diameter[2], "of a ball of the same volume"),
    )


def _edge_voxels(mask: NDArray[np.bool_]) -> float:
    """Voxels at the surface of a mask, half of them inside."""
    return float((mask & ~ndimage.binary_erosion(mask)).sum())


def _fraction(part: _Part, lesion: NDArray[np.bool_], labels: tuple[int, ...], what: str) -> Finding:
    region = np.isin(part.regions, labels)
    total = int(region.sum())
    if total < LEAST_VOXELS:
        return NotAssessed(Reason.TOO_SMALL, f"{what} has {total} voxels; at least {LEAST_VOXELS} are needed")
    taken = lesion & region
    value = float(taken.sum() / total)
    error = EDGE_SHARE * float((taken & ~ndimage.binary_erosion(lesion, border_value=1)).sum()) / total
    method = f"voxels of the lesion by voxels of {what}"
    return Measured.fraction(value, error, method)


def _regions(part: _Part, lesion: NDArray[np.bool_]) -> dict[str, Finding]:
    touched = {int(label) for label in np.unique(part.regions[lesion]) if label}
    found: dict[str, Finding] = {}
    for label in RegionLabel:
        if label in touched:
            labels = IN_BODY if label is RegionLabel.BODY else (label,)
            found[label.report_name] = _fraction(part, lesion, labels, f"the {label.report_name.replace('_', ' ')}")
    return found


def _density(part: _Part, lesion: NDArray[np.bool_]) -> tuple[Finding, Finding]:
    if part.ct is None:
        reason = NotAssessed(Reason.MISSING_SEQUENCE, "there is no CT")
        return reason, reason
    core = ndimage.binary_erosion(lesion)
    values = part.ct[core if core.sum() >= LEAST_VOXELS else lesion].astype(np.float64)
    mean, error = float(values.mean()), 1.64 * float(values.std()) / np.sqrt(len(values))
    where = "a voxel inside the lesion" if core.sum() >= LEAST_VOXELS else "the lesion"
    top = float(np.percentile(values, 99))
    return (
        Measured(mean, "[hnsf'U]", mean - error, mean + error, f"mean of {where}"),
        Measured(top, "[hnsf'U]", float(np.percentile(values, 97)), float(values.max()), f"99th percentile of {where}"),
    )
