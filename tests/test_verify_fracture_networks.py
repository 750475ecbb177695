"""`verify.py fracture_networks`: which outline is the fractured vertebra's; what is missed counts as missed."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.errors import ModelError, NoSpineFoundError
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.volume import Volume

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture
def verify(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import fracture, fracture_networks

    yield SimpleNamespace(fracture=fracture, networks=fracture_networks)
    for name in [name for name in sys.modules if name.partition(".")[0] == "verification"]:
        del sys.modules[name]


def case_with(drawn):
    """L1 fills ten slices of which `drawn` are called by another network's ids, the rest by nothing."""
    true = np.zeros((4, 4, 10), np.uint8)
    true[...] = Level.L1.verse_id
    own = np.zeros_like(true)
    for level, slices in drawn.items():
        own[..., slices] = level.verse_id
    truth = SimpleNamespace(level=Level.L1, cause=FractureClass.METASTATIC)
    return SimpleNamespace(vertebrae=Volume(true, np.eye(4)), truth=truth, ct=Volume(true, np.eye(4))), Volume(
        own, np.eye(4)
    )


@pytest.mark.parametrize(
    ("drawn", "called"),
    [
        ({Level.L1: slice(0, 10)}, "L1"),
        ({Level.T12: slice(0, 7), Level.L1: slice(7, 10)}, "T12"),
        ({Level.L2: slice(0, 2)}, "L2"),
        ({Level.L1: slice(0, 1)}, None),
        ({}, None),
    ],
    ids=["right", "called_by_another_name", "a_fifth_of_it", "a_tenth_of_it", "missed"],
)
def test_the_vertebra_is_the_one_drawn_over_most_of_its_place(verify, drawn, called):
    assert verify.networks.drawn_as(*case_with(drawn)) == called


def test_a_study_that_is_refused_counts_as_a_fracture_not_found(verify, monkeypatch):
    def refuse(*_, **__):
        raise NoSpineFoundError("no spine")

    monkeypatch.setattr(verify.networks, "fracture_case", lambda *_: case_with({})[0])
    monkeypatch.setattr(verify.networks, "examine", refuse)
    row = verify.networks.network_row(205_001)
    assert (row["fractured"], row["told"], row["refused"], row["level"]) == (False, False, "no spine", "L1")


@pytest.mark.parametrize(
    ("genant", "fracture", "sure", "told"),
    [
        ({"value": 2}, {"p_metastatic": {"value": 0.9}}, True, True),
        ({"not_assessable": "resolution"}, {"p_metastatic": {"value": 0.9}}, False, True),  # open, told if it is one
        ({"not_assessable": "resolution"}, {"not_assessable": "resolution"}, False, False),
        ({"value": 2}, {"p_metastatic": {"not_assessable": "missing_sequence"}}, True, False),
    ],
)
def test_a_row_says_whether_the_fracture_is_sure_and_its_cause_told(verify, monkeypatch, genant, fracture, sure, told):
    case, vertebrae = case_with({Level.L1: slice(0, 10)})
    document = {"vertebrae": [{"level": "L1", "genant": genant, "fracture": fracture}]}
    report = SimpleNamespace(to_json_dict=lambda: document)
    found = SimpleNamespace(results=[SimpleNamespace(vertebrae=vertebrae)], report=report)
    monkeypatch.setattr(verify.networks, "fracture_case", lambda *_: case)
    monkeypatch.setattr(verify.networks, "networks", lambda: None)
    monkeypatch.setattr(verify.networks, "examine", lambda *_, **__: found)
    row = verify.networks.network_row(205_001)
    assert (row["fractured"], row["told"]) == (sure, told)


def test_without_a_model_of_the_cause_there_is_nothing_to_measure(verify, monkeypatch):
    monkeypatch.setattr(verify.fracture.FractureModel, "load", lambda: None)
    with pytest.raises(ModelError, match="there is no models/fracture"):
        verify.fracture.required_model()
