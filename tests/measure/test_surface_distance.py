import numpy as np
import pytest
import SimpleITK as sitk

from spinemets.measure.surface_distance import surface_distances

SPACING_MM = (0.7, 1.5, 3.0)


def affine(spacing_mm=SPACING_MM, turn=None):
    matrix = np.eye(4)
    matrix[:3, :3] = (np.eye(3) if turn is None else turn) * spacing_mm
    return matrix


def mask(*indices, shape=(14, 6, 6)):
    array = np.zeros(shape, dtype=bool)
    array[indices] = True
    return array


def test_two_sheets_are_as_far_apart_as_the_gap_between_them():
    distances = surface_distances(mask(slice(None), slice(None), 1), mask(slice(None), slice(None), 4), affine())
    assert distances.hd95_mm == pytest.approx(9.0)
    assert distances.assd_mm == pytest.approx(9.0)


def test_hd95_is_the_larger_of_the_two_directed_percentiles_and_not_the_pooled_one():
    reference, prediction = mask(slice(0, 10), 2, 2), mask(slice(0, 2), 2, 2)
    distances = surface_distances(reference, prediction, affine())
    # reference to prediction 0 0 1 2 … 8 voxels: the 95th percentile lies at 7.55; back, all are 0
    assert distances.hd95_mm == pytest.approx(7.55 * 0.7)
    assert distances.assd_mm == pytest.approx((1 + 2 + 3 + 4 + 5 + 6 + 7 + 8) / 12 * 0.7)
    swapped = surface_distances(prediction, reference, affine())
    assert swapped.hd95_mm == distances.hd95_mm


def test_identical_masks_touch_everywhere_even_at_the_edge_of_the_grid():
    block = mask(slice(0, 5), slice(0, 4), slice(0, 6))
    distances = surface_distances(block, block, affine())
    assert distances.hd95_mm == distances.assd_mm == 0.0
    # all of the 5 x 4 x 6 voxels but the inner 3 x 2 x 4 are surface, the grid's edge included
    assert len(distances.from_reference_mm) == 120 - 24


def test_turning_the_grid_changes_nothing():
    random = np.random.default_rng(3)
    reference, prediction = random.random((2, 8, 7, 6)) < 0.3
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    straight = surface_distances(reference, prediction, affine())
    turned = surface_distances(reference, prediction, affine(turn=turn))
    assert turned.hd95_mm == pytest.approx(straight.hd95_mm)
    assert turned.assd_mm == pytest.approx(straight.assd_mm)


def test_a_sheared_grid_is_measured_in_the_world_not_along_its_axes():
    sheared = affine((1.0, 1.0, 1.0))
    sheared[1, 2] = 1.0  # every slice is shifted by 1 mm: gantry tilt
    distances = surface_distances(mask(2, 2, 2), mask(2, 2, 5), sheared)
    assert distances.hd95_mm == pytest.approx(np.hypot(3.0, 3.0))


def sitk_directed_mm(source, target):
    """Distances of the contour of one mask from the contour of another, by ITK."""
    images = [sitk.GetImageFromArray(np.pad(array, 1).astype(np.uint8).T) for array in (source, target)]
    for image in images:
        image.SetSpacing(SPACING_MM)
    contours = [sitk.LabelContour(image, fullyConnected=False) for image in images]
    far = sitk.Abs(sitk.SignedMaurerDistanceMap(contours[1], squaredDistance=False, useImageSpacing=True))
    return sitk.GetArrayFromImage(far)[sitk.GetArrayFromImage(contours[0]) > 0]


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_itk(seed):
    random = np.random.default_rng(seed)
    smooth = [sitk.DiscreteGaussian(sitk.GetImageFromArray(random.normal(size=(12, 14, 16))), 2.0) for _ in range(2)]
    reference, prediction = (sitk.GetArrayFromImage(image) > 0.05 for image in smooth)
    there, back = sitk_directed_mm(reference, prediction), sitk_directed_mm(prediction, reference)
    distances = surface_distances(reference, prediction, affine())
    assert distances.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), rel=1e-5)
    assert distances.assd_mm == pytest.approx(np.concatenate([there, back]).mean(), rel=1e-5)


def test_the_distance_to_nothing_is_refused():
    empty = np.zeros((14, 6, 6), dtype=bool)
    with pytest.raises(ValueError, match="empty mask is not defined"):
        surface_distances(mask(1, 1, 1), empty, affine())
    with pytest.raises(ValueError, match="empty mask is not defined"):
        surface_distances(empty, mask(1, 1, 1), affine())


def test_masks_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(14, 6, 6\) and \(3, 3, 3\)"):
        surface_distances(mask(1, 1, 1), np.ones((3, 3, 3), dtype=bool), affine())
