"""The digest of code follows what it does, through all that it imports, and nothing else."""

import pytest

from spinemets.datasets.source_digest import DIGITS, source_digest

FILES = {
    "lab/__init__.py": "",
    "lab/maker.py": "import numpy\nfrom lab.shapes import cone\n\ndef make(seed):\n    return cone.HEIGHT * seed\n",
    "lab/shapes/__init__.py": "",
    "lab/shapes/cone.py": "HEIGHT = 3\n\ndef tip():\n    from lab.deep import point\n    return point()\n",
    "lab/deep.py": "def point():\n    return 0\n",
    "lab/report.py": "import lab.maker\nTITLE = 'a'\n",
    "laboratory.py": "X = 1\n",
}


def digest(folder, **changes):
    """Digest of lab.maker, with other texts in some files, called by their last name."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changes.get(path.stem, text), encoding="utf-8")
    source_digest.cache_clear()
    return source_digest("lab.maker", folder)


def test_the_digest_is_short_and_the_same_wherever_the_code_lies(tmp_path):
    first = digest(tmp_path / "a")
    assert digest(tmp_path / "b") == first
    assert len(first) == DIGITS
    assert set(first) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("maker", "* seed", "+ seed"),
        ("cone", "HEIGHT = 3", "HEIGHT = 4"),  # a module imported by 'from package import module'
        ("deep", "return 0", "return 1"),  # imported within a function of what is imported
    ],
)
def test_what_is_computed_otherwise_has_another_digest(tmp_path, module, before, after):
    (text,) = (text for name, text in FILES.items() if name.endswith(f"/{module}.py"))
    assert before in text
    assert digest(tmp_path, **{module: text.replace(before, after)}) != digest(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"cone": '"""Cones."""\n' + FILES["lab/shapes/cone.py"].replace("HEIGHT = 3", "HEIGHT   =  3  # mm")},
        {"deep": 'def point():\n\n    """Origin."""\n    return 0\n'},
        {"report": "TITLE = 'b'\n"},  # imports the module, and is not imported by it
        {"laboratory": "X = 2\n"},
    ],
)
def test_words_and_code_that_is_not_used_leave_it(tmp_path, changes):
    assert digest(tmp_path, **changes) == digest(tmp_path)


def test_a_module_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no source of the module lab\.absent"):
        source_digest("lab.absent", tmp_path)
