"""Learning the cause from tables in which we know what tells it, and the exported file against numpy."""

import dataclasses

import numpy as np
import onnx
import pytest
import yaml
from fracture_tables import EMPTY, INPUTS, SHARES, drawn_rows

from spinemets.errors import ModelError, SpinemetsError
from spinemets.inference.fracture import FractureModel
from spinemets.training import fracture_choice, fracture_onnx
from spinemets.training.fracture_cases import Cases, folds
from spinemets.training.fracture_choice import (
    best_model,
    boosted_probability,
    calibrating_factor,
    candidates,
    unseen_by_choice,
    with_uncertainty,
)
from spinemets.training.fracture_figures import auc
from spinemets.training.fracture_fits import fit_logistic, fit_weights_of_evidence, masked
from spinemets.training.fracture_onnx import export_fracture_model

DESCRIPTION = {"version": "9", "licence": "Apache-2.0", "calibration": "calibrated on simulated cases only"}


@pytest.fixture(scope="module")
def learnt():
    return best_model(Cases(drawn_rows(120)), seed=3)


@pytest.fixture
def shipped(learnt, tmp_path):
    assert export_fracture_model(learnt[0], tmp_path, DESCRIPTION) < fracture_onnx.PARITY
    return tmp_path


def test_what_was_learnt_tells_new_cases_apart_and_says_how_sure_it_is(learnt):
    model, table = learnt
    new = Cases(drawn_rows(200, seed=2))
    probability = model.probability(new.cells(model.names))
    assert auc(new.truth, probability) > 0.9
    assert np.mean((probability > 0.5) == new.truth) > 0.8
    assert model.resampled.std(axis=0).max() > 0
    ways = candidates(Cases(drawn_rows(120)), 0)
    assert table["chosen"]["name"] == min(ways, key=lambda name: table[name]["log_loss"])


def test_choice_calibration_and_weights_of_a_fold_know_nothing_of_its_truth(monkeypatch):
    monkeypatch.setattr(fracture_choice, "STRENGTHS", (0.01, 0.3))
    rows = drawn_rows(80, missing=0.0)
    place = folds(Cases(rows), seed=0)
    turned = {"metastatic": "osteoporotic", "osteoporotic": "metastatic"}
    other = [
        dataclasses.replace(row, cause=turned[row.cause]) if fold == 0 else row
        for row, fold in zip(rows, place, strict=True)
    ]
    before, after = (unseen_by_choice(Cases(one), place, seed=0) for one in (rows, other))
    assert np.array_equal(before[place == 0], after[place == 0])
    assert not np.isclose(before[place != 0], after[place != 0]).any()


def test_signs_weigh_towards_their_own_column(learnt):
    model, _ = learnt
    for name in set(model.names) & set(SHARES):
        one = np.full((2, len(model.names)), np.nan)
        one[:, model.names.index(name)] = 1.0, 0.0
        present, absent = model.evidence(one)
        assert (present > absent) == (SHARES[name][1] > SHARES[name][0])


def test_what_we_chose_ourselves_or_a_true_mask_gives_away_is_no_input():
    told = {"lesion_body_share", "pedicle_lesion_share", "trabecular", "trabecular_reference", "height_loss_max"}
    rows = [
        dataclasses.replace(row, values=row.values | {name: float(row.is_metastatic) + 0.1 * n for name in told})
        for n, row in enumerate(drawn_rows(120))
    ]
    assert not told & {name for _, names in candidates(Cases(rows), 0).values() for name in names}


def test_few_cases_teach_nothing():
    with pytest.raises(SpinemetsError, match="6 studies with a metastatic fracture; at least 15"):
        best_model(Cases(drawn_rows(12)), seed=1)


def test_weights_of_evidence_are_log_likelihood_ratios():
    cells = np.array([[1.0], [1.0], [0.0], [np.nan], [1.0], [0.0], [0.0], [0.0]])
    truth = np.array([True, True, True, True, False, False, False, False])
    model = fit_weights_of_evidence(cells, truth, ["jigsaw"])
    present, absent = np.log((3 / 5) / (2 / 6)), np.log((2 / 5) / (4 / 6))  # one case added to either answer
    assert model.evidence(np.array([[1.0], [0.0], [np.nan], [0.5]])) == pytest.approx(
        [present, absent, 0.0, (present + absent) / 2]
    )


def test_masked_copies_begin_with_the_rows_and_only_empty_cells():
    cells = Cases(drawn_rows(40, missing=0.0)).cells(INPUTS)
    copies = masked(cells, INPUTS, 5, np.random.default_rng(0)).reshape(5, *cells.shape)
    assert np.array_equal(copies[0], cells)
    assert 0.05 < np.isnan(copies[1:]).mean() < 0.3
    kept = ~np.isnan(copies[1:])
    assert np.array_equal(copies[1:][kept], np.broadcast_to(cells, copies[1:].shape)[kept])


def test_more_penalty_makes_smaller_weights():
    cases = Cases(drawn_rows(80))
    norms = [
        np.linalg.norm(
            fit_logistic(cases.cells(INPUTS), cases.truth, INPUTS, strength, np.random.default_rng(0)).weights
        )
        for strength in (0.01, 1.0)
    ]
    assert norms[1] < 0.7 * norms[0]


