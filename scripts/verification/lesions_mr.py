"""Lesions that the network for MR finds: on sagittal T1, T2 and STIR of diseased patients of the test seeds.

Each sequence alone and some together, as studies have them, each with slices of its own. First in true vertebra masks,
then in those that the spine network for MR outlines, as `spinemets assess` has them. The images are drawn by
`spinemets.simulate.mr`, which shares nothing with what the network learnt from but the patients' anatomy and the
published signals. Real MR without known lesions shows how many are invented: what is found there counts as false,
though nobody can say that these patients have none.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.datasets.splits import SEEDS
from spinemets.errors import NoSpineFoundError
from spinemets.formats.study import read_study
from spinemets.geometry import Grid, resample_labels
from spinemets.inference.lesions import MrLesionModel, find_lesions
from spinemets.inference.models import Models
from spinemets.inference.segment import segment_mr_spine
from spinemets.lesion_evaluation import lesion_summary
from spinemets.lesion_search import NEEDED_ROLE
from spinemets.measure.lesion_agreement import LesionCase
from spinemets.measure.lesion_pieces import CONNECTED, lesion_pieces
from spinemets.simulate.disease import Disease
from spinemets.simulate.disease_truth import render_lesions
from spinemets.simulate.diseased_patient import DISEASES, diseased
from spinemets.simulate.masks import render_masks
from spinemets.simulate.mr import random_mr_acquisition, render_mr
from spinemets.simulate.mr_lesions import as_mr_shows
from spinemets.simulate.mr_signals import SPIN_ECHO
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.visibility import seen_on_mr
from spinemets.volume import Volume
from verification.lesions import WHICH, both, told
from verification.mr import CASES
from verification.real import data_root

FIRST = 2500
"""Test seeds from here on; other parts of the verification use those below."""
FIELDS = ("lumbar", "chest", "whole")
MASKS = ("true masks", "outlined")
TOGETHER = (("t1",), ("stir",), ("t1", "stir"), ("t1", "t2", "stir"))
"""Sequences of a study; vertebrae are outlined on its first. On T1 alone `spinemets assess` looks for none."""
Key = tuple[str, str, str]
"""Sequences, of `MASKS` and of `WHICH`."""
LARGE_ML = 0.5
"""What is smaller is not counted as a false lesion on real MR."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Agreement by sequence, size and type on simulated patients, in true masks and in the network's; real MR."""
    models = Models()
    if models.lesion_mr is None:
        print("models/lesion_mr is not there: nothing to measure")
        return {"not_assessable": "no_model"}
    data_root()  # says so now if there is none, and not after all patients
    found: dict[Key, list[LesionCase]] = {}
    for number in range(options.cases):
        for key, case in patient(number, models).items():
            found.setdefault(key, []).append(case)
    return {"simulated": summaries(found), "real": real(models)}


def patient(number: int, models: Models) -> dict[Key, LesionCase]:
    """One diseased patient of the test seeds, by sequences, whose vertebra masks were searched, and which lesions."""
    seed = SEEDS["test"][FIRST + number]
    anatomy = parametric_anatomy(seed, spacing_mm=1.0, field=FIELDS[number % len(FIELDS)])
    return cases_of(diseased(anatomy, DISEASES[number % len(DISEASES)], seed), seed, models)


def cases_of(ill: Disease, seed: int, models: Models) -> dict[Key, LesionCase]:
    """Lesions of one patient found on the sequences of each study of `TOGETHER`."""
    scans = {sequence: scanned(ill, seed, sequence) for sequence in SPIN_ECHO}
    vertebrae = {first: in_each_way(ill, scans[first].image, models) for first in {one[0] for one in TOGETHER}}
    cases: dict[Key, LesionCase] = {}
    for sequences in TOGETHER:
        name, own_scans = " ".join(sequences), [scans[one] for one in sequences]
        for masks, mask in vertebrae[sequences[0]].items():
            own = compared(f"seed {seed}", own_scans, mask, models)
            cases |= {(name, masks, which): case for which, case in own.items()}
            print(told(f"{seed} {name}, {masks}", own), flush=True)
    return cases


@dataclass(frozen=True)
class Scan:
    """One sequence of a patient: its image, all lesions on its grid, and those of them that it shows."""

    sequence: str
    image: Volume
    truth: Volume
    visible: NDArray[np.bool_]


