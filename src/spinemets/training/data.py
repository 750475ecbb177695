"""Where training cases come from, for Lightning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import lightning
import torch
from torch.utils.data import DataLoader, IterableDataset

from spinemets.datasets.diseased_cases import DiseaseDraws
from spinemets.datasets.folder import folder_cases
from spinemets.datasets.label_maps import training_cases
from spinemets.datasets.simulated import simulated_cases
from spinemets.datasets.splits import TRAINING_LABEL_MAPS
from spinemets.training.crops import Crop, CropDataset
from spinemets.training.lesion_crops import LesionCropDataset

Files = list[tuple[Path, float]]


class CaseSource(Protocol):
    """Something that knows where training cases come from."""

    def paths(self) -> list[tuple[Path, float]]:
        """Cache files, each with its weight in the draw; made now where they are missing."""
        ...


class SimulatedSource:
    """Parametric patients of the seeds of one split.

    Parameters
    ----------
    cache : str
        Folder of the case files.
    count : int
        How many patients.
    split : str
        ``train``, ``validation`` or ``test``.
    weight : float
        Of all of them together in the draw.
    """

    def __init__(self, cache: str, count: int = 64, split: str = "train", weight: float = 1.0) -> None:
        self.cache, self.count, self.split, self.weight = Path(cache), count, split, weight

    def paths(self) -> list[tuple[Path, float]]:
        """Cache files and weights."""
        files = list(simulated_cases(self.cache, self.split, self.count))
        return [(path, self.weight / len(files)) for path in files]


class LabelMapSource:
    """Anatomy grown from real label maps.

    Parameters
    ----------
    root : str
        Folder of the label maps.
    cache : str
        Folder of the case files.
    variants : int
        Surroundings invented for each map.
    weight : float
        Of all of them together in the draw.
    torso_share : float
        Part of that weight which goes to maps with real ribs and organs.
    maps : sequence of str
        Their names; those that every network may learn from without it.
    """

    def __init__(
        self,
        root: str,
        cache: str,
        variants: int = 2,
        weight: float = 1.0,
        torso_share: float = 0.55,
        maps: Sequence[str] = TRAINING_LABEL_MAPS,
    ) -> None:
        self.root, self.cache, self.variants = Path(root), Path(cache), variants
        self.weight, self.torso_share, self.maps = weight, torso_share, tuple(maps)

    def paths(self) -> list[tuple[Path, float]]:
        """Cache files and weights."""
        files = list(training_cases(self.root, self.cache, variants=self.variants, maps=self.maps))
        torsos = [path for path in files if path.name.startswith("torso_")]
        others = [path for path in files if path not in torsos]
        shares = ((torsos, self.torso_share), (others, 1 - self.torso_share))
        return [(path, self.weight * share / len(group)) for group, share in shares for path in group]


class FolderSource:
    """Real CT with vertebra masks.

    Parameters
    ----------
    root : str
        Folder with one subfolder a case, as in `spinemets.datasets.folder`.
    cache : str
        Folder of the case files.
    weight : float
        Of all of them together in the draw.
    """

    def __init__(self, root: str, cache: str, weight: float = 1.0) -> None:
        self.root, self.cache, self.weight = Path(root), Path(cache), weight

    def paths(self) -> list[tuple[Path, float]]:
        """Cache files and weights."""
        files = list(folder_cases(self.root, self.cache))
        return [(path, self.weight / len(files)) for path in files]


class SpineData(lightning.LightningDataModule):
    """Training crops from any number of sources.

    Parameters
    ----------
    sources : mapping of str to CaseSource
        Where training cases come from.
    validation : CaseSource
        Where validation cases come from; their crops are the same in every epoch.
    crop_size : int
        Edge of a crop, voxels.
    batch_size : int
        Crops in a step, for each device.
    workers : int
        Loader processes.
    seed : int
        Of the draw.
    root : str or None
        Folder of real data, named once on the command line (``data.root=``) for the sources that read it.
    coarse : bool
        Take every second voxel of a case, for the locator.
    disease : DiseaseDraws or None
        Diseases to be drawn into every case.
    ill_crops : callable
        Makes the data set of (files with diseases, crop_size, seed) where there are some: that of the lesion network,
        or `IllSpineCropDataset` for the spine network.
    """

    def __init__(
        self,
        sources: dict[str, CaseSource],
        validation: CaseSource,
        crop_size: int = 136,
        batch_size: int = 1,
        workers: int = 1,
        seed: int = 0,
        root: str | None = None,
        coarse: bool = False,
        disease: DiseaseDraws | None = None,
        ill_crops: Callable[..., IterableDataset[Crop]] = LesionCropDataset,
    ) -> None:
        super().__init__()
        if coarse and disease is not None:
            raise ValueError("diseases are drawn at the spacing of a case; the locator takes every second voxel of one")
        self.ill_crops = ill_crops
        self.sources, self.validation, self.disease = sources, validation, disease
        self.crop_size, self.batch_size, self.workers, self.seed = crop_size, batch_size, workers, seed
        self.root, self.coarse = root, coarse

    def prepare_data(self) -> None:
        """Make missing cache files, once on each node."""
        files = [entry for source in (*self.sources.values(), self.validation) for entry in source.paths()]
        if self.disease is not None:
            self.disease.prepare([path for path, _ in files])

    def train_dataloader(self) -> DataLoader[Crop]:
        """Endless random crops."""
        files = [entry for source in self.sources.values() for entry in source.paths()]
        step = self.trainer.global_step if self.trainer is not None else 0
        return self._loader(self._crops(files, self.seed + 1000 * (step + 1)), self.workers)

    def val_dataloader(self) -> DataLoader[Crop]:
        """The same random crops every time."""
        return self._loader(self._crops(self.validation.paths(), 77), 0)

    def _crops(self, files: Files, seed: int) -> IterableDataset[Crop]:
        if self.disease is None:
            return CropDataset(files, self.crop_size, seed, self.coarse)
        ill = [(path, weight, self.disease.paths(path)) for path, weight in files]
        return self.ill_crops(ill, self.crop_size, seed)

    def _loader(self, dataset: IterableDataset[Crop], workers: int) -> DataLoader[Crop]:
        return DataLoader(
            dataset,
            batch_size=self.batch_size,
            num_workers=workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
        )
