import io
import sys

import pytest

from spinemets import console
from spinemets.console import stage_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Makes stderr a terminal, from when it is called: pytest sets its own stderr after the fixtures."""

    def make(quiet_seconds):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(console, "QUIET_SECONDS", quiet_seconds)
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    return make


def test_where_stderr_is_no_terminal_nothing_is_shown(capsys):
    with stage_progress() as progress:
        progress("locating", 0.5)
    assert capsys.readouterr() == ("", "")


def test_work_that_is_done_soon_shows_nothing(terminal):
    shown = terminal(60.0)
    with stage_progress() as progress:
        progress("locating", 0.5)
    assert shown.getvalue() == ""


def test_work_that_lasts_shows_its_stage_and_share(terminal):
    shown = terminal(-1.0)
    with stage_progress() as progress:
        progress("locating", 0.25)
    assert "locating" in shown.getvalue()
    assert "25 %" in shown.getvalue()


def test_an_error_takes_the_bar_off_the_terminal(terminal):
    shown = terminal(-1.0)

    def work():
        with stage_progress() as progress:
            progress("locating", 0.25)
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert "\x1b[?25h" in shown.getvalue()  # the cursor is back
