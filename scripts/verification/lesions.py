"""Lesions that the networks find: on diseased patients of the test seeds against their truth, and on real CT.

All lesions that were simulated count. Beside them stand those that the CT shows (`spinemets.simulate.visibility`):
tumour between the trabeculae of thin bone may be no more than noise. And beside these stands what subtraction marks:
who had the very same CT without the disease, noise and all, and knew where to look. What the disease changes is not
what its mask holds: soft tissue beside the bone changes too, and bone between lytic islands does not.

`chest_ct` and `abdomen_ct` have no known lesion, so what is found there counts as false. A reader's box round the lytic
focus of `lytic_lumbar_ct` is hit where a voxel of a lesion lies in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LesionLabel
from spinemets.datasets.splits import SEEDS
from spinemets.errors import NoSpineFoundError
from spinemets.formats.study import read_study
from spinemets.geometry import Grid
from spinemets.inference.lesions import REACH_MM, find_lesions
from spinemets.inference.models import Models
from spinemets.inference.segment import segment_spine
from spinemets.lesion_evaluation import lesion_summary
from spinemets.measure.lesion_agreement import LesionCase, compare_lesions
from spinemets.measure.lesion_pieces import CONNECTED, lesion_pieces
from spinemets.simulate.ct import render_ct
from spinemets.simulate.ct_acquisition import random_acquisition
from spinemets.simulate.disease_truth import render_lesions
from spinemets.simulate.diseased_patient import DISEASES, diseased
from spinemets.simulate.masks import render_masks
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.visibility import seen_on_ct
from spinemets.volume import Volume
from verification.real import data_root

FIRST = 2000
"""Test seeds from here on; other parts of the verification use those below."""
FIELDS = ("chest", "abdomen", "whole")
LARGE_ML = 0.5
"""What is smaller is not counted as a false lesion on real CT."""
UNKNOWN_LESIONS = ("chest_ct", "abdomen_ct")
ALL, VISIBLE = WHICH = ("all lesions", "visible lesions")
SUBTRACTED = "all lesions, marked by subtraction"
SUBTRACTED_HU = 40.0
"""Subtraction marks what changes by so much after a blur of `SUBTRACTED_BLUR_MM`: on 11 ill patients of the validation
seeds it gave the best Dice of 15, 25, 40, 60 and 90 (ours)."""
SUBTRACTED_BLUR_MM = 1.5
LYTIC, BOX_CENTRE_LPS_MM, BOX_SIZE_MM = "lytic_lumbar_ct", (24.45, 169.88, -547.54), (14.7, 12.6, 11.2)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Agreement by size and type on simulated patients, false lesions and the box on real CT."""
    models = Models()
    if models.lesion is None:
        print("this version ships no lesion network")
        return {}
    result: dict[str, Any] = {}
    every = [simulated(number, models) for number in range(options.cases)]
    for which in (*WHICH, SUBTRACTED) if every else ():
        cases = [patient[which] for patient in every]
        summary = lesion_summary(cases)
        print(f"\n{which}")
        for name, value in summary.items():
            print(f"  {name:26} {value}")
        result[which] = {**summary, "cases": [case.to_json_dict() for case in cases]}
    return {"simulated": result, "real": real(models)}


def simulated(number: int, models: Models) -> dict[str, LesionCase]:
    """One diseased patient of the test seeds, by `WHICH` and `SUBTRACTED`; all are missed where no spine is found."""
    seed = SEEDS["test"][FIRST + number]
    anatomy = parametric_anatomy(seed, spacing_mm=1.0, field=FIELDS[number % len(FIELDS)])
    ill = diseased(anatomy, DISEASES[number % len(DISEASES)], seed)
    scan = random_acquisition(seed)
    scan = replace(scan, age=max(scan.age, ill.least_age))
    image, healthy = render_ct(ill.anatomy, seed, scan, ill), render_ct(ill.anatomy, seed, scan)
    truth = render_lesions(ill, Grid.of(image))
    try:
        found = lesions_of(image, models)
    except NoSpineFoundError:
        found = truth.with_array(np.zeros_like(truth.array))
    cases = both(f"seed {seed}", truth, seen_on_ct(truth, image, healthy), found)
    bone = render_masks(ill.anatomy, Grid.of(image)).vertebrae
    cases[SUBTRACTED] = compare_lesions(f"seed {seed}", truth, by_subtraction(truth, image, healthy, bone))
    print(told(f"seed {seed}", cases), flush=True)
    return cases


