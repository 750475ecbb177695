"""What is in the wheel: everything that the installed package reads."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def members(tmp_path_factory) -> set[str]:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "-q"]
    done = subprocess.run([*command, "-w", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("spinemets-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(members):
    sources = ROOT / "src" / "spinemets"
    files = [path for path in sources.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    expected = {f"spinemets/{path.relative_to(sources).as_posix()}" for path in files}
    assert any(name.endswith(".json") for name in expected)
    assert any(name.endswith(".html.j2") for name in expected)
    assert expected <= members


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["models", "configs"])
def test_the_wheel_holds_models_and_configs(members, folder):
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert files
    assert {f"spinemets/{folder}/{path.relative_to(ROOT / folder).as_posix()}" for path in files} <= members


@pytest.mark.slow
def test_the_wheel_holds_the_licence(members):
    assert any(name.endswith("licenses/LICENSE") for name in members)
