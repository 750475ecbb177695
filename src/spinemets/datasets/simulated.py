"""Parametric patients as cases, kept apart by seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spinemets.datasets.case import Case
from spinemets.datasets.source_digest import source_digest
from spinemets.datasets.splits import SEEDS


def case_file(cache: Path, seed: int, spacing_mm: float = 1.5) -> Path:
    """Cache file of the patient of a seed; its name ends with the digest of the code that draws patients."""
    return cache / f"parametric-{seed}-{spacing_mm:g}-{source_digest(__name__)}.npz"


def simulated_cases(cache: Path, split: str, count: int, *, spacing_mm: float = 1.5) -> Iterator[Path]:
    """Cache files of the first `count` patients of a split, made where they are missing.

    Even seeds are whole patients, odd ones a random field of view. After a change of the code patients are made anew,
    and the files of before are left alone.

    Raises
    ------
    ValueError
        If the split has fewer seeds than that.
    """
    from spinemets.simulate.parametric import parametric_anatomy

    seeds = SEEDS[split]
    if count > len(seeds):
        raise ValueError(f"the {split} split has {len(seeds)} seeds, {count} were asked for")
    cache.mkdir(parents=True, exist_ok=True)
    for seed in seeds[:count]:
        path = case_file(cache, seed, spacing_mm)
        if not path.is_file():
            field = "whole" if seed % 2 == 0 else "random"
            Case.of_anatomy(parametric_anatomy(seed, spacing_mm=spacing_mm, field=field)).save(path)
        yield path
