"""Soft tissue invented around a spine: skin, fat, muscle, and something for the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image

from spinemets.measure.canal import CanalAxis
from spinemets.simulate.tissues import OTHER_BONE, Tissue

INVENTED = (
    Tissue.FAT,
    Tissue.MUSCLE,
    Tissue.SOFT_ORGAN,
    Tissue.BOWEL,
    Tissue.LIVER,
    Tissue.VEIN,
    Tissue.ARTERY,
    Tissue.LUNG,
)
"""What fills the body of a patient of whom only the vertebrae are known."""


def smooth_noise(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Gaussian noise of unit variance that varies over about `scale` voxels."""
    coarse = [max(int(np.ceil(n / scale)) + 3, 4) for n in shape]
    field = ndimage.zoom(
        rng.standard_normal(coarse).astype(np.float32),
        [n / c for n, c in zip(shape, coarse, strict=True)],
        order=3,
        mode="nearest",
    )
    field = field[tuple(slice(0, n) for n in shape)]
    return (field - field.mean()) / max(float(field.std()), 1e-6)


def add_surroundings(
    tissue: NDArray[np.uint8], axis: CanalAxis, rng: np.random.Generator, spacing_mm: float, *, invented: bool
) -> None:
    """Fill every voxel of `tissue` (in place) that is still `Tissue.AIR` and inside the body.

    Parameters
    ----------
    tissue : (I, J, K) ndarray of uint8
        `Tissue` values on an RAS+ isotropic grid; changed in place.
    axis : CanalAxis
        Where the spine runs.
    rng : Generator
        Source of everything that is invented.
    spacing_mm : float
        Voxel edge, mm.
    invented : bool
        True when only vertebrae are known: organs are invented as well, and the body's outline.
    """
    if invented:
        _outline_from_spine(tissue, axis, rng, spacing_mm)
        body = _body_round_spine(tissue, axis, rng, spacing_mm)
    else:
        body = _body_from_labels(tissue, rng, spacing_mm)
    empty = body & (tissue == Tissue.AIR)
    bone = np.isin(tissue, [*OTHER_BONE, Tissue.RIB, Tissue.SACRUM])
    near_bone = ndimage.distance_transform_edt(~bone) * spacing_mm < rng.uniform(5, 11) if bone.any() else empty & False
    spine = np.isin(tissue, [Tissue.VERTEBRAL_BODY, Tissue.POSTERIOR_ELEMENTS])
    near_spine = ndimage.distance_transform_edt(~spine) * spacing_mm < rng.uniform(3, 30 if invented else 7)
    wave = smooth_noise(tissue.shape, 20 / spacing_mm, rng)
    tissue[empty] = Tissue.FAT
    tissue[empty & (near_bone | near_spine) & (wave > -1.0)] = Tissue.MUSCLE
    tissue[empty & (wave > rng.uniform(0.8, 1.6))] = Tissue.MUSCLE
    if invented:
        _fill_with_organs(tissue, empty & ~near_spine, rng, spacing_mm)
    skin = body & (ndimage.distance_transform_edt(body) * spacing_mm < 2.2) & (tissue == Tissue.FAT)
    tissue[skin] = Tissue.SKIN


def _body_from_labels(tissue: NDArray[np.uint8], rng: np.random.Generator, spacing_mm: float) -> NDArray[np.bool_]:
    """The convex outline of what is labelled in each slice, grown by a layer of fat."""
    body = np.zeros(tissue.shape, bool)
    for k in range(tissue.shape[2]):
        layer = tissue[:, :, k] > 0
        if layer.sum() > 30:
            body[:, :, k] = convex_hull_image(layer)
    body = ndimage.gaussian_filter(body.astype(np.float32), (0, 0, 6 / spacing_mm)) > 0.5
    fat_mm = rng.uniform(6, 25)
    return ndimage.distance_transform_edt(~body, sampling=(spacing_mm, spacing_mm, 3 * spacing_mm)) < fat_mm


def _outline_from_spine(
    tissue: NDArray[np.uint8], axis: CanalAxis, rng: np.random.Generator, spacing_mm: float
) -> None:
    """Erector muscles beside and behind the canal, where nothing else is known."""
    i, j = np.ogrid[: tissue.shape[0], : tissue.shape[1]]
    width, depth = rng.uniform(18, 28, size=2)
    for k in range(tissue.shape[2]):
        ci, cj = axis.at(k)[:2]
        for side in (-1, 1):
            u = (i - ci - side * 24 / spacing_mm) * spacing_mm / width
            v = (j - cj + 28 / spacing_mm) * spacing_mm / depth
            layer = tissue[:, :, k]
            layer[(u**2 + v**2 < 1) & (layer == Tissue.AIR)] = Tissue.MUSCLE


def _body_round_spine(
    tissue: NDArray[np.uint8], axis: CanalAxis, rng: np.random.Generator, spacing_mm: float
) -> NDArray[np.bool_]:
    """An oval body with the spine towards its back."""
    half_width, half_depth = rng.uniform(60, 190), rng.uniform(60, 130)
    behind = rng.uniform(45, 70)
    i, j = np.ogrid[: tissue.shape[0], : tissue.shape[1]]
    body = np.zeros(tissue.shape, bool)
    for k in range(tissue.shape[2]):
        ci, cj = axis.at(k)[:2]
        u = (i - ci) * spacing_mm / half_width
        v = ((j - cj) * spacing_mm + behind - half_depth) / half_depth
        body[:, :, k] = np.abs(u) ** 2.4 + np.abs(v) ** 2.4 < 1
    return body | (tissue > 0)


def _fill_with_organs(
    tissue: NDArray[np.uint8], room: NDArray[np.bool_], rng: np.random.Generator, spacing_mm: float
) -> None:
    """Patches of one tissue or another, each a few centimetres wide."""
    names = rng.permutation(np.array(INVENTED))
    fields = np.stack([smooth_noise(tissue.shape, rng.uniform(18, 45) / spacing_mm, rng) for _ in names[:5]])
    patch = names[np.argmax(fields, axis=0)]
    tissue[room] = patch[room]
