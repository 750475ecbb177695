"""`verify.py speed`: a command that fails is no measurement."""

import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture
def speed(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import speed

    yield speed
    for name in [name for name in sys.modules if name.partition(".")[0] == "verification"]:
        del sys.modules[name]


def test_a_command_that_fails_is_said_and_not_timed(speed, tmp_path, capfd):
    with pytest.raises(RuntimeError, match=r"assess .*missing\.nii\.gz .*ended with 2"):
        speed.assess_without_torch(tmp_path / "missing.nii.gz")
    assert "missing.nii.gz" in capfd.readouterr().err
