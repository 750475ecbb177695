"""Every flag that the code can raise is a sentence on the page."""

import dataclasses
import html
from pathlib import Path

import pytest
from flags_in_source import HOLE, raised_flags
from test_html import CT, SITE, report, section, text_of
from test_html_scores import SINS

import spinemets
from spinemets.anatomy import PRESACRAL_LEVELS, Level
from spinemets.findings import VertebraFindings
from spinemets.formats.flag_words import FLAG_WORDS
from spinemets.formats.html import report_html
from spinemets.inference.levels import VertebraEvidence
from spinemets.inference.sequence_evidence import landmarks
from spinemets.report import Report
from spinemets.rules.posterolateral import OTHER_ITEMS, SIDE_ITEMS

PACKAGE = Path(spinemets.__file__).parent
RAISED = raised_flags(PACKAGE)
MADE = """
from spinemets.other import FOREIGN
OWN = "by_a_constant"
def told(kind, names, answer):
    flags = ["at_first"] if kind == "no_flag" else []
    flags.append(OWN)
    flags += [f"{name}_open" for name in names]
    doubts = {"by_a_key": kind}
    first = "by_a_local_name"
    answer["flags"] = [*answer["flags"], FOREIGN, first, *(name for name in doubts)]
    title = "no_flag"
    value, flags = title, ("of_a_pair",)
    return Answer(title, flags=("by_keyword", *flags)), {"flags": ["by_key_of_a_document"]}
def _own_flags():
    return ("returned",)
"""


def test_flags_are_found_in_source_however_they_are_raised(tmp_path):
    package = tmp_path / "spinemets"
    package.mkdir()
    (package / "made.py").write_text(MADE)
    (package / "other.py").write_text('FOREIGN = "of_another_module"\n')
    assert raised_flags(package) == {
        "at_first", "by_a_constant", f"{HOLE}_open", "by_a_key", "by_a_local_name", "of_another_module", "of_a_pair",
        "by_keyword", "by_key_of_a_document", "returned",
    }  # fmt: skip


def test_the_flags_of_this_package_are_found():
    known = {"highest_piece_doubtful", "more_pieces_than_levels", "levels_from_mask", "cord_not_seen", "supine"}
    assert known <= RAISED
    assert {flag for flag in RAISED if HOLE in flag} == {
        f"levels_by_{HOLE}", f"lesions_without_{HOLE}", f"{HOLE}_at_threshold", f"{HOLE}_in_far_pieces",
    }  # fmt: skip


def test_every_flag_that_is_raised_has_a_sentence():
    assert {flag for flag in RAISED if HOLE not in flag} - FLAG_WORDS.keys() == set()


def test_no_sentence_is_left_of_a_flag_that_nothing_raises():
    ends = [flag.split(HOLE) for flag in RAISED if HOLE in flag]
    made = {flag for flag in FLAG_WORDS for start, end in ends if flag.startswith(start) and flag.endswith(end)}
    assert FLAG_WORDS.keys() - RAISED - made == set()


def test_every_landmark_that_names_are_counted_from_has_a_sentence():
    ribs = [False] * 3 + [True] * 12 + [False]
    seen = landmarks([VertebraEvidence(None, rib) for rib in ribs], sacrum=True, room_above_mm=1000.0)
    assert set(seen) == {"sacrum", "first_rib", "last_rib", "rib_cage", "upper_end"}
    assert {f"levels_by_{one}" for one in seen} <= FLAG_WORDS.keys()


def test_every_part_that_may_lie_at_the_limit_has_a_sentence():
    parts = {f"{item}_{side}" for item in (*SIDE_ITEMS, "lamina", "transverse_process") for side in ("left", "right")}
    assert {f"{part}_at_threshold" for part in (*parts, "body", "spinous_process")} <= FLAG_WORDS.keys()
    assert set(OTHER_ITEMS) == {"lamina", "transverse_process", "spinous_process"}


def test_every_level_whose_mask_may_be_torn_apart_has_a_sentence():
    assert {f"{level}_in_far_pieces" for level in PRESACRAL_LEVELS} <= FLAG_WORDS.keys()
    assert "L2" in FLAG_WORDS["L2_in_far_pieces"]


@pytest.mark.parametrize("flag", ["highest_piece_doubtful", "more_pieces_than_levels", "no_level_landmark"])
def test_what_the_count_of_levels_rests_on_stands_below_the_levels(flag):
    spine = dataclasses.replace(report().spine, flags=(flag,))
    assert FLAG_WORDS[flag][1:] in section(report_html(Report((CT,), spine)), "Levels")


def test_no_flag_is_shown_as_a_code():
    flags = sorted(FLAG_WORDS)
    scored = (VertebraFindings(Level.L1, sins=SINS | {"flags": flags}), VertebraFindings(Level.L2))
    spine = dataclasses.replace(report().spine, flags=tuple(flags))
    shown = dataclasses.replace(CT, flags=tuple(flags))
    page = report_html(Report((shown,), spine, scored, (SITE | {"flags": flags},), provenance={"flags": flags}))
    text = html.unescape(text_of(page))
    assert [flag for flag in flags if "_" in flag and flag in text] == []
    assert [flag for flag in flags if text.count(FLAG_WORDS[flag]) < 4] == []  # images, score, canal, provenance
