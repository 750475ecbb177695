"""What is typed wrongly: exit 2, one line on stderr, nothing on stdout."""

from __future__ import annotations

import pytest

from spinemets.cli import main, run
from spinemets.errors import StudyError


def outcome(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["asses"], "No such command 'asses'"),
        (["--quiet"], "No such option: --quiet"),
        (["assess"], "Missing argument 'INPUT...'"),
        (["assess", "scan"], "Missing option '--out'"),
        (["assess", "scan", "--out", "out", "--pain", "bad"], "Invalid value for '--pain': 'bad' is not one of"),
        (["assess", "scan", "--out", "out", "--threads", "0"], "Invalid value for '--threads'"),
        (["assess", "no-such-scan", "--out", "out"], "no-such-scan: no such file or folder"),
        (["assess", "scan", "--out", "out", "--anchor", "L9@1,2,3"], "'L9' is not a vertebral level"),
        (["assess", "scan", "--out", "out", "--anchor", "L5@1,2"], "needs three finite millimetres"),
        (["assess", "scan", "--out", "out", "--anchor", "S1@1,2,3"], "must be a vertebra above the sacrum"),
        (["simulate", "--out", "out", "--modality", "us"], "modality 'us' cannot be simulated"),
        (["simulate", "--out", "out", "--field", "moon"], "unknown field of view 'moon'"),
        (["evaluate", "a.nii.gz", "b.nii.gz", "--task", "beauty"], "no evaluation for task 'beauty'"),
    ],
)
def test_a_mistake_exits_2_with_one_line_that_names_it(capsys, tmp_path, monkeypatch, words, complaint):
    monkeypatch.chdir(tmp_path)
    code, out, err = outcome(capsys, *words)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_word_the_commands_are_shown(capsys):
    code, out, err = outcome(capsys)
    assert (code, err) == (0, "")
    assert all(command in out for command in ("assess", "simulate", "evaluate"))


def test_with_debug_the_error_is_not_swallowed(tmp_path):
    with pytest.raises(StudyError, match="no such file"):
        main(["--debug", "assess", str(tmp_path / "nothing"), "--out", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("raised", "code", "line"), [(KeyboardInterrupt(), 130, "stopped\n"), (OSError("a\nb"), 2, "OSError: a b\n")]
)
def test_an_interruption_and_a_broken_disk_end_in_one_line(capsys, raised, code, line):
    def command():
        raise raised

    with pytest.raises(SystemExit) as ended:
        run(command, debug=False)
    assert ended.value.code == code
    assert capsys.readouterr().err == line
