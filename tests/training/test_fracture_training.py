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
from spinemets.training.fracture_card import modalities
from spinemets.training.fracture_cases import Cases
from spinemets.training.fracture_choice import NESTED
from spinemets.training.fracture_data import FractureData, simulated_rows


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(fracture_choice, "STRENGTHS", (0.01,))
    monkeypatch.setattr(fracture_choice, "RESAMPLED", 3)
    monkeypatch.setattr(fracture_figures, "RESAMPLES", 20)


def trained(tmp_path, rows, licence="Apache-2.0"):
    table = tmp_path / "local.csv"
    write_table(table, rows)
    data = FractureData(str(tmp_path / "cache"), table=str(table))
    return train_fracture(
        data, str(tmp_path / "run"), str(tmp_path / "models"), 1, "0.2.0", licence, "python train.py task=fracture"
    )


def test_a_table_of_ones_own_becomes_a_model_that_says_so(tmp_path):
    rows = [dataclasses.replace(row, study=f"patient {number // 2}") for number, row in enumerate(drawn_rows(101))]
    table = trained(tmp_path, rows)
    model = FractureModel.load(tmp_path / "models")
    held = "a table of one's own, 101 fractured vertebrae (50 metastatic) of 51 studies"
    assert model.calibration == f"calibrated on {held}"
    training = model.details["training"]
    assert (training["studies"], training["rows"], training["metastatic_rows"]) == (51, 101, 50)
    assert training["command"] == "python train.py task=fracture"
    assert training["way"] == table["chosen"]["name"]
    assert json.loads((tmp_path / "run" / "comparison.json").read_text(encoding="utf-8")) == table
    assert len(read_table(tmp_path / "run" / "table.csv")) == 101
    card = (tmp_path / "models" / "fracture" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"Learnt from and calibrated on {held}." in card
    assert "simulated fractures only" not in card
    assert "no real" not in card
    assert f"{table[NESTED]['log_loss']:.3f} |" in card
    assert model.licence == "none stated; it is for the owner of the table to give"
    assert f"| licence | {model.licence} |" in card


def test_a_table_has_the_licence_that_its_owner_gives(tmp_path):
    trained(tmp_path, drawn_rows(60), "CC-BY-4.0")
    assert FractureModel.load(tmp_path / "models").licence == "CC-BY-4.0"
    assert "| licence | CC-BY-4.0 |" in (tmp_path / "models/fracture/MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_simulated_model_says_how_many_were_made_and_found(monkeypatch, tmp_path):
    rows = drawn_rows(60)
    monkeypatch.setattr(FractureData, "cases", lambda self: Cases([*rows, *rows]))
    data = FractureData(str(tmp_path), train=50, validation=20, mr_train=30, mr_validation=10)
    train_fracture(data, str(tmp_path / "run"), str(tmp_path), 1, "0.2.0", "Apache-2.0", "python train.py")
    model = FractureModel.load(tmp_path)
    assert model.calibration == "calibrated on simulated cases only"
    assert (model.licence, model.details["modality"]) == ("Apache-2.0", ["CT"])
    card = (tmp_path / "fracture" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Learnt from and calibrated on simulated fractures only; it has met no real one." in card
    assert "50 simulated fractures of the training seeds and 20 of the validation seeds on CT, 30 and 10 of the" in card
    assert "60 were found by their loss of height on either" in card
    assert "| licence | Apache-2.0; no real image is in it |" in card


def test_the_log_puts_the_least_loss_first_and_names_the_optimistic_figure():
    table = {
        "gradient boosting": {"log_loss": 0.9, "auc": 0.71, "auc_low": 0.6},
        "way a": {"log_loss": 0.5, "auc": 0.75},
        NESTED: {"log_loss": 0.7, "auc": 0.73},
        "chosen": {"name": "way a", "factor": 1.0, "inputs": ["jigsaw"]},
    }
    first, *rows, last = summary(table)
    assert first.split()[-5:] == ["auc", "auc_low", "auc_high", "log_loss", "calibration_error"]
    assert [row.split("  ")[0] for row in rows] == ["way a", NESTED, "gradient boosting"]
    assert rows[2].split()[2:] == ["0.710", "0.600", "0.900"]
    assert last == f"'way a', here not calibrated, was chosen by this loss, which is optimistic; '{NESTED}' is not"


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (("jigsaw", "wall_depth"), ["CT"]),
        (("adc", "wall_depth"), ["MR"]),
        (("adc", "jigsaw"), ["CT", "MR"]),
        (("wall_depth",), ["CT"]),
    ],
)
def test_the_modality_is_that_of_the_inputs(inputs, expected):
    assert modalities(inputs) == expected


def test_rows_without_a_cause_teach_nothing(tmp_path):
    with pytest.raises(SpinemetsError, match="no row of the table has a cause"):
        trained(tmp_path, [dataclasses.replace(row, cause=None) for row in drawn_rows(4)])


def vertebra(**signs):
    return {"level": "L1", "signs": {name: {"value": value} for name, value in signs.items()}}


def test_simulated_cases_come_with_a_lesion_mask_and_without_and_on_either_scan_and_both(monkeypatch, tmp_path):
    listed = [
        {"seed": 1, "cause": "metastatic", "measured": vertebra(other_levels_with_lesions=1, jigsaw="absent")},
        {"seed": 2, "cause": "osteoporotic", "measured": None},  # its fracture was not found
        {"seed": 3, "cause": "osteoporotic", "measured": vertebra(jigsaw="present")},
    ]
    monkeypatch.setattr(fracture_data, "measured_fractures", lambda cache, split, count, progress: iter(listed))
    cases = FractureData(str(tmp_path), train=3, validation=0).cases()
    assert cases.studies == ["simulated-1", "simulated-3"] * 4  # the same from either split here
    assert [row.values["lesions_elsewhere"] for row in cases.rows] == [1.0, None] * 2 + [None] * 4
    on_mr = [
        {
            "seed": 1,
            "cause": "metastatic",
            "measured": vertebra(other_levels_with_lesions=0, fluid_sign="absent"),
            "bare": vertebra(fluid_sign="absent"),
        },
        {"seed": 2, "cause": "osteoporotic", "measured": vertebra(fluid_sign="present"), "bare": None},
    ]

    def only_in_training(cache, split, count, progress):
        return iter(on_mr if split == "train" else [])

    monkeypatch.setattr(fracture_data, "measured_mr_fractures", only_in_training)
    monkeypatch.setattr(fracture_data, "measured_fractures", lambda *given: iter(listed if given[1] == "train" else []))
    rows = FractureData(str(tmp_path), train=3, validation=0, mr_train=2).cases().rows
    names = ("jigsaw", "fluid_sign", "lesions_elsewhere")
    assert [(row.study[-1], *(row.values[name] for name in names)) for row in rows[4:]] == [
        ("1", None, 0.0, 0.0),  # on MR, with the lesion mask
        ("2", None, 1.0, None),
        ("1", None, 0.0, None),  # without it; that of 2 was not found
        ("1", 0.0, 0.0, 1.0),  # on both: what either tells is that of CT
        ("1", 0.0, 0.0, None),
    ]
    assert FractureData(str(tmp_path)).origin == "simulated fractures"
    assert [row.cause for row in simulated_rows(listed)] == ["metastatic", "osteoporotic"]
