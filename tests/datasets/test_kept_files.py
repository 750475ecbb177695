"""A cache into which two trainings write at once."""

import os

import numpy as np
import pytest

from spinemets.datasets.kept_files import save_arrays, whole


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
