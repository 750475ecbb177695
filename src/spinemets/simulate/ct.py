"""A CT image of a labelled anatomy: what the scanner would have made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LEVEL_OF_VERSE_ID
from spinemets.geometry import Grid, resample
from spinemets.simulate.bone_surface import Cortex, add_cortex
from spinemets.simulate.ct_acquisition import CtAcquisition, acquisition_grid, random_acquisition
from spinemets.simulate.ct_disease import with_disease
from spinemets.simulate.disease import Disease
from spinemets.simulate.tissue_values import (
    AFTER_CONTRAST,
    CORTEX_MM,
    CT_NUMBER,
    MARROW_RISE_HU,
    MARROW_SHARE,
    MARROW_TEXTURE_HU,
    level_share,
    trabecular_hu,
)
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.volume import Volume

HU_RANGE = (-1024, 3071)
"""What 12 bits of a scanner hold."""

CHUNK = 24
"""Slices made at once, to bound the memory."""


def render_ct(
    anatomy: LabelledAnatomy, seed: int, acquisition: CtAcquisition | None = None, disease: Disease | None = None
) -> Volume:
    """CT image of an anatomy, int16 HU.

    Parameters
    ----------
    anatomy : LabelledAnatomy
        The patient; the finer its voxels, the truer the partial volumes.
    seed : int
        Of densities, texture and noise.
    acquisition : CtAcquisition, optional
        How it is scanned; `random_acquisition` of the seed when left out.
    disease : Disease, optional
        What is wrong with the patient; `anatomy` must then be the disease's own. Without it the image is, byte by
        byte, that of a healthy patient.

    Returns
    -------
    Volume
        On `acquisition_grid`; -1024 where the turned stack leaves the anatomy.

    Raises
    ------
    ValueError
        If the anatomy is not that of the disease.
    """
    scan = acquisition or random_acquisition(seed)
    if disease is not None:
        if disease.anatomy is not anatomy:
            raise ValueError(f"{anatomy.name} is not the anatomy of the disease; render disease.anatomy")
        scan = replace(scan, age=max(scan.age, disease.least_age))
    rng = np.random.default_rng([seed, 0xC8])
    hu, cortex = attenuation(anatomy, scan, rng)
    source = Volume(hu if disease is None else with_disease(hu, disease, scan.phase, cortex), anatomy.affine)
    grid = acquisition_grid(anatomy, scan)
    image = np.empty(grid.shape, np.int16)
    for start in range(0, grid.shape[2], CHUNK):
        stop = min(start + CHUNK, grid.shape[2])
        slices = averaged_slices(source, grid, start, stop)
        slices = scan.kernel.filtered(slices, scan.spacing_mm[0]) + noise(slices.shape, scan, rng)
        image[:, :, start:stop] = np.clip(np.rint(slices), *HU_RANGE)
    return Volume(image, grid.affine)


def averaged_slices(source: Volume, grid: Grid, start: int, stop: int) -> NDArray[np.float32]:
    """Slices `start` to `stop` of a grid, each the mean over its thickness."""
    thickness = float(grid.spacing_mm[2])
    parts = max(1, int(np.ceil(thickness / 1.0)))
    affine = grid.affine.copy()
    affine[:3, 2] = grid.affine[:3, 2] / parts
    affine[:3, 3] = grid.affine[:3, 3] + grid.affine[:3, 2] * (start + (0.5 / parts - 0.5))
    fine = Grid((grid.shape[0], grid.shape[1], (stop - start) * parts), affine)
    values = resample(source, fine, order=1, fill=HU_RANGE[0], antialias=False)
    return values.reshape(grid.shape[0], grid.shape[1], stop - start, parts).mean(axis=3)


def attenuation(
    anatomy: LabelledAnatomy, scan: CtAcquisition, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Cortex]:
    """HU of every voxel of the anatomy, before the scanner, and its cortex."""
    means, within = tables(scan, rng)
    image = means[anatomy.tissue]
    bone = np.isin(anatomy.tissue, [int(tissue) for tissue in CORTEX_MM])
    marrow = trabecular_hu(scan.age) * rng.normal(1.0, 0.17) + MARROW_RISE_HU[scan.phase]
    share = np.ones(256, np.float32)
    for number, level in LEVEL_OF_VERSE_ID.items():
        share[number] = level_share(level) * rng.normal(1.0, 0.05)
    relative = np.zeros(256, np.float32)
    relative[[int(tissue) for tissue in MARROW_SHARE]] = list(MARROW_SHARE.values())
    image[bone] = np.maximum(marrow * relative[anatomy.tissue[bone]] * share[anatomy.vertebra[bone]], 10.0)
    image += texture(image.shape, rng) * within[anatomy.tissue]
    return image, add_cortex(image, anatomy, bone, scan.kernel, rng)


def tables(scan: CtAcquisition, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(256,) CT number of each tissue in this patient, and its spread from place to place, HU."""
    means, within = np.full(256, 40.0, np.float32), np.zeros(256, np.float32)
    for tissue, number in {**CT_NUMBER, **AFTER_CONTRAST[scan.phase]}.items():
        means[tissue], within[tissue] = rng.normal(number.mean, number.between), number.within
    for tissue in CORTEX_MM:
        within[tissue] = MARROW_TEXTURE_HU * (0.5 + trabecular_hu(scan.age) / 226.0)
    return means, within


def texture(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of unit variance correlated over about two voxels: the inner structure of tissue."""
    grain = rng.standard_normal(shape, np.float32)
    smooth = ndimage.uniform_filter(grain, 3, mode="nearest")
    return smooth * np.float32(27.0**0.5)


def noise(shape: tuple[int, ...], scan: CtAcquisition, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of `noise_hu`, as fine as the kernel is sharp."""
    if scan.noise_hu == 0:
        return np.zeros(shape, np.float32)
    sigma = (0.9 - 0.55 * scan.sharpness) / scan.spacing_mm[0]
    grain = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), (sigma, sigma, 0.0), mode="wrap")
    return grain * np.float32(scan.noise_hu / max(float(grain.std()), 1e-6))
