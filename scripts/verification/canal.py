"""The canal network: simulated axial T2 of the test seeds from image to grade, and the cord of real cervical MR.

Test patients are drawn by `spinemets.simulate.axial_t2`, grades in turn. What is compared is the answer of `assess`
for the image alone with the grade that follows from the parameters of the deformation. A case is at a boundary if half
a pixel more or less of any edge gives it another true grade. An image shows the tumour if the same image, noise and
all, differs without it; it does not where tumour has the signal of the fat that it replaces. Real images are isotropic
and are reformatted to axial slices of 3 mm; no grade is read from such.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import CanalLabel
from spinemets.canal_reading import given_masks
from spinemets.datasets.splits import SEEDS
from spinemets.errors import StudyError
from spinemets.escc_assessment import assess_escc
from spinemets.escc_masks import EsccMasks
from spinemets.formats.study import read_mask, read_study
from spinemets.geometry import Grid, resample
from spinemets.inference.canal import CanalModel, CanalSegmentation, segment_canal
from spinemets.orientation import to_ras
from spinemets.rules.escc_readings import with_readings
from spinemets.simulate.axial_plan import ALL_GRADES
from spinemets.simulate.axial_t2 import AxialCase, axial_case, without_tumour
from spinemets.simulate.axial_truth import escc_truth
from spinemets.simulate.epidural_growth import NoRoomError
from spinemets.simulate.visibility import seen_on_mr
from spinemets.volume import Volume
from verification.case_rows import kept_in, rows_of
from verification.escc import moved_edges
from verification.real import data_root

FIRST = 6000
"""Number of the first test seed that is used here."""
CODE = (
    "spinemets.canal_reading",
    "spinemets.escc_assessment",
    "spinemets.rules.escc_readings",
    "spinemets.inference.canal",
    "spinemets.simulate.axial_truth",
    "spinemets.simulate.visibility",
)
"""What the rows follow from, with this file and the model."""
DRAWS = 2000
SLICE_MM = 3.0
REAL = {"cervical_t2": ("cord", 1), "cervical_t1": ("cord", 1), "c6_crop_t2": ("subreg", 60)}
"""Real images, the ending of the name of their labels, and which label is the cord."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Agreement of grades, Dice by compression, and the cord of real images."""
    model = CanalModel.load()
    if model is None:
        print("models/canal is not there: nothing to measure")
        return {"not_assessable": "no_model"}
    folder = kept_in(options.out, "canal", CODE, model.card.sha256)
    rows = rows_of(range(options.cases), test_row, folder, options.jobs)
    result = {"rows": rows, "grades": agreement(rows), "dice": dice_table(rows), "real": real_cords(model)}
    for row in rows:
        if "not_drawn" in row:
            print(f"patient {row['seed']} left out: {row['not_drawn']}")
    for name in ("grades", "dice", "real"):
        print(name, result[name])
    return result


@cache
def shipped() -> CanalModel:
    """The model, opened once in each process."""
    model = CanalModel.load()
    assert model is not None
    return model


def test_row(number: int) -> dict[str, Any]:
    """The row of a test patient; grades take turns."""
    seed, grade = SEEDS["test"][FIRST + number], ALL_GRADES[number % len(ALL_GRADES)]
    try:
        case = axial_case(seed, grade)
    except NoRoomError as error:  # a canal in which no tumour of this grade fits
        return {"seed": seed, "truth": None, "grade": None, "overlap": {}, "not_drawn": str(error)}
    return {"seed": seed, **one_case(case, shipped())}


def one_case(case: AxialCase, model: CanalModel) -> dict[str, Any]:
    """The answer for one patient beside the truth, and the overlap of the masks."""
    truth = escc_truth(case)
    tumour = case.plan.tumour
    near = tumour is not None and len({one.grade for one in moved_edges(tumour.case, case.scan.pixel_mm / 2)}) > 1
    shown = tumour is None or bool(seen_on_mr(case.masks["epidural"], case.image, without_tumour(case)).any())
    row: dict[str, Any] = {"truth": truth["grade"], "at_boundary": near, "shown": shown}
    row |= {"grade": None, "possible": [], "overlap": {}}
    try:
        found = segment_canal(case.image, model)
        answer = graded(found, case.image)
    except StudyError as error:
        return row | {"reason": str(error)}
    compressed = [line["index"] for line in truth["slices"] if line["cord_area_loss"] >= 0.10]
    return row | {
        "grade": answer["grade"],
        "possible": answer["possible_grades"],
        "reason": answer["reason"],
        "overlap": overlaps(case, found, compressed),
    }


def graded(found: CanalSegmentation, image: Volume) -> dict[str, Any]:
    """The grade of a segmentation, a bone metastasis being established."""
    answers = []
    for labels in (found.labels, *found.readings):
        masks = given_masks(labels)
        given = EsccMasks(masks["cord"], masks["sac"], masks["epidural"], image, by_network=True)
        answers.append(assess_escc(given, bone_metastasis="yes"))
    return with_readings(answers[0], answers[1:])


