"""Simulated anatomy grown from label maps of real people.

A label map says where bones and organs are, not where discs, canal, cord, fat and muscle
are: these are added here by geometry, so that an image can be made of it. What is added
is a plausible stand-in, not a segmentation of the real person.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level, Subregion
from spinemets.geometry import covering_grid, resample_labels
from spinemets.measure.canal_partition import SpineOnGrid, partition_spine, spine_on_grid
from spinemets.simulate.surroundings import add_surroundings
from spinemets.simulate.tissues import LabelledAnatomy, Tissue
from spinemets.volume import Volume

DISC_REACH_MM = 7.0
"""Half the largest gap between two bodies that is filled with disc (ours)."""
CORD_END = Level.L1
"""The simulated cord ends at the upper half of this level (conus, `clinical.md` §2.4)."""


def anatomy_from_labels(
    vertebrae: Volume,
    *,
    tissues: Volume | None = None,
    subregions: Volume | None = None,
    organs_known: bool = True,
    seed: int = 0,
    spacing_mm: float = 1.5,
    name: str = "",
) -> LabelledAnatomy:
    """A patient made of a real vertebra label map.

    Parameters
    ----------
    vertebrae : Volume
        VerSe ids (26 the sacrum).
    tissues : Volume, optional
        `Tissue` values of everything else on the same grid, 0 where nothing is known. Without
        it the surroundings are invented.
    subregions : Volume, optional
        `Subregion` labels on the same grid; without it the canal-referenced partition is used.
    organs_known : bool
        False where `tissues` shows no more than discs and canal: what lies round the spine is invented.
    seed : int
        Of everything that is invented.
    spacing_mm : float
        Edge of the isotropic RAS+ voxels of the result, mm.
    name : str
        Kept with the result.

    Raises
    ------
    StudyError
        If fewer than two vertebrae have a closed foramen, so that no canal can be drawn.
    """
    grid = covering_grid(vertebrae, spacing_mm)
    ids = resample_labels(vertebrae, grid)
    spine = spine_on_grid(ids, spacing_mm, name)
    labels = partition_spine(spine, spacing_mm)
    if subregions is not None:
        labels = _merge_real_subregions(labels, resample_labels(subregions, grid), ids)
    known = np.zeros(ids.shape, np.uint8)
    if tissues is not None:
        known = resample_labels(tissues, grid)
    tissue = _tissue_of(spine, labels, known, spacing_mm)
    add_surroundings(
        tissue, spine.axis, np.random.default_rng(seed), spacing_mm, invented=tissues is None or not organs_known
    )
    centres = {level: grid.affine[:3, :3] @ c + grid.affine[:3, 3] for level, c in _body_centroids(spine, labels)}
    return LabelledAnatomy(tissue, ids, labels, grid.affine, centres, name)


def _merge_real_subregions(
    geometric: NDArray[np.uint8], real: NDArray[np.uint8], ids: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Real labels where there are any; the pedicle, which no public scheme has, from geometry inside the real arch."""
    real = np.where(real == Subregion.BODY_BORDER, Subregion.BODY, real)
    pedicle = np.isin(geometric, (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT)) & (real == Subregion.ARCH)
    merged = np.where(real > 0, real, geometric)
    return np.where(ids > 0, np.where(pedicle, geometric, merged), 0).astype(np.uint8)


def _tissue_of(
    spine: SpineOnGrid, labels: NDArray[np.uint8], known: NDArray[np.uint8], spacing_mm: float
) -> NDArray[np.uint8]:
    tissue = known.copy()
    tissue[(tissue == Tissue.VERTEBRAL_BODY) | (tissue == Tissue.POSTERIOR_ELEMENTS)] = Tissue.AIR
    _add_discs(tissue, spine, labels, spacing_mm)
    _add_canal(tissue, spine, spacing_mm)
    tissue[labels > 0] = Tissue.POSTERIOR_ELEMENTS
    tissue[labels == Subregion.BODY] = Tissue.VERTEBRAL_BODY
    tissue[spine.vertebra == Level.SACRUM.verse_id] = Tissue.SACRUM
    return tissue


def _add_discs(tissue: NDArray[np.uint8], spine: SpineOnGrid, labels: NDArray[np.uint8], spacing_mm: float) -> None:
    """Fill what lies between two neighbouring bodies: near both, and inside their joint closing."""
    order = sorted(spine.boxes, key=lambda level: level.order)
    has_sacrum = (spine.vertebra == Level.SACRUM.verse_id).any()
    pairs = list(zip(order, order[1:] + ([Level.SACRUM] if has_sacrum else []), strict=False))
    free = (labels == 0) & (spine.vertebra == 0) & ~spine.canal
    reach = DISC_REACH_MM / spacing_mm
    for upper, lower in pairs:
        centre = spine.centres[upper]
        low = np.maximum((centre - 45 / spacing_mm).astype(int), 0)
        box = tuple(slice(a, a + int(90 / spacing_mm)) for a in low)
        above = (spine.vertebra[box] == upper.verse_id) & (labels[box] == Subregion.BODY)
        below = spine.vertebra[box] == lower.verse_id
        if lower is not Level.SACRUM:
            below &= labels[box] == Subregion.BODY
        if not above.any() or not below.any():
            continue
        near = [ndimage.distance_transform_edt(~mask) <= 1.6 * reach for mask in (above, below)]
        both = above | below
        dilated = ndimage.distance_transform_edt(~both) <= reach
        closed = ndimage.distance_transform_edt(np.pad(dilated, 1, mode="edge"))[1:-1, 1:-1, 1:-1] > reach
        disc = closed & near[0] & near[1] & free[box]
        tissue[box][disc] = Tissue.DISC


def _add_canal(tissue: NDArray[np.uint8], spine: SpineOnGrid, spacing_mm: float) -> None:
    """Epidural fat, then the sac, then the cord: known cord voxels are kept, others are an ellipse."""
    known_cord = tissue == Tissue.CORD
    depth = ndimage.distance_transform_edt(spine.canal) * spacing_mm
    tissue[spine.canal] = Tissue.EPIDURAL_FAT
    tissue[depth > 1.6] = Tissue.CSF
    if known_cord.any():
        tissue[known_cord] = Tissue.CORD
        return
    end = spine.centres.get(CORD_END)
    first = -np.inf if end is None else end[2]
    for k, (ci, cj) in zip(spine.axis.k, spine.axis.centre, strict=True):
        if k < first:
            continue
        i, j = np.ogrid[: tissue.shape[0], : tissue.shape[1]]
        ellipse = ((i - ci) * spacing_mm / 4.8) ** 2 + ((j - cj) * spacing_mm / 3.4) ** 2 < 1
        layer = tissue[:, :, k]
        layer[ellipse & (layer == Tissue.CSF)] = Tissue.CORD


def _body_centroids(spine: SpineOnGrid, labels: NDArray[np.uint8]) -> list[tuple[Level, NDArray[np.float64]]]:
    result = []
    for level, box in spine.boxes.items():
        mask = spine.vertebra[box] == level.verse_id
        body = mask & (labels[box] == Subregion.BODY)
        chosen = body if body.sum() > 50 else mask
        result.append((level, np.argwhere(chosen).mean(axis=0) + [part.start for part in box]))
    return result
