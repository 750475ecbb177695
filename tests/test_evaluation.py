import csv
import json

import nibabel as nib
import numpy as np
import pytest

from spinemets.errors import GeometryMismatchError, StudyError
from spinemets.evaluation import DEFINITIONS, Settings, evaluate, summary

AFFINE = np.diag([1.0, 1.0, 3.0, 1.0])


def save(path, *labels, affine=AFFINE):
    """A mask with one block for each label, from the head down."""
    array = np.zeros((8, 8, 40), dtype=np.int16)
    for place, label in enumerate(labels):
        array[2:6, 2:6, 32 - 10 * place : 38 - 10 * place] = label
    path.parent.mkdir(exist_ok=True)
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


@pytest.fixture
def folders(tmp_path):
    """Two cases: one perfect, one with its lower vertebra missed."""
    for name, labels in (("a", (20, 21)), ("b", (22, 0))):
        save(tmp_path / "predictions" / f"{name}.nii.gz", *labels)
    for name, labels in (("a", (20, 21)), ("b", (22, 23))):
        save(tmp_path / "references" / f"{name}.nii.gz", *labels)
    return tmp_path / "predictions", tmp_path / "references"


def test_the_summary_is_the_mean_over_cases(folders):
    metrics = evaluate(*folders)
    assert [case["name"] for case in metrics["cases"]] == ["a", "b"]
    assert metrics["summary"]["dice"] == {"mean": 0.75, "median": 0.75, "min": 0.5, "max": 1.0, "cases": 2}
    assert metrics["summary"].keys() <= metrics["definitions"].keys() == DEFINITIONS.keys()
    json.dumps(metrics, allow_nan=False)


def test_metrics_a_table_and_plots_are_written(folders, tmp_path):
    out = tmp_path / "deep" / "out"
    metrics = evaluate(*folders, out=out)
    assert sorted(path.name for path in out.iterdir()) == [
        "dice_by_level.svg",
        "levels.svg",
        "metrics.csv",
        "metrics.json",
    ]
    assert json.loads((out / "metrics.json").read_text()) == metrics
    rows = list(csv.DictReader((out / "metrics.csv").read_text().splitlines()))
    assert [(row["case"], row["level"], row["dice"], row["hd95_mm"]) for row in rows] == [
        ("a", "L1", "1.0", "0.0"),
        ("a", "L2", "1.0", "0.0"),
        ("b", "L3", "1.0", "0.0"),
        ("b", "L4", "0.0", ""),
    ]
    for plot in ("dice_by_level.svg", "levels.svg"):
        assert (out / plot).read_text().rstrip().endswith("</svg>")


def test_two_files_need_not_have_the_same_name(tmp_path):
    metrics = evaluate(save(tmp_path / "mine.nii.gz", 20), save(tmp_path / "yours.nii.gz", 20))
    assert [case["name"] for case in metrics["cases"]] == ["yours"]


def test_masks_of_another_tool_are_read_through_its_label_table(tmp_path):
    prediction = save(tmp_path / "totalsegmentator.nii.gz", 31, 30, 52)  # L1, L2 and the aorta
    reference = save(tmp_path / "verse.nii.gz", 20, 21)
    metrics = evaluate(prediction, reference, settings=Settings(prediction_labels="totalsegmentator"))
    assert metrics["summary"]["dice"]["mean"] == metrics["summary"]["foreground_dice"]["mean"] == 1.0
    with pytest.raises(StudyError, match=r"prediction totalsegmentator\.nii\.gz has labels 30, 31, 52"):
        evaluate(prediction, reference)


def test_a_partial_reference_is_an_option(tmp_path):
    prediction, reference = save(tmp_path / "p.nii.gz", 20, 21, 22), save(tmp_path / "r.nii.gz", 20, 21)
    assert evaluate(prediction, reference)["summary"]["detection_precision"]["mean"] == pytest.approx(2 / 3)
    metrics = evaluate(prediction, reference, settings=Settings(partial_reference=True))
    assert metrics["summary"]["detection_precision"]["mean"] == 1.0
    assert metrics["cases"][0]["ignored_levels"] == ["L3"]


def test_predictions_without_a_reference_are_left_out(folders):
    save(folders[0] / "c.nii.gz", 20)
    assert len(evaluate(*folders)["cases"]) == 2


def refused(folders, out, message, **options):
    with pytest.raises(StudyError, match=message):
        evaluate(*folders, out=out, **options)
    assert not out.exists()


def test_a_reference_without_a_prediction_is_refused_by_name(folders, tmp_path):
    save(folders[1] / "c.nii.gz", 20)
    refused(folders, tmp_path / "out", "1 of 3 references have no prediction of the same name: c")


def test_an_unknown_task_is_refused(folders, tmp_path):
    refused(folders, tmp_path / "out", "task 'discs'; there is one for vertebrae, lesions", task="discs")


def test_an_unknown_label_table_is_refused(folders, tmp_path):
    refused(folders, tmp_path / "out", "no label table 'mine'", settings=Settings(reference_labels="mine"))


def test_what_does_not_exist_or_does_not_pair_is_refused(folders, tmp_path):
    out = tmp_path / "out"
    refused((folders[0], tmp_path / "nowhere"), out, "nowhere does not exist")
    refused((folders[0], folders[1] / "a.nii.gz"), out, "two mask files or two folders")
    (tmp_path / "empty").mkdir()
    refused((folders[0], tmp_path / "empty"), out, r"no mask \(.nii.gz.*\) in the folder empty")


def test_references_without_any_vertebra_are_refused(tmp_path):
    files = save(tmp_path / "p.nii.gz", 20), save(tmp_path / "r.nii.gz")
    refused(files, tmp_path / "out", "no vertebra in any reference")


def test_masks_on_two_grids_are_refused(tmp_path):
    moved = AFFINE.copy()
    moved[0, 3] = 5.0
    with pytest.raises(GeometryMismatchError, match="5 mm"):
        evaluate(save(tmp_path / "p.nii.gz", 20, affine=moved), save(tmp_path / "r.nii.gz", 20))


def test_a_metric_is_summarised_over_the_cases_that_have_it():
    assert summary([{"dice": 0.5}, {"dice": 1.0, "hd95_mm": 3.0}])["hd95_mm"]["cases"] == 1
    assert "assd_mm" not in summary([{"dice": 0.5}])
