"""Progress on a terminal: shown on stderr, and only when the work lasts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_SECONDS = 2.0
"""Work that is done sooner shows no progress."""


@contextmanager
def stage_progress() -> Iterator[Callable[[str, float], None]]:
    """A callable that takes a stage and the share of it that is done, and shows both.

    Nothing is shown where stderr is no terminal.
    """
    if not sys.stderr.isatty():
        yield lambda stage, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<24}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=1.0)
    began = time.monotonic()

    def show(stage: str, share: float) -> None:
        if time.monotonic() - began > QUIET_SECONDS and not bar.live.is_started:
            bar.start()
        bar.update(task, description=stage, completed=share)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()