def overlaps(case: AxialCase, found: CanalSegmentation, compressed: Sequence[int]) -> dict[str, list[int]]:
    """Twice the overlap and the sum of the sizes, in voxels, of each mask in compressed slices and in the others."""
    masks, result = given_masks(found.labels), {}
    flat = np.zeros(case.image.shape[2], bool)
    flat[list(compressed)] = True
    for name, mask in masks.items():
        for kind, chosen in (("compressed", flat), ("free", ~flat)):
            first, second = mask.array[..., chosen] > 0, case.masks[name].array[..., chosen] > 0
            result[f"{name} {kind}"] = [2 * int((first & second).sum()), int(first.sum() + second.sum())]
    return result


def dice_table(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Dice over all slices of a kind together."""
    names = dict.fromkeys(name for row in rows for name in row["overlap"])
    sums = {name: np.sum([row["overlap"][name] for row in rows if row["overlap"]], axis=0) for name in names}
    return {name: float(both / total) if total else float("nan") for name, (both, total) in sums.items()}


def agreement(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Kappa, exact agreement and every boundary, over all patients with a true grade and over parts of them."""
    told = [row for row in rows if row["truth"] is not None]
    off = [row for row in told if not row["at_boundary"]]
    shown = [row for row in off if row["shown"]]
    parts = {"all": told, "off a boundary": off, "off a boundary, tumour shown or none": shown}
    return {name: _agreement(part) for name, part in parts.items() if part}


def _agreement(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    pairs = np.array([[ALL_GRADES.index(row["truth"]), _rank(row["grade"])] for row in rows])
    answered = pairs[pairs[:, 1] >= 0]
    high = answered[answered[:, 0] >= ALL_GRADES.index("2")]
    return {
        "patients": len(rows),
        "not graded": int((pairs[:, 1] < 0).sum()),
        "exact": interval(answered, lambda p: float((p[:, 0] == p[:, 1]).mean())),
        "kappa": interval(answered, linear_kappa),
        "truth possible": float(np.mean([row["truth"] in row["possible"] for row in rows])),
        "grade 2 or 3 called lower": interval(high, lambda p: float((p[:, 1] < ALL_GRADES.index("2")).mean())),
        "boundaries": {grade: _boundary(answered, n) for n, grade in enumerate(ALL_GRADES) if n},
    }


def _rank(grade: str | None) -> int:
    return -1 if grade is None else ALL_GRADES.index(grade)


def _boundary(pairs: NDArray[Any], first: int) -> dict[str, float]:
    """Sensitivity and specificity of 'at least this grade'."""
    high = pairs[:, 0] >= first
    called = pairs[:, 1] >= first
    sensitivity = float(called[high].mean()) if high.any() else float("nan")
    return {
        "sensitivity": sensitivity,
        "specificity": float((~called[~high]).mean()) if (~high).any() else float("nan"),
    }


def linear_kappa(pairs: NDArray[Any], count: int = len(ALL_GRADES)) -> float:
    """Cohen's kappa of ranks below `count`, with linear weights (Cohen 1968, Psychol Bull 70:213-220)."""
    table = np.zeros((count, count))
    np.add.at(table, (pairs[:, 0], pairs[:, 1]), 1.0 / len(pairs))
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    expected = float((apart * np.outer(table.sum(axis=1), table.sum(axis=0))).sum())
    return 1.0 - float((apart * table).sum()) / expected if expected else float("nan")


def interval(pairs: NDArray[Any], of: Callable[[NDArray[Any]], float]) -> list[float]:
    """A figure with its 95 % interval by bootstrap over patients; NaN without any."""
    if not len(pairs):
        return [float("nan")] * 3
    rng = np.random.default_rng(0)
    drawn = [of(pairs[rng.integers(len(pairs), size=len(pairs))]) for _ in range(DRAWS)]
    return [of(pairs), *(float(value) for value in np.nanpercentile(drawn, (2.5, 97.5)))]


def real_cords(model: CanalModel) -> dict[str, dict[str, Any]]:
    """Dice of the cord of real cervical MR in axial slices, tumour that was invented, and what is said of a grade."""
    result = {}
    for name, (ending, label) in REAL.items():
        folder = data_root() / "mr"
        base = name.removesuffix("_t2") if ending == "subreg" else name
        image = to_ras(read_study([f"t2={folder / name}.nii.gz"]).series[0].volume)
        labels = to_ras(read_mask(folder / f"{base}_{ending}.nii.gz"))
        axial = axial_grid(image)
        slices = Volume(resample(image, axial), axial.affine)
        cord = resample(labels.with_array((labels.array == label).astype(np.uint8)), axial) >= 0.5
        try:
            found = segment_canal(slices, model)
        except StudyError as error:
            result[name] = {"dice": 0.0, "said": str(error)}
            continue
        own = found.labels.array == CanalLabel.CORD
        tumour = int((found.labels.array == CanalLabel.EPIDURAL_TUMOUR).sum())
        answer = graded(found, slices)
        result[name] = {
            "dice": float(2 * (own & cord).sum() / (own.sum() + cord.sum())),
            "tumour_ml": tumour * slices.voxel_volume_mm3 / 1000,
            "said": answer["reason"] or answer["grade"],
        }
    return result


def axial_grid(image: Volume) -> Grid:
    """Axial slices of `SLICE_MM` with the pixels of an image whose axes are nearly those of the world."""
    affine, shape = image.affine.copy(), np.array(image.shape)
    step = SLICE_MM / float(image.spacing_mm[2])
    shape[2] = int(shape[2] / step)
    affine[:3, 2] *= step
    affine[:3, 3] = image.world([0, 0, (step - 1) / 2])
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)
