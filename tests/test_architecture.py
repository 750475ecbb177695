"""The architecture holds, its contracts break when they should, and inference is free of training's needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spinemets

ROOT = Path(__file__).resolve().parents[1]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

TRAINING_ONLY = ("torch", "monai", "lightning", "torchmetrics", "hydra", "omegaconf", "onnx", "onnxscript")
ENGINES = ("onnxruntime", "openvino")
SLOW_TO_IMPORT = (*TRAINING_ONLY, *ENGINES, "pydicom", "highdicom", "scipy", "matplotlib", "nibabel", "SimpleITK")


def lint_imports(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path):
    """A copy of the sources that may be broken."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "spinemets", tmp_path / "src" / "spinemets", ignore=ignore)
    return tmp_path


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_contract_is_kept(checkout):
    result = lint_imports(checkout)
    assert result.returncode == 0, result.stdout
    assert "4 kept, 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("measure/regions.py", "import spinemets.rules", "spinemets.measure is not allowed to import spinemets.rules"),
        ("rules/__init__.py", "import spinemets.measure", "spinemets.rules is not allowed to import spinemets.measure"),
        ("errors.py", "import spinemets.volume", "spinemets.errors is not allowed to import spinemets.volume"),
        ("report.py", "import spinemets.pipeline", "spinemets.report is not allowed to import spinemets.pipeline"),
        ("datasets/case.py", "import spinemets.formats", "spinemets.datasets is not allowed to import"),
        ("results.py", "import spinemets.training", "spinemets.results is not allowed to import spinemets.training"),
        ("geometry.py", "import torch", "spinemets.geometry is not allowed to import torch"),
        ("simulate/tissues.py", "import nibabel", "spinemets.simulate is not allowed to import nibabel"),
        ("rules/__init__.py", "import pydicom", "spinemets.rules is not allowed to import pydicom"),
        ("inference/segment.py", "import torch", "spinemets.inference is not allowed to import torch"),
        ("pipeline.py", "import highdicom", "spinemets.pipeline is not allowed to import highdicom"),
        ("unplaced.py", "", "- spinemets.unplaced"),
    ],
)
def test_a_contract_breaks_on(checkout, module, line, complaint):
    path = checkout / "src" / "spinemets" / module
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + f"\n{line}\n", encoding="utf-8")
    result = lint_imports(checkout)
    assert result.returncode == 1
    assert complaint in result.stdout


def test_help_imports_nothing_slow():
    code = f"""
import sys
from spinemets.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
print("LOADED", [name for name in {SLOW_TO_IMPORT!r} if name in sys.modules])
"""
    said = python(code)
    assert "assess" in said
    assert said.rstrip().endswith("LOADED []")


def test_everything_but_training_imports_without_torch_and_without_an_engine():
    code = f"""
import pkgutil, sys
from importlib import import_module
import spinemets
for name in {(*TRAINING_ONLY, *ENGINES)!r}:
    sys.modules[name] = None  # an import of it now raises
modules = [m.name for m in pkgutil.walk_packages(spinemets.__path__, "spinemets.", onerror=lambda name: None)]
modules = [m for m in modules if not m.startswith("spinemets.training") and not m.endswith("__main__")]
for module in modules:
    import_module(module)
print(len(modules))
"""
    assert int(python(code)) > 50


def test_the_public_names_are_at_most_25_and_all_resolve():
    assert len(spinemets.__all__) <= 25
    for name in spinemets.__all__:
        assert getattr(spinemets, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'asess'"):
        spinemets.asess  # noqa: B018


def test_import_of_the_package_loads_none_of_its_modules():
    loaded = "import sys, spinemets; print([m for m in sys.modules if m.startswith('spinemets.')])"
    assert python(loaded).strip() == "[]"
