"""SINS against a second transcription of Fisher 2010, Table 3, typed from the paper's table as the review prints it."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinemets.anatomy import Level, Side
from spinemets.rules.sins import Percent, SinsScore, governing, sins
from spinemets.rules.sins_case import answer_sins, parse_case
from spinemets.rules.sins_table import Category, category_of

# One case word and its points for every row of the published table.
LOCATION = {"L5": 3, "C4": 2, "T6": 1, "S3": 0}
PAIN = {"mechanical": 3, "occasional": 1, "none": 0}
LESION = {"lytic": 2, "mixed": 1, "blastic": 0}
ALIGNMENT = {"subluxation": 4, "de_novo_deformity": 2, "normal": 0}
COLLAPSE = {(60, 90): 3, (30, 90): 2, (0, 51): 1, (0, 50): 0}  # percent lost, percent of the body involved
SIDES = {(("pedicle",), ("facet",)): 3, ((), ("costovertebral_joint",)): 1, ((), ()): 0}

JUNCTIONAL = ["C1", "C2", "C7", "T1", "T2", "T11", "T12", "L1", "L5", "S1"]
MOBILE = ["C3", "C4", "C5", "C6", "L2", "L3", "L4"]
SEMIRIGID = ["T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10"]
RIGID = ["S2", "S3", "S4", "S5"]


def case(level="T6", pain="none", lesion="blastic", alignment="normal", collapse=(0, 0), sides=((), ())):
    return {
        "level": level,
        "pain": pain,
        "lesion_quality": lesion,
        "alignment": alignment,
        "collapse_percent": collapse[0],
        "body_involved_percent": collapse[1],
        "posterolateral": {"left": list(sides[0]), "right": list(sides[1])},
        "other_posterior": [],
    }


def published_category(total):
    return "stable" if total <= 6 else "potentially_unstable" if total <= 12 else "unstable"


def test_every_one_of_the_1296_combinations_has_the_published_total_and_category():
    tables = (LOCATION, PAIN, LESION, ALIGNMENT, COLLAPSE, SIDES)
    count = 0
    for words in itertools.product(*tables):
        expected = sum(table[word] for table, word in zip(tables, words, strict=True))
        answer = answer_sins(case(*words))
        assert answer["total"] == expected
        assert answer["category"] == published_category(expected)
        assert answer["surgical_consultation_suggested"] is (expected >= 7)
        assert answer["imaging_subtotal"] == expected - PAIN[words[1]]
        count += 1
    assert count == 1296


@pytest.mark.parametrize(
    ("names", "points"), [(JUNCTIONAL, 3), (MOBILE, 2), (SEMIRIGID, 1), (RIGID, 0)], ids=lambda value: str(value)[:8]
)
def test_every_level_has_the_points_of_its_location(names, points):
    for name in names:
        assert answer_sins({"level": name})["component_points"]["location"] == points


def test_every_level_that_the_source_defines_was_tried():
    tried = {*JUNCTIONAL, *MOBILE, *SEMIRIGID, *RIGID}
    assert {level.value for level in Level} - tried == {"T13", "L6", "sacrum"}


@pytest.mark.parametrize("name", ["T13", "L6"])
def test_a_level_that_the_source_does_not_define_may_be_any_location_and_says_so(name):
    answer = answer_sins({"level": name})
    assert answer["possible_points"]["location"] == [0, 1, 2, 3]
    assert answer["flags"] == ["level_not_defined"]


def test_an_undivided_sacrum_is_s1_or_below():
    assert answer_sins({"level": "sacrum"})["possible_points"]["location"] == [0, 3]


def test_a_level_that_may_be_one_of_two_has_the_points_of_both():
    answer = answer_sins({"level": ["T10", "T11"]})
    assert answer["possible_points"]["location"] == [1, 3]
    assert answer["level"] == ["T10", "T11"]


def test_a_level_that_nobody_knows_may_be_any():
    answer = answer_sins({})
    assert answer["possible_points"]["location"] == [0, 1, 2, 3]
    assert answer["level"] is None


@pytest.mark.parametrize(
    ("collapse", "involved", "points", "flags"),
    [
        (0, 50, [0], ["body_involvement_at_threshold"]),
        (0, 50.1, [1], []),
        (0.1, 100, [2], []),
        (50, 0, [2], ["collapse_at_threshold"]),
        (50.1, 0, [3], []),
        (100, 0, [3], []),
        ({"low": 45, "high": 55}, 0, [2, 3], ["collapse_at_threshold"]),
        ({"low": 50, "high": 55}, 0, [2, 3], ["collapse_at_threshold"]),
        ({"low": 45, "high": 50}, 0, [2], ["collapse_at_threshold"]),
        ({"low": 0, "high": 15}, 0, [0, 2], []),
        ({"low": 0, "high": 15}, 80, [1, 2], []),
        (0, {"low": 40, "high": 60}, [0, 1], ["body_involvement_at_threshold"]),
        (30, {"low": 40, "high": 60}, [2], []),
    ],
)
def test_collapse_and_involvement_exclude_each_other_and_their_edges_are_flagged(collapse, involved, points, flags):
    answer = answer_sins({**case(), "collapse_percent": collapse, "body_involved_percent": involved})
    decided = answer["component_points"]["collapse"]
    assert ([decided] if decided is not None else answer["possible_points"]["collapse"]) == points
    assert answer["flags"] == flags


def test_collapse_without_involvement_leaves_none_or_half_of_the_body_open():
    known = {"level": "T6", "collapse_percent": 0}
    assert answer_sins(known)["possible_points"]["collapse"] == [0, 1]
    assert answer_sins({"level": "T6", "body_involved_percent": 80})["possible_points"]["collapse"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("sides", "points"),
    [
        ({"left": ["pedicle"]}, [1, 3]),
        ({"left": []}, [0, 1]),
        ({}, [0, 1, 3]),
        ({"left": ["facet", "pedicle"], "right": []}, [1]),
        ({"left": ["facet"], "right": ["costovertebral_joint"]}, [3]),
    ],
)
def test_a_side_that_nobody_looked_at_is_unknown_and_different_elements_are_bilateral(sides, points):
    answer = answer_sins({"level": "T6", "posterolateral": sides})
    decided = answer["component_points"]["posterolateral"]
    assert ([decided] if decided is not None else answer["possible_points"]["posterolateral"]) == points


def test_spinous_process_lamina_and_transverse_process_score_nothing():
    answer = answer_sins({**case(), "other_posterior": ["spinous_process", "lamina", "transverse_process"]})
    assert answer["component_points"]["posterolateral"] == 0


def test_deformity_of_unknown_age_is_normal_or_new():
    assert answer_sins({"level": "T6", "alignment": "deformity_age_unknown"})["possible_points"]["alignment"] == [0, 2]


@pytest.mark.parametrize("total", [0, 6, 7, 12, 13, 18])
def test_the_edges_of_the_categories(total):
    expected = {0: "stable", 6: "stable", 7: "potentially_unstable", 12: "potentially_unstable"}
    assert category_of(total).value == expected.get(total, "unstable")


@pytest.mark.parametrize("total", [-1, 19])
def test_a_total_that_the_score_cannot_have_is_refused(total):
    with pytest.raises(ValueError, match=f"0 to 18, got {total}"):
        category_of(total)


@pytest.mark.parametrize(("low", "high"), [(-1, 5), (5, 101), (60, 50)])
def test_an_interval_that_is_no_percentage_is_refused(low, high):
    with pytest.raises(ValueError, match=f"got {low} to {high}"):
        Percent(low, high)


LEVELS = st.sampled_from(["T9", "L4", "C2", "S2"])
COMPLETE = st.fixed_dictionaries(
    {
        "level": LEVELS,
        "pain": st.sampled_from(list(PAIN)),
        "lesion_quality": st.sampled_from(list(LESION)),
        "alignment": st.sampled_from(list(ALIGNMENT)),
        "collapse_percent": st.integers(0, 100),
        "body_involved_percent": st.integers(0, 100),
        "posterolateral": st.fixed_dictionaries(
            {side: st.lists(st.sampled_from(["pedicle", "facet"]), max_size=2) for side in ("left", "right")}
        ),
    }
)


@given(COMPLETE, st.sets(st.sampled_from(list(case()))), st.booleans())
def test_what_is_left_out_widens_the_answer_and_never_loses_the_truth(whole, hidden, blur):
    part = {key: value for key, value in whole.items() if key not in hidden}
    if blur and "collapse_percent" in part:
        value = part["collapse_percent"]
        part["collapse_percent"] = {"low": max(value - 7, 0), "high": min(value + 4, 100)}
    truth, answer = answer_sins(whole), answer_sins(part)
    assert truth["total"] in answer["attainable_totals"]
    assert answer["total_range"][0] <= truth["total"] <= answer["total_range"][1]
    assert truth["category"] in answer["possible_categories"]
    assert answer["category"] in (None, truth["category"])
    assert answer["surgical_consultation_suggested"] in (None, truth["surgical_consultation_suggested"])


def test_the_governing_lesion_has_the_highest_maximum_then_minimum_then_lies_highest():
    def score(level, *, pain, lesion="lytic"):
        return sins(parse_case(case(level, pain=pain, lesion=lesion)))

    stable = score("T6", pain="none")
    assert governing([stable, score("L5", pain="mechanical")]) == 1
    open_pain = sins(parse_case({**case("L5", lesion="lytic"), "pain": "unknown"}))
    assert governing([open_pain, score("L5", pain="mechanical")]) == 1  # same maximum, higher minimum
    assert governing([score("L5", pain="none"), score("L1", pain="none")]) == 1  # L1 lies higher
    assert answer_sins({"lesions": [case("T6"), case("L5")]})["governing"] == 1


def test_without_a_lesion_nothing_governs():
    with pytest.raises(ValueError, match="no lesion"):
        governing([])


def test_the_parts_of_a_score_are_python_values_that_json_takes():
    score = sins(parse_case(case()))
    assert isinstance(score, SinsScore)
    assert score.category is Category.STABLE
    assert json.loads(json.dumps(score.to_json_dict())) == score.to_json_dict()
    assert set(parse_case(case(sides=(("facet",), ()))).posterolateral.items()) == {
        (Side.LEFT, True),
        (Side.RIGHT, False),
    }
