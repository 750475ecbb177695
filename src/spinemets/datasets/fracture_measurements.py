"""Simulated fractures as our own code measures them: kept one file each, so that making them can be interrupted.

Files bear the digest of the code that simulates and measures; those of other code are not read.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinemets.anatomy import Level
from spinemets.body_assessment import cropped_to_spine, measured_bodies
from spinemets.datasets.source_digest import source_digest
from spinemets.datasets.splits import SEEDS, split_of_seed
from spinemets.errors import StudyError
from spinemets.findings import Measured
from spinemets.fracture_assessment import CtEvidence, is_fractured, level_signs
from spinemets.measure.height_reference import height_losses
from spinemets.measure.heights import BodyHeights
from spinemets.measure.lesions import Lesion, lesions_by_level
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.report import plain
from spinemets.simulate.fracture_case import FractureCase, fracture_case
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.vertebra_assessment import LARGE_LESION, bodies_beside
from spinemets.vertebra_findings import vertebra_findings
from spinemets.volume import Volume
from spinemets.whole_files import whole

log = logging.getLogger(__name__)

FIRST_SEED = {"train": 50_000, "validation": 105_000, "test": 205_000}
"""Seeds from here on in each split, so that no network has seen the anatomy (ours)."""


def cause_of_seed(seed: int) -> FractureClass:
    """Even seeds are osteoporotic, odd ones metastatic: as many of either."""
    return FractureClass.METASTATIC if seed % 2 else FractureClass.OSTEOPOROTIC


def measured_fractures(
    cache: Path, split: str, count: int, progress: Callable[[int], None] | None = None
) -> Iterator[dict[str, Any]]:
    """The first fractures of a split, measured on CT; those whose file lies in the cache are read.

    Parameters
    ----------
    cache : Path
        Folder of the files.
    split : str
        ``train``, ``validation`` or ``test``.
    count : int
        How many.
    progress : callable, optional
        Told how many are done.

    Raises
    ------
    ValueError
        If there is no such split, or it has too few seeds.
    """
    return kept_fractures(Kept(cache, "fracture", __name__, measured_fracture), split, count, progress)


@dataclass(frozen=True)
class Kept:
    """Where measured fractures are kept, and how those that are not there are measured.

    Attributes
    ----------
    cache : Path
        Folder of the files.
    name : str
        Begin of their names.
    module : str
        Whose code makes them.
    measured : callable
        From a seed to what is kept of its fracture.
    """

    cache: Path
    name: str
    module: str
    measured: Callable[[int], dict[str, Any]]


def kept_fractures(
    kept: Kept, split: str, count: int, progress: Callable[[int], None] | None = None
) -> Iterator[dict[str, Any]]:
    """The first fractures of a split, each read or measured; parameters and errors as of `measured_fractures`."""
    if split not in FIRST_SEED:
        raise ValueError(f"there is no split '{split}'; it must be one of {', '.join(FIRST_SEED)}")
    seeds = range(FIRST_SEED[split], FIRST_SEED[split] + count)
    if count and seeds[-1] not in SEEDS[split]:
        raise ValueError(f"{count} fractures are more than the seeds of {split} allow")
    kept.cache.mkdir(parents=True, exist_ok=True)
    for number, (seed, path) in enumerate(_files(kept, seeds).items()):
        if not path.is_file():
            with whole(path) as partial:
                partial.write_text(json.dumps(kept.measured(seed)), encoding="utf-8")
        if progress is not None:
            progress(number + 1)
        yield json.loads(path.read_text(encoding="utf-8"))


def _files(kept: Kept, seeds: Sequence[int]) -> dict[int, Path]:
    """Where the fracture of each seed is kept; the log says if other code measured some that are to be measured now."""
    made_by = source_digest(kept.module)
    files = {seed: kept.cache / f"{kept.name}-{made_by}-{seed}.json" for seed in seeds}
    measured = {path.stem.rpartition("-")[2] for path in kept.cache.glob(f"{kept.name}-*.json")}
    outdated = sum(str(seed) in measured and not path.is_file() for seed, path in files.items())
    if outdated:
        log.info(
            "%d fractures were measured by other code than that of now (%s) and are measured again; "
            "the old files stay in the cache",
            outdated,
            made_by,
        )
    return files


def measured_fracture(seed: int) -> dict[str, Any]:
    """One fracture: its truth, and what is measured under the true masks; None where no fracture was found."""
    case = fracture_case(seed, cause_of_seed(seed))
    truth = case.truth
    return {
        "seed": seed,
        "split": split_of_seed(seed),
        "level": str(truth.level),
        "cause": truth.cause,
        "losses": dict(truth.losses),
        "tilt": truth.tilt,
        "signs": dict(truth.signs),
        "measured": _measured_or_refused(case),
    }


def _measured_or_refused(case: FractureCase) -> dict[str, Any] | None:
    """The level; None, with a warning, where its masks are refused, as those of a vertebra torn in two are."""
    try:
        return measured_level(case, case.lesions)
    except StudyError as error:
        log.warning("a fracture of %s is left out: %s", case.truth.level, error)
        return None


def measured_level(case: FractureCase, lesion_mask: Volume | None) -> dict[str, Any] | None:
    """The fractured level as it would stand in ``report.json``; None where its height shows no fracture."""
    vertebrae, subregions, lesions, ct = cropped_to_spine(case.vertebrae, case.subregions, lesion_mask, case.ct)
    assert ct is not None
    level: Level = case.truth.level
    regions = vertebra_regions(vertebrae, subregions)
    bodies = measured_bodies(spine_from_mask(vertebrae), vertebrae, regions)
    found = None if lesions is None else lesions_by_level(lesions, vertebrae, regions.labels, ct)
    heights = {other: own for other, own in bodies.heights.items() if isinstance(own, BodyHeights)}
    large = {other for other, own in (found or {}).items() if any(_is_large(one) for one in own)}
    losses = height_losses(heights, excluded=large)
    measured = bodies_beside(bodies, losses, found)
    if level not in measured or not is_fractured(measured[level]):
        return None
    affected = {other for other, body in measured.items() if body.lesions or is_fractured(body)}
    evidence = CtEvidence(ct, vertebrae, regions, lesions, measured, affected)
    own = None if found is None else found.get(level, ())
    findings = vertebra_findings(level, heights[level], losses[level], bodies.walls[level], own)
    sections = {name: plain(getattr(findings, name)) for name in ("height_loss", "genant", "posterior_wall", "lesions")}
    return {"level": str(level), **sections, "signs": plain(level_signs(level, evidence, measured))}


def _is_large(lesion: Lesion) -> bool:
    return isinstance(lesion.body_fraction, Measured) and lesion.body_fraction.value > LARGE_LESION
