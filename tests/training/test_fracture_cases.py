"""Studies, not rows, are what is counted and divided."""

import dataclasses

import numpy as np
import pytest
from fracture_tables import EMPTY, INPUTS, drawn_rows

from spinemets.formats.fracture_table import FractureRow
from spinemets.training.fracture_cases import FOLDS, Cases, folds, parts, usable_inputs


def renamed(rows, study):
    """The rows, each called by `study` of its number."""
    return [dataclasses.replace(row, study=study(number)) for number, row in enumerate(rows)]


def test_inputs_are_the_columns_that_were_assessed_and_vary():
    assert set(usable_inputs(Cases(drawn_rows(120)), list(EMPTY))) == set(INPUTS)
    assert usable_inputs(Cases(drawn_rows(12)), list(EMPTY)) == ()
    flat = [dataclasses.replace(row, values=row.values | {"cleft_volume": 0.0}) for row in drawn_rows(120)]
    assert "cleft_volume" not in usable_inputs(Cases(flat), list(EMPTY))


@pytest.mark.parametrize(("patients", "usable"), [(9, ()), (10, ("wall_depth",))])
def test_many_fractures_of_one_patient_are_one_witness(patients, usable):
    # 60 fractures of either cause in which the wall was measured, of so many patients each
    rows = [
        FractureRow(f"{cause} {n % patients}", "L1", EMPTY | {"wall_depth": float(n)}, cause)
        for cause in ("metastatic", "osteoporotic")
        for n in range(60)
    ]
    assert usable_inputs(Cases(rows), ["wall_depth", "jigsaw"]) == usable


def test_a_study_is_in_one_fold_and_folds_are_about_as_large():
    rows = renamed(drawn_rows(80), lambda number: f"study {number // 4}")
    place = folds(Cases(rows), seed=1)
    assert all(len(set(place[start : start + 4])) == 1 for start in range(0, 80, 4))
    assert np.bincount(place).tolist() == [16] * 5


@pytest.mark.parametrize("seed", range(5))
def test_folds_have_as_many_studies_of_each_kind_however_many_rows_these_have(seed):
    rng = np.random.default_rng(seed)
    kinds = {"ill": 17, "brittle": 23, "either": 8}
    rows = []
    for kind, count in kinds.items():
        for number in range(count):
            causes = {"ill": ["metastatic"], "brittle": ["osteoporotic"], "either": ["metastatic", "osteoporotic"]}
            many = causes[kind] * int(rng.integers(1, 8))
            rows += [FractureRow(f"{kind} {number}", "L1", EMPTY, cause) for cause in many]
    place = folds(Cases(rows), seed)
    fold_of = {row.study: number for row, number in zip(rows, place, strict=True)}
    assert all(fold_of[row.study] == number for row, number in zip(rows, place, strict=True))
    for kind in (*kinds, ""):
        sizes = np.bincount([number for study, number in fold_of.items() if study.startswith(kind)], minlength=FOLDS)
        assert np.ptp(sizes) <= 1


def test_a_fold_and_what_lies_outside_it_share_no_study_and_are_all():
    cases = Cases(renamed(drawn_rows(60), lambda number: f"study {number % 20}"))
    place = folds(cases, seed=0)
    for number in range(FOLDS):
        outside, inside = parts(cases, place, number)
        assert not set(outside.studies) & set(inside.studies)
        assert len(outside.rows) + len(inside.rows) == 60


def test_a_study_is_drawn_whole_and_counts_each_time():
    cases = Cases(renamed(drawn_rows(30), lambda number: f"study {number // 3}"))
    again = cases.resampled(np.random.default_rng(4))
    groups = [again.rows[start : start + 3] for start in range(0, 30, 3)]
    assert len(set(again.studies)) == 10
    assert all(len({row.study for row in group}) == 1 for group in groups)
    whole = [[row.values for row in cases.rows[start : start + 3]] for start in range(0, 30, 3)]
    drawn = [whole.index([row.values for row in group]) for group in groups]
    assert len(set(drawn)) < 10  # with replacement
