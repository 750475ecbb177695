"""What the masks say about each vertebra's name: the network's word, ribs, gaps, the sacrum."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.geometry import Grid, resample
from spinemets.inference.instances import NEIGHBOURS_APART, Instances
from spinemets.inference.levels import VertebraEvidence
from spinemets.inference.locate import Located
from spinemets.inference.locator_classes import LOCATOR_CLASSES
from spinemets.inference.parts import CLASS
from spinemets.inference.votes import body_diameter_mm
from spinemets.volume import Volume

RIB_REACH_MM = 9.0
"""A rib that comes this close to a body or pedicle articulates with it (ours)."""
RIB_LEAST_ML = 0.25
"""Less rib than this within reach is none (ours)."""
SIDE_MARGIN_MM = 25.0
"""Ribs can be judged only where the image reaches this far beyond the body on both sides (ours)."""
UPPER_END_MM = 45.0
"""More image than this above the centre of the highest vertebra, and that is the first one (ours: two
cervical vertebrae and a half, so that one that was missed at the edge does not look like the end)."""
THORACIC_COUNT = 12
"""Vertebrae that bear ribs, in all but a few people (`levels.P_T13`, `levels.P_NO_T12`)."""
GAP_RATIO = 1.65
"""Neighbouring centres further apart than this times the usual have a vertebra missing between them (ours)."""
USUAL_APART = 0.9
"""Of the wider body's diameter, where there are no others to compare with (Panjabi: 0.8 to 1.0 from C3 to L5)."""


def gather_evidence(
    grid: Grid, classes: NDArray[np.uint8], instances: Instances, located: Located
) -> list[VertebraEvidence]:
    """Evidence for every vertebra, from head to foot; ribs as either network sees them, on CT only."""
    spacing = float(grid.spacing_mm[0])
    body = classes == CLASS["body"]
    diameters = [body_diameter_mm(centre, body, spacing) for centre in instances.centres]
    gaps = missing_between(instances.centres * spacing, diameters)
    coarse_rib = Volume(located.probability[LOCATOR_CLASSES.index("rib")], located.grid.affine)
    classes = np.where((classes == 0) & (resample(coarse_rib, grid) > 0.5), CLASS["rib"], classes)
    result = []
    for number in range(1, len(instances.centres) + 1):
        own = np.argwhere((instances.labels == number) & (classes == CLASS["body"]))
        if len(own) == 0:
            own = np.round(instances.centres[number - 1]).astype(int)[None]
        position, error = _position_at(own, grid, located)
        rib = None if located.of_mr else rib_at(number, classes, instances, spacing)
        result.append(VertebraEvidence(position, rib, gaps[number - 1], diameters[number - 1], error))
    return result


def missing_between(centres_mm: NDArray[np.float64], diameters_mm: Sequence[float]) -> list[int]:
    """For each vertebra, how many seem to be missing between it and the one above.

    Parameters
    ----------
    centres_mm : (N, 3) ndarray
        From head to foot, mm.
    diameters_mm : sequence of N float
        Of the bodies; 0 where none was measured.
    """
    gaps = [0] * len(centres_mm)
    apart = np.linalg.norm(np.diff(centres_mm, axis=0), axis=1)
    for number, distance in enumerate(apart):
        others = np.delete(apart, number)
        near = others[max(number - 2, 0) : number + 2]
        wide = max(diameters_mm[number], diameters_mm[number + 1])
        usual = float(np.median(near)) if len(near) else USUAL_APART * wide
        if usual > 0 and distance > GAP_RATIO * usual and distance > NEIGHBOURS_APART * wide:
            gaps[number + 1] = round(distance / usual) - 1
    return gaps


