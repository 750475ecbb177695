import numpy as np
import pytest

from spinemets.anatomy import Level, Subregion
from spinemets.datasets.case import CENTRE_ROWS, Case
from spinemets.errors import StudyError
from spinemets.simulate.tissues import OUTSIDE_FIELD, LabelledAnatomy, Tissue

SHAPE = (12, 10, 14)


def anatomy():
    """T12 and L1 as boxes of body with an arch each, in fat, 2 mm voxels, the corner at (-5, 6, 7) mm."""
    tissue = np.full(SHAPE, Tissue.FAT, np.uint8)
    vertebra, subregion = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    for level, k in ((Level.T12, 8), (Level.L1, 2)):
        vertebra[4:8, 1:7, k : k + 4] = level.verse_id
        subregion[4:8, 3:7, k : k + 4] = Subregion.BODY
        subregion[4:8, 1:3, k : k + 4] = Subregion.ARCH
    tissue[subregion > 0] = Tissue.POSTERIOR_ELEMENTS
    tissue[subregion == Subregion.BODY] = Tissue.VERTEBRAL_BODY
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-5, 6, 7)
    centres = {Level.T12: np.array([6.0, 15.0, 26.0]), Level.L1: np.array([6.0, 15.0, 14.0])}
    centres[Level.L2] = np.array([6.0, 15.0, -5.0])  # beyond the array
    return LabelledAnatomy(tissue, vertebra, subregion, affine, centres, "two")


CASE = Case.of_anatomy(anatomy())


def test_a_case_has_parts_where_there_is_a_vertebra_and_tissues_elsewhere():
    assert (CASE.structure[4:8, 3:7, 2:6] == Subregion.BODY).all()
    assert (CASE.structure[4:8, 1:3, 2:6] == Subregion.ARCH).all()
    assert CASE.structure[0, 0, 0] == Tissue.FAT
    assert CASE.spacing_mm == 2.0
    assert CASE.name == "two"
    assert CASE.image is None


def test_centres_are_indices_by_verse_id_even_beyond_the_array():
    assert CASE.centres.shape == (CENTRE_ROWS, 3)
    assert CASE.centres[Level.T12.verse_id] == pytest.approx([5.5, 4.5, 9.5])
    assert CASE.centres[Level.L1.verse_id] == pytest.approx([5.5, 4.5, 3.5])
    assert CASE.centres[Level.L2.verse_id] == pytest.approx([5.5, 4.5, -6.0])
    assert np.isnan(CASE.centres[Level.C1.verse_id]).all()


def test_levels_are_those_in_the_array_from_head_to_foot():
    assert CASE.levels == [Level.T12, Level.L1]


@pytest.mark.parametrize("with_image", [False, True])
def test_a_saved_case_is_loaded_as_it_was(with_image, tmp_path):
    image = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32) if with_image else None
    case = Case(CASE.name, CASE.structure, CASE.vertebra, CASE.centres, CASE.spacing_mm, image)
    case.save(tmp_path / "two.npz")
    again = Case.load(tmp_path / "two.npz")
    assert (again.name, again.spacing_mm) == ("two", 2.0)
    for name in ("structure", "vertebra", "centres", "image"):
        np.testing.assert_array_equal(getattr(again, name), getattr(case, name))
    assert [path.name for path in tmp_path.iterdir()] == ["two.npz"]


def test_a_file_that_is_no_case_is_refused_by_its_name(tmp_path):
    (tmp_path / "words.npz").write_text("no case")
    np.savez(tmp_path / "other.npz", structure=CASE.structure)
    for name in ("words.npz", "other.npz", "absent.npz"):
        with pytest.raises(StudyError, match=f"{name} is not a case cache file"):
            Case.load(tmp_path / name)


def test_a_case_that_was_cut_short_is_refused(tmp_path):
    CASE.save(tmp_path / "two.npz")
    whole = (tmp_path / "two.npz").read_bytes()
    (tmp_path / "two.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StudyError, match=r"two\.npz is not a case cache file"):
        Case.load(tmp_path / "two.npz")


def test_a_halved_case_shows_the_same_labels_at_the_same_places():
    half = CASE.halved()
    assert half.spacing_mm == 4.0
    for level in CASE.levels:
        fine = np.argwhere(CASE.vertebra == level.verse_id).mean(axis=0) * 2.0
        coarse = np.argwhere(half.vertebra == level.verse_id).mean(axis=0) * 4.0
        assert coarse == pytest.approx(fine, abs=1.0)
    assert half.centres * 4.0 == pytest.approx(CASE.centres * 2.0, nan_ok=True)
    index = np.array([2, 2, 3])
    assert half.structure[tuple(index)] == CASE.structure[tuple(2 * index)]


@pytest.mark.parametrize("centre", [(6, 5, 7), (0, 0, 0), (11, 9, 13), (6, 5, 40), (-50, 0, 0)])
@pytest.mark.parametrize("size", [4, 8, 30])
def test_a_crop_is_what_lies_round_its_centre_and_unknown_beyond_the_array(centre, size):
    structure, vertebra, centres, image = CASE.crop(np.array(centre), size)
    assert image is None
    assert structure.shape == vertebra.shape == (size,) * 3
    low = np.array(centre) - size // 2
    for place in np.random.default_rng(1).integers(0, size, (50, 3)):
        index = place + low
        inside = ((index >= 0) & (index < SHAPE)).all()
        assert structure[tuple(place)] == (CASE.structure[tuple(index)] if inside else OUTSIDE_FIELD)
        assert vertebra[tuple(place)] == (CASE.vertebra[tuple(index)] if inside else 0)
    assert centres + low == pytest.approx(CASE.centres, nan_ok=True)
