"""SINS of diseased patients of the test seeds against the score of what was simulated, on true masks and end to end.

Pain is drawn and told. No earlier image is given, so a bend that a collapse makes stays open between old and new: that
is the first category. For the second somebody who has the earlier image says of every deformity of unknown age, and of
nothing else, whether it is new. A level that was missed, or given another name, has every component undecided; an
undecided category counts as wrong. ``--split validation`` is for looking for causes.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spinemets.anatomy import Level, Side
from spinemets.datasets.splits import SEEDS
from spinemets.errors import NoSpineFoundError
from spinemets.geometry import Grid
from spinemets.inference.models import Models
from spinemets.measure.heights import SIDE_SHARE
from spinemets.pipeline import assess
from spinemets.report import Report
from spinemets.rules.posterolateral import INVOLVED_FROM, SIDE_ITEMS
from spinemets.rules.sins import Percent, SinsCase, SinsScore, governing, sins
from spinemets.rules.sins_case import PAIN, answer_sins
from spinemets.rules.sins_likelihood import category_probability, likely_category, masses_of
from spinemets.rules.sins_table import IMAGING_COMPONENTS, Alignment, BoneLesion
from spinemets.rules.spinal_alignment import ANGLE_OVER_DEG, SCOLIOSIS_OVER_DEG
from spinemets.simulate.ct import render_ct
from spinemets.simulate.dimensions import VertebraSize
from spinemets.simulate.disease import Disease, FractureTruth, LesionTruth
from spinemets.simulate.disease_truth import lesion_json, render_lesions
from spinemets.simulate.diseased_patient import diseased
from spinemets.simulate.fracture import LARGEST, placed_spine
from spinemets.simulate.masks import render_masks
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.subject import random_subject
from spinemets.volume import Series, Study, Volume
from verification.canal import interval, linear_kappa

FIRST = 3000
"""Test seeds from here on; other parts of the verification use others."""
FIELDS = ("chest", "abdomen")
DISEASES = ("metastases", "mixed")
UNDECIDED = -1
AGE_UNKNOWN = (int(Alignment.NORMAL), int(Alignment.DE_NOVO_DEFORMITY))
MOST_POINTS = 18
BONE_LESIONS = {"lytic": BoneLesion.LYTIC, "mixed": BoneLesion.MIXED, "blastic": BoneLesion.BLASTIC}
Row = dict[str, Any]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Agreement of components, imaging subtotal and category, with true masks and with the networks'."""
    models = Models()
    rows: dict[str, list[Row]] = {"true masks": []}
    if models.lesion is None:
        print("this version ships no lesion network: true masks only")
    else:
        rows["networks"] = []
    for number in range(options.cases):
        one_patient(SEEDS[options.split][FIRST + number], number, rows, models)
        print(f"\rpatient {number + 1} of {options.cases}", end="", flush=True)
    print()
    tables = {name: agreement(own) for name, own in rows.items()}
    for name, table in tables.items():
        print(name)
        for item, value in table.items():
            print(f"  {item:16} {value}")
    return {name: {"rows": own, "agreement": tables[name]} for name, own in rows.items()}


