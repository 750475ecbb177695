"""Crops for the spine network in which some patients are ill: collapsed bodies are to be drawn as they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from spinemets.anatomy import Subregion
from spinemets.datasets.case import Case
from spinemets.datasets.disease_overlay import FULL, DiseaseOverlay
from spinemets.training.crops import FOCUS, Crop, draw_centre, places_of, worker_rng
from spinemets.training.lesion_crops import IllCase, LesionCropDataset

ILL_SHARE = 0.5
"""Of the crops, with disease (ours)."""
NO_DEPOSIT = {"keep": (FULL, np.uint8), "add": (0, np.int16), "rise": (0, np.uint8)}
BODY_REACH_MM = 45.0
"""No voxel of a vertebral body lies further from its centre along an axis."""


class IllSpineCropDataset(LesionCropDataset):
    """Random crops of cases, drawn by weight, half of them with one of the diseases of the case."""

    def __iter__(self) -> Iterator[Crop]:
        rng = worker_rng(self.seed)
        cases = [IllCase.load(path, overlays) for path, _, overlays in self.files]
        places = [places_of(ill.case, FOCUS) for ill in cases]
        centres = [[moved_centres(ill.case, overlay) for overlay in ill.overlays] for ill in cases]
        weights = np.array([weight for _, weight, _ in self.files])
        weights = weights / weights.sum()
        while True:
            n = int(rng.choice(len(cases), p=weights))
            ill = cases[n]
            if rng.random() < ILL_SHARE:
                disease = int(rng.integers(len(ill.overlays)))
                middle = ill.draw_centre(disease, rng, self.crop_size)
                crop = ill.crop(disease, middle, self.crop_size)
                table = centres[n][disease]
            else:
                middle = draw_centre(ill.case, places[n], FOCUS, rng)
                crop, table = _healthy(ill.case, middle, self.crop_size), ill.case.centres
            crop.pop("lesion", None)
            crop["centres"] = torch.from_numpy(table - (np.asarray(middle) - self.crop_size // 2).astype(np.float32))
            yield crop


def _healthy(case: Case, middle: NDArray[np.int64], size: int) -> Crop:
    """A crop of a case as it is, with deposits that change nothing."""
    crop = case.crop(middle, size)
    result = {"structure": torch.from_numpy(crop.structure), "vertebra": torch.from_numpy(crop.vertebra)}
    for name, (value, kind) in NO_DEPOSIT.items():
        result[name] = torch.from_numpy(np.full((size,) * 3, value, kind))
    return result


def moved_centres(case: Case, overlay: DiseaseOverlay) -> NDArray[np.float32]:
    """(29, 3) body centroids of a case with a disease, voxel index by VerSe id; those of changed bodies have moved."""
    at = tuple(overlay.index.T.astype(np.int64))
    before = np.where(_is_body(case.structure[at]), case.vertebra[at], 0)
    after = np.where(_is_body(overlay.structure), overlay.vertebra, 0)
    result = case.centres.copy()
    for number in np.setdiff1d(np.unique(np.concatenate([before[before != after], after[before != after]])), 0):
        if not np.isfinite(case.centres[number]).all():
            continue
        was = _body_voxels(case, int(number))
        lost, won = overlay.index[before == number], overlay.index[after == number]
        count = len(was) - len(lost) + len(won)
        if len(was) and count > 0:
            middle = (was.sum(axis=0) - lost.sum(axis=0, dtype=np.int64) + won.sum(axis=0, dtype=np.int64)) / count
            result[number] += (middle - was.mean(axis=0)).astype(np.float32)
    return result


def _is_body(structure: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.isin(structure, (Subregion.BODY, Subregion.BODY_BORDER))


def _body_voxels(case: Case, number: int) -> NDArray[np.int64]:
    """(N, 3) voxels of one vertebral body."""
    middle, reach = np.round(case.centres[number]).astype(int), int(BODY_REACH_MM / case.spacing_mm)
    low = np.maximum(middle - reach, 0)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, np.maximum(middle + reach + 1, 0), strict=True))
    return np.argwhere((case.vertebra[box] == number) & _is_body(case.structure[box])) + low
