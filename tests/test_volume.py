import dataclasses

import nibabel
import numpy as np
import pytest
from oblique import STORED, oblique_affine

from spinemets.errors import GeometryMismatchError, MissingExtraError, StudyError
from spinemets.volume import Series, Study, Volume, require_same_grid

SHAPE = (5, 6, 7)


def volume(frame=None, shape=SHAPE, **options):
    return Volume(np.zeros(shape, np.int16), oblique_affine(**options), frame)


@pytest.mark.parametrize("stored", STORED)
def test_world_and_index_undo_each_other_on_any_grid(stored):
    image = volume(**stored)
    index = np.random.default_rng(0).uniform(-3, 9, (20, 3))
    assert image.index(image.world(index)) == pytest.approx(index)
    assert image.index(image.world(index[0])) == pytest.approx(index[0])


@pytest.mark.parametrize("stored", STORED)
def test_world_of_an_index_is_that_of_nibabel(stored):
    image = volume(**stored)
    index = np.random.default_rng(1).uniform(-3, 9, (20, 3))
    assert image.world(index) == pytest.approx(nibabel.affines.apply_affine(image.affine, index))


def test_spacing_and_voxel_volume_do_not_change_with_orientation():
    for stored in STORED:
        image = volume(**stored, spacing_mm=(0.7, 1.1, 2.5))
        assert image.spacing_mm == pytest.approx((0.7, 1.1, 2.5))
        assert image.voxel_volume_mm3 == pytest.approx(0.7 * 1.1 * 2.5)


def test_an_affine_of_integers_becomes_float64():
    assert Volume(np.zeros(SHAPE), np.eye(4, dtype=int)).affine.dtype == np.float64


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 6, 2)])
def test_arrays_that_are_not_3d_are_refused(shape):
    with pytest.raises(StudyError, match=rf"got {len(shape)} dimensions \({', '.join(map(str, shape))}\)"):
        Volume(np.zeros(shape), np.eye(4))


@pytest.mark.parametrize("affine", [np.eye(3), np.full((4, 4), np.nan), np.diag([1, 1, np.inf, 1])])
def test_an_affine_that_is_not_a_finite_4x4_matrix_is_refused(affine):
    with pytest.raises(StudyError, match="finite 4x4"):
        Volume(np.zeros(SHAPE), affine)


def test_parallel_voxel_axes_are_refused():
    affine = np.eye(4)
    affine[:3, 1] = 2 * affine[:3, 0]
    with pytest.raises(StudyError, match="singular"):
        Volume(np.zeros(SHAPE), affine)


def test_other_values_keep_the_place_and_need_the_shape():
    image = volume("1.2.3")
    labels = image.with_array(np.ones(SHAPE, np.uint8))
    require_same_grid(image, labels)
    assert labels.frame_of_reference == "1.2.3"
    with pytest.raises(GeometryMismatchError, match=r"\(1, 2, 3\) on a grid of shape \(5, 6, 7\)"):
        image.with_array(np.zeros((1, 2, 3)))


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(StudyError, match="unknown role 'flair'; it must be one of ct, t1"):
        Series("flair", volume())


def test_a_study_gives_the_first_series_of_a_role_or_none():
    study = Study((Series("t1", volume()), Series("ct", volume(), "a"), Series("ct", volume(), "b")))
    assert study.first("ct").name == "a"
    assert study.first("stir") is None


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(GeometryMismatchError, match=r"sac has shape \(5, 6, 8\), image has \(5, 6, 7\)"):
        require_same_grid(volume(), volume(shape=(5, 6, 8)), mask_name="sac")


def test_same_voxels_in_another_frame_of_reference_are_refused():
    image = volume("1.2.3")
    mask = dataclasses.replace(image, frame_of_reference="1.2.4")
    with pytest.raises(GeometryMismatchError, match=r"1\.2\.4.*1\.2\.3"):
        require_same_grid(image, mask)


def test_a_mask_without_frame_of_reference_is_compared_by_its_grid():
    require_same_grid(volume("1.2.3"), volume(None))
    require_same_grid(volume(None), volume("1.2.3"))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shift_mm", [0.02, -0.5])
def test_a_shifted_mask_is_refused_with_the_distance(axis, shift_mm):
    image = volume()
    affine = image.affine.copy()
    affine[axis, 3] += shift_mm
    with pytest.raises(GeometryMismatchError, match=f"another grid: corners are up to {abs(shift_mm):g} mm"):
        require_same_grid(image, Volume(image.array, affine))


def test_a_rounded_affine_is_the_same_grid():
    image = volume()
    affine = image.affine.copy()
    affine[:3, 3] += 0.009
    require_same_grid(image, Volume(image.array, affine))


def test_a_small_turn_is_seen_at_the_far_corner():
    image = volume(shape=(200, 200, 200))
    turned = volume(shape=(200, 200, 200), angles_deg=(10, -20, 15.02))
    with pytest.raises(GeometryMismatchError, match="another grid"):
        require_same_grid(image, turned)


def test_a_flipped_mask_is_refused_though_its_box_is_the_same():
    image = volume()
    affine = image.affine.copy()
    affine[:3, 3] = image.world([SHAPE[0] - 1, 0, 0])
    affine[:3, 0] *= -1
    with pytest.raises(GeometryMismatchError, match="another grid"):
        require_same_grid(image, Volume(image.array, affine))


def test_a_missing_extra_is_named_with_the_command_that_installs_it():
    error = MissingExtraError("openvino", "running a network")
    assert str(error) == "running a network needs an optional dependency: pip install 'spinemets[openvino]'"
    assert error.extra == "openvino"
