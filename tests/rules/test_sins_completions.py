"""SINS with any items missing, and with every item one row worse, against the sums of the table in the paper."""

import itertools

import pytest
from test_sins import ALIGNMENT, COLLAPSE, LESION, LOCATION, PAIN, SIDES, case, published_category

from spinemets.rules.sins_case import answer_sins

CATEGORIES = ["stable", "potentially_unstable", "unstable"]
ITEMS = (
    "level",
    "pain",
    "lesion_quality",
    "alignment",
    ("collapse_percent", "body_involved_percent"),
    "posterolateral",
)
TABLES = (LOCATION, PAIN, LESION, ALIGNMENT, COLLAPSE, SIDES)
FROM_WORST = [sorted(table, key=table.get, reverse=True) for table in TABLES]
"""The rows of every item as the paper prints them: the highest points first."""
WHOLE = {words: answer_sins(case(*words)) for words in itertools.product(*FROM_WORST)}
PUBLISHED = {words: sum(table[word] for table, word in zip(TABLES, words, strict=True)) for words in WHOLE}


def without(words, hidden):
    """The case with these rows in which what the items of some numbers state is left out."""
    left = case(*words)
    for number in hidden:
        for key in (ITEMS[number],) if isinstance(ITEMS[number], str) else ITEMS[number]:
            del left[key]
    return left


def completions(words, hidden):
    """All rows that a case may have which states the others only."""
    choices = [FROM_WORST[n] if n in hidden else [word] for n, word in enumerate(words)]
    return itertools.product(*choices)


@pytest.mark.parametrize(
    "hidden", [set(which) for n in range(7) for which in itertools.combinations(range(6), n)], ids=str
)
def test_whatever_is_missing_the_answer_is_that_of_all_completions_and_of_no_other(hidden):
    shown = [[None] if n in hidden else rows for n, rows in enumerate(FROM_WORST)]
    for words in itertools.product(*shown):
        some = [word if word is not None else FROM_WORST[n][0] for n, word in enumerate(words)]
        answer = answer_sins(without(some, hidden))
        totals = sorted({PUBLISHED[rows] for rows in completions(some, hidden)})
        assert answer["attainable_totals"] == totals
        assert answer["total_range"] == [totals[0], totals[-1]]
        assert answer["total"] == (totals[0] if len(totals) == 1 else None)
        assert set(answer["possible_categories"]) == {published_category(total) for total in totals}
        consult = {total >= 7 for total in totals}
        assert answer["surgical_consultation_suggested"] is (consult.pop() if len(consult) == 1 else None)


@pytest.mark.parametrize("number", range(6), ids=[str(item) for item in ITEMS])
def test_the_next_worse_row_of_any_item_adds_the_difference_of_their_points_whatever_the_others(number):
    table, rows = TABLES[number], FROM_WORST[number]
    for words, answer in WHOLE.items():
        at = rows.index(words[number])
        if at == 0:
            continue
        worse = WHOLE[(*words[:number], rows[at - 1], *words[number + 1 :])]
        gained = table[rows[at - 1]] - table[rows[at]]
        assert gained > 0
        assert worse["total"] - answer["total"] == gained
        assert CATEGORIES.index(worse["category"]) >= CATEGORIES.index(answer["category"])
        assert worse["surgical_consultation_suggested"] >= answer["surgical_consultation_suggested"]


@pytest.mark.parametrize("words", list(itertools.product(*[[rows[0], rows[-1]] for rows in FROM_WORST[:4]])), ids=str)
def test_more_collapse_and_involvement_are_never_fewer_points(words):
    """At every whole percentage of either, in steps of one."""
    percentages = range(101)
    points = {
        (lost, taken): answer_sins(case(*words, collapse=(lost, taken)))["total"]
        for lost in percentages
        for taken in (0, 49, 50, 51, 100)
    }
    for (lost, taken), total in points.items():
        assert total <= points.get((lost + 1, taken), total)
        assert all(total <= points[lost, more] for more in (0, 49, 50, 51, 100) if more > taken)
