"""What README and `docs/` tell a reader to type, import, open or believe about labels exists."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.main import get_command

import spinemets
from spinemets.anatomy import LEVEL_OF_VERSE_ID, CanalLabel, LesionLabel, Level, Subregion
from spinemets.cli import app
from spinemets.label_tables import LABEL_TABLES

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OF_THE_SYSTEM = {"pip", "python3", ".", "tensorboard"}


class Line(NamedTuple):
    page: str
    run: bool
    words: list[str]


def blocks(language):
    for page in PAGES:
        for found, info, body in BLOCK.findall(page.read_text(encoding="utf-8")):
            if found == language:
                yield page.name, info.strip() == "run", body


def command_lines():
    for page, run, body in blocks("bash"):
        for text in body.splitlines():
            words = shlex.split(text, comments=True)
            while words and (words[0] == "srun" or re.fullmatch(r"[A-Z_]+=.*", words[0])):
                words = words[1:]
            if words:
                yield Line(page, run, words)


LINES = list(command_lines())


def of(program, *more):
    lines = [line for line in LINES if line.words[: 1 + len(more)] == [program, *more]]
    return [pytest.param(line.words, id=f"{line.page}: {' '.join(line.words)}") for line in lines]


def test_every_command_is_of_a_kind_that_is_tested_here():
    kinds = {line.words[0] for line in LINES}
    assert kinds == OF_THE_SYSTEM | {"spinemets", "make", "python"}
    scripts = {line.words[1] for line in LINES if line.words[0] == "python"}
    assert all((ROOT / script).is_file() for script in scripts)


@pytest.mark.parametrize("words", of("spinemets"))
def test_a_spinemets_command_parses(words):
    name, *arguments = words[1:]
    if name == "--help":
        return
    commands = get_command(app).commands
    assert name in commands
    if arguments != ["--help"]:
        assert commands[name].make_context(name, arguments)


@pytest.mark.parametrize("words", of("make"))
def test_a_make_target_exists(words):
    assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [*of("python", "train.py"), *of("python", "infer.py")])
def test_the_keys_of_a_hydra_command_exist(words):
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(ROOT / "configs"), version_base="1.3"):
        assert compose(words[1].removesuffix(".py"), overrides=words[2:])


@pytest.mark.parametrize("words", of("python", "scripts/export_onnx.py"))
def test_the_options_of_the_export_exist(words):
    source = (ROOT / "scripts" / "export_onnx.py").read_text(encoding="utf-8")
    assert all(f'"{word}"' in source for word in words if word.startswith("--"))


@pytest.mark.parametrize("words", [pytest.param(x.words, id=" ".join(x.words)) for x in LINES if x.run])
def test_a_cheap_command_runs(words, tmp_path):
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout or json.loads(done.stdout)


def test_python_examples_compile_and_use_public_names():
    examples = list(blocks("python"))
    assert examples
    for page, _, body in examples:
        compile(body, page, "exec")
        assert set(re.findall(r"\bsm\.(\w+)", body)) <= set(spinemets.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def table_of(name):
    """First two columns of the table that is marked with `name` in docs/labels.md."""
    text = (ROOT / "docs" / "labels.md").read_text(encoding="utf-8")
    rows = text.split(f"<!-- table: {name} -->\n")[1].split("\n\n")[0].splitlines()[2:]
    return [tuple(cell.strip() for cell in row.split("|")[1:3]) for row in rows]


@pytest.mark.parametrize("labels", [Subregion, CanalLabel, LesionLabel], ids=lambda labels: labels.__name__)
def test_documented_label_numbers_are_those_of_the_code(labels):
    documented = {int(number): name.upper().replace(" ", "_") for number, name in table_of(labels.__name__)}
    assert documented == {int(label): label.name for label in labels}


def test_documented_levels_are_those_of_the_code():
    documented = {}
    for numbers, names in table_of("Level"):
        first, last = (numbers.split("–") * 2)[:2]
        ends = [Level.SACRUM if "sacrum" in name else Level(name) for name in (names.split("–") * 2)[:2]]
        assert ends[1].verse_id - ends[0].verse_id == int(last) - int(first)
        documented |= {n: ends[0].verse_id + n - int(first) for n in range(int(first), int(last) + 1)}
    assert documented == {n: n for n in LEVEL_OF_VERSE_ID}


def test_every_label_table_is_documented():
    text = (ROOT / "docs" / "labels.md").read_text(encoding="utf-8")
    assert [name for name in LABEL_TABLES if f"| `{name}` |" not in text] == []
