"""Rows of long measurements, one patient each: kept on disc as they are made, by several processes if wished."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from spinemets.datasets.source_digest import source_digest
from spinemets.whole_files import whole

Row = dict[str, Any]


def kept_in(folder: Path, part: str, modules: Sequence[str], *more: str) -> Path:
    """Folder of the rows of a part, named by its code, that of some modules, and whatever else they follow from."""
    own = source_digest(f"verification.{part}", Path(__file__).parents[1])
    key = hashlib.sha256("".join([own, *map(source_digest, modules), *more]).encode()).hexdigest()[:10]
    return folder / f"{part}_rows" / key


def rows_of(numbers: Sequence[int], one: Callable[[int], Row], folder: Path, jobs: int = 1) -> list[Row]:
    """The row of each number, in their order; those that `folder` holds are read instead of made.

    Parameters
    ----------
    numbers : sequence of int
        Of the patients.
    one : callable
        Makes a row of JSON values of a number; importable where `jobs` is more than 1.
    folder : Path
        Of one file per row. What was interrupted goes on where it stopped.
    jobs : int
        Processes, each of which keeps to its share of the cores.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {number: folder / f"{number}.json" for number in numbers}
    missing = [number for number, file in files.items() if not file.is_file()]
    done = len(numbers) - len(missing)
    if done:
        print(f"{done} of {len(numbers)} cases were measured before, by the same code and model")
    if jobs == 1:
        for number in missing:
            _keep(files[number], one(number))
            done += 1
            print(f"\rcase {done} of {len(numbers)}", end="", flush=True)
    elif missing:
        spawn = get_context("spawn")
        with ProcessPoolExecutor(jobs, spawn, _own_cores, (jobs, spawn.Value("i", 0))) as pool:
            waiting = {pool.submit(one, number): number for number in missing}
            try:
                for future in as_completed(waiting):
                    _keep(files[waiting[future]], future.result())
                    done += 1
                    print(f"\rcase {done} of {len(numbers)}", end="", flush=True)
            except BaseException:  # else all that waits would be made first, and lost
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    print()
    return [json.loads(file.read_text(encoding="utf-8")) for file in files.values()]


def _keep(file: Path, row: Row) -> None:
    with whole(file) as partial:
        partial.write_text(json.dumps(row), encoding="utf-8")


def _own_cores(jobs: int, started: Any) -> None:
    """Leave cores to the other processes: engines take as many threads as they may use cores."""
    with started.get_lock():
        place, started.value = started.value, started.value + 1
    cores = sorted(os.sched_getaffinity(0))
    each = max(len(cores) // jobs, 1)
    os.sched_setaffinity(0, {cores[(place * each + n) % len(cores)] for n in range(each)})
