"""`verify.py canal`: rows are kept and gone on with, and other scanners change what they say they change."""

import sys
import time
from pathlib import Path

import pytest

from spinemets.simulate.axial_scan import random_scan
from spinemets.simulate.epidural_growth import NoRoomError

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture
def verification(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import canal_looks, case_rows

    yield canal_looks, case_rows
    for name in [name for name in sys.modules if name.partition(".")[0] == "verification"]:
        del sys.modules[name]


def test_an_interrupted_measurement_goes_on_where_it_stopped(verification, tmp_path, capsys):
    _, case_rows = verification
    made = []

    def one(number):
        if number == 3 and len(made) < 4:
            made.append(None)
            raise KeyboardInterrupt
        made.append(number)
        return {"number": number}

    with pytest.raises(KeyboardInterrupt):
        case_rows.rows_of(range(5), one, tmp_path)
    rows = case_rows.rows_of(range(5), one, tmp_path)
    assert [row["number"] for row in rows] == [0, 1, 2, 3, 4]
    assert [number for number in made if number is not None] == [0, 1, 2, 3, 4]
    assert "3 of 5 cases were measured before" in capsys.readouterr().out


def test_several_processes_give_the_rows_in_their_order(verification, tmp_path):
    _, case_rows = verification
    assert case_rows.rows_of([3, 1, 2], bin_of, tmp_path, jobs=2) == [{"bin": "0b11"}, {"bin": "0b1"}, {"bin": "0b10"}]


def bin_of(number):
    return {"bin": bin(number)}


def fails_at_one(number):
    if number == 1:
        raise ValueError("no such patient")
    time.sleep(0.2)
    return {}


def test_a_failure_in_one_process_ends_the_others_before_all_is_made(verification, tmp_path):
    _, case_rows = verification
    with pytest.raises(ValueError, match="no such patient"):
        case_rows.rows_of(range(1, 200), fails_at_one, tmp_path, jobs=2)
    assert len(list(tmp_path.glob("*.json"))) < 20


def test_rows_of_other_code_or_another_model_are_not_taken(verification, tmp_path):
    _, case_rows = verification
    modules = ["spinemets.anatomy", "spinemets.rules.escc"]
    kept = {
        case_rows.kept_in(tmp_path, part, modules[:count], model)
        for part in ("canal", "escc")
        for count in (1, 2)
        for model in ("a", "b")
    }
    assert len(kept) == 8


def test_each_look_changes_one_thing(verification):
    looks, _ = verification
    scan = random_scan(4)
    drawn = {name: look(scan) for name, look in looks.LOOKS.items()}
    assert drawn["as drawn"] == scan
    changed = {
        name: {key for key in vars(scan) if getattr(one, key) != getattr(scan, key)} for name, one in drawn.items()
    }
    assert all(len(keys) == 1 for name, keys in changed.items() if name != "as drawn")
    assert drawn["tilt of 15°"].tilt_deg == (15.0, 0.0)
    assert drawn["half the resolution"].pixel_mm == 2 * scan.pixel_mm
    assert drawn["begins beside the tumour"].below_mm == 14.0


def test_tumour_that_the_image_does_not_show_is_counted_apart(verification):
    from verification.canal import agreement

    kinds = [("0", "0", False, True), ("1a", "0", False, False), ("2", "2", False, True), ("3", "2", True, True)]
    keys = ("truth", "grade", "at_boundary", "shown")
    found = agreement([dict(zip(keys, kind, strict=True)) | {"possible": []} for kind in kinds])
    assert {name: part["patients"] for name, part in found.items()} == {
        "all": 4,
        "off a boundary": 3,
        "off a boundary, tumour shown or none": 2,
    }
    assert found["off a boundary, tumour shown or none"]["exact"][0] == 1.0


def test_a_patient_that_cannot_be_drawn_is_counted_apart_and_stops_nothing(verification, monkeypatch):
    from verification import canal

    def narrow(*_):
        raise NoRoomError("no growth reaches grade 1b")

    monkeypatch.setattr(canal, "axial_case", narrow)
    row = canal.test_row(236)
    assert (row["seed"], row["truth"], row["not_drawn"]) == (206236, None, "no growth reaches grade 1b")
    assert canal.agreement([row]) == canal.dice_table([row]) == {}


def test_a_wrong_grade_that_says_so_is_told_from_one_that_does_not(verification):
    looks, _ = verification
    rows = [
        {
            "truth": "2",
            "grade": "1c",
            "possible": ["1c", "2"],
            "reason": None,
            "at_boundary": False,
            "shown": True,
            "overlap": {},
        },
        {
            "truth": "2",
            "grade": "1b",
            "possible": ["1b"],
            "reason": None,
            "at_boundary": False,
            "shown": True,
            "overlap": {},
        },
        {
            "truth": "0",
            "grade": "0",
            "possible": ["0"],
            "reason": None,
            "at_boundary": False,
            "shown": True,
            "overlap": {},
        },
        {
            "truth": "3",
            "grade": None,
            "possible": [],
            "reason": "resolution: ...",
            "at_boundary": False,
            "shown": True,
            "overlap": {},
        },
    ]
    found = looks.summary(rows)
    assert (found["patients"], found["graded"]) == (4, 3)
    assert found["wrong, the true grade stays possible"] == "1 of 2"
    assert found["not graded for"] == ["resolution"]
