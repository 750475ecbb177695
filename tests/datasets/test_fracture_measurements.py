"""Measured fractures: made once, read afterwards, by seeds that no other split has."""

import json
import logging

import numpy as np
import pytest

from spinemets.datasets import fracture_measurements
from spinemets.datasets.fracture_measurements import (
    FIRST_SEED,
    cause_of_seed,
    measured_fractures,
    measured_level,
)
from spinemets.datasets.splits import SEEDS
from spinemets.errors import StudyError
from spinemets.fracture_features import feature_row, is_fractured
from spinemets.measure.height_reference import height_losses
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.report import plain
from spinemets.simulate.fracture_case import fracture_case
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.spine_signs import SpineImages
from spinemets.vertebra_assessment import assess_vertebrae


@pytest.fixture
def made(monkeypatch):
    """Seeds that were measured; the measuring itself is left out."""
    seeds = []

    def measured(seed):
        seeds.append(seed)
        return {"seed": seed}

    monkeypatch.setattr(fracture_measurements, "measured_fracture", measured)
    return seeds


def test_a_fracture_is_made_once_and_read_afterwards(made, tmp_path):
    done = []
    first = list(measured_fractures(tmp_path, "train", 2))
    again = list(measured_fractures(tmp_path, "train", 3, done.append))
    start = FIRST_SEED["train"]
    assert [case["seed"] for case in first] == [start, start + 1]
    assert [case["seed"] for case in again] == made == [start, start + 1, start + 2]
    assert done == [1, 2, 3]


def test_what_was_left_half_written_is_made_again(made, tmp_path):
    list(measured_fractures(tmp_path, "test", 1))
    (whole,) = tmp_path.iterdir()
    whole.rename(whole.with_suffix(".partial")).write_text('{"se', encoding="utf-8")
    (case,) = measured_fractures(tmp_path, "test", 1)
    assert case == {"seed": FIRST_SEED["test"]}
    assert json.loads(next(tmp_path.glob("*.json")).read_text(encoding="utf-8")) == case


def test_what_other_code_measured_is_measured_again_and_the_log_says_so_once(made, tmp_path, monkeypatch, caplog):
    start = FIRST_SEED["train"]
    list(measured_fractures(tmp_path, "train", 2))
    (tmp_path / f"fracture-v1-{start + 2}.json").write_text(
        '{"seed": "of a version without digests"}', encoding="utf-8"
    )
    monkeypatch.setattr(fracture_measurements, "source_digest", lambda module: "0123abcdef")
    with caplog.at_level(logging.INFO):
        cases = list(measured_fractures(tmp_path, "train", 4))  # the last was never measured
        assert list(measured_fractures(tmp_path, "train", 4)) == cases
    assert [case["seed"] for case in cases] == [start, start + 1, start + 2, start + 3]
    assert made == [start, start + 1, start, start + 1, start + 2, start + 3]
    assert [message[:30] for message in caplog.messages] == ["3 fractures were measured by o"]
    assert "(0123abcdef)" in caplog.text
    assert len(list(tmp_path.iterdir())) == 2 + 1 + 4  # nothing was deleted


def test_splits_have_seeds_of_their_own_and_as_many_of_either_cause():
    for split, first in FIRST_SEED.items():
        assert first in SEEDS[split]
        causes = [cause_of_seed(first + n) for n in range(20)]
        assert causes.count(FractureClass.METASTATIC) == 10


def test_a_split_that_is_none_or_too_small_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no split 'all'"):
        next(measured_fractures(tmp_path, "all", 1))
    with pytest.raises(ValueError, match="6000 fractures are more than the seeds of validation allow"):
        next(measured_fractures(tmp_path, "validation", 6000))


@pytest.fixture(scope="module")
def case():
    return fracture_case(11, FractureClass.METASTATIC, 2.0)


@pytest.mark.slow
def test_a_simulated_fracture_is_measured_as_it_was_made(case, monkeypatch):
    found = measured_level(case, case.lesions)
    row = feature_row(found)
    assert is_fractured(found)
    assert row["height_loss_max"] == pytest.approx(max(case.truth.losses.values()) + abs(case.truth.tilt), abs=0.25)
    assert row["lesions_elsewhere"] == float(case.truth.signs["lesions_elsewhere"])
    assert row["lesion_body_share"] > 0
    assert not np.isnan([cell for cell in row.values() if cell is not None]).any()
    monkeypatch.setattr(fracture_measurements, "height_losses", lambda heights, excluded: height_losses({}))
    assert measured_level(case, case.lesions) is None  # without a loss of height there is no row


@pytest.mark.slow
def test_the_row_is_that_of_a_report_on_the_same_study(case):
    spine = spine_from_mask(case.vertebrae)
    images = SpineImages(ct=case.ct)
    found = assess_vertebrae(spine, case.vertebrae, case.subregions, lesions=case.lesions, images=images)
    (own,) = (one for one in found.vertebrae if one.level is case.truth.level)
    document = {name: plain(getattr(own, name)) for name in ("height_loss", "posterior_wall", "signs", "lesions")}
    quick, full = feature_row(measured_level(case, case.lesions)), feature_row(document)
    assert quick == full
    assert sum(value is not None for value in full.values()) > 20


def test_a_fracture_whose_masks_are_refused_is_left_out_and_the_log_says_why(case, monkeypatch, caplog):
    def refused(*_):
        raise StudyError("L4 is in the vertebra mask twice")

    monkeypatch.setattr(fracture_measurements, "fracture_case", lambda *_: case)
    monkeypatch.setattr(fracture_measurements, "measured_level", refused)
    with caplog.at_level(logging.WARNING):
        assert fracture_measurements.measured_fracture(FIRST_SEED["test"])["measured"] is None
    assert "is left out: L4 is in the vertebra mask twice" in caplog.text
