"""Cache files of axial anatomy."""

import numpy as np
import pytest

from spinemets.datasets.canal_cases import CanalCase, cached_grid, simulated_canals
from spinemets.errors import StudyError


def test_a_case_comes_back_as_it_was_written(tmp_path):
    rng = np.random.default_rng(0)
    case = CanalCase(rng.integers(0, 50, (6, 5, 4)).astype(np.uint8), rng.random(4) < 0.5, "1c")
    case.save(tmp_path / "a.npz")
    back = CanalCase.load(tmp_path / "a.npz")
    assert np.array_equal(back.codes, case.codes)
    assert np.array_equal(back.compressed, case.compressed)
    assert back.grade == "1c"


def test_a_file_that_is_no_case_is_refused(tmp_path):
    (tmp_path / "b.npz").write_bytes(b"nothing")
    with pytest.raises(StudyError, match=r"b\.npz is not a canal case file"):
        CanalCase.load(tmp_path / "b.npz")


def test_more_pieces_than_the_split_has_are_refused(tmp_path):
    with pytest.raises(ValueError, match="10000 seeds, 10001"):
        list(simulated_canals(tmp_path, "test", 10_001, 1))


def test_what_is_cached_already_is_not_made_again(tmp_path):
    for name in ("canal-0-0-0.npz", "canal-0-1-1a.npz"):
        (tmp_path / name).touch()
    assert [path.name for path in simulated_canals(tmp_path, "train", 1, 2)] == ["canal-0-0-0.npz", "canal-0-1-1a.npz"]


def test_the_canal_lies_in_the_middle_of_a_cached_map():
    grid = cached_grid()
    assert grid.affine[:3, :3] @ ((np.array(grid.shape) - 1) / 2) + grid.affine[:3, 3] == pytest.approx(np.zeros(3))
