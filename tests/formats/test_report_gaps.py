"""Reasons of the report, each once, with all that it holds for."""

from spinemets.formats.report_gaps import Gap, gaps

LEVELS = ("T11", "T12", "L1")


def entry(item, detail, *levels, code="out_of_field"):
    return {"item": item, "not_assessable": code, "detail": detail} | ({"levels": list(levels)} if levels else {})


def test_a_reason_stands_once_with_the_items_it_holds_for_by_their_levels():
    given = [
        entry("sins", "no mask", *LEVELS),
        entry("lesions", "no mask", *LEVELS),
        entry("signs", "no mask", "L1", "T12"),
        entry("pain", "nobody said", code="not_stated"),
    ]
    assert gaps(given, LEVELS) == [
        Gap("out_of_field", "no mask", ((("sins", "lesions"), LEVELS), (("signs",), ("T12", "L1")))),
        Gap("not_stated", "nobody said", ((("pain",), ()),)),
    ]


def test_one_sentence_with_two_codes_is_two_reasons():
    given = [entry("a", "too coarse", "L1", code="resolution"), entry("a", "too coarse", "L1", code="motion")]
    assert [gap.code for gap in gaps(given, LEVELS)] == ["resolution", "motion"]


def test_sentences_that_differ_by_their_level_alone_are_one():
    given = [entry(item, f"the image cuts through {level}", level) for item in ("a", "b") for level in ("T12", "T11")]
    assert gaps(given, LEVELS) == [
        Gap("out_of_field", "the image cuts through each of T11, T12", ((("a", "b"), ("T11", "T12")),))
    ]


def test_a_sentence_about_one_level_keeps_its_name():
    given = [entry("a", "no whole body above T11", "T11"), entry("a", "no whole body below L1", "L1")]
    assert [gap.detail for gap in gaps(given, LEVELS)] == ["no whole body above T11", "no whole body below L1"]


def test_the_name_of_another_level_is_left_as_it_is():
    given = [entry("a", "read at T1 only", "T11"), entry("a", "read at T1 only", "T12")]
    assert gaps(given, LEVELS) == [Gap("out_of_field", "read at T1 only", ((("a",), ("T11", "T12")),))]


def test_where_nothing_is_missing_there_is_no_row():
    assert gaps([], LEVELS) == []
