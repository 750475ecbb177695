"""Files that are whole or absent: written under a name of their own beside their place, then renamed."""

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

    The folder must exist. Two processes that make the same file each write their own, and the last one's stays.
    """
    partial = path.with_name(f".{uuid4().hex}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`; a failure leaves what stood there before."""
    with whole(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` as UTF-8, as `write_bytes` does."""
    write_bytes(path, content.encode("utf-8"))


def save_arrays(path: Path, **arrays: Any) -> None:
    """Write as compressed ``.npz``, as `write_bytes` does."""
    with whole(path) as partial:
        np.savez_compressed(partial, **arrays)
