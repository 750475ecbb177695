"""From a table to a shipped model, as `train.py task=fracture` does it."""

import dataclasses
import json

import pytest
from fracture_tables import drawn_rows

from spinemets.errors import SpinemetsError
from spinemets.formats.fracture_table import read_table, write_table
from spinemets.inference.fracture import FractureModel
from spinemets.training import fracture_choice, fracture_data, fracture_figures
from spinemets.training.fracture import summary, train_fracture
from spinemets.training.fracture_data import FractureData, simulated_rows


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(fracture_choice, "STRENGTHS", (0.01,))
    monkeypatch.setattr(fracture_choice, "RESAMPLED", 3)
    monkeypatch.setattr(fracture_figures, "RESAMPLES", 20)


def trained(tmp_path, rows):
    table = tmp_path / "local.csv"
    write_table(table, rows)
    data = FractureData(str(tmp_path / "cache"), table=str(table))
    return train_fracture(
        data, str(tmp_path / "run"), str(tmp_path / "models"), 1, "0.2.0", "Apache-2.0", "python train.py task=fracture"
    )


def test_a_table_of_ones_own_becomes_a_model_that_says_so(tmp_path):
    table = trained(tmp_path, drawn_rows(100))
    model = FractureModel.load(tmp_path / "models")
    assert model.calibration == "calibrated on the cases of the table"
    training = model.details["training"]
    assert (training["fractures"], training["metastatic_rows"]) == (100, 50)
    assert training["command"] == "python train.py task=fracture"
    assert training["way"] == table["chosen"]["name"]
    assert json.loads((tmp_path / "run" / "comparison.json").read_text(encoding="utf-8")) == table
    assert len(read_table(tmp_path / "run" / "table.csv")) == 100
    assert {"gradient boosting", "chosen, calibrated"} <= set(table)
    assert any(line.startswith("gradient boosting") for line in summary(table))


def test_rows_without_a_cause_teach_nothing(tmp_path):
    with pytest.raises(SpinemetsError, match="no row of the table has a cause"):
        trained(tmp_path, [dataclasses.replace(row, cause=None) for row in drawn_rows(4)])


def test_simulated_cases_come_with_a_lesion_mask_and_without(monkeypatch, tmp_path):
    vertebra = {"level": "L1", "signs": {"other_levels_with_lesions": {"value": 1, "unit": "1"}}}
    listed = [
        {"seed": 1, "cause": "metastatic", "measured": vertebra},
        {"seed": 2, "cause": "osteoporotic", "measured": None},  # its fracture was not found
    ]
    monkeypatch.setattr(fracture_data, "measured_fractures", lambda cache, split, count, progress: iter(listed))
    cases = FractureData(str(tmp_path), train=2, validation=0).cases()
    assert cases.studies == ["simulated-1", "simulated-1"] * 2  # the same from either split here
    assert [row.values["lesions_elsewhere"] for row in cases.rows] == [1.0, None] * 2
    assert FractureData(str(tmp_path)).origin == "simulated fractures"
    assert [row.cause for row in simulated_rows(listed)] == ["metastatic"]
