"""`verify.py escc`: the cases cover every grade on either side, and noise of half a pixel leaves grades as they are."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from spinemets.datasets.splits import SEEDS
from spinemets.simulate.epidural import EpiduralCase

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
GRADES = ("1a", "1b", "1c", "2", "3")
PIXEL_MM, SLICE_MM, EACH = 0.5, 4.0, 2


@pytest.fixture
def verify(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import escc

    return escc


def drawn(verify, grade, count):
    """(generator, case) of seeds of the validation split, drawn as they are asked for."""
    for seed in SEEDS["validation"][8000 : 8000 + count]:
        rng = np.random.default_rng(seed)
        yield rng, verify.random_case(rng, grade)


def away(verify, case):
    return len({one.grade for one in verify.moved_edges(case, PIXEL_MM / 2)}) == 1


def out_of_reach(verify, case):
    """Two edges that each move by half a pixel come a pixel nearer to each other; a cord loses a pixel in diameter."""
    further = [one for one in verify.moved_edges(case, PIXEL_MM) if one.flattening == case.flattening]
    return away(verify, case) and {one.grade for one in further} == {case.grade}


@pytest.mark.parametrize("grade", GRADES)
def test_there_are_cases_of_every_grade_at_a_boundary_and_away_from_one(verify, grade):
    cases = [case for _, case in drawn(verify, grade, 12)]
    assert {case.grade for case in cases} == {grade}
    assert {away(verify, case) for case in cases} == {True, False}


@pytest.mark.parametrize("grade", GRADES)
def test_noise_of_half_a_pixel_on_every_edge_keeps_a_grade_that_is_away_from_a_boundary(verify, grade):
    fitting = ((rng, case) for rng, case in drawn(verify, grade, 24) if out_of_reach(verify, case))
    cases = list(islice(fitting, EACH))
    assert len(cases) == EACH
    for rng, case in cases:
        grid, axes, along = verify.scanner_grid(rng, PIXEL_MM, SLICE_MM)
        noisy = verify.sampled(verify.paint(case, grid, axes, along), grid, along, rng)
        assert verify.graded(noisy)["grade"] == grade


def test_edges_move_by_up_to_half_a_pixel_and_not_along_the_slices(verify):
    grid, _, along = verify.scanner_grid(np.random.default_rng(1), PIXEL_MM, SLICE_MM)
    field = verify.noise(grid, along, np.random.default_rng(2))
    across = [axis for axis in range(3) if axis != along]
    assert np.abs(field).max() == 0.5
    assert field[along].any() is np.False_
    assert all(field[axis].std() == pytest.approx(0.25, abs=0.02) for axis in across)


@pytest.mark.parametrize("pixel_mm", [0.2, 0.8])
def test_no_grade_3_is_away_from_a_film_of_half_a_pixel(pixel_mm):
    """The millimetre round the cord holds a film of 0.1 mm or more by a tenth or more of its area."""
    firm = EpiduralCase(half_angle_deg=180, sac_mm=(10.2, 8.0), indentation_mm=4.0, flattening=0.3)
    assert firm.grade == "3"
    assert replace(firm, film_mm=pixel_mm / 2).grade == "2"
