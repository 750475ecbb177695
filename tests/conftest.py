"""Fixtures that every test may use."""

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore = [] if find_spec("torch") else ["training"]
"""Training needs the extra ``train``; everything else is tested without it."""


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of real images; the test is skipped where the variable is not set."""
    root = os.environ.get("SPINEMETS_DATA")
    if not root:
        pytest.skip("SPINEMETS_DATA is not set: real images are not part of the repository")
    if not Path(root).is_dir():
        pytest.fail(f"SPINEMETS_DATA names no folder: {root}")
    return Path(root)


@pytest.fixture(autouse=True)
def steady_torch() -> Iterator[None]:
    """Where torch is loaded: the same random numbers in every run, and no fight for the cores."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def lumbar_patient():
    """A simulated patient whose field of view cuts a thoracic vertebra at its top and the sacrum at its end."""
    from spinemets.simulate.parametric import parametric_anatomy

    return parametric_anatomy(200000, spacing_mm=2.0, field="lumbar", variant="usual")
