"""Every vertebra divided into the parts that SINS and the fracture signs name.

Subregion labels are used where they are given (SPINEPS' scheme); else the canal-referenced partition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level, Region, Subregion
from spinemets.geometry import covering_grid, resample_labels
from spinemets.label_boxes import Box, held_box, indices_of, label_boxes
from spinemets.measure.axes import VertebraAxes, spine_axes
from spinemets.measure.canal_partition import partition_spine, spine_on_grid
from spinemets.measure.nearest_label import nearest_labels
from spinemets.measure.region_labels import RegionLabel, in_body
from spinemets.measure.vertebra_boxes import boxes_by_level
from spinemets.volume import Volume

PARTITION_SPACING_MM = 1.5
"""Grid on which the canal-referenced partition is made (ours)."""
JOINT_DEPTH_MM = 9.0
"""The rib's joint reaches this far forward from the back of the body (ours; rib heads are 8 to 12 mm)."""
JOINT_SHARE = 0.6
"""It takes the outer part of the half width beyond this share (ours)."""
FROM_SUBREGIONS, FROM_PARTITION, FROM_NETWORK = "subregions", "canal_partition", "network"

_OF_SUBREGION = {
    Subregion.BODY: RegionLabel.BODY,
    Subregion.BODY_BORDER: RegionLabel.BODY,
    Subregion.PEDICLE_LEFT: RegionLabel.PEDICLE_LEFT,
    Subregion.PEDICLE_RIGHT: RegionLabel.PEDICLE_RIGHT,
    Subregion.SUPERIOR_ARTICULAR_LEFT: RegionLabel.FACET_LEFT,
    Subregion.SUPERIOR_ARTICULAR_RIGHT: RegionLabel.FACET_RIGHT,
    Subregion.INFERIOR_ARTICULAR_LEFT: RegionLabel.FACET_LEFT,
    Subregion.INFERIOR_ARTICULAR_RIGHT: RegionLabel.FACET_RIGHT,
    Subregion.TRANSVERSE_PROCESS_LEFT: RegionLabel.TRANSVERSE_LEFT,
    Subregion.TRANSVERSE_PROCESS_RIGHT: RegionLabel.TRANSVERSE_RIGHT,
    Subregion.SPINOUS_PROCESS: RegionLabel.SPINOUS,
    Subregion.ARCH: RegionLabel.LAMINA_LEFT,
}


@dataclass(frozen=True)
class VertebraRegions:
    """The parts of every vertebra.

    Attributes
    ----------
    labels : Volume
        `RegionLabel` on the grid of the vertebra mask, 0 elsewhere.
    axes : mapping of Level to VertebraAxes
        Of every vertebra whose body was told from its posterior elements.
    source : str
        ``subregions`` or ``canal_partition``; ``network`` where a network draws parts too coarsely to share them out.
    has_facets : bool
        Whether facets were told from the lamina; the partition cannot.
    boxes : mapping of Level to tuple of slice
        The smallest box of voxels round every vertebra, from head to foot, the sacrum apart.
    """

    labels: Volume
    axes: dict[Level, VertebraAxes]
    source: str
    has_facets: bool
    boxes: Mapping[Level, Box]


def vertebra_regions(vertebrae: Volume, subregions: Volume | None = None) -> VertebraRegions:
    """Parts of every vertebra of a mask.

    Parameters
    ----------
    vertebrae : Volume
        VerSe ids.
    subregions : Volume, optional
        `Subregion` labels on the same grid.

    Raises
    ------
    StudyError
        If the labels are out of order, or, without subregions, fewer than two foramina are closed.
    """
    every = label_boxes(vertebrae.array.astype(np.uint8, copy=False))
    boxes = boxes_by_level(every)
    given = subregions if subregions is not None else _partitioned(vertebrae, every)
    labels = _regions(vertebrae, given)
    axes = spine_axes(vertebrae, vertebrae.with_array(labels), boxes)
    for level, own in axes.items():
        _divide(labels, vertebrae, given, own, boxes[level])
    facets = bool(np.isin(labels, (RegionLabel.FACET_LEFT, RegionLabel.FACET_RIGHT)).any())
    source = FROM_PARTITION if subregions is None else FROM_SUBREGIONS
    return VertebraRegions(vertebrae.with_array(labels), axes, source, facets, boxes)


