"""`verify.py mr` on boxes: which bodies were found, which invented, and what lies beyond the labels."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from spinemets.anatomy import Level, Subregion
from spinemets.spine import Spine, Vertebra
from spinemets.volume import Volume

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
AFFINE = np.diag([1.0, 1.0, 2.0, 1.0])
SHAPE = (12, 12, 60)


@pytest.fixture
def verify(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import mr

    return mr


def boxes(**rows):
    """Labels of slabs by name of level: first and last plane, and how far they reach from side to side."""
    array = np.zeros(SHAPE, np.uint8)
    for name, (start, stop, width) in rows.items():
        array[:width, 2:10, start:stop] = Level[name].verse_id
    return Volume(array, AFFINE)


def found(**rows):
    vertebrae = boxes(**rows)
    parts = vertebrae.with_array(np.where(vertebrae.array > 0, Subregion.BODY, 0).astype(np.uint8))
    parts.array[:, 2:4] = np.where(vertebrae.array[:, 2:4] > 0, Subregion.ARCH, 0)
    levels = [Vertebra(Level[name], 0.5, (), name == "T9", np.zeros(3), 20.0) for name in rows]
    return SimpleNamespace(vertebrae=vertebrae, subregions=parts, spine=Spine(tuple(levels), True))


REFERENCE = {"L1": (40, 50, 12), "L2": (25, 35, 12), "L3": (10, 20, 12)}


def test_bodies_are_matched_whatever_their_names_and_arches_do_not_count(verify):
    row = verify.agreement(verify.Case("a", "t2"), boxes(**REFERENCE), found(T12=(40, 50, 12), L2=(25, 35, 12)))
    assert (row["bodies"], row["found"], row["named_right"], row["invented"]) == (3, 2, 1, 0)
    assert row["by_body"] == {"L1": "T12 0.86", "L2": "L2 0.86", "L3": "nothing"}  # 2 * 6 / (8 + 6) of the depth
    assert row["dice"] == pytest.approx(2 * 12 / (12 + 24))  # 6 of 8 in two, nothing in the third
    assert row["levels"] == "T12 L2"


def test_a_body_that_covers_less_than_half_is_not_found(verify):
    row = verify.agreement(verify.Case("a", "t2"), boxes(**REFERENCE), found(L1=(40, 43, 12), L3=(10, 20, 12)))
    assert row["found"] == 1
    assert "missed" in row["by_body"]["L1"]


def test_one_body_over_two_stands_for_one_of_them(verify):
    row = verify.agreement(verify.Case("a", "t2"), boxes(**REFERENCE), found(L1=(26, 50, 12)))
    assert row["found"] == 1
    assert row["by_body"]["L2"].startswith("L1 (missed)")


def test_a_body_where_none_is_is_invented_within_the_range_of_the_labels_only(verify):
    there = {"T9": (52, 58, 12), "L1": (40, 50, 12), "L4": (36, 39, 12)}
    row = verify.agreement(verify.Case("a", "t2"), boxes(**REFERENCE), found(**there))
    assert row["invented"] == 1
    assert row["levels"] == "T9* L1 L4"


def test_the_label_of_a_sacrum_counts_neither_way(verify):
    case = verify.Case("a", "t1", has_names=False, of_sacrum=Level.L3.verse_id)
    row = verify.agreement(case, boxes(**REFERENCE), found(L1=(40, 50, 12), L2=(25, 35, 12), L3=(10, 20, 12)))
    assert (row["bodies"], row["found"], row["invented"], row["named_right"]) == (2, 2, 0, None)
    assert row["dice"] == pytest.approx(2 * 6 / (8 + 6))


def test_without_the_network_nothing_is_measured(verify, monkeypatch, capsys):
    monkeypatch.setattr(verify.MrSpineModel, "load", classmethod(lambda cls: None))
    assert verify.measure(SimpleNamespace()) == {"not_assessable": "no_model"}
    assert "models/spine_mr is not there" in capsys.readouterr().out