def test_overconfident_evidence_is_shrunk():
    # evidence of 2 either way that is right in 3 of 4 cases: log-odds of 3/4 are log 3
    truth, evidence = np.array([True, True, True, False] * 2), np.full(8, 2.0)
    truth[4:], evidence[4:] = ~truth[4:], -2.0
    assert calibrating_factor(truth, evidence) == pytest.approx(np.log(3) / 2, abs=1e-3)
    assert calibrating_factor(truth, evidence / 4) == pytest.approx(1.5, abs=1e-3)  # the largest factor


def test_true_likelihood_ratios_stay_as_they_are_however_many_cases_are_of_either_class():
    # a sign of 3 in 4 metastatic and 1 in 4 osteoporotic fractures; of these there are three times as many
    truth = np.arange(16) < 4
    sign = np.array([1, 1, 1, 0] + [1, 0, 0, 0] * 3)
    evidence = np.where(sign == 1, 1, -1) * np.log(3)
    assert calibrating_factor(truth, evidence) == pytest.approx(1.0, abs=1e-3)


def test_gradient_boosting_learns_the_same_table(learnt):
    train, new = Cases(drawn_rows(120)), Cases(drawn_rows(120, seed=2))
    assert auc(new.truth, boosted_probability(train, new, seed=0)) > 0.85
    assert learnt[1]["gradient boosting"]["auc"] > 0.8


def test_the_exported_file_gives_the_same_sums_and_nothing_for_what_is_missing(learnt, shipped):
    model, _ = learnt
    loaded = FractureModel.load(shipped)
    assert loaded.inputs == model.names
    for row in drawn_rows(12, seed=5):
        odds = loaded.explain(row.values, prior=0.2)
        assert set(odds.contributions) == {name for name in model.names if row.values[name] is not None}
        assert odds.prior_log_odds + sum(odds.contributions.values()) == pytest.approx(odds.log_odds, abs=1e-4)
        assert odds.p_metastatic == pytest.approx(1 / (1 + np.exp(-odds.log_odds)), abs=1e-5)
        assert odds.low <= odds.p_metastatic <= odds.high
        cells = Cases([row]).cells(model.names)
        assert odds.p_metastatic == pytest.approx(float(model.probability(cells, 0.2)[0]), abs=1e-5)
    nothing = loaded.explain(EMPTY, prior=0.2)
    assert nothing.p_metastatic == pytest.approx(0.2, abs=1e-6)
    assert nothing.contributions == {}
    assert nothing.high - nothing.low > 0.5


def test_fewer_signs_make_a_wider_interval(shipped):
    loaded = FractureModel.load(shipped)
    full = drawn_rows(2, missing=0.0)[1].values
    widths = []
    for count in (4, 2, 1):
        seen = EMPTY | {name: full[name] for name in INPUTS[:count]}
        odds = loaded.explain(seen, 0.5)
        low, high = (np.log(x / (1 - x)) for x in (odds.low, odds.high))
        widths.append(high - low)
    assert widths[0] < widths[1] < widths[2]


@pytest.mark.parametrize("prior", [0.0, 1.0, -0.1])
def test_a_prior_that_is_none_is_refused(shipped, prior):
    with pytest.raises(ValueError, match=f"between 0 and 1, got {prior}"):
        FractureModel.load(shipped).explain(EMPTY, prior)


def test_where_no_model_lies_there_is_none(tmp_path):
    assert FractureModel.load(tmp_path) is None


def edited(folder, **changes):
    path = folder / "fracture" / "card.yaml"
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        card["input" if name in ("columns", "features_version") else name] = (
            card["input"] | {name: value} if name in ("columns", "features_version") else value
        )
    path.write_text(yaml.safe_dump({k: v for k, v in card.items() if v is not None}), encoding="utf-8")
    return folder


def test_a_card_that_does_not_fit_is_refused(shipped):
    for changes, complaint in (
        ({"sha256": "0" * 64}, "damaged: its card is for 000000000000"),
        ({"calibration": None}, "lacks calibration"),
        ({"features_version": 99}, "columns of version 99"),
        ({"columns": [{"name": "aura"}]}, "column aura"),
        ({"input": None}, "cannot be read"),
    ):
        card = (shipped / "fracture" / "card.yaml").read_text(encoding="utf-8")
        with pytest.raises(ModelError, match=complaint):
            FractureModel.load(edited(shipped, **changes))
        (shipped / "fracture" / "card.yaml").write_text(card, encoding="utf-8")


def test_an_export_that_differs_is_refused_and_leaves_nothing(learnt, tmp_path, monkeypatch):
    monkeypatch.setattr(fracture_onnx, "parity", lambda model, path: 0.5)
    with pytest.raises(ModelError, match=r"differs from numpy by 0\.5"):
        export_fracture_model(learnt[0], tmp_path, DESCRIPTION)
    assert list((tmp_path / "fracture").iterdir()) == []


def test_the_file_holds_no_other_operators_than_standard_ones(learnt):
    assert {entry.domain for entry in fracture_onnx.graph_of(learnt[0]).opset_import} <= {""}
    onnx.checker.check_model(fracture_onnx.graph_of(learnt[0]), full_check=True)


def test_resamples_that_lack_an_input_are_not_passed_over_in_silence(learnt, monkeypatch):
    monkeypatch.setattr(fracture_choice, "usable_inputs", lambda cases, names, least: ())
    with pytest.raises(SpinemetsError, match="only 0 of 40 resamples had enough of every input"):
        with_uncertainty(learnt[0], None, Cases(drawn_rows(40)), 0)


def test_a_table_without_a_usable_column_teaches_nothing():
    with pytest.raises(SpinemetsError, match="no column was assessed in 10 studies of either cause"):
        best_model(Cases(drawn_rows(40, missing=0.9)), seed=1)