def both(name: str, truth: Volume, visible: NDArray[np.bool_], found: Volume) -> dict[str, LesionCase]:
    """Agreement over all lesions, and over the visible ones: what overlaps only the others is neither right nor wrong.

    Parameters
    ----------
    name : str
        Of the case.
    truth, found : Volume
        `LesionLabel`.
    visible : ndarray of bool
        Whole lesions of the truth that the image shows.
    """
    shown = truth.with_array(np.where(visible, truth.array, 0).astype(np.uint8))
    pieces, count = ndimage.label(found.array > 0, structure=CONNECTED)
    meets = [np.isin(np.arange(count + 1), pieces[mask]) for mask in ((truth.array > 0) & ~visible, visible)]
    asked = np.where((meets[0] & ~meets[1])[pieces], 0, found.array).astype(np.uint8)
    return {ALL: compare_lesions(name, truth, found), VISIBLE: compare_lesions(name, shown, found.with_array(asked))}


def by_subtraction(truth: Volume, image: Volume, healthy: Volume, bone: Volume) -> Volume:
    """What the disease changes in bone and `REACH_MM` round it, where it meets a lesion; darker is lytic."""
    change = image.array.astype(np.float32) - healthy.array
    change = ndimage.gaussian_filter(change, SUBTRACTED_BLUR_MM / image.spacing_mm)
    near = ndimage.distance_transform_edt(bone.array == 0, sampling=image.spacing_mm) <= REACH_MM
    pieces, count = ndimage.label((np.abs(change) >= SUBTRACTED_HU) & near, structure=CONNECTED)
    meets = np.isin(np.arange(count + 1), pieces[truth.array > 0])
    meets[0] = False
    kind = np.where(change < 0, LesionLabel.LYTIC, LesionLabel.BLASTIC)
    return truth.with_array(np.where(meets[pieces], kind, 0).astype(np.uint8))


def told(name: str, cases: Mapping[str, LesionCase]) -> str:
    """One line of one patient."""
    case, visible = cases[ALL], cases[VISIBLE]
    hits = " ".join(f"{one.type.value}:{one.volume_ml:.1f}ml:{one.dice:.2f}" for one in case.lesions)
    false = ", ".join(f"{ml:.1f}" for ml in case.false_ml) or "none"
    shown = f"{len(visible.lesions)} of {len(case.lesions)} visible" if case.lesions else "no lesion"
    return (
        f"{name:20} Dice {case.dice():.3f}, {visible.dice():.3f} of visible ones  {shown}  {hits}  false, ml: {false}"
    )


def lesions_of(image: Volume, models: Models) -> Volume:
    """Both networks on one CT, as `spinemets assess` runs them."""
    assert models.lesion is not None
    return find_lesions({"ct": image}, segment_spine(image, models.spine).vertebrae, models.lesion)


def real(models: Models) -> dict[str, Any]:
    """False lesions on CT without known ones, and whether the box is hit."""
    assert models.lesion is not None
    result: dict[str, Any] = {}
    for name in (*UNKNOWN_LESIONS, LYTIC):
        series = read_study(data_root() / "ct" / f"{name}.nii.gz").first("ct")
        assert series is not None
        vertebrae = segment_spine(series.volume, models.spine).vertebrae
        found = find_lesions({"ct": series.volume}, vertebrae, models.lesion)
        ml = found.voxel_volume_mm3 / 1000
        pieces = [
            (str(p.level), p.type.value, round(float(p.mask.sum() * ml), 2)) for p in lesion_pieces(found, vertebrae)
        ]
        large = [piece for piece in pieces if piece[2] >= LARGE_ML]
        result[name] = {"lesions": pieces, f"of at least {LARGE_ML:g} ml": len(large)}
        if name == LYTIC:
            result[name]["box hit"] = box_is_hit(found)
        print(f"{name:16} {result[name]}")
    return result


def box_is_hit(found: Volume) -> bool:
    """Whether a voxel of a lesion lies in the reader's box, stated in LPS: left, posterior and superior grow."""
    centre = np.array(BOX_CENTRE_LPS_MM) * [-1, -1, 1]
    inside = np.abs(found.world(np.argwhere(found.array > 0)) - centre) <= np.array(BOX_SIZE_MM) / 2
    return bool(inside.all(axis=-1).any())
