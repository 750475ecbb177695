"""`verify.py lesions_mr`: every sequence in both masks, on a patient made of blocks and networks that know it."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.errors import NoSpineFoundError
from spinemets.geometry import Grid
from spinemets.simulate.disease import Deposit, Disease
from spinemets.simulate.disease_truth import render_lesions
from spinemets.simulate.tissues import LabelledAnatomy, Tissue

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
SHAPE = (60, 80, 50)
NODE = (slice(22, 38), slice(40, 56), slice(20, 36))


@pytest.fixture
def verify(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import lesions_mr

    return lesions_mr


@pytest.fixture(name="ill")
def _ill():
    """A body of 24 by 30 by 30 mm in muscle with a lytic cube of 4.1 ml."""
    tissue = np.full(SHAPE, Tissue.MUSCLE, np.uint8)
    tissue[18:42, 30:60, 10:40] = Tissue.VERTEBRAL_BODY
    vertebra = np.where(tissue == Tissue.VERTEBRAL_BODY, Level.L3.verse_id, 0).astype(np.uint8)
    subregion = np.where(vertebra > 0, Subregion.BODY, 0).astype(np.uint8)
    lesions = np.zeros(SHAPE, np.uint8)
    lesions[NODE] = LesionLabel.LYTIC
    anatomy = LabelledAnatomy(tissue, vertebra, subregion, np.eye(4), {}, "blocks")
    return Disease(anatomy, (Deposit(NODE, np.ones((16, 16, 16), np.float32), 50.0),), lesions, np.zeros_like(lesions))


def models(**networks):
    return SimpleNamespace(**{"lesion_mr": "lesion network", "spine_mr": "spine network"} | networks)


def test_every_study_is_searched_in_true_masks_and_in_those_of_the_network(verify, ill, monkeypatch):
    shown = []

    def find(images, vertebrae, model):
        assert model == "lesion network"
        shown.append(tuple(images))
        return render_lesions(ill, Grid.of(next(iter(images.values()))))

    def blind(image, model):
        raise NoSpineFoundError("no spine found")

    monkeypatch.setattr(verify, "find_lesions", find)
    monkeypatch.setattr(verify, "segment_mr_spine", blind)
    found = verify.cases_of(ill, 7, models())
    assert shown == list(verify.TOGETHER)  # nothing is searched where no spine was found
    studies = [" ".join(sequences) for sequences in verify.TOGETHER]
    assert set(found) == set(product(studies, verify.MASKS, verify.WHICH))
    told = verify.summaries({key: [case] for key, case in found.items()})
    assert set(told) == {", ".join(key) for key in product(verify.MASKS, verify.WHICH, (*studies, "all"))}
    assert told["true masks, all lesions, all"]["lesions"] == len(studies)
    assert told["true masks, all lesions, all"]["sensitivity"]["overlap"]["value"] == 1.0
    assert told["outlined, all lesions, all"]["sensitivity"]["overlap"]["value"] == 0.0
    assert told["true masks, all lesions, t1"]["by_size"]["3 ml and more"]["lesions"] == 1
    assert told["true masks, visible lesions, t1"]["lesions"] == 1  # tumour is dark in bright marrow


def test_a_lesion_that_one_sequence_hides_counts_as_seen_where_another_of_the_study_shows_it(verify, ill):
    scans = [verify.scanned(ill, 7, sequence) for sequence in ("t2", "t1")]
    hidden = replace(scans[0], visible=np.zeros_like(scans[0].visible))
    assert not verify.shown([hidden]).any()
    assert np.array_equal(verify.shown([hidden, scans[1]]), scans[0].truth.array > 0)
    nobody = replace(scans[1], visible=np.zeros_like(scans[1].visible))
    assert not verify.shown([hidden, nobody]).any()


def test_without_the_network_nothing_is_measured(verify, monkeypatch, capsys):
    monkeypatch.setattr(verify, "Models", lambda: models(lesion_mr=None))
    assert verify.measure(SimpleNamespace(cases=1)) == {"not_assessable": "no_model"}
    assert "models/lesion_mr is not there" in capsys.readouterr().out