def _position_at(place: NDArray[np.int64], grid: Grid, located: Located) -> tuple[float | None, float]:
    """Position along the spine and scale of its error, by the locator, of some voxels (N, 3) of the grid."""
    world = place @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    index = (world - located.grid.affine[:3, 3]) @ np.linalg.inv(located.grid.affine[:3, :3]).T
    nearest = np.clip(np.round(index).astype(int), 0, np.array(located.grid.shape) - 1)
    i, j, k = np.unique(nearest, axis=0).T
    position = float(np.median(located.position[i, j, k]))
    return (position, float(np.median(located.position_error[i, j, k]))) if np.isfinite(position) else (None, np.inf)


def rib_at(number: int, classes: NDArray[np.uint8], instances: Instances, spacing_mm: float) -> bool | None:
    """Whether a rib meets a vertebra; None where the image does not show its surroundings."""
    boxes = ndimage.find_objects((instances.labels == number).astype(np.uint8))
    if not boxes:
        return None
    box = boxes[0]
    reach = round(RIB_REACH_MM / spacing_mm)
    wide = tuple(
        slice(max(axis.start - reach, 0), min(axis.stop + reach, n)) for axis, n in zip(box, classes.shape, strict=True)
    )
    near = (instances.labels[wide] == number) & np.isin(classes[wide], (CLASS["body"], CLASS["pedicle"]))
    if not near.any():
        return None
    distance = ndimage.distance_transform_edt(~near) * spacing_mm
    rib = (classes[wide] == CLASS["rib"]) & (distance <= RIB_REACH_MM)
    if rib.sum() * spacing_mm**3 / 1000 >= RIB_LEAST_ML:
        return True
    margin = SIDE_MARGIN_MM / spacing_mm
    sides = np.flatnonzero(near.any(axis=(1, 2))) + wide[0].start
    sees_sides = sides.min() >= margin and sides.max() < classes.shape[0] - margin
    along = box[2]
    sees_whole = along.start > 1 and along.stop < classes.shape[2] - 1
    return False if sees_sides and sees_whole else None


def landmarks(evidence: Sequence[VertebraEvidence], *, sacrum: bool, room_above_mm: float) -> tuple[str, ...]:
    """What in the image fixes the count of levels; empty where nothing does.

    ``sacrum`` below the last vertebra; ``first_rib`` and ``last_rib`` where vertebrae with and without a rib
    meet; ``rib_cage`` where exactly as many as most people have bear ribs in a row; ``upper_end`` where the
    spine ends inside the image, which it does at C1.

    Parameters
    ----------
    evidence : sequence of VertebraEvidence
        From head to foot.
    sacrum : bool
        Whether the sacrum lies directly below the last vertebra.
    room_above_mm : float
        Image above the centre of the highest vertebra, mm.
    """
    found = ["sacrum"] if sacrum else []
    for above, below in itertools.pairwise(evidence):
        if below.gap == 0 and above.rib is False and below.rib is True:
            found.append("first_rib")
        if below.gap == 0 and above.rib is True and below.rib is False:
            found.append("last_rib")
    rows = [0]
    for one in evidence:
        if one.gap or not one.rib:
            rows.append(0)
        rows[-1] += bool(one.rib)
    if max(rows) == THORACIC_COUNT:
        found.append("rib_cage")
    if room_above_mm > UPPER_END_MM:
        found.append("upper_end")
    return tuple(dict.fromkeys(found))


def sacrum_follows(instances: Instances, sacrum: NDArray[np.bool_], spacing_mm: float) -> bool:
    """Whether the sacrum lies directly below the lowest vertebra, within one vertebra's height."""
    if sacrum.sum() * spacing_mm**3 < 3000:
        return False
    lowest = instances.labels == len(instances.centres)
    if not lowest.any():
        return False
    heights = [float(np.argwhere(bone)[:, 2].mean()) for bone in (sacrum, lowest)]
    (box,) = ndimage.find_objects((sacrum | lowest).astype(np.uint8))
    distance = ndimage.distance_transform_edt(~sacrum[box]) * spacing_mm
    return bool(distance[lowest[box]].min() < 8.0 and heights[0] < heights[1])
