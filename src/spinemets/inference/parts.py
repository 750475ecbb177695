"""Left and right, and the subregion labels, from classes that know no sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Subregion
from spinemets.inference.instances import Instances
from spinemets.inference.spine_classes import SPINE_CLASSES

CLASS = {name: number for number, name in enumerate(SPINE_CLASSES)}
NEAR_CANAL_MM = 12.0
"""Canal voxels this close to a vertebra's middle along the spine are its own (ours)."""

LEAST_BODY_MM3 = 100.0
"""Less of a body is none, of which a vertebra that the image cuts may show nothing: as of stray pieces (ours)."""


@dataclass(frozen=True)
class Frame:
    """Axes of one vertebra, unit vectors in an RAS+ isotropic grid, and a point of its mid-plane."""

    middle: NDArray[np.float64]
    right: NDArray[np.float64]
    front: NDArray[np.float64]
    up: NDArray[np.float64]


def frames(classes: NDArray[np.uint8], instances: Instances, spacing_mm: float) -> list[Frame]:
    """The axes of every vertebra.

    ``up`` follows the row of centres; ``front`` points from the canal, or from the posterior elements where
    no canal was found, to the body. Directions are averaged over neighbours, so that one asymmetric vertebra
    does not turn its own mid-plane.

    Parameters
    ----------
    classes : (I, J, K) ndarray of uint8
        Index into `SPINE_CLASSES`.
    instances : Instances
        Vertebrae from head to foot.
    spacing_mm : float
        Voxel edge, mm.
    """
    count = len(instances.centres)
    ups = [_direction(instances.centres, number) for number in range(count)]
    canal = np.argwhere(classes == CLASS["canal"])
    behind = [
        _behind(classes, instances, canal, number, up, NEAR_CANAL_MM / spacing_mm) for number, up in enumerate(ups)
    ]
    towards = np.array([centre - back for centre, back in zip(instances.centres, behind, strict=True)])
    result = []
    for number, up in enumerate(ups):
        near = towards[max(number - 1, 0) : number + 2]
        known = near[np.isfinite(near).all(axis=1)]
        front = known.mean(axis=0) if len(known) else np.array([0.0, 1.0, 0.0])
        front = front - (front @ up) * up
        front = front / max(float(np.linalg.norm(front)), 1e-9)
        middle = behind[number] if np.isfinite(behind[number]).all() else instances.centres[number]
        result.append(Frame(middle, np.cross(front, up), front, up))
    return result


def _direction(centres: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Unit vector towards the head along the row of centres."""
    if len(centres) == 1:
        return np.array([0.0, 0.0, 1.0])
    along = centres[max(number - 1, 0)] - centres[min(number + 1, len(centres) - 1)]
    return along / max(float(np.linalg.norm(along)), 1e-9)


def _behind(
    classes: NDArray[np.uint8],
    instances: Instances,
    canal: NDArray[np.int64],
    number: int,
    up: NDArray[np.float64],
    reach: float,
) -> NDArray[np.float64]:
    """(3,) middle of the canal at one vertebra; of its arch and spinous process where there is no canal."""
    centre = instances.centres[number]
    if len(canal):
        near = np.abs((canal - centre) @ up) < reach
        if near.sum() > 30:
            return canal[near].mean(axis=0)
    own = instances.labels == number + 1
    arch = np.argwhere(own & np.isin(classes, (CLASS["arch"], CLASS["spinous_process"])))
    return arch.mean(axis=0) if len(arch) > 30 else np.full(3, np.nan)


def subregion_labels(classes: NDArray[np.uint8], instances: Instances, frames_of: list[Frame]) -> NDArray[np.uint8]:
    """(I, J, K) `Subregion` labels of every vertebra voxel; sides are the patient's."""
    result = np.zeros(classes.shape, np.uint8)
    plain = {
        CLASS["body"]: Subregion.BODY,
        CLASS["arch"]: Subregion.ARCH,
        CLASS["spinous_process"]: Subregion.SPINOUS_PROCESS,
    }
    sided = {
        CLASS["pedicle"]: (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT),
        CLASS["transverse_process"]: (Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT),
    }
    boxes = ndimage.find_objects(instances.labels)
    for number, (frame, box) in enumerate(zip(frames_of, boxes, strict=True), start=1):
        if box is None:
            continue
        own = instances.labels[box] == number
        part = classes[box]
        index = np.moveaxis(np.indices(own.shape), 0, -1) + [axis.start for axis in box]
        is_right = (index - frame.middle) @ frame.right > 0
        target = result[box]
        for code, label in plain.items():
            target[own & (part == code)] = label
        for code, (left, right) in sided.items():
            target[own & (part == code)] = left
            target[own & (part == code) & is_right] = right
    return result


def stray_body_to_arch(part: NDArray[np.uint8], own: NDArray[np.bool_], voxel_mm3: float) -> None:
    """Make a few voxels called body, of a vertebra that shows no more of one, voxels of its arch.

    Parameters
    ----------
    part : (I, J, K) ndarray of uint8
        `Subregion` labels, changed in place.
    own : (I, J, K) ndarray of bool
        The vertebra.
    voxel_mm3 : float
        Volume of a voxel.
    """
    body = own & (part == Subregion.BODY)
    if body.sum() * voxel_mm3 < LEAST_BODY_MM3:
        part[body] = Subregion.ARCH
