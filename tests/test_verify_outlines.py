"""`verify.py outlines`: differences by hand, and which bodies count as sound."""

import sys
from pathlib import Path

import pytest

from spinemets.errors import ModelError

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture
def outlines(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import outlines

    yield outlines
    for name in [name for name in sys.modules if name.partition(".")[0] == "verification"]:
        del sys.modules[name]


def row(loss, change, disease=None):
    return {"seed": 1, "disease": disease, "level": "L1", "order": 19, "largest_loss": [loss, loss], "change": change}


def test_sound_bodies_of_ill_patients_count_and_collapsed_ones_stand_by_themselves(outlines, capsys):
    rows = [row(0.0, {"height_middle": 1.0}), row(0.05, {"height_middle": -2.0}, "mixed"), row(0.4, {}, "mixed")]
    found = outlines.told(rows, [])
    healthy, sound = (
        found["healthy"][f"T5 to L5, {whose}"] for whose in ("healthy patients", "sound bodies of all patients")
    )
    assert healthy["differences"]["height"] == (1.0, 1.0, 1.0)
    assert sound["bodies"] == 2
    assert sound["differences"]["height"] == pytest.approx((-0.5, 1.9, 2.0))
    assert [one["largest_loss"] for one in found["fractured"]] == [[0.4, 0.4]]
    assert "seed 1 L1   [0.4, 0.4]" in capsys.readouterr().out


def test_without_a_network_for_mr_there_is_nothing_to_measure(outlines, monkeypatch):
    monkeypatch.setattr(outlines.MrSpineModel, "load", lambda: None)
    with pytest.raises(ModelError, match="ships no network that outlines vertebrae on MR"):
        outlines.measure_mr(None)
