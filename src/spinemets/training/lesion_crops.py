"""Crops of cached cases with diseases laid over them, drawn without end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from spinemets.anatomy import Level, Subregion
from spinemets.datasets.case import Case
from spinemets.datasets.disease_overlay import FULL, DiseaseOverlay
from spinemets.training.crops import worker_rng

LesionCrop = dict[str, Tensor]
"""``structure`` and ``vertebra`` of a `spinemets.datasets.case.Crop`, and dense ``lesion``, ``keep``, ``add`` and
``rise`` of a `DiseaseOverlay`: (S, S, S) each."""

LESION_SHARE, LOOK_ALIKE_SHARE = 0.5, 0.8
"""Crops centred near a lesion, where the patient has any, and near another finding among the rest; the rest of the rest
near a healthy vertebra (ours). With `diseased_cases.KIND_SHARE` more than two in five of all crops show a lesion."""
JITTER_SHARE = 0.16
"""A centre is moved along each axis by up to so much of the edge of the crop, so that findings lie anywhere in the
patch that is cut from its middle (ours)."""
VISIBLE_HU, VISIBLE_SHARE = 40, 0.7
"""A voxel counts as a finding where deposits add more than the one, or leave less than the other of what was there."""


@dataclass(frozen=True, eq=False)
class IllCase:
    """A healthy case, diseases drawn into it, and where to look for what: (N, 3) voxels by vertebra."""

    case: Case
    overlays: tuple[DiseaseOverlay, ...]
    lesions: tuple[tuple[NDArray[np.int16], ...], ...]
    findings: tuple[tuple[NDArray[np.int16], ...], ...]
    bodies: tuple[NDArray[np.int16], ...]

    @classmethod
    def load(cls, path: Path, overlay_paths: Sequence[Path]) -> IllCase:
        """Read a case and its diseases.

        Raises
        ------
        StudyError
            If a disease was drawn into another case.
        """
        case = Case.load(path)
        overlays = tuple(DiseaseOverlay.load(one) for one in overlay_paths)
        for one in overlays:
            one.require_case(case)
        return cls(
            case,
            overlays,
            tuple(by_vertebra(one.index, one.vertebra, one.lesion > 0) for one in overlays),
            tuple(by_vertebra(one.index, one.vertebra, is_finding(one)) for one in overlays),
            body_places(case),
        )

    def draw_centre(self, disease: int, rng: np.random.Generator, size: int) -> NDArray[np.int64]:
        """(3,) a random voxel to centre a crop of `size` on: vertebrae take turns, however large what they show is."""
        groups = self.bodies
        if self.lesions[disease] and rng.random() < LESION_SHARE:
            groups = self.lesions[disease]
        elif self.findings[disease] and rng.random() < LOOK_ALIKE_SHARE:
            groups = self.findings[disease]
        if not groups:
            return rng.integers(0, self.case.structure.shape)
        places = groups[rng.integers(len(groups))]
        reach = round(JITTER_SHARE * size)
        shift = rng.integers(-reach, reach + 1, 3)
        return places[rng.integers(len(places))].astype(np.int64) + shift

    def crop(self, disease: int, centre: NDArray[np.int64], size: int) -> LesionCrop:
        """A cube of `size` voxels round `centre` with one of the diseases."""
        overlay = self.overlays[disease]
        healthy = self.case.crop(centre, size)
        inside, at = overlay.within(np.asarray(centre) - size // 2, size)
        arrays = {"structure": healthy.structure, "vertebra": healthy.vertebra}
        for name, fill in (("lesion", 0), ("keep", FULL), ("add", 0), ("rise", 0)):
            arrays[name] = np.full((size,) * 3, fill, getattr(overlay, name).dtype)
        for name, array in arrays.items():
            array[at] = getattr(overlay, name)[inside]
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class LesionCropDataset(IterableDataset[LesionCrop]):
    """Random crops of cases, drawn by weight, each with one of its diseases.

    Parameters
    ----------
    files : sequence of (Path, float, list of Path)
        Case files, their weights, and the files of their diseases.
    crop_size : int
        Edge of a crop, voxels; larger than a patch, so that it can be turned and shrunk.
    seed : int
        Of the order; each worker and each rank adds its own number.
    """

    def __init__(self, files: Sequence[tuple[Path, float, Sequence[Path]]], crop_size: int, seed: int) -> None:
        self.files, self.crop_size, self.seed = list(files), crop_size, seed

    def __iter__(self) -> Iterator[LesionCrop]:
        rng = worker_rng(self.seed)
        cases = [IllCase.load(path, overlays) for path, _, overlays in self.files]
        weights = np.array([weight for _, weight, _ in self.files])
        weights = weights / weights.sum()
        while True:
            case = cases[int(rng.choice(len(cases), p=weights))]
            disease = int(rng.integers(len(case.overlays)))
            yield case.crop(disease, case.draw_centre(disease, rng, self.crop_size), self.crop_size)


def by_vertebra(
    index: NDArray[np.int16], vertebra: NDArray[np.uint8], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int16], ...]:
    """The chosen voxels in one group for each vertebra; what lies in none, such as a disc, is a group as well."""
    index, vertebra = index[chosen], vertebra[chosen]
    return tuple(index[vertebra == number] for number in np.unique(vertebra))


def is_finding(overlay: DiseaseOverlay) -> NDArray[np.bool_]:
    """Voxels of look-alikes and of fractures: changed to the eye, no lesion, in no vertebra that has one."""
    changed = (overlay.keep < VISIBLE_SHARE * FULL) | (np.abs(overlay.add) > VISIBLE_HU)
    return changed & (overlay.lesion == 0) & ~np.isin(overlay.vertebra, overlay.vertebra[overlay.lesion > 0])


def body_places(case: Case) -> tuple[NDArray[np.int16], ...]:
    """Voxels of every vertebral body of a case, every third along each axis."""
    part = (slice(1, None, 3),) * 3
    vertebra = np.where(case.structure[part] == Subregion.BODY, case.vertebra[part], 0)
    vertebra[vertebra == Level.SACRUM.verse_id] = 0
    index = (np.argwhere(vertebra > 0) * 3 + 1).astype(np.int16)
    return by_vertebra(index, vertebra[vertebra > 0], np.ones(len(index), bool))
