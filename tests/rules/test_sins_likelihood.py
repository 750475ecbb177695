"""Probabilities of SINS categories, against sums over every outcome and against SciPy's integrals."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from spinemets.anatomy import Side
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.rules.sins import Percent, SinsCase, SinsScore, sins
from spinemets.rules.sins_likelihood import (
    Masses,
    alignment_masses,
    category_probability,
    collapse_masses,
    component_masses,
    likelihood_json,
    likely_category,
    masses_of,
    posterolateral_masses,
)
from spinemets.rules.sins_table import COMPONENTS, Alignment, Category, category_of

UNSEEN = NotAssessed(Reason.OUT_OF_FIELD, "test")


def loss(value, error):
    return Measured(value, "1", max(value - error, 0.0), min(value + error, 1.0), "test")


def single(points):
    return {(points,): 1.0}


def test_without_a_measured_loss_every_point_of_collapse_is_open():
    for unknown in (None, UNSEEN):
        assert collapse_masses(unknown, 0.3) == {(0, 1, 2, 3): 1.0}


def test_a_loss_that_may_be_none_is_asked_of_every_limit_between_ten_and_twenty_percent():
    found = collapse_masses(loss(0.14, 0.08), 0.25)
    sigma = 0.08 / norm.ppf(0.95)
    lost = quad(lambda limit: norm.sf(limit, 0.14, sigma), 0.1, 0.2)[0] / 0.1
    assert found[(2,)] == pytest.approx(lost, abs=0.01)
    assert found[(3,)] == pytest.approx(0.0, abs=1e-6)
    assert found[(1,)] == pytest.approx((1 - lost) * 0.25, abs=0.01)
    assert sum(found.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [(0.05, 0.05, {0}), (0.30, 0.05, {2}), (0.75, 0.05, {3})],
)
def test_a_loss_that_the_rule_decides_leaves_nothing_to_chance(value, error, expected):
    found = collapse_masses(loss(value, error), 0.0)
    assert {points[0] for points, share in found.items() if share > 1e-4} == expected


def test_where_outlines_are_coarse_the_interval_decides():
    wide = loss(0.25, 0.22)
    assert collapse_masses(wide, 0.0)[(0,)] == 0.0
    assert collapse_masses(wide, 0.0, by_interval=True)[(0,)] > 0.1


def test_how_much_of_a_body_tumour_takes_is_open_where_nobody_measured_it():
    found = collapse_masses(loss(0.02, 0.05), None)
    assert found[(0, 1)] == 1.0


def test_a_bend_over_its_limit_is_new_or_old_and_a_slip_that_may_be_over_its_own_proves_nothing():
    found = alignment_masses(0.1, 0.5)
    assert found == {(0, 2, 4): 0.1, (0, 2): pytest.approx(0.45), (0,): pytest.approx(0.45)}
    assert alignment_masses(0.0, None)[(0, 2)] == 1.0
    assert alignment_masses(None, 0.2)[(0, 2, 4)] == 1.0


def test_a_slip_that_is_surely_over_its_cut_off_has_its_four_points():
    score = sins(SinsCase(alignment=frozenset({Alignment.SUBLUXATION})))
    assert component_masses(score, {"alignment": alignment_masses(0.97, 0.4)})["alignment"] == {(4,): 1.0}


def test_sides_add_up_to_none_one_or_both():
    found = posterolateral_masses({Side.LEFT: 0.3, Side.RIGHT: 0.9})
    assert found == {(0,): pytest.approx(0.07), (1,): pytest.approx(0.66), (3,): pytest.approx(0.27)}
    assert posterolateral_masses({Side.LEFT: 1.0})[1, 3] == 1.0
    assert posterolateral_masses({}) == {(0, 1, 3): 1.0}


def test_categories_of_measured_components_are_what_all_outcomes_add_up_to():
    rng = np.random.default_rng(3)
    spread = {name: rng.dirichlet(np.ones(4)) for name in COMPONENTS}
    components = {name: {(points,): float(share) for points, share in enumerate(own)} for name, own in spread.items()}
    expected = dict.fromkeys(Category, 0.0)
    for outcome in product(range(4), repeat=len(COMPONENTS)):
        share = np.prod([spread[name][points] for name, points in zip(COMPONENTS, outcome, strict=True)])
        expected[category_of(sum(outcome))] += float(share)
    found = category_probability(components)
    for category in Category:
        assert found[category] == pytest.approx((expected[category], expected[category]))


def test_whatever_pain_is_a_category_lies_between_its_least_and_its_largest_probability():
    others: dict[str, Masses] = {"collapse": {(0,): 0.6, (2,): 0.4}, "alignment": {(0,): 0.7, (0, 2): 0.2, (4,): 0.1}}
    rest: dict[str, Masses] = {"location": single(3), "bone_lesion": single(2), "posterolateral": single(1)}
    found = category_probability({**others, **rest, "pain": {(0, 1, 3): 1.0}})
    for pain, new in product((0, 1, 3), (0, 2)):
        told: dict[tuple[int, ...], float] = {(0,): 0.7, (4,): 0.1}
        told[(new,)] = told.get((new,), 0.0) + 0.2
        own = category_probability({**others, **rest, "alignment": told, "pain": single(pain)})
        for category in Category:
            assert own[category][0] == pytest.approx(own[category][1])
            assert found[category][0] - 1e-9 <= own[category][0] <= found[category][1] + 1e-9


def test_a_decided_category_is_certain_and_the_tails_beyond_an_interval_are_cut_off():
    case = SinsCase(collapse=Percent(30, 40), body_involved=Percent(0, 0))
    score = sins(case)
    components = component_masses(score, {"collapse": collapse_masses(loss(0.45, 0.02), 0.0)})
    assert components["collapse"] == {(2,): 1.0}
    assert components["pain"] == {(0, 1, 3): 1.0}
    decided = SinsScore((), dict.fromkeys(COMPONENTS, (2,)))
    found = category_probability(component_masses(decided, {}))
    assert found[Category.POTENTIALLY_UNSTABLE] == (1.0, 1.0)


def test_measures_that_contradict_a_score_do_not_change_it():
    decided = SinsScore((), {**dict.fromkeys(COMPONENTS, (0,)), "collapse": (2, 3)})
    assert component_masses(decided, {"collapse": single(0)})["collapse"] == {(2, 3): 1.0}


@pytest.mark.parametrize(("least", "expected"), [(0.79, None), (0.81, Category.STABLE)])
def test_a_category_is_likely_by_its_least_probability(least, expected):
    others = {Category.POTENTIALLY_UNSTABLE: (0.0, 0.95), Category.UNSTABLE: (0.0, 0.1)}
    assert likely_category({Category.STABLE: (least, 1.0), **others}) is expected


def test_what_a_report_states_can_be_computed_from_again():
    components = {name: single(1) for name in COMPONENTS} | {"pain": {(0, 1, 3): 0.5, (3,): 0.5}}
    written = likelihood_json(components)
    assert masses_of(written["component_probability"]) == components
    again = category_probability(masses_of(written["component_probability"]))
    assert written["category_probability"]["potentially_unstable"]["low"] == again[Category.POTENTIALLY_UNSTABLE][0]
    assert written["likely_category"] is None
