"""`spinemets features`: a table from the reports of a folder."""

import json

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.errors import SpinemetsError
from spinemets.features_command import run_features
from spinemets.findings import Measured, NotAssessed, Reason, VertebraFindings
from spinemets.formats.fracture_table import read_table
from spinemets.formats.report_json import write_report_json
from spinemets.report import InputSeries, Report
from spinemets.spine import Spine, Vertebra

UNSEEN = NotAssessed(Reason.OUT_OF_FIELD, "the image cuts through L3")


def report(folder, name):
    """L1 fractured with a jigsaw sign, L2 whole, L3 not measured."""
    levels = (Level.L1, Level.L2, Level.L3)
    vertebrae = (
        Vertebra(level, 1.0, (), False, np.array([0.0, 0.0, -35.0 * n]), 30.0) for n, level in enumerate(levels)
    )
    spine = Spine(tuple(vertebrae), level_ambiguous=False, flags=())
    grades = (Measured(2, "1", 1, 3, "Genant"), Measured(0, "1", 0, 1, "Genant"), UNSEEN)
    signs = ({"jigsaw": {"value": "present", "method": "CT1"}}, UNSEEN, UNSEEN)
    rows = tuple(
        VertebraFindings(level, genant=grade, signs=sign)
        for level, grade, sign in zip(levels, grades, signs, strict=True)
    )
    path = folder / name / "report.json"
    path.parent.mkdir(parents=True)
    write_report_json(path, Report((InputSeries("ct", used=True, role="ct"),), spine, rows))
    return path


@pytest.fixture
def studies(tmp_path):
    return [report(tmp_path / "reports", name) for name in ("anna", "bert")]


def labels(tmp_path, text):
    path = tmp_path / "causes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_fractured_vertebra_of_a_folder_becomes_a_row(studies, tmp_path):
    causes = labels(tmp_path, "study,level,cause\nbert,L1,metastatic\n")
    said = run_features([tmp_path / "reports"], tmp_path / "table.csv", causes)
    rows = read_table(tmp_path / "table.csv")
    assert [(row.study, row.level, row.cause) for row in rows] == [("anna", "L1", None), ("bert", "L1", "metastatic")]
    assert rows[0].values["jigsaw"] == 1.0
    assert rows[0].values["vacuum_cleft"] is None
    assert "2 fractures of 2 studies, 1 with a cause; 2 vertebrae could not be told" in said


def test_studies_of_one_patient_bear_one_name_and_others_keep_theirs(studies, tmp_path):
    report(tmp_path / "reports", "anna-later")
    text = "study,level,patient,cause\nanna,L1,p7,both\nanna-later,L1,p7,metastatic\nbert,L1,,metastatic\n"
    run_features([tmp_path / "reports"], tmp_path / "table.csv", labels(tmp_path, text))
    rows = read_table(tmp_path / "table.csv")
    assert [(row.study, row.cause) for row in rows] == [("p7", "both"), ("p7", "metastatic"), ("bert", "metastatic")]


def test_a_single_report_is_taken_too(studies, tmp_path):
    assert "1 fracture of 1 studies" in run_features(studies[:1], tmp_path / "table.csv", None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("study,level,cause\nanna,L2,metastatic\n", "1 labels fit no measured fracture, the first is anna L2"),
        ("study,level,cause\nanna,L1,benign\n", "line 2: cause 'benign' is none of"),
        ("study,level,cause\nanna,L1,both\nanna,L1,metastatic\n", "line 3: anna L1 has two causes"),
        ("study,level,cause,patient\nanna,L1,both,p\nanna,L1,both,q\n", "line 3: anna has two patients"),
        ("case,level,cause\n", "need the columns study, level, cause, got case"),
    ],
)
def test_labels_that_do_not_fit_are_refused_and_nothing_is_written(studies, tmp_path, text, complaint):
    with pytest.raises(SpinemetsError, match=complaint):
        run_features([tmp_path / "reports"], tmp_path / "table.csv", labels(tmp_path, text))
    assert not (tmp_path / "table.csv").exists()


def test_labels_that_are_not_there_are_named(studies, tmp_path):
    with pytest.raises(SpinemetsError, match=r"labels absent\.csv cannot be read"):
        run_features(studies, tmp_path / "table.csv", tmp_path / "absent.csv")


def test_folders_without_reports_and_files_that_are_none_are_refused(studies, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpinemetsError, match=r"no report\.json in empty"):
        run_features([tmp_path / "empty"], tmp_path / "table.csv", None)
    document = json.loads(studies[0].read_text(encoding="utf-8"))
    del document["spine"]
    studies[0].write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(SpinemetsError, match=r"anna/report\.json is no report"):
        run_features(studies, tmp_path / "table.csv", None)


def test_two_studies_of_one_name_are_refused(studies, tmp_path):
    again = report(tmp_path / "more", "anna")
    with pytest.raises(SpinemetsError, match="two reports lie in folders called 'anna'"):
        run_features([*studies, again], tmp_path / "table.csv", None)
