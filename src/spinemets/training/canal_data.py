"""Maps of axial anatomy for Lightning, drawn without end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from spinemets.datasets.canal_cases import CanalCase, simulated_canals
from spinemets.training.crops import worker_rng

CanalMap = dict[str, Tensor]
"""``codes`` and ``compressed`` of a `CanalCase`."""


class CanalSource:
    """Simulated pieces of the seeds of one split.

    Parameters
    ----------
    cache : str
        Folder of the case files.
    pieces : int
        How many patients.
    variants : int
        Tumours that each of them is drawn with.
    split : str
        ``train``, ``validation`` or ``test``.
    """

    def __init__(self, cache: str, pieces: int = 60, variants: int = 4, split: str = "train") -> None:
        self.cache, self.pieces, self.variants, self.split = Path(cache), pieces, variants, split

    def paths(self) -> list[Path]:
        """Cache files, made now where they are missing."""
        return list(simulated_canals(self.cache, self.split, self.pieces, self.variants))


class CanalMaps(IterableDataset[CanalMap]):
    """Maps of files in random order, or once each in order.

    Parameters
    ----------
    files : sequence of Path
        Case files.
    seed : int or None
        Of the order; each worker and each rank adds its own number. None for every file once.
    """

    def __init__(self, files: Sequence[Path], seed: int | None) -> None:
        self.files, self.seed = list(files), seed

    def __iter__(self) -> Iterator[CanalMap]:
        if self.seed is None:
            yield from map(_tensors, self.files)
            return
        rng = worker_rng(self.seed)
        while True:
            yield _tensors(self.files[int(rng.integers(len(self.files)))])


def _tensors(path: Path) -> CanalMap:
    case = CanalCase.load(path)
    return {"codes": torch.from_numpy(case.codes), "compressed": torch.from_numpy(case.compressed)}


class CanalData(lightning.LightningDataModule):
    """Training and validation maps.

    Parameters
    ----------
    training, validation : CanalSource
        Where they come from.
    batch_size : int
        Maps in a step, for each device.
    workers : int
        Loader processes.
    seed : int
        Of the order.
    """

    def __init__(
        self, training: CanalSource, validation: CanalSource, batch_size: int = 1, workers: int = 1, seed: int = 0
    ) -> None:
        super().__init__()
        self.training, self.validation = training, validation
        self.batch_size, self.workers, self.seed = batch_size, workers, seed

    def prepare_data(self) -> None:
        """Make missing cache files, once on each node."""
        for source in (self.training, self.validation):
            source.paths()

    def train_dataloader(self) -> DataLoader[CanalMap]:
        """Endless random maps; another order after a resumed start."""
        step = self.trainer.global_step if self.trainer is not None else 0
        return self._loader(CanalMaps(self.training.paths(), self.seed + 1000 * (step + 1)), self.workers)

    def val_dataloader(self) -> DataLoader[CanalMap]:
        """Every validation map once."""
        return self._loader(CanalMaps(self.validation.paths(), None), 0)

    def _loader(self, dataset: CanalMaps, workers: int) -> DataLoader[CanalMap]:
        return DataLoader(
            dataset,
            batch_size=self.batch_size,
            num_workers=workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
        )
