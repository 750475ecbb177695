"""The page of what is covered names every item of the specification, and files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.split("|")[1:5]] for line in PAGE.splitlines() if line.startswith("| ")][1:]


def test_every_item_stands_there_once():
    items = [row[0] for row in ROWS]
    expected = [f"CT{n}" for n in range(1, 8)] + [f"MR{n}" for n in range(1, 8)] + [f"X{n}" for n in range(1, 30)]
    assert [item for item in items if re.fullmatch(r"(CT|MR|X)\d+", item)] == expected
    assert len(set(items)) == len(items)


def test_every_file_that_is_named_exists():
    for item, _, where, test in ROWS:
        for name in re.findall(r"`([\w/]+\.py)`", where):
            assert (ROOT / "src" / "spinemets" / name).is_file(), (item, name)
        for name in re.findall(r"`(tests/[\w/]+\.py)`", test):
            assert (ROOT / name).is_file(), (item, name)


def test_everything_in_quotes_is_a_file_and_every_file_of_tests_holds_some():
    for item, _, where, test in ROWS:
        quoted = re.findall(r"`([^`]*)`", where + test)
        assert all(re.fullmatch(r"[\w/]+\.py", name) for name in quoted), (item, quoted)
        for name in re.findall(r"`(tests/[^`]*)`", test):
            assert re.search(r"^def test_", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE), (item, name)


def test_an_item_has_a_test_or_a_reason():
    for item, _, where, test in ROWS:
        assert test, item
        if not where:
            assert test.startswith(("not built yet", "out of scope")), item