def scanned(ill: Disease, seed: int, sequence: str) -> Scan:
    """A sequence of a patient, rendered with the disease and without it."""
    scan = random_mr_acquisition(seed, sequence)
    image, healthy = render_mr(ill.anatomy, seed, scan, ill), render_mr(ill.anatomy, seed, scan)
    truth = render_lesions(as_mr_shows(ill, seed), Grid.of(image))
    return Scan(sequence, image, truth, seen_on_mr(truth, image, healthy))


def in_each_way(ill: Disease, image: Volume, models: Models) -> dict[str, Volume]:
    """Vertebrae on one image by each of `MASKS`."""
    vertebrae = {"true masks": render_masks(ill.anatomy, Grid.of(image)).vertebrae}
    if models.spine_mr is not None:
        vertebrae["outlined"] = outlined(image, models)
    return vertebrae


def compared(name: str, scans: Sequence[Scan], vertebrae: Volume, models: Models) -> dict[str, LesionCase]:
    """Lesions of one study in vertebrae on its first sequence, by `WHICH`; all are missed where none was outlined."""
    assert models.lesion_mr is not None
    found = searched({one.sequence: one.image for one in scans}, vertebrae, models.lesion_mr)
    return both(name, scans[0].truth, shown(scans), found)


def shown(scans: Sequence[Scan]) -> NDArray[np.bool_]:
    """Whole lesions on the grid of the first scan that any of them shows."""
    home = scans[0]
    visible = home.visible
    for other in scans[1:]:
        seen = other.truth.with_array(other.visible.view(np.uint8))
        visible = visible | (resample_labels(seen, Grid.of(home.image)) > 0)
    pieces, count = ndimage.label(home.truth.array > 0, structure=CONNECTED)
    meets = np.isin(np.arange(count + 1), pieces[visible])
    meets[0] = False
    return np.asarray(meets[pieces])


def outlined(image: Volume, models: Models) -> Volume:
    """Vertebrae as the network outlines them; none where it finds no spine."""
    assert models.spine_mr is not None
    try:
        return segment_mr_spine(image, models.spine_mr).vertebrae
    except NoSpineFoundError:
        return image.with_array(np.zeros(image.shape, np.uint8))


def searched(images: Mapping[str, Volume], vertebrae: Volume, model: MrLesionModel) -> Volume:
    """Lesions on the grid of the first image; none where it shows no vertebra."""
    if not vertebrae.array.any():
        return vertebrae
    return find_lesions(images, vertebrae, model)


def summaries(found: Mapping[Key, Sequence[LesionCase]]) -> dict[str, Any]:
    """Figures by masks and by which lesions are asked for, of each study and of all of them, printed."""
    result: dict[str, Any] = {}
    names = [" ".join(sequences) for sequences in TOGETHER]
    for masks, which, sequence in product(MASKS, WHICH, (*names, "all")):
        cases = [
            replace(case, name=f"{case.name} {one}")
            for (one, theirs, asked), every in found.items()
            for case in every
            if (theirs, asked) == (masks, which) and sequence in (one, "all")
        ]
        if not cases:
            continue
        summary = lesion_summary(cases)
        result[f"{masks}, {which}, {sequence}"] = {**summary, "cases": [case.to_json_dict() for case in cases]}
        print(f"\n{masks}, {which}, {sequence}")
        for name, value in summary.items():
            print(f"  {name:26} {value}")
    return result


def real(models: Models) -> dict[str, Any]:
    """What is found on real MR of the sequence that lesions are looked for on."""
    assert models.lesion_mr is not None
    result: dict[str, Any] = {}
    for case in CASES if models.spine_mr is not None else ():
        if case.role != NEEDED_ROLE:
            continue
        image = read_study([f"{case.role}={data_root() / 'mr' / case.name}.nii.gz"]).series[0].volume
        vertebrae = outlined(image, models)
        found = searched({case.role: image}, vertebrae, models.lesion_mr)
        ml = found.voxel_volume_mm3 / 1000
        pieces = [
            (str(one.level), one.type.value, round(float(one.mask.sum() * ml), 2))
            for one in lesion_pieces(found, vertebrae)
        ]
        large = sum(piece[2] >= LARGE_ML for piece in pieces)
        result[case.name] = {"lesions": pieces, f"of at least {LARGE_ML:g} ml": large}
        print(f"{case.name:16} {result[case.name]}")
    return result
