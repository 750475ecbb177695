"""Files of a cache that several processes may write at once: each is there whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write instead of `path`, which it becomes when all went well and leaves alone when not.

    Two processes that make the same file each write their own, and the last one's stays.
    """
    partial = path.with_name(f".{uuid4().hex}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def save_arrays(path: Path, **arrays: Any) -> None:
    """Write as compressed ``.npz``, whole or not at all."""
    with whole(path) as partial:
        np.savez_compressed(partial, **arrays)
