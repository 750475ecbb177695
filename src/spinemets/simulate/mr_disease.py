"""Disease in an MR before the scanner: what each deposit is made of; of fractures see `mr_fracture`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.simulate.disease import Deposit, Disease
from spinemets.simulate.fracture_marks import FLUID_HU
from spinemets.simulate.irregular import FLOAT, grain
from spinemets.simulate.mr_fracture import functions, lay_fluid, lay_marrow, mr_signs
from spinemets.simulate.mr_functional import matter_range
from spinemets.simulate.mr_signals import Matter
from spinemets.simulate.tissues import Tissue

GAS_HU, DENSE_HU, FAT_HU = -300.0, 200.0, 60.0
"""Of matter that is no tumour: below the first gas, above the second dense bone, and an uneven one in bone below the
third the stroma of a haemangioma (ours)."""
OF_LESION = 0.2
"""A deposit is tumour where so much of it bears a label of a lesion or of soft tissue (ours)."""
THIN_MM = 2.5
"""A deposit of soft matter in bone that is nowhere deeper is a crack; a deeper one is fatty marrow (ours)."""
REACTIVE_HU = 400.0
"""Sclerosis that adds so much has all of its signal (ours)."""
REACTIVE = (Matter.BLASTIC, Matter.OEDEMA, Matter.FATTY)
"""What reactive sclerosis may look like, each as often: Modic's types (shares ours)."""
GRAIN = 0.08
"""Standard deviation of the signal within disease, as a share of it (ours)."""


def with_mr_disease(image: FLOAT, disease: Disease, sequence: str, rng: np.random.Generator, seed: int) -> FLOAT:
    """(I, J, K) signal of the anatomy of a disease with the disease in it.

    Parameters
    ----------
    image : (I, J, K) ndarray of float32
        Signal without it, muscle being 1, on the grid of the anatomy of the disease.
    disease : Disease
        What is wrong.
    sequence : str
        One of `mr_functional.SEQUENCES`.
    rng : numpy Generator
        Of signals.
    seed : int
        Of the signs of its fractures, `mr_fracture.mr_signs`.

    Raises
    ------
    ValueError
        If the image is not on the grid of the disease.
    """
    if image.shape != disease.anatomy.tissue.shape:
        raise ValueError(f"the image has {image.shape} voxels, the disease {disease.anatomy.tissue.shape}")
    edge = float(np.linalg.norm(disease.anatomy.affine[:3, 0]))
    result = image.copy()
    signs = {one.level.verse_id: mr_signs(one, seed) for one in disease.fractures}
    for fracture in disease.fractures:
        lay_marrow(result, disease, fracture, signs[fracture.level.verse_id], sequence, rng)
    for deposit in disease.deposits:
        matter, share = matter_of(deposit, disease, edge, rng)
        own = signs.get(_vertebra_of(deposit, disease))
        low, high = matter_range(matter, sequence, None if own is None else functions(matter, own))
        signal = rng.uniform(low, high) * (1.0 + GRAIN * grain(share.shape, rng, 4.0, edge))
        result[deposit.box] += share * (np.maximum(signal, 0.0) - result[deposit.box])
    for fracture in disease.fractures:
        if signs[fracture.level.verse_id]["fluid_sign"]:
            lay_fluid(result, disease, fracture, sequence, rng)
    return result


def _vertebra_of(deposit: Deposit, disease: Disease) -> int:
    """VerSe id of the vertebra that most of a deposit lies in; 0 beside the bone."""
    return int(np.bincount(disease.anatomy.vertebra[deposit.box][deposit.share > 0.5 * deposit.share.max()]).argmax())


def matter_of(deposit: Deposit, disease: Disease, edge_mm: float, rng: np.random.Generator) -> tuple[Matter, FLOAT]:
    """What a deposit is, and the part of each voxel of its box that it fills on MR."""
    hu = np.broadcast_to(np.asarray(deposit.hu, np.float32), deposit.share.shape)
    if deposit.adds:
        share = deposit.share * np.clip(hu / REACTIVE_HU, 0.0, 1.0)
        return REACTIVE[int(rng.integers(len(REACTIVE)))], share.astype(np.float32)
    filled = deposit.share > 0.5 * deposit.share.max()
    return _matter(deposit, disease, filled, float(hu[filled].mean()), edge_mm), deposit.share


def _matter(deposit: Deposit, disease: Disease, filled: NDArray[np.bool_], hu: float, edge_mm: float) -> Matter:
    if hu < GAS_HU:
        return Matter.GAS
    ill = (disease.lesions[deposit.box] > 0) | (disease.soft_tissue[deposit.box] > 0)
    if ill[filled].mean() > OF_LESION:
        return Matter.BLASTIC if hu > DENSE_HU else Matter.LYTIC
    if hu > DENSE_HU:
        return Matter.COMPACT
    if (disease.anatomy.vertebra[deposit.box][filled] > 0).mean() > 0.5:
        if np.ndim(deposit.hu) > 0 and hu < FAT_HU:
            return Matter.FATTY
        if np.ndim(deposit.hu) == 0 and deposit.hu == FLUID_HU:
            return Matter.FLUID
        depth = float(ndimage.distance_transform_edt(np.pad(filled, 1)).max()) * edge_mm
        return Matter.CRACK if depth <= THIN_MM else Matter.FATTY
    in_disc = (disease.anatomy.tissue[deposit.box][filled] == Tissue.DISC).mean() > 0.5
    return Matter.FLUID if in_disc else Matter.BLOOD