def _regions(vertebrae: Volume, given: Volume) -> NDArray[np.uint8]:
    """(I, J, K) `RegionLabel` of every voxel of a vertebra by its `Subregion` alone, 0 elsewhere."""
    table = np.zeros(256, np.uint8)
    for subregion, region in _OF_SUBREGION.items():
        table[subregion] = region
    labels = np.zeros(vertebrae.shape, np.uint8)
    box = held_box(vertebrae.array.astype(np.uint8, copy=False))
    if box is not None:
        parts = given.array[box].astype(np.uint8, copy=False)
        np.copyto(labels[box], table[parts], where=vertebrae.array[box] > 0)
    return labels


def _partitioned(vertebrae: Volume, every: Sequence[Box | None]) -> Volume:
    """`Subregion` labels by the canal-referenced partition, on the grid of the mask."""
    grid = covering_grid(vertebrae, PARTITION_SPACING_MM)
    ids, boxes = resample_labels(vertebrae, grid, every), boxes_by_level(every)
    spine = spine_on_grid(ids, PARTITION_SPACING_MM)
    parts = partition_spine(spine, PARTITION_SPACING_MM)
    result = np.zeros(vertebrae.shape, np.uint8)
    to_grid = np.linalg.inv(grid.affine)
    for level, near in spine.boxes.items():
        box = boxes[level]
        own = vertebrae.array[box] == level.verse_id
        index = indices_of(own) + [axis.start for axis in box]
        place = vertebrae.world(index) @ to_grid[:3, :3].T + to_grid[:3, 3]
        result[box][own] = _nearest_part(parts, ids, level.verse_id, near, place)
    return vertebrae.with_array(result)


def _nearest_part(
    parts: NDArray[np.uint8], ids: NDArray[np.uint8], number: int, box: Box, place: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Part of the voxel of a vertebra, which lies in `box`, that lies nearest to each place."""
    wide = tuple(slice(max(axis.start - 3, 0), axis.stop + 3) for axis in box)
    own = np.where(ids[wide] == number, parts[wide], 0)
    return nearest_labels(own, np.round(place).astype(int) - [axis.start for axis in wide])


def _divide(labels: NDArray[np.uint8], vertebrae: Volume, given: Volume, axes: VertebraAxes, box: Box) -> None:
    """Sides of the lamina, the pedicle where the scheme has none, and the ribs' joints, written into `labels`."""
    own = vertebrae.array[box] == axes.level.verse_id
    index = indices_of(own)
    point = axes.coordinates(vertebrae.world(index + [axis.start for axis in box]))
    canal = axes.coordinates(axes.canal_mm[None])[0]
    label, part = labels[box][own], given.array[box][own]
    right = point[:, 0] > 0
    arch = part == Subregion.ARCH
    label[arch] = np.where(right[arch], RegionLabel.LAMINA_RIGHT, RegionLabel.LAMINA_LEFT)
    if not np.isin(part, (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT)).any():
        pedicle = arch & (point[:, 1] > canal[1])
        label[pedicle] = np.where(right[pedicle], RegionLabel.PEDICLE_RIGHT, RegionLabel.PEDICLE_LEFT)
    body = in_body(label)
    if axes.level.region is Region.THORACIC and body.any():
        joint = body & _joint(point, body)
        label[joint] = np.where(right[joint], RegionLabel.COSTOVERTEBRAL_RIGHT, RegionLabel.COSTOVERTEBRAL_LEFT)
    labels[box][own] = label


def _joint(point: NDArray[np.float64], body: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether points lie where ribs meet the body: behind, to the side, in its upper half."""
    half_width = float(np.percentile(np.abs(point[body, 0]), 97))
    back = float(np.percentile(point[body, 1], 3))
    behind = point[:, 1] < back + JOINT_DEPTH_MM
    return behind & (np.abs(point[:, 0]) > JOINT_SHARE * half_width) & (point[:, 2] > 0)
