"""Fluid in a fractured body: as bright as CSF on T2 or STIR, dark on T1, flat, and next to an endplate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.endplates import Endplate
from spinemets.measure.signal import PartOnImage, Signal, shows, values_at
from spinemets.volume import Volume

OF_CSF = 0.75
"""Fluid has at least this share of CSF's signal (`clinical.md` §1.2, MR2, [D])."""
INSIDE_MM = 1.0
"""It is sought so far inside the surface: beyond lie the disc and CSF (ours)."""
NEAR_PLATE_MM = 6.0
"""It reaches at least so near to the plane of an endplate (ours: bone of one fracture line lies between)."""
FLAT_UP_TO = 0.6
"""Height by width of a line or a triangle, as standard deviations; a ball has 1 (ours)."""
COARSEST_MM3 = 15.0
"""With larger voxels, a little fluid is not seen (ours)."""
EDGE_SHARE = 0.5
"""Half width of the 90 % interval of a volume: its surface moved by this share of a voxel (ours)."""


def fluid_volume(
    body: PartOnImage, t1: Volume, csf: Signal | NotAssessed, muscle: Signal | NotAssessed, ends: BodyEnds
) -> Finding:
    """Volume of the largest flat pool of fluid next to an endplate, mL; 0 where there is none.

    Parameters
    ----------
    body : PartOnImage
        The body on T2 or STIR.
    t1 : Volume
        T1 in the same world, on any grid.
    csf, muscle : Signal or NotAssessed
        CSF on the same series as `body`, muscle on T1.
    ends : BodyEnds
        Endplates of the body.
    """
    if isinstance(csf, NotAssessed):
        return csf
    if isinstance(muscle, NotAssessed):
        return muscle
    voxel = body.image.voxel_volume_mm3
    if voxel > COARSEST_MM3:
        return NotAssessed(Reason.RESOLUTION, f"voxels of {voxel:.0f} mm³ do not show a little fluid")
    inside = body.depth_mm > INSIDE_MM
    places = body.image.world(np.argwhere(inside))
    if not shows(t1, places):
        return NotAssessed(Reason.OUT_OF_FIELD, f"T1 does not show the body of {ends.axes.level}")
    dark = np.full(body.image.shape, np.inf)
    dark[inside] = values_at(t1, places)
    found = [
        _largest(body.image, inside & (body.image.array >= OF_CSF * bright) & (dark <= least), ends)
        for bright, least in ((csf.value, muscle.value), (csf.high, muscle.low), (csf.low, muscle.high))
    ]
    low, high = min(a - b for a, b in found), max(a + b for a, b in found)
    method = f"largest flat pool by an endplate with {OF_CSF:g} of CSF's signal, at most muscle's on T1"
    return Measured(found[0][0], "mL", max(low, 0.0), high, method)


def _largest(image: Volume, mask: NDArray[np.bool_], ends: BodyEnds) -> tuple[float, float]:
    """Volume of the largest pool that is flat and near an endplate, and its error, mL."""
    pieces, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel())
    voxel_ml = image.voxel_volume_mm3 / 1000
    for number in sorted(range(1, count + 1), key=lambda one: -sizes[one]):
        piece = pieces == number
        if _is_flat_by_plate(image, np.argwhere(piece), ends):
            edge = float((piece & ~ndimage.binary_erosion(piece)).sum())
            return float(sizes[number]) * voxel_ml, EDGE_SHARE * edge * voxel_ml
    return 0.0, 0.0


def _is_flat_by_plate(image: Volume, index: NDArray[np.int64], ends: BodyEnds) -> bool:
    places = image.world(index)
    plate, distance = min(((one, _distance(places, one)) for one in (ends.upper, ends.lower)), key=lambda pair: pair[1])
    if distance > NEAR_PLATE_MM:
        return False
    front = (plate.front_mm - plate.back_mm) / np.linalg.norm(plate.front_mm - plate.back_mm)
    along = np.stack([plate.normal, front, np.cross(front, plate.normal)])
    of_voxel = ((along @ image.affine[:3, :3]) ** 2).sum(axis=1) / 12
    up, *across = np.sqrt((places @ along.T).var(axis=0) + of_voxel)
    return bool(up <= FLAT_UP_TO * max(across))


def _distance(places: NDArray[np.float64], plate: Endplate) -> float:
    return float(np.abs((places - plate.centre_mm) @ plate.normal).min())
