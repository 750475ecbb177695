"""The labels of an anatomy on the grid of an image made of it: the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import CanalLabel
from spinemets.geometry import Grid, resample
from spinemets.simulate.tissues import LabelledAnatomy, Tissue
from spinemets.volume import Volume


@dataclass(frozen=True)
class Masks:
    """Truth on the grid of an image: `vertebrae` VerSe ids, `subregions`, `tissue` and `canal` as `CanalLabel`."""

    vertebrae: Volume
    subregions: Volume
    tissue: Volume
    canal: Volume


def render_masks(anatomy: LabelledAnatomy, grid: Grid) -> Masks:
    """The labels of an anatomy at the points of a grid, each voxel that of the nearest point."""

    def sampled(array: NDArray[np.uint8]) -> Volume:
        values = resample(Volume(array, anatomy.affine), grid, order=0, antialias=False)
        return Volume(values.astype(np.uint8), grid.affine)

    tissue = sampled(anatomy.tissue)
    canal = np.zeros(256, np.uint8)
    canal[Tissue.CORD], canal[Tissue.CSF] = CanalLabel.CORD, CanalLabel.THECAL_SAC
    return Masks(
        sampled(anatomy.vertebra), sampled(anatomy.subregion), tissue, Volume(canal[tissue.array], grid.affine)
    )
