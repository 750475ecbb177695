"""The same simulated fractures as our own code measures them on sagittal MR: kept one file each as those on CT are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spinemets.datasets.fracture_measurements import Kept, cause_of_seed, kept_fractures
from spinemets.datasets.splits import split_of_seed
from spinemets.errors import StudyError
from spinemets.fracture_features import is_fractured
from spinemets.geometry import Grid
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.report import plain
from spinemets.simulate.disease_truth import render_lesions
from spinemets.simulate.fracture_case import FractureCase, fracture_case
from spinemets.simulate.masks import render_masks
from spinemets.simulate.mr import random_mr_acquisition, render_mr
from spinemets.simulate.mr_fracture import mr_signs
from spinemets.simulate.mr_signals import SPIN_ECHO
from spinemets.simulate.subject import stream
from spinemets.spine_signs import SpineImages
from spinemets.vertebra_assessment import assess_vertebrae

log = logging.getLogger(__name__)

FURTHER = (("in_phase", "out_phase"), ("dwi_b0", "dwi_high", "adc"), ("t1_gd",))
FURTHER_SHARE = 0.5
"""Of patients who have each of these beside T1, T2 and STIR (ours)."""
HOME = "t1"
"""On whose grid the masks lie."""
SECTIONS = ("height_loss", "genant", "posterior_wall", "lesions", "signs")


def measured_mr_fractures(
    cache: Path, split: str, count: int, progress: Callable[[int], None] | None = None
) -> Iterator[dict[str, Any]]:
    """The first fractures of a split, measured on MR; parameters and errors as of `measured_fractures`."""
    return kept_fractures(Kept(cache, "fracture_mr", __name__, measured_mr_fracture), split, count, progress)


def protocol(seed: int) -> tuple[str, ...]:
    """The sequences that a patient has."""
    rng = stream(seed, "mr protocol")
    return (*SPIN_ECHO, *(role for group in FURTHER if rng.random() < FURTHER_SHARE for role in group))


def measured_mr_fracture(seed: int) -> dict[str, Any]:
    """One fracture: its truth, and what is measured under true masks, ``measured`` with lesions and ``bare`` without.

    Each is None where no fracture was found.
    """
    case = fracture_case(seed, cause_of_seed(seed))
    shown = protocol(seed)
    truth = case.truth
    with_mask, without = measured_levels(case, shown)
    return {
        "seed": seed,
        "split": split_of_seed(seed),
        "level": str(truth.level),
        "cause": truth.cause,
        "losses": dict(truth.losses),
        "signs": dict(truth.signs) | mr_signs(truth, seed),
        "shown": list(shown),
        "measured": with_mask,
        "bare": without,
    }


def measured_levels(case: FractureCase, shown: Sequence[str]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The fractured level as it would stand in ``report.json``, with the true lesion mask and without any.

    None where its height shows no fracture, or its masks are refused.
    """
    disease = case.disease
    images = {
        role: render_mr(disease.anatomy, case.seed, random_mr_acquisition(case.seed, role), disease) for role in shown
    }
    grid = Grid.of(images[HOME])
    masks, lesions = render_masks(disease.anatomy, grid), render_lesions(disease, grid)
    found: list[dict[str, Any] | None] = []
    for mask in (lesions, None):
        try:
            spine = spine_from_mask(masks.vertebrae)
            told = assess_vertebrae(
                spine, masks.vertebrae, masks.subregions, lesions=mask, images=SpineImages(mr=images)
            )
        except StudyError as error:
            log.warning("a fracture of %s is left out on MR: %s", case.truth.level, error)
            found.append(None)
            continue
        own = next((one for one in told.vertebrae if one.level is case.truth.level), None)
        entry = None if own is None else {name: plain(getattr(own, name)) for name in SECTIONS}
        fractured = entry is not None and is_fractured(entry)
        found.append({"level": str(case.truth.level), **entry} if entry is not None and fractured else None)
    return found[0], found[1]
