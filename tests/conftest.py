"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of real images; the test is skipped where there is none."""
    root = os.environ.get("SPINEMETS_DATA")
    if not root:
        pytest.skip("SPINEMETS_DATA is not set: real images are not part of the repository")
    if not Path(root).is_dir():
        pytest.skip("SPINEMETS_DATA does not name a folder")
    return Path(root)
