"""Files that are whole or absent, also where two processes write the same one."""

import os
import stat

import numpy as np
import pytest

from spinemets.whole_files import save_arrays, whole, write_bytes, write_text


def test_two_that_make_the_same_file_do_not_take_each_others_away(tmp_path):
    path = tmp_path / "case.npz"
    with whole(path) as one:
        one.write_bytes(b"one")
        with whole(path) as other:
            other.write_bytes(b"other")
        assert path.read_bytes() == b"other"
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["case.npz"]


def test_what_fails_half_way_leaves_the_old_file_and_no_remains(tmp_path):
    path = tmp_path / "case.npz"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), whole(path) as partial:
        partial.write_bytes("no bytes")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["case.npz"]


def test_arrays_come_back(tmp_path):
    save_arrays(tmp_path / "a.npz", name="T7", mask=np.eye(3))
    with np.load(tmp_path / "a.npz") as data:
        assert str(data["name"]) == "T7"
        assert np.array_equal(data["mask"], np.eye(3))


def test_text_is_written_as_utf8(tmp_path):
    write_text(tmp_path / "a.txt", "Wirbelsäule")
    assert (tmp_path / "a.txt").read_bytes() == "Wirbelsäule".encode()


def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    write_bytes(tmp_path / "a", b"")
    (tmp_path / "b").touch()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "b").stat().st_mode)
