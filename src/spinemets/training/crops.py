"""Crops of cached cases, drawn without end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from spinemets.anatomy import Subregion
from spinemets.datasets.case import Case
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue

Crop = dict[str, Tensor]
"""``structure``, ``vertebra`` and ``centres`` of a `spinemets.datasets.case.Crop`, and ``image`` where any case of the
data set has a real one; all NaN for the cases without."""

BODIES, SACRUM = (int(Subregion.BODY),), (int(Tissue.SACRUM),)
LOOK_ALIKES = tuple(
    int(t) for t in (Tissue.RIB, Tissue.HIP, Tissue.FEMUR, Tissue.SCAPULA, Tissue.HUMERUS, Tissue.SKULL)
)
FOCUS: tuple[tuple[float, tuple[int, ...]], ...] = ((0.78, BODIES), (0.12, SACRUM), (0.06, LOOK_ALIKES))
"""Share of the crops centred near a voxel of these structures, the rest anywhere in the body (ours). Vertebrae take
turns, however large they are; the spine network sees only what surrounds the spine."""
COARSE_FOCUS: tuple[tuple[float, tuple[int, ...]], ...] = ((0.62, BODIES), (0.16, SACRUM), (0.14, LOOK_ALIKES))
"""The same for the locator, which looks everywhere."""
PLACES = 20_000
"""Voxels of a structure that crops of one case are centred on."""


class CropDataset(IterableDataset[Crop]):
    """Random crops of cases, drawn by weight.

    Parameters
    ----------
    files : sequence of (Path, float)
        Case files and their weights.
    crop_size : int
        Edge of a crop, voxels; larger than a patch, so that it can be turned and shrunk.
    seed : int
        Of the order; each worker and each rank adds its own number.
    coarse : bool
        Take every second voxel of a case, for the locator.
    """

    def __init__(self, files: Sequence[tuple[Path, float]], crop_size: int, seed: int, coarse: bool = False) -> None:
        self.files = list(files)
        self.crop_size, self.seed, self.coarse = crop_size, seed, coarse

    def __iter__(self) -> Iterator[Crop]:
        rng = worker_rng(self.seed)
        cases = [Case.load(path).halved() if self.coarse else Case.load(path) for path, _ in self.files]
        any_image = any(case.image is not None for case in cases)
        focus = COARSE_FOCUS if self.coarse else FOCUS
        places = [places_of(case, focus) for case in cases]
        weights = np.array([weight for _, weight in self.files])
        weights = weights / weights.sum()
        while True:
            n = int(rng.choice(len(cases), p=weights))
            centre = draw_centre(cases[n], places[n], focus, rng)
            structure, vertebra, centres, image = cases[n].crop(centre, self.crop_size)
            crop = {
                "structure": torch.from_numpy(structure),
                "vertebra": torch.from_numpy(vertebra),
                "centres": torch.from_numpy(centres),
            }
            if any_image:
                crop["image"] = torch.full(structure.shape, torch.nan) if image is None else torch.from_numpy(image)
            yield crop


def worker_rng(seed: int) -> np.random.Generator:
    """A generator of its own for every rank and every loader process."""
    worker = torch.utils.data.get_worker_info()
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    return np.random.default_rng([seed, rank, worker.id if worker else 0])


def places_of(case: Case, focus: Sequence[tuple[float, tuple[int, ...]]]) -> list[np.ndarray]:
    """For each structure that crops are centred on, (N, 3) voxel indices of some of it; last of anything but air."""
    rng = np.random.default_rng(0)
    result = []
    for _, codes in focus:
        found = np.flatnonzero(np.isin(case.structure, codes))
        if codes == BODIES and len(found):
            found = _as_many_of_each(found, case.vertebra.ravel()[found], rng)
        result.append(_some(found, case.structure.shape, rng))
    solid = np.flatnonzero(~np.isin(case.structure, (int(Tissue.AIR), OUTSIDE_FIELD)))
    return [*result, _some(solid, case.structure.shape, rng)]


def _as_many_of_each(found: np.ndarray, vertebra: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    ids = np.unique(vertebra)
    return np.concatenate([rng.choice(found[vertebra == one], PLACES // len(ids)) for one in ids])


def _some(found: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if len(found) > PLACES:
        found = rng.choice(found, PLACES, replace=False)
    return np.stack(np.unravel_index(found, shape), axis=1).astype(np.int32)


def draw_centre(
    case: Case,
    places: Sequence[np.ndarray],
    focus: Sequence[tuple[float, tuple[int, ...]]],
    rng: np.random.Generator,
) -> np.ndarray:
    """(3,) voxel to centre a crop on, near one of the `places_of` a case."""
    draw = rng.random()
    for (share, _), points in zip(focus, places, strict=False):
        if draw < share and len(points):
            return points[rng.integers(len(points))] + rng.integers(-24, 25, 3)
        draw -= share
    if len(places[-1]):
        return places[-1][rng.integers(len(places[-1]))]
    return rng.integers(0, case.structure.shape)
