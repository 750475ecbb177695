"""Cache files of axial anatomy."""

from pathlib import Path

import numpy as np
import pytest

from spinemets.datasets import canal_cases
from spinemets.datasets.canal_cases import CanalCase, cached_grid, simulated_canals
from spinemets.datasets.source_digest import source_digest
from spinemets.errors import StudyError
from spinemets.simulate.epidural_growth import NoRoomError

DRAWN_BY = "spinemets.datasets.canal_cases"


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
    names = [f"canal-{source_digest(DRAWN_BY)}-0-{ending}.npz" for ending in ("0-0", "1-1a")]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in simulated_canals(tmp_path, "train", 1, 2)] == names


def test_a_canal_without_room_is_tried_with_other_tumours_and_left_out_if_none_fits(tmp_path, monkeypatch, caplog):
    tried, made = [], []

    def planned(piece, seed, grade, draw):
        tried.append(draw)
        if grade == "1a" or draw < 2:
            raise NoRoomError(f"no tumour of grade {grade} fits")
        return "plan"

    class Drawn:
        tissue_on = staticmethod(lambda grid: None)

    class Saved:
        @staticmethod
        def save(path):
            made.append(path.name)
            path.touch()

    monkeypatch.setattr(canal_cases, "random_plan", planned)
    monkeypatch.setattr(canal_cases, "spine_piece", lambda *_: Drawn)
    monkeypatch.setattr(canal_cases, "canal_case", lambda piece, plan, grade, surroundings: Saved)
    paths = list(simulated_canals(tmp_path, "train", 1, 2))
    assert list(simulated_canals(tmp_path, "train", 1, 2)) == paths  # and nothing is tried or made again
    assert tried == [0, 2, 1, 3, 5, 7]  # the draws of one variant are none of another's
    assert [path.name for path in paths] == made
    assert [name.rsplit("-", 1)[1] for name in made] == ["0.npz"]
    assert "patient 0 is left out with grade 1a" in caplog.text


def test_the_names_of_cached_maps_rest_on_what_draws_them(tmp_path):
    import shutil

    import spinemets

    def digest():
        return source_digest.__wrapped__(DRAWN_BY, tmp_path)

    shutil.copytree(Path(spinemets.__file__).parent, tmp_path / "spinemets", ignore=shutil.ignore_patterns("*.pyc"))
    assert digest() == source_digest(DRAWN_BY)
    for drawer in ("axial_plan", "vertebral_body", "epidural_shape"):
        path = tmp_path / "spinemets" / "simulate" / f"{drawer}.py"
        before = path.read_text()
        path.write_text(before + "OTHER = 1\n")
        assert digest() != source_digest(DRAWN_BY)
        path.write_text(before)
    reading = tmp_path / "spinemets" / "formats" / "html.py"
    reading.write_text(reading.read_text() + "OTHER = 1\n")
    assert digest() == source_digest(DRAWN_BY)


def test_the_canal_lies_in_the_middle_of_a_cached_map():
    grid = cached_grid()
    assert grid.affine[:3, :3] @ ((np.array(grid.shape) - 1) / 2) + grid.affine[:3, 3] == pytest.approx(np.zeros(3))