def one_patient(seed: int, number: int, rows: Mapping[str, list[Row]], models: Models) -> None:
    """Add a row for each level with a lesion to `rows`; the number chooses field of view and disease."""
    anatomy = parametric_anatomy(seed, spacing_mm=1.0, field=FIELDS[number % len(FIELDS)])
    ill = diseased(anatomy, DISEASES[number // 2 % len(DISEASES)], seed)
    pain = str(np.random.default_rng([seed, 0x51]).choice(["mechanical", "occasional", "none"]))
    truth = true_scores(ill, seed, pain)
    if not truth:
        return
    image = render_ct(ill.anatomy, seed, disease=ill)
    drawn = render_masks(ill.anatomy, Grid.of(image))
    masks = {
        "vertebrae": drawn.vertebrae,
        "subregions": drawn.subregions,
        "lesions": render_lesions(ill, Grid.of(image)),
    }
    for name, own in rows.items():
        report = reported(image, masks if name == "true masks" else {}, models, pain)
        own += compared(seed, truth, report)


def reported(image: Volume, masks: Mapping[str, Volume], models: Models, pain: str) -> Report | None:
    """What `spinemets assess` says; None where it finds no spine."""
    study = Study((Series("ct", image, name="ct"),), ())
    try:
        return assess(
            study, models=models, masks=masks, pain=pain, pain_by="simulated", malignancy="known", bone_metastasis="yes"
        )
    except NoSpineFoundError:
        return None


def true_scores(ill: Disease, seed: int, pain: str) -> dict[Level, SinsScore]:
    """The score of every level with a lesion, from the parameters of the disease."""
    placed = placed_spine(random_subject(seed))
    broken = {one.level: one for one in ill.fractures}
    scores = {}
    for level in dict.fromkeys(one.level for one in ill.lesion_truth):
        lesions = [one for one in ill.lesion_truth if one.level is level]
        kinds = {BONE_LESIONS[one.type] for one in lesions}
        fracture = broken.get(level)
        loss = 100 * largest_loss(fracture) if fracture else 0.0
        bent = fracture is not None and is_bent(fracture, placed[level].size)
        involved = 100 * min(sum(one.body_fraction for one in lesions), 1.0)
        case = SinsCase(
            levels=(level,),
            pain=PAIN[pain],
            bone_lesion=kinds.pop() if len(kinds) == 1 else BoneLesion.MIXED,
            alignment=frozenset({Alignment.DE_NOVO_DEFORMITY if bent else Alignment.NORMAL}),
            collapse=Percent(loss, loss),
            body_involved=Percent(involved, involved),
            posterolateral=involved_sides(lesions),
        )
        scores[level] = sins(case)
    return scores


def largest_loss(fracture: FractureTruth) -> float:
    """The largest loss of the three columns and of both sides, a third of the width from the middle (`clinical.md`)."""
    sides = fracture.losses["middle"] + 2 * SIDE_SHARE * abs(fracture.tilt)
    return float(min(max(*fracture.losses.values(), sides), LARGEST))


def is_bent(fracture: FractureTruth, size: VertebraSize) -> bool:
    """Whether a collapse bends the spine to the front or to the side by more than makes a deformity."""
    front, side = bends_deg(fracture, size)
    return front > ANGLE_OVER_DEG[fracture.level.region] or side > SCOLIOSIS_OVER_DEG


def bends_deg(fracture: FractureTruth, size: VertebraSize) -> tuple[float, float]:
    """Degrees that a collapse adds to the front, by its columns at 15 and 85 % of the depth, and to the side."""
    front = (fracture.losses["anterior"] - fracture.losses["posterior"]) * size.height / (0.7 * size.depth)
    side = 2 * fracture.tilt * size.height / size.width  # the tilt is what one rim loses and the other one gains
    return float(np.degrees(np.arctan(abs(front)))), float(np.degrees(np.arctan(abs(side))))


def involved_sides(lesions: Sequence[LesionTruth]) -> dict[Side, bool]:
    """Whether tumour takes a fifth or more of a part that scores, by side."""
    share: dict[str, float] = {}
    for lesion in lesions:
        for name, value in lesion_json(lesion)["regions"].items():
            share[name] = share.get(name, 0.0) + float(value)
    return {side: any(share.get(f"{item}_{side.value}", 0.0) >= INVOLVED_FROM for item in SIDE_ITEMS) for side in Side}


def compared(seed: int, truth: Mapping[Level, SinsScore], report: Report | None) -> list[Row]:
    """One row for each level with a lesion."""
    every = () if report is None else report.vertebrae
    found = {one.level: one.sins for one in every if isinstance(one.sins, Mapping)}
    cases = {one.level: one.sins_case for one in every if isinstance(one.sins_case, Mapping)}
    order = list(truth)
    worst = order[governing([truth[level] for level in order])]
    rows = []
    for level, score in truth.items():
        answer = found.get(level)
        points = {} if answer is None else answer["component_points"]
        rows.append(
            {
                "seed": seed,
                "level": str(level),
                "governs": level is worst,
                "truth": {name: value[0] for name, value in score.points.items()},
                "answer": {name: _decided(points.get(name)) for name in score.points},
                "possible": {} if answer is None else answer["possible_points"],
                "true subtotal": score.imaging_subtotal,
                "subtotal": _decided(None if answer is None else answer["imaging_subtotal"]),
                "true category": None if score.category is None else score.category.value,
                "category": None if answer is None else answer["category"],
                "category, prior told": None if level not in cases else prior_told(cases[level], score)["category"],
                "likely": None if answer is None else answer["likely_category"],
                "likely, prior told": None if answer is None else likely_with_prior(answer, score),
                "probability": None if answer is None else answer["category_probability"],
            }
        )
    return rows


def prior_told(case: Mapping[str, Any], truth: SinsScore) -> dict[str, Any]:
    """The answer to a case of which an earlier image tells whether a deformity of unknown age is new."""
    told = dict(case)
    if case["alignment"] == "deformity_age_unknown":
        new = Alignment.DE_NOVO_DEFORMITY in truth.points["alignment"]
        told["alignment"] = "de_novo_deformity" if new else "normal"
    return answer_sins(told)


def likely_with_prior(answer: Mapping[str, Any], truth: SinsScore) -> str | None:
    """The likely category where an earlier image tells whether a deformity of unknown age is new, and nothing else."""
    masses = dict(masses_of(answer["component_probability"]))
    new = Alignment.DE_NOVO_DEFORMITY in truth.points["alignment"]
    told: dict[tuple[int, ...], float] = {}
    for points, share in masses["alignment"].items():
        own = ((int(Alignment.DE_NOVO_DEFORMITY),) if new else (0,)) if points == AGE_UNKNOWN else points
        told[own] = told.get(own, 0.0) + share
    likely = likely_category(category_probability({**masses, "alignment": told}))
    return None if likely is None else likely.value


def _decided(points: int | None) -> int:
    return UNDECIDED if points is None else int(points)


def agreement(rows: Sequence[Row]) -> dict[str, Any]:
    """Share decided, right of these, and linear-weighted kappa with its interval, by component and of the subtotal."""
    result: dict[str, Any] = {"levels": len(rows)}
    for name in IMAGING_COMPONENTS:
        pairs = np.array([[row["truth"][name], row["answer"][name]] for row in rows]).reshape(-1, 2)
        result[name] = _figures(pairs)
    result["imaging subtotal"] = _figures(
        np.array([[row["true subtotal"], row["subtotal"]] for row in rows]).reshape(-1, 2)
    )
    worst = [row for row in rows if row["governs"]]
    for name in ("category", "category, prior told", "likely", "likely, prior told"):
        right = [row[name] == row["true category"] for row in worst]
        decided = [row[name] is not None for row in worst]
        result[name] = {
            "patients": len(worst),
            "right, undecided counting as wrong": float(np.mean(right)) if right else float("nan"),
            "decided": float(np.mean(decided)) if decided else float("nan"),
        }
    return result


def _figures(pairs: np.ndarray) -> dict[str, Any]:
    known = pairs[pairs[:, 1] != UNDECIDED]
    return {
        "decided": float(len(known) / len(pairs)) if len(pairs) else float("nan"),
        "right of decided": float((known[:, 0] == known[:, 1]).mean()) if len(known) else float("nan"),
        "kappa": interval(
            known if len(np.unique(known)) > 1 else known[:0], lambda drawn: linear_kappa(drawn, MOST_POINTS + 1)
        ),
    }
