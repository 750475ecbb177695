"""What a spine network's outlines add to the error of what is measured on them: `spinemets.measure.outline_error`.

Patients of the validation seeds, healthy and with fractures; every body is measured on the true masks and on the
network's, matched by overlap whatever its name. Nothing real and no test seed is in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import product
from typing import Any

import numpy as np

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Level
from spinemets.body_assessment import MeasuredBodies, cropped_to_spine, measured_bodies
from spinemets.datasets.splits import SEEDS
from spinemets.errors import ModelError
from spinemets.findings import Finding, Measured
from spinemets.geometry import Grid
from spinemets.inference.segment import MrSpineModel, SpineModels, SpineSegmentation, segment_mr_spine, segment_spine
from spinemets.measure.agreement import Overlap
from spinemets.measure.alignment import local_alignment
from spinemets.measure.height_reference import height_losses
from spinemets.measure.heights import BodyHeights
from spinemets.measure.lesions import lesions_by_level
from spinemets.measure.outline_error import NETWORK_OUTLINE
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.rules.genant import MILD_FROM
from spinemets.simulate.ct import render_ct
from spinemets.simulate.disease import Disease
from spinemets.simulate.disease_truth import render_lesions
from spinemets.simulate.diseased_patient import diseased
from spinemets.simulate.masks import render_masks
from spinemets.simulate.mr import random_mr_acquisition, render_mr
from spinemets.simulate.mr_signals import SPIN_ECHO
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.spine import Spine
from spinemets.volume import Volume
from verification import outlines_real

PATIENTS = (
    (9000, "abdomen", None),
    (9001, "whole", None),
    (9002, "lumbar", "osteoporosis"),
    (9003, "lumbar", "mixed"),
    (9004, "lumbar", "osteoporosis"),
    *((number, "lumbar", ("osteoporosis", "metastases", "mixed")[number % 3]) for number in range(9005, 9017)),
    (9017, "chest", None),
    *((number, "chest", ("osteoporosis", "metastases", "mixed")[number % 3]) for number in range(9018, 9021)),
)
"""Number among the validation seeds, field of view, disease."""
PARTS = {"C3 to T4": (Level.C3, Level.T4), "T5 to L5": (Level.T5, Level.L5)}
"""Stretches of the spine that are told apart, by the true level."""
SOUND_BELOW = 0.1
"""Largest loss of a body that counts as sound among ill ones (`clinical.md` §1.5: 10 % makes no reference)."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Differences of every measurement on CT, network less truth, in healthy patients; losses of fractured bodies."""
    models = SpineModels.load()
    return compared(PATIENTS[: options.cases], render_ct_of, lambda image: segment_spine(image, models))


def measure_mr(options: argparse.Namespace) -> dict[str, Any]:
    """The same on sagittal T1, T2 and STIR of the same patients, each on one of them, and on real bodies."""
    model = MrSpineModel.load()
    if model is None:
        raise ModelError("this version ships no network that outlines vertebrae on MR")
    simulated = compared(PATIENTS[: options.cases], render_mr_of, lambda image: segment_mr_spine(image, model))
    return simulated | {"real": outlines_real.measure(model)}


def render_ct_of(seed: int, shown: LabelledAnatomy, ill: Disease | None) -> Volume:
    """The CT of a patient."""
    return render_ct(shown, seed, disease=ill)


def render_mr_of(seed: int, shown: LabelledAnatomy, ill: Disease | None) -> Volume:
    """A sagittal stack of a patient, of the sequence that the seed chooses."""
    return render_mr(shown, seed, random_mr_acquisition(seed, SPIN_ECHO[seed % len(SPIN_ECHO)]), ill)


def compared(
    patients: Sequence[tuple[int, str, str | None]],
    rendered: Callable[[int, LabelledAnatomy, Disease | None], Volume],
    segment: Callable[[Volume], SpineSegmentation],
) -> dict[str, Any]:
    """Differences between the true masks and a network's on an image of each patient, printed."""
    rows: list[dict[str, Any]] = []
    shares: list[tuple[str, str, float, float]] = []
    for number, field, kind in patients:
        seed = SEEDS["validation"][number]
        anatomy = parametric_anatomy(seed, spacing_mm=1.0, field=field)
        ill = None if kind is None else diseased(anatomy, kind, seed)
        shown = anatomy if ill is None else ill.anatomy
        image = rendered(seed, shown, ill)
        truth, found = render_masks(shown, Grid.of(image)), segment(image)
        ours = (spine_from_mask(truth.vertebrae), truth.vertebrae, truth.subregions)
        bones = NETWORK_OUTLINE.without_crumbs(found.vertebrae, found.spine)
        here = differences(ours, (found.spine, bones, found.subregions))
        if ill is not None:
            shares += lesion_differences(render_lesions(ill, Grid.of(image)), ours[1:], (bones, found.subregions))
        rows += [{"seed": seed, "disease": kind, **row} for row in here]
    return told(rows, shares)


