"""`verify.py fracture` with a model whose one weight is known, of simulated fractures and of a table."""

import argparse
import sys
from pathlib import Path

import numpy as np
import pytest
from fracture_tables import drawn_rows

from spinemets.errors import ModelError
from spinemets.inference.fracture import FractureModel
from spinemets.training.additive import AdditiveModel
from spinemets.training.fracture_cases import Cases
from spinemets.training.fracture_data import FractureData
from spinemets.training.fracture_onnx import export_fracture_model

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
COUNTS = {"train": 40, "validation": 20}


@pytest.fixture
def verify(monkeypatch, tmp_path):
    """The script on twelve fractures in which a jigsaw sign, and nothing else, says osteoporotic."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import fracture

    def cases(cache, split, count, progress):
        for number in range(count):
            seen = {"jigsaw": {"value": "absent" if number % 2 else "present"}, "vacuum_cleft": {"value": "absent"}}
            cause = "metastatic" if number % 2 else "osteoporotic"
            yield {"seed": number, "cause": cause, "signs": {}, "measured": {"level": "L1", "signs": seen}}
        yield {"seed": count, "cause": "metastatic", "signs": {}, "measured": None}  # not found by its height

    monkeypatch.setattr(fracture, "measured_fractures", cases)
    monkeypatch.setattr(FractureData, "cases", lambda self: Cases(drawn_rows(sum(self.counts.values()))))

    def run(training):
        names, ones = ("jigsaw", "vacuum_cleft"), np.ones(2)
        weights = np.array([0.0, 0.0, -3.0, 0.0, 0.0, 0.0])
        model = AdditiveModel(names, ones / 2, ones / 2, weights, weights[None], ones * 0)
        details = {"version": "1", "licence": "any", "calibration": "none"} | training
        export_fracture_model(model, tmp_path, details)
        monkeypatch.setattr(FractureModel, "load", classmethod(lambda cls, load=FractureModel.load: load(tmp_path)))
        return fracture.measure(argparse.Namespace(cache=tmp_path, cases=12))

    yield run
    for name in [name for name in sys.modules if name.partition(".")[0] == "verification"]:
        del sys.modules[name]


def boosting(result):
    return [name for name in result["figures"] if name.startswith("gradient boosting")]


def test_the_model_is_measured_with_and_without_each_item(verify, capsys):
    result = verify({"training": COUNTS})
    assert (result["simulated"], result["found"]) == (13, 12)
    assert result["figures"]["model, lesion mask"]["auc"] == 1.0
    assert result["auc_without"] == {"CT1": 0.5, "CT3": 1.0}
    assert result["verdicts"] == {"decided": 1.0, "right_of_decided": 1.0}  # 1 / (1 + exp(3)) is less than 0.20
    assert boosting(result) == ["gradient boosting, 60 fractures of the seeds learnt from"]
    assert "table of one's own" not in capsys.readouterr().out


@pytest.mark.parametrize("card", [{"training": {"cases": "a table of one's own", "rows": 100}}, {}])
def test_a_model_of_a_table_is_measured_without_boosting_and_one_sentence_says_why(verify, capsys, card):
    result = verify(card)
    assert result["figures"]["model, lesion mask"]["auc"] == 1.0
    assert boosting(result) == []
    assert capsys.readouterr().out.count("this model learnt from a table of one's own, which is not here") == 1
    assert "say little of patients" in result["note"]


def test_without_a_model_nothing_is_measured(verify, monkeypatch, tmp_path):
    from verification import fracture

    monkeypatch.setattr(FractureModel, "load", classmethod(lambda cls: None))
    with pytest.raises(ModelError, match="there is no models/fracture"):
        fracture.measure(argparse.Namespace(cache=tmp_path, cases=2))
