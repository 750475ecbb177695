import csv
import json

import nibabel as nib
import numpy as np
import pytest

from spinemets.errors import StudyError
from spinemets.evaluation import evaluate
from spinemets.lesion_evaluation import lesion_summary, type_counts
from spinemets.measure.lesion_agreement import LesionCase, LesionMatch
from spinemets.measure.lesion_pieces import LesionType

AFFINE = np.diag([2.0, 5.0, 10.0, 1.0])
"""A voxel has 0.1 ml."""


def save(path, text):
    array = np.zeros((len(text), 2, 2), np.uint8)
    array[:, 0, 0] = [".LB".index(letter) for letter in text]
    path.parent.mkdir(exist_ok=True)
    nib.save(nib.Nifti1Image(array, AFFINE), path)
    return path


@pytest.fixture
def folders(tmp_path):
    """Three patients: a lesion found by half, one missed with one invented, and a healthy one without any."""
    drawn = {"a": ("..LLLL......", "....LLLL...."), "b": ("BBB.........", "......BBBB.."), "c": ("............",) * 2}
    for name, (reference, prediction) in drawn.items():
        save(tmp_path / "references" / f"{name}.nii.gz", reference)
        save(tmp_path / "predictions" / f"{name}.nii.gz", prediction)
    return tmp_path / "predictions", tmp_path / "references"


def test_figures_of_three_patients_worked_out_by_hand(folders):
    summary = evaluate(*folders, task="lesions")["summary"]
    assert (summary["cases"], summary["lesions"]) == (3, 2)
    assert summary["dice"]["value"] == pytest.approx((0.5 + 0) / 2)
    assert summary["dice_every_case"]["value"] == pytest.approx((0.5 + 0 + 1) / 3)
    assert summary["lytic_dice"]["value"] == pytest.approx(0.5)
    assert summary["blastic_dice"]["value"] == 0.0
    assert summary["sensitivity"]["overlap"]["value"] == summary["sensitivity"]["iou"]["value"] == 0.5
    assert summary["false_positives_per_scan"]["overlap"]["value"] == pytest.approx(1 / 3)
    assert "type_kappa" not in summary  # one lesion of one type
    assert summary["by_type"]["lytic"] == {
        "lesions": 1, "sensitivity": {"overlap": 1.0, "iou": 1.0}, "lesion_dice": 0.5
    }  # fmt: skip
    assert summary["by_type"]["mixed"] == {"lesions": 0}
    assert {name: group["lesions"] for name, group in summary["by_size"].items()} == {
        "0.3 to 1 ml": 2, "1 to 3 ml": 0, "3 ml and more": 0
    }  # fmt: skip
    low, high = (summary["dice"][end] for end in ("low", "high"))
    assert low == 0.0
    assert high == pytest.approx(0.5)


def test_what_is_written(folders, tmp_path):
    out = tmp_path / "out"
    metrics = evaluate(*folders, task="lesions", out=out)
    assert sorted(path.name for path in out.iterdir()) == ["lesions.svg", "metrics.csv", "metrics.json"]
    assert json.loads((out / "metrics.json").read_text()) == metrics
    rows = list(csv.DictReader((out / "metrics.csv").read_text().splitlines()))
    assert [(row["case"], row["type"], row["found_by_overlap"], row["false_ml"][:3]) for row in rows] == [
        ("a", "lytic", "True", ""),
        ("b", "blastic", "False", ""),
        ("b", "", "", "0.4"),
    ]
    assert (out / "lesions.svg").read_text().rstrip().endswith("</svg>")


def lesion(kind, predicted):
    return LesionMatch(kind, 1.0, predicted is not None, predicted is not None, 1.0, 1.0, predicted)


def test_types_are_counted_over_lesions_that_were_overlapped():
    lytic, blastic, mixed = LesionType
    pairs = [(lytic, lytic), (lytic, mixed), (blastic, blastic), (mixed, mixed), (blastic, None)]
    matches = tuple(lesion(*pair) for pair in pairs)
    assert type_counts(matches).tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]
    voxels = dict.fromkeys(("lesion", "lytic", "blastic"), (1, 1, 1))
    case = LesionCase("a", matches, {"overlap": 0, "iou": 0}, (), voxels)
    # observed 3 of 4, by chance (2 x 1 + 1 x 1 + 1 x 2) / 16
    assert lesion_summary([case])["type_kappa"]["value"] == pytest.approx((3 / 4 - 5 / 16) / (1 - 5 / 16))


def test_masks_without_any_lesion_and_other_labels_are_refused(tmp_path):
    files = save(tmp_path / "p.nii.gz", "...."), save(tmp_path / "r.nii.gz", "....")
    with pytest.raises(StudyError, match="no lesion in any mask"):
        evaluate(*files, task="lesions")
    nib.save(nib.Nifti1Image(np.full((4, 2, 2), 7, np.uint8), AFFINE), tmp_path / "v.nii.gz")
    with pytest.raises(StudyError, match="prediction r has label 7"):
        evaluate(tmp_path / "v.nii.gz", files[1], task="lesions")
