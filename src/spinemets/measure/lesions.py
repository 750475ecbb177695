"""Lesions of a mask, vertebra by vertebra: how large, how dense, and which parts they take.

Destroyed bone counts as bone: a body is the union of its mask and the lesion that lies in it, since networks and
readers tend to leave destroyed bone out of a vertebra mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
UNSIZED_FROM = 0.05
"""Share of a part that is no matter to anything (ours)."""
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
    region_ml : mapping of str to float, optional
        How much of each part it takes, ml.
    unsized : frozenset of str
        Parts of which a lesion that is too small to be measured may take `UNSIZED_FROM` or more.
    """

    level: Level
    type: LesionType
    volume_ml: Finding
    body_fraction: Finding
    regions: Mapping[str, Finding]
    mean_hu: Finding
    p99_hu: Finding
    diameter_mm: Finding
    region_ml: Mapping[str, float] = field(default_factory=dict)
    unsized: frozenset[str] = frozenset()


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
        own = owner[wide] == number
        if not own.any():
            result[level] = ()
            continue
        parts = _filled_regions(regions.array[wide], vertebrae.array[wide] == number, own)
        hu = None if ct is None else ct.array[wide]
        count = np.bincount(parts.ravel(), minlength=256)
        around = _Part(level, lesions.array[wide], parts, hu, vertebrae.voxel_volume_mm3, count)
        result[level] = tuple(_measured(around, piece) for piece in separate(own))
    return result


@dataclass(frozen=True, eq=False)
class _Part:
    """What surrounds one vertebra: labels of lesions, regions, HU; (256,) voxels of every region."""

    level: Level
    labels: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    ct: NDArray[np.float32] | None
    voxel_mm3: float
    region_voxels: NDArray[np.int64]


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


def _measured(part: _Part, lesion: NDArray[np.bool_]) -> Lesion:
    count = int(lesion.sum())
    kind = type_of(part.labels[lesion])
    box = ndimage.find_objects(lesion.view(np.uint8))[0]
    across = min(axis.stop - axis.start for axis in box)
    if count < LEAST_VOXELS or across < LEAST_ACROSS:
        detail = f"the lesion has {count} voxels and is {across} across; {LEAST_VOXELS} and {LEAST_ACROSS} are needed"
        small = NotAssessed(Reason.TOO_SMALL, detail)
        unsized = _Share.of(part.region_voxels, part.regions[box], lesion[box]).names()
        return Lesion(part.level, kind, small, small, {}, small, small, small, unsized=unsized)
    near = tuple(slice(max(axis.start - 1, 0), axis.stop + 1) for axis in box)
    piece = lesion[near]
    core = ndimage.binary_erosion(piece)
    volume = count * part.voxel_mm3 / 1000
    error = EDGE_SHARE * float(count - core.sum()) * part.voxel_mm3 / 1000
    diameter = [2 * (3 * 1000 * v / (4 * np.pi)) ** (1 / 3) for v in (volume, max(volume - error, 0.0), volume + error)]
    share = _Share.of(part.region_voxels, part.regions[near], piece)
    return Lesion(
        part.level,
        kind,
        Measured(volume, "mL", max(volume - error, 0.0), volume + error, "voxels of the lesion mask in this vertebra"),
        share.finding(IN_BODY, "the body, destroyed bone counted"),
        _regions(share),
        *_density(None if part.ct is None else part.ct[near], piece, core),
        Measured(diameter[0], "mm", diameter[1], diameter[2], "of a ball of the same volume"),
        {label.report_name: float(share.taken[label]) * part.voxel_mm3 / 1000 for label in RegionLabel},
    )


@dataclass(frozen=True, eq=False)
class _Share:
    """(256,) voxels of every region: all, those that a lesion takes, and those of them at its surface."""

    whole: NDArray[np.int64]
    taken: NDArray[np.int64]
    at_edge: NDArray[np.int64]

    @classmethod
    def of(cls, whole: NDArray[np.int64], regions: NDArray[np.uint8], lesion: NDArray[np.bool_]) -> _Share:
        """Counts of a lesion and the regions in the box round it; where the image ends it has no surface."""
        edge = lesion & ~ndimage.binary_erosion(lesion, border_value=1)
        taken, at_edge = (np.bincount(regions[where], minlength=256) for where in (lesion, edge))
        return cls(whole, taken, at_edge)

    def names(self) -> frozenset[str]:
        """Parts of which the lesion may take `UNSIZED_FROM`."""
        most = self.taken + EDGE_SHARE * self.at_edge
        enough = [label for label in RegionLabel if most[label] > 0 and most[label] >= UNSIZED_FROM * self.whole[label]]
        return frozenset(label.report_name for label in enough)

    def finding(self, labels: tuple[int, ...], what: str) -> Finding:
        """Share of some regions together that the lesion takes."""
        total, taken, at_edge = (int(count[list(labels)].sum()) for count in (self.whole, self.taken, self.at_edge))
        if total < LEAST_VOXELS:
            return NotAssessed(Reason.TOO_SMALL, f"{what} has {total} voxels; at least {LEAST_VOXELS} are needed")
        method = f"voxels of the lesion by voxels of {what}"
        return Measured.fraction(taken / total, EDGE_SHARE * at_edge / total, method)


def _regions(share: _Share) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for label in RegionLabel:
        if share.taken[label] > 0:
            labels = IN_BODY if label is RegionLabel.BODY else (label,)
            found[label.report_name] = share.finding(labels, f"the {label.report_name.replace('_', ' ')}")
    return found


def _density(
    ct: NDArray[np.float32] | None, lesion: NDArray[np.bool_], core: NDArray[np.bool_]
) -> tuple[Finding, Finding]:
    if ct is None:
        reason = NotAssessed(Reason.MISSING_SEQUENCE, "there is no CT")
        return reason, reason
    values = ct[core if core.sum() >= LEAST_VOXELS else lesion].astype(np.float64)
    mean, error = float(values.mean()), 1.64 * float(values.std()) / np.sqrt(len(values))
    where = "a voxel inside the lesion" if core.sum() >= LEAST_VOXELS else "the lesion"
    top = float(np.percentile(values, 99))
    return (
        Measured(mean, "[hnsf'U]", mean - error, mean + error, f"mean of {where}"),
        Measured(top, "[hnsf'U]", float(np.percentile(values, 97)), float(values.max()), f"99th percentile of {where}"),
    )
