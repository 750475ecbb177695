"""Images are judged before memory is asked for."""

import pytest

from spinemets.errors import StudyError
from spinemets.formats import memory
from spinemets.formats.memory import available_memory_bytes, require_fits_memory


def test_image_larger_than_the_free_memory_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory_bytes", lambda: 2**30)
    require_fits_memory((512, 512, 512), 8, "x")
    with pytest.raises(StudyError, match=r"x: 512 x 512 x 513 voxels need 1\.0 GiB and 1\.0 GiB are free"):
        require_fits_memory((512, 512, 513), 8, "x")


def test_free_memory_is_read_from_the_system_and_limited_by_the_container(monkeypatch, tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2048 kB\n")
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP_LIMIT", tmp_path / "max")
    assert available_memory_bytes() == 2048 * 1024
    (tmp_path / "max").write_text("1000\n")
    assert available_memory_bytes() == 1000
    (tmp_path / "max").write_text("max\n")
    assert available_memory_bytes() == 2048 * 1024


def test_free_memory_is_told_without_proc_too(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "none")
    monkeypatch.setattr(memory, "_CGROUP_LIMIT", tmp_path / "none")
    assert available_memory_bytes() > 2**20
