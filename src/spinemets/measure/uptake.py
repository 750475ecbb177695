"""Uptake of a tracer in the lesions of a vertebra, and in unaffected bodies near it; no threshold is known for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LesionLabel, Level, nearest_levels
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.geometry import crop
from spinemets.measure.own_lesion import own_lesion
from spinemets.volume import Volume, require_same_grid

LEAST_VOXELS = 10
"""A lesion that meets fewer voxels of the PET has no uptake of its own (`clinical.md` §1, [D])."""
SEEN_FROM = 0.9
"""So much of a lesion or body lies within the PET (ours)."""
DEEP_SHARE = 0.5
"""The core of a body lies deeper than this share of the greatest depth of its vertebra: the arch is thinner (ours)."""


@dataclass(frozen=True)
class Tracer:
    """What an image of uptake is, and what it cannot show.

    Attributes
    ----------
    image, quantity : str
        For the reader of the report.
    names : tuple of str
        In the report: those that end in ``max``, ``mean`` and ``to_unaffected``, as far as the unit allows.
    silent : LesionLabel
        Lesions of this kind may take up little, so that an image without uptake clears nothing.
    """

    image: str
    quantity: str
    names: tuple[str, ...]
    silent: LesionLabel

    @property
    def caveat(self) -> str:
        """What is said of such a lesion."""
        kind = "sclerotic" if self.silent is LesionLabel.BLASTIC else "purely lytic"
        return f"; {kind} metastases may take up little, so this clears nothing"


PET = Tracer("PET", "SUV", ("suv_max", "suv_mean", "suv_to_unaffected"), LesionLabel.BLASTIC)
"""FDG: blastic metastases are often not seen (the review, l.593-595)."""
SPECT = Tracer("SPECT", "counts", ("spect_to_unaffected",), LesionLabel.LYTIC)
"""Tracers of bone: purely osteolytic lesions may be missed (the review, l.505-590); counts are no SUV, so that nothing
but their ratio is told."""


def uptake(
    level: Level,
    lesions: Volume,
    vertebrae: Volume,
    image: Volume,
    unaffected: Collection[Level],
    tracer: Tracer = PET,
) -> dict[str, Any]:
    """Uptake of all lesions of a vertebra, by name; report only.

    Parameters
    ----------
    level : Level
        The vertebra.
    lesions, vertebrae : Volume
        Lesion labels and VerSe ids on one grid.
    image : Volume
        SUV or counts in the same world, on any grid.
    unaffected : collection of Level
        Levels without lesion and fracture; the nearest one above and below are compared with.
    tracer : Tracer
        What the image shows.

    Returns
    -------
    dict of str
        The names of `tracer`: the largest value, the mean, and the mean by that of the unaffected bodies.

    Raises
    ------
    GeometryMismatchError
        If lesions and vertebrae lie on different grids.
    """
    require_same_grid(vertebrae, lesions, mask_name="the lesion mask")
    found = _measured(level, own_lesion(level, lesions, vertebrae), image, tracer)
    if not isinstance(found, dict):
        return dict.fromkeys(tracer.names, found)
    found["to_unaffected"] = _ratio(found["mean"], level, vertebrae, image, unaffected, tracer)
    return {name: found[name.split("_", 1)[1]] for name in tracer.names}


def _measured(
    level: Level, spots: Volume | None, image: Volume, tracer: Tracer
) -> dict[str, Any] | NotAssessed | NotApplicable:
    """Largest value and mean of the lesions, or why there is none."""
    if spots is None:
        return NotAssessed(Reason.MISSING_MASK, f"the vertebra mask does not hold {level}")
    mask = spots.array > 0
    if not mask.any():
        return NotApplicable("no_lesion")
    if _signal(image, spots, mask, 1) is None:
        return NotAssessed(Reason.OUT_OF_FIELD, f"the {tracer.image} does not show the lesion")
    met = len(np.unique(np.round(image.index(spots.world(np.argwhere(mask)))).astype(int), axis=0))
    if met < LEAST_VOXELS:
        return NotAssessed(Reason.TOO_SMALL, f"the lesion meets {met} voxels of the {tracer.image}")
    caveat = tracer.caveat if (spots.array == tracer.silent).sum() >= mask.sum() / 2 else ""
    largest, mean = _lesion(image, spots, mask, tracer.quantity, caveat)
    return {"max": largest, "mean": mean}


def _lesion(
    pet: Volume, spots: Volume, mask: NDArray[np.bool_], quantity: str, caveat: str
) -> tuple[Measured, Measured]:
    """Maximum and mean; the interval is that of a lesion half a voxel of the PET larger or smaller."""
    half = float(pet.spacing_mm.mean()) / 2
    reach = np.ceil(half / spots.spacing_mm).astype(int) + 1
    wide = np.pad(mask, [(int(n), int(n)) for n in reach])
    outside = ndimage.distance_transform_edt(~wide, sampling=spots.spacing_mm)
    inside = ndimage.distance_transform_edt(wide, sampling=spots.spacing_mm)
    affine = spots.affine.copy()
    affine[:3, 3] = spots.world(-reach)
    grid = Volume(wide, affine, spots.frame_of_reference)
    masks = [wide, outside <= half, inside > half]
    means, maxima = [], []
    for one in masks:
        smooth, voxels = _signal(pet, grid, one, 1), _signal(pet, grid, one, 0)
        if smooth is not None and voxels is not None:
            means.append(float(smooth.mean()))
            maxima.append(float(voxels.max()))
    return (
        Measured(maxima[0], "g/ml", min(maxima), max(maxima), f"largest {quantity} in the lesions{caveat}"),
        Measured(means[0], "g/ml", min(means), max(means), f"mean {quantity} of the lesions{caveat}"),
    )


def _ratio(
    mean: Measured, level: Level, vertebrae: Volume, pet: Volume, unaffected: Collection[Level], tracer: Tracer
) -> Finding:
    known = {one: value for one in unaffected if (value := _body(one, vertebrae, pet)) is not None and value > 0}
    near = nearest_levels(level, known)
    if not near:
        return NotAssessed(Reason.NO_REFERENCE, f"the {tracer.image} shows no unaffected body to compare {level} with")
    usual = [known[one] for one in near]
    low, high = max(mean.low, 0.0) / max(usual), max(mean.high, 0.0) / min(usual)
    names = " and ".join(map(str, near))
    value = min(max(mean.value / float(np.mean(usual)), low), high)
    method = f"mean {tracer.quantity} of the lesions by that of the bodies of {names}"
    return Measured(value, "1", low, high, method + mean.method.partition(tracer.quantity + " of the lesions")[2])


def _body(level: Level, vertebrae: Volume, pet: Volume) -> float | None:
    """Mean SUV in the core of a body; None where the mask or the PET does not show it."""
    boxes = ndimage.find_objects(vertebrae.array.astype(np.uint8, copy=False), max_label=level.verse_id)
    box = boxes[level.verse_id - 1] if len(boxes) >= level.verse_id else None
    if box is None:
        return None
    near = crop(vertebrae, [axis.start - 1 for axis in box], [axis.stop + 1 for axis in box])
    depth = ndimage.distance_transform_edt(near.array == level.verse_id, sampling=near.spacing_mm)
    values = _signal(pet, near, depth > DEEP_SHARE * depth.max(), 1)
    return None if values is None else float(values.mean())


def _signal(pet: Volume, grid: Volume, mask: NDArray[np.bool_], order: int) -> NDArray[np.float64] | None:
    """SUV at the voxels of a mask, interpolated (1) or of the nearest voxel (0); None where the PET shows too few."""
    index = np.argwhere(mask)
    if not len(index):
        return None
    at = pet.index(grid.world(index)).T
    inside = ((at >= -0.5) & (at <= np.array(pet.shape)[:, None] - 0.5)).all(axis=0)
    if inside.mean() < SEEN_FROM:
        return None
    values = ndimage.map_coordinates(pet.array.astype(np.float32), at[:, inside], order=order, mode="nearest")
    return np.asarray(values, dtype=np.float64) if np.isfinite(values).all() else None
