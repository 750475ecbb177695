"""`verify.py outlines_mr` on real MR: boxes whose L2 one of two masks shows collapsed, under labels of its own."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fracture_scene import HALF_HEIGHT, LEVELS, Scene

from spinemets.anatomy import Level, Subregion
from spinemets.errors import NoSpineFoundError
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.volume import Volume

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
KEPT = 0.6
"""Share of its height that L2 keeps."""


@pytest.fixture
def verify(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import mr, outlines_real

    yield SimpleNamespace(case=mr.Case("boxes", "t2"), real=outlines_real)
    for name in [name for name in sys.modules if name.partition(".")[0] == "verification"]:
        del sys.modules[name]


@pytest.fixture
def measured(verify, monkeypatch):
    """Rows of a network that drew every body whole, where people drew L2 collapsed and left L4 out."""
    scene = Scene()
    vertebrae, parts = Volume(scene.ids, scene.affine), Volume(scene.parts, scene.affine)
    people = np.zeros_like(scene.ids)
    for label, level in enumerate(LEVELS[:-1], start=11):
        people[(scene.ids == level.verse_id) & (scene.parts == Subregion.BODY)] = label
    people[scene.own & (np.abs(scene.z) > KEPT * HALF_HEIGHT)] = 0
    drawn = SimpleNamespace(spine=spine_from_mask(vertebrae), vertebrae=vertebrae, subregions=parts)
    study = SimpleNamespace(series=[SimpleNamespace(volume=vertebrae)])
    monkeypatch.setattr(verify.real, "data_root", lambda: Path())
    monkeypatch.setattr(verify.real, "read_study", lambda _: study)
    monkeypatch.setattr(verify.real, "reference_bodies", lambda *_: vertebrae.with_array(people))
    monkeypatch.setattr(verify.real, "segment_mr_spine", lambda *_: drawn)
    return verify.real.measure(None, [verify.case])


def test_a_collapse_that_the_network_filled_up_is_the_difference_and_sound_bodies_have_none(measured):
    rows = {row["level"]: row for row in measured["bodies"]}
    assert set(rows) == {str(level) for level in LEVELS[:-1]}
    lost, drawn = rows[str(Level.L2)]["largest"]
    assert lost == pytest.approx(1 - KEPT, abs=0.04)
    assert drawn == pytest.approx(0, abs=0.04)
    assert rows[str(Level.L2)]["largest_loss"] == [drawn - lost]
    assert np.mean(rows[str(Level.L2)]["height_share"]) == pytest.approx(1 / KEPT - 1, abs=0.08)
    for level in (Level.T12, Level.L1, Level.L3):
        assert np.abs(rows[str(level)]["height_share"]).max() < 0.01
    assert measured["differences"]["largest_loss"][2] == pytest.approx(lost - drawn)


def test_an_image_without_a_spine_has_no_bodies(verify, monkeypatch, capsys):
    def refuse(*_):
        raise NoSpineFoundError("no spine")

    study = SimpleNamespace(series=[SimpleNamespace(volume=None)])
    monkeypatch.setattr(verify.real, "data_root", lambda: Path())
    monkeypatch.setattr(verify.real, "read_study", lambda _: study)
    monkeypatch.setattr(verify.real, "reference_bodies", lambda *_: None)
    monkeypatch.setattr(verify.real, "segment_mr_spine", refuse)
    found = verify.real.measure(None, [verify.case])
    assert found["bodies"] == []
    assert "boxes: no spine" in capsys.readouterr().out