def told(rows: list[dict[str, Any]], shares: list[tuple[str, str, float, float]]) -> dict[str, Any]:
    """Summaries of healthy bodies by stretch of the spine, of fractured ones, and of lesions, printed."""
    healthy = [row for row in rows if row["disease"] is None]
    sound = [row for row in rows if (row["largest_loss"][0] or 0.0) < SOUND_BELOW]
    result = {}
    groups = {"healthy patients": healthy, "sound bodies of all patients": sound}
    for (name, (low, high)), (whose, own) in product(PARTS.items(), groups.items()):
        part = summary([row for row in own if low.order <= row["order"] <= high.order])
        result[f"{name}, {whose}"] = part
        print(f"\n{name}, {part['bodies']} bodies, {whose}; differences: mean, 90 % at most, largest")
        for what, (mean, most, largest) in part["differences"].items():
            print(f"  {what:22} {mean:6.2f} {most:6.2f} {largest:6.2f}")
    fractured = [row for row in rows if (row["largest_loss"][0] or 0.0) >= MILD_FROM]
    print("\nfractured bodies; largest loss on the true mask and on the network's")
    for row in fractured:
        print(f"  seed {row['seed']} {row['level']:4} {row['largest_loss']}")
    print("\nshare of a part that the lesions of a level take, on the true mask and on the network's")
    for name, region, true, drawn in shares:
        print(f"  {name:4} {region:28} {true:.2f} {drawn:.2f}")
    return {"healthy": result, "fractured": fractured, "bodies": rows, "lesion_shares": shares}


def lesion_differences(
    lesions: Volume, truth: tuple[Volume, Volume], found: tuple[Volume, Volume]
) -> list[tuple[str, str, float, float]]:
    """Level, part, and the share of it that lesions take, on the true mask and on the network's."""
    overlap = Overlap.of(truth[0].array.astype(np.uint8), found[0].array.astype(np.uint8))
    ours, theirs = (_shares(lesions, *masks) for masks in (truth, found))
    rows = []
    for one, other in overlap.matches().items():
        level, called = LEVEL_OF_VERSE_ID[one], LEVEL_OF_VERSE_ID[other]
        own, drawn = ours.get(level, {}), theirs.get(called, {})
        if own:
            parts = sorted(own.keys() | drawn.keys())
            rows += [(str(level), part, own.get(part, 0.0), drawn.get(part, 0.0)) for part in parts]
    return rows


def _shares(lesions: Volume, vertebrae: Volume, subregions: Volume) -> dict[Level, dict[str, float]]:
    near, parts, spots, _ = cropped_to_spine(vertebrae, subregions, lesions, None)
    assert spots is not None
    labels = vertebra_regions(near, parts).labels
    found: dict[Level, dict[str, float]] = {}
    for level, every in lesions_by_level(spots, near, labels).items():
        own = found.setdefault(level, {})
        for name, share in ((name, share) for one in every for name, share in one.regions.items()):
            if isinstance(share, Measured):
                own[name] = min(own.get(name, 0.0) + share.value, 1.0)
    return found


def differences(truth: tuple[Spine, Volume, Volume], found: tuple[Spine, Volume, Volume]) -> list[dict[str, Any]]:
    """One row for each body that is measured on both masks."""
    overlap = Overlap.of(truth[1].array.astype(np.uint8), found[1].array.astype(np.uint8))
    ours, theirs = _measured(*truth), _measured(*found)
    rows = []
    for one, other in overlap.matches().items():
        level, called = LEVEL_OF_VERSE_ID[one], LEVEL_OF_VERSE_ID[other]
        if level in ours and called in theirs:
            pairs = {name: (value, theirs[called].get(name)) for name, value in ours[level].items()}
            change = {
                name: second.value - first.value
                for name, (first, second) in pairs.items()
                if isinstance(first, Measured) and isinstance(second, Measured)
            }
            largest = [getattr(side["largest_loss"], "value", None) for side in (ours[level], theirs[called])]
            rows.append({"level": str(level), "called": str(called), "order": level.order,
                         "dice": overlap.dice(one, other), "largest_loss": largest, "change": change})  # fmt: skip
    return rows


def _measured(spine: Spine, vertebrae: Volume, subregions: Volume) -> dict[Level, dict[str, Finding]]:
    near, parts, _, _ = cropped_to_spine(vertebrae, subregions, None, None)
    bodies: MeasuredBodies = measured_bodies(spine, near, vertebra_regions(near, parts))
    heights = {level: own for level, own in bodies.heights.items() if isinstance(own, BodyHeights)}
    losses, alignment = height_losses(heights), local_alignment(bodies.ends)
    found: dict[Level, dict[str, Finding]] = {}
    for level, own in heights.items():
        found[level] = {f"height_{name}": one for name, one in own.columns.items()}
        found[level] |= {f"loss_{name}": one for name, one in losses[level].loss.items()}
        found[level]["largest_loss"] = losses[level].largest
        if level in bodies.walls:
            found[level]["wall_depth"] = bodies.walls[level].depth_mm
        if level in alignment:
            found[level] |= {field.name: getattr(alignment[level], field.name) for field in fields(alignment[level])}
    return found


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean, 90th percentile of the size, and the largest size of each difference; heights and losses over columns."""
    values: dict[str, list[float]] = {}
    for row in rows:
        change: Mapping[str, float] = row["change"]
        for name, value in change.items():
            values.setdefault(name.partition("_")[0] if name.startswith(("height", "loss")) else name, []).append(value)
    return {
        "bodies": len(rows),
        "differences": {
            name: (float(np.mean(own)), float(np.percentile(np.abs(own), 90)), float(np.abs(own).max()))
            for name, own in values.items()
        },
    }
