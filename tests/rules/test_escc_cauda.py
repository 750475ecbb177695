"""What follows for a grade from what lies in the sac beside the tumour."""

import pytest

from spinemets.anatomy import Level
from spinemets.rules.escc_answer import escc_answer
from spinemets.rules.escc_cauda import BELOW_CONUS, CORD_NOT_SEEN, CORD_OR_ROOTS, AtTumour, at_tumour, with_place

EVERY = frozenset(range(10))
SITE = frozenset({4, 5})


def place(level=None, doubtful=(), roots=(), drawn=EVERY, tumour=SITE):
    return at_tumour(tumour, doubtful=frozenset(doubtful), roots=frozenset(roots), drawn=drawn, level=level)


def graded(grade="2", possible=("1c", "2")):
    return escc_answer(
        None,
        status="graded",
        grade=grade,
        possible_grades=list(possible),
        high_grade_from_1c=True,
        flags=["single_slice"],
    )


@pytest.mark.parametrize(
    ("level", "found"),
    [
        (None, AtTumour.ROOTS),
        (Level.T11, AtTumour.CORD),
        (Level.T12, AtTumour.ROOTS),
        (Level.L3, AtTumour.ROOTS),
        (Level.L4, AtTumour.ROOTS),
    ],
)
def test_roots_in_the_image_are_believed_unless_the_level_is_above_the_range_of_the_conus(level, found):
    assert place(level, roots=EVERY) is found


@pytest.mark.parametrize(("level", "found"), [(Level.L3, AtTumour.CORD), (Level.L4, AtTumour.ROOTS)])
def test_there_is_no_cord_below_l3_whatever_the_image_shows(level, found):
    assert place(level) is found


def test_tumour_that_lies_in_part_where_the_cord_may_have_ended_is_in_doubt():
    assert place(doubtful={5}, roots={6, 7}) is AtTumour.EITHER
    assert place(Level.T8, doubtful={5}) is AtTumour.CORD


def test_a_cord_that_runs_past_the_tumour_and_is_drawn_nowhere_beside_it_was_not_seen():
    assert place(drawn=EVERY - SITE) is AtTumour.NOT_SEEN


def test_without_tumour_there_is_nothing_to_tell():
    assert place(tumour=frozenset()) is None


def test_beside_a_cord_the_answer_stays():
    assert with_place(graded(), AtTumour.CORD) == graded()


def test_among_roots_no_grade_is_given_or_possible():
    answer = with_place(graded(), AtTumour.ROOTS)
    assert answer["status"] == "not_applicable_below_conus"
    assert (answer["grade"], answer["possible_grades"], answer["reason"]) == (None, [], BELOW_CONUS)
    assert answer["high_grade_from_1c"] is None


def test_in_doubt_nothing_is_graded_and_every_worse_grade_stays_possible():
    answer = with_place(graded(), AtTumour.EITHER)
    assert (answer["grade"], answer["status"]) == (None, "not_assessable")
    assert answer["possible_grades"] == ["1c", "2", "3"]
    assert answer["flags"] == ["single_slice", CORD_OR_ROOTS]
    assert answer["reason"].startswith(CORD_OR_ROOTS)


@pytest.mark.parametrize(
    ("rows", "possible"),
    [(["1a", "1b"], ["1b", "1c", "2", "3"]), ([], ["1a", "1b", "1c", "2", "3"]), (["0"], ["1a", "1b", "1c", "2", "3"])],
)
def test_where_no_cord_was_measured_everything_up_to_3_stays_possible(rows, possible):
    answer = escc_answer(None, status="not_applicable_below_conus", slices=[{"grade": grade} for grade in rows])
    answer = with_place(answer, AtTumour.NOT_SEEN)
    assert answer["possible_grades"] == possible
    assert answer["flags"] == [CORD_NOT_SEEN]
