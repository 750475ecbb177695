import nibabel
import numpy as np
import pytest
from box_vertebra import stack

from spinemets.anatomy import Level, Subregion
from spinemets.datasets.case import Case
from spinemets.datasets.folder import folder_cases, load_case
from spinemets.errors import GeometryMismatchError, StudyError
from spinemets.simulate.tissues import NOT_VERTEBRA, OUTSIDE_FIELD

FINE_MM, WORK_MM = 2.0, 3.0
SHAPE = (54, 54, 66)
BONE_HU, SOFT_HU = 400.0, 40.0


def write(path, array, affine=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(
        nibabel.Nifti1Image(array, np.diag([-FINE_MM, FINE_MM, FINE_MM, 1]) if affine is None else affine), path
    )


@pytest.fixture
def folder(tmp_path):
    """Three lumbar vertebrae of boxes, stored from right to left; image brighter to the patient's right."""
    parts, numbers, _ = stack(3, spacing_mm=FINE_MM, shape=SHAPE)
    ids = np.where(numbers > 0, numbers + Level.L1.verse_id - 1, 0).astype(np.uint8)[::-1]
    image = np.where(parts > 0, BONE_HU, SOFT_HU).astype(np.float32)
    image[SHAPE[0] // 2 :] += 100  # the patient's right: x grows to the right before it is stored reversed
    write(tmp_path / "one" / "ct.nii.gz", np.ascontiguousarray(image[::-1]))
    write(tmp_path / "one" / "vertebrae.nii.gz", np.ascontiguousarray(ids))
    return tmp_path


def test_a_real_case_keeps_its_image_on_the_grid_of_its_labels(folder):
    case = load_case(folder / "one", spacing_mm=WORK_MM)
    assert case.image.shape == case.structure.shape
    assert case.levels == [Level.L1, Level.L2, Level.L3]
    body = case.structure == Subregion.BODY
    assert np.median(case.image[body]) == pytest.approx(BONE_HU + 50, abs=60)
    right = case.image[case.structure == Subregion.PEDICLE_RIGHT].mean()
    left = case.image[case.structure == Subregion.PEDICLE_LEFT].mean()
    assert right - left == pytest.approx(100, abs=40)


def test_what_is_no_vertebra_is_unlabelled_and_the_field_ends_with_the_labels(folder):
    case = load_case(folder / "one", spacing_mm=WORK_MM)
    slices = np.flatnonzero((case.vertebra > 0).any(axis=(0, 1)))
    shown = case.structure[:, :, slices[0] : slices[-1] + 1]
    assert set(np.unique(shown[case.vertebra[:, :, slices[0] : slices[-1] + 1] == 0])) == {NOT_VERTEBRA}
    assert (case.structure[:, :, slices[-1] + 1 :] == OUTSIDE_FIELD).all()
    assert (case.structure[:, :, : slices[0]] == OUTSIDE_FIELD).all()


def test_the_cache_file_holds_the_case(folder, tmp_path):
    (path,) = folder_cases(folder, tmp_path / "cache", spacing_mm=WORK_MM)
    assert Case.load(path).image is not None
    assert Case.load(path).name == "one"


def test_the_halved_image_stays_on_the_halved_labels(folder):
    case = load_case(folder / "one", spacing_mm=FINE_MM)
    ramp = Case("ramp", case.structure, case.vertebra, case.centres, FINE_MM, np.indices(case.structure.shape)[2] * 1.0)
    coarse = ramp.halved()
    assert coarse.image.shape == coarse.structure.shape
    assert coarse.image[4, 4, 1:-1] == pytest.approx(2.0 * np.arange(1, coarse.image.shape[2] - 1))


def test_an_empty_folder_says_which_layout_is_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no <case>/ct\.nii\.gz"):
        list(folder_cases(tmp_path, tmp_path / "cache"))


def test_a_case_without_a_mask_is_refused_by_its_name(folder):
    (folder / "one" / "vertebrae.nii.gz").unlink()
    with pytest.raises(StudyError, match=r"no vertebrae.nii.gz in one"):
        list(folder_cases(folder, folder / "cache"))


def test_a_case_that_is_held_out_is_refused(folder):
    (folder / "one").rename(folder / "abdomen_ct")
    with pytest.raises(StudyError, match=r"abdomen_ct.*held out"):
        list(folder_cases(folder, folder / "cache"))


def test_a_mask_on_another_grid_is_refused(folder):
    write(folder / "one" / "vertebrae.nii.gz", np.zeros((5, 5, 5), np.uint8))
    with pytest.raises(GeometryMismatchError, match="vertebra mask of one"):
        load_case(folder / "one")


def test_subregions_on_another_grid_are_refused(folder):
    write(folder / "one" / "subregions.nii.gz", np.zeros((5, 5, 5), np.uint8))
    with pytest.raises(GeometryMismatchError, match="subregion mask of one"):
        load_case(folder / "one")


def test_a_ct_with_values_that_are_no_numbers_is_refused(folder):
    image = np.full(SHAPE, np.nan, np.float32)
    write(folder / "one" / "ct.nii.gz", image)
    with pytest.raises(StudyError, match="the CT of one holds values that are no numbers"):
        load_case(folder / "one")
