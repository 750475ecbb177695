import os
import stat

import pytest

from spinemets.formats.atomic import write_bytes, write_text


def test_text_is_written_as_utf8(tmp_path):
    write_text(tmp_path / "a.txt", "Wirbelsäule")
    assert (tmp_path / "a.txt").read_bytes() == "Wirbelsäule".encode()


def test_a_failed_write_leaves_the_old_file_and_no_remains(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(TypeError):
        write_bytes(path, "not bytes")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    write_bytes(tmp_path / "a", b"")
    (tmp_path / "b").touch()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "b").stat().st_mode)
