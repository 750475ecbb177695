import numpy as np
import pytest
import torch
from scipy import ndimage
from scipy.spatial.transform import Rotation

from spinemets.training.warp import (
    WarpRange,
    move_centres,
    random_affine,
    random_displacement,
    sample_nearest,
    sampling_points,
)

CPU = torch.device("cpu")
STILL = {"rotation_deg": (0.0, 0.0, 0.0), "scale": (1.0, 1.0), "stretch": 0.0}


def test_half_of_the_patients_are_mirrored_left_to_right():
    matrix = random_affine(WarpRange(**STILL), 2000, CPU)
    mirrored = torch.linalg.det(matrix) < 0
    assert 0.45 < mirrored.float().mean() < 0.55
    assert matrix[mirrored][0].numpy() == pytest.approx(np.diag([-1.0, 1.0, 1.0]))
    assert matrix[~mirrored][0].numpy() == pytest.approx(np.eye(3))


def test_magnified_patients_are_sampled_more_densely():
    matrix = random_affine(WarpRange(**STILL | {"scale": (1.25, 1.25)}), 4, CPU)
    assert torch.linalg.det(matrix).abs().numpy() == pytest.approx(1.25**-3)


def test_size_and_stretch_stay_within_their_ranges():
    matrix = random_affine(WarpRange(scale=(0.8, 1.25), stretch=0.12), 500, CPU).numpy()
    length = np.linalg.norm(matrix, axis=1)
    assert length.min() >= 1 / (1.25 * 1.12) - 1e-6
    assert length.max() <= 1 / (0.8 * 0.88) + 1e-6
    assert length.min() < 0.8
    assert length.max() > 1.25


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rotation_is_about_the_axis_it_is_given_for_and_no_larger(axis):
    limit = [0.0, 0.0, 0.0]
    limit[axis] = 20.0
    matrix = random_affine(WarpRange(**STILL | {"rotation_deg": tuple(limit)}), 300, CPU).double().numpy()
    matrix[np.linalg.det(matrix) < 0, :, 0] *= -1
    vectors = Rotation.from_matrix(matrix).as_rotvec(degrees=True)
    assert np.abs(np.delete(vectors, axis, axis=1)).max() < 1e-3
    assert 15 < np.abs(vectors[:, axis]).max() <= 20.001


def test_patch_and_source_share_their_middle():
    points = sampling_points(torch.eye(3)[None], torch.zeros(1, 3, 5, 7, 9), 21)
    assert points[0, :, 2, 3, 4].tolist() == [10.0, 10.0, 10.0]
    assert points[0, :, 0, 0, 0].tolist() == [8.0, 7.0, 6.0]


def test_points_are_turned_about_the_middle_and_then_moved():
    matrix = random_affine(WarpRange(), 2, CPU)
    displacement = torch.randn(2, 3, 6, 6, 6)
    points = sampling_points(matrix, displacement, 15).numpy()
    place = np.array([1, 4, 5])
    for n in range(2):
        expected = matrix[n].numpy() @ (place - 2.5) + displacement[n, :, 1, 4, 5].numpy() + 7.0
        assert points[n, :, 1, 4, 5] == pytest.approx(expected, abs=1e-5)


def test_nearest_labels_are_those_of_scipy_with_the_edge_continued():
    labels = torch.randint(0, 256, (2, 2, 12, 12, 12), dtype=torch.uint8)
    points = torch.rand(2, 3, 7, 8, 9) * 16 - 2
    found = sample_nearest(labels, points.clone())
    for n in range(2):
        for channel in range(2):
            expected = ndimage.map_coordinates(labels[n, channel].numpy(), points[n].numpy(), order=0, mode="nearest")
            assert (found[n, channel].numpy() == expected).all()


@pytest.mark.parametrize("seed", range(4))
def test_centres_move_to_where_the_patch_shows_them(seed):
    """Each voxel of the patch shows a point of the source; moving that point must lead back to the voxel."""
    torch.manual_seed(seed)
    size, source = (64, 64, 64), 90
    matrix = random_affine(WarpRange(), 1, CPU)
    displacement = random_displacement(WarpRange(elastic_points=(4, 6)), 1, size, CPU)
    points = sampling_points(matrix, displacement, source)
    place = torch.randint(6, 58, (200, 3))
    shown = points[0][:, place[:, 0], place[:, 1], place[:, 2]].T
    back = move_centres(shown[None], matrix, displacement, source)[0]
    assert (back - place).norm(dim=1).max() < 0.35
    assert (back - place).norm(dim=1).median() < 0.05


def test_without_elastic_deformation_centres_move_exactly_even_beyond_the_patch():
    matrix = random_affine(WarpRange(), 3, CPU)
    nothing = torch.zeros(3, 3, 10, 12, 14)
    place = torch.randn(3, 8, 3) * 30
    middle = torch.tensor([4.5, 5.5, 6.5])
    source = torch.einsum("nij,nmj->nmi", matrix, place - middle) + (41 - 1) / 2
    assert move_centres(source, matrix, nothing, 41).numpy() == pytest.approx(place.numpy(), abs=1e-3)


def test_a_centre_that_is_not_there_stays_so():
    centres = torch.full((1, 2, 3), torch.nan)
    centres[0, 1] = 5.0
    moved = move_centres(centres, torch.eye(3)[None], torch.zeros(1, 3, 8, 8, 8), 8)
    assert torch.isnan(moved[0, 0]).all()
    assert moved[0, 1].tolist() == [5.0, 5.0, 5.0]


def test_displacement_is_smooth_and_at_most_as_strong_as_asked_for():
    field = random_displacement(WarpRange(elastic_voxels=2.0, elastic_points=(5, 5)), 6, (48, 48, 48), CPU)
    assert field.shape == (6, 3, 48, 48, 48)
    assert field.std(dim=(1, 2, 3, 4)).max() < 2.5
    assert field.diff(dim=2).abs().mean() < 0.2
