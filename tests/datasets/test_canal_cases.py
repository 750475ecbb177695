"""Cache files of axial anatomy."""

from pathlib import Path

import numpy as np
import pytest

from spinemets.datasets.canal_cases import CanalCase, cached_grid, code_digest, recipe, simulated_canals
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
    names = [f"canal-{recipe()}-0-0-0.npz", f"canal-{recipe()}-0-1-1a.npz"]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in simulated_canals(tmp_path, "train", 1, 2)] == names


def package(folder, **changed):
    """A package of which `a` imports `b` and, by the name of its package, `c`, which imports `d`; `e` is by itself."""
    texts = {
        "__init__": "",
        "a": '"""Makes maps."""\nfrom pack.b import SIZE\nfrom pack import c\nimport numpy\n',
        "b": "SIZE = 5\n",
        "c": "from pack.d import draw\n",
        "d": 'def draw():\n    """Draw."""\n    return 1  # one\n',
        "e": "",
    }
    (folder / "pack").mkdir(parents=True)
    for name, text in (texts | changed).items():
        (folder / "pack" / f"{name}.py").write_text(text)
    return code_digest(folder / "pack", "pack.a")


def test_a_digest_is_that_of_all_code_that_a_module_rests_on(tmp_path):
    first = package(tmp_path / "0")
    assert package(tmp_path / "1") == first
    assert package(tmp_path / "2", b="SIZE = 6\n") != first
    assert package(tmp_path / "3", d="def draw():\n    return 2\n") != first
    assert package(tmp_path / "4", __init__="SIZE = 7\n") != first


def test_words_and_other_modules_do_not_change_a_digest(tmp_path):
    first = package(tmp_path / "0")
    assert package(tmp_path / "1", d='def draw():\n    """Draw one."""\n    return 1\n') == first
    assert package(tmp_path / "2", e="SIZE = 9\n") == first


def test_the_recipe_of_the_maps_rests_on_what_draws_them(tmp_path):
    import shutil

    import spinemets

    shutil.copytree(Path(spinemets.__file__).parent, tmp_path / "spinemets", ignore=shutil.ignore_patterns("*.pyc"))
    name = "spinemets.datasets.canal_cases"
    assert code_digest(tmp_path / "spinemets", name) == recipe()
    for drawer in ("axial_plan", "vertebral_body", "epidural_shape"):
        path = tmp_path / "spinemets" / "simulate" / f"{drawer}.py"
        before = path.read_text()
        path.write_text(before + "OTHER = 1\n")
        assert code_digest(tmp_path / "spinemets", name) != recipe()
        path.write_text(before)
    reading = tmp_path / "spinemets" / "formats" / "html.py"
    reading.write_text(reading.read_text() + "OTHER = 1\n")
    assert code_digest(tmp_path / "spinemets", name) == recipe()


def test_the_canal_lies_in_the_middle_of_a_cached_map():
    grid = cached_grid()
    assert grid.affine[:3, :3] @ ((np.array(grid.shape) - 1) / 2) + grid.affine[:3, 3] == pytest.approx(np.zeros(3))
