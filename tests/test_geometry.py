import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from nibabel.orientations import aff2axcodes
from oblique import STORED, centred_affine, oblique_affine, painted, world_of
from scipy import ndimage

from spinemets.errors import StudyError
from spinemets.geometry import (
    Grid,
    corners_mm,
    covering_grid,
    crop,
    index_box,
    resample,
    resample_labels,
    world_aligned_grid,
)
from spinemets.orientation import closest_axes, to_ras
from spinemets.volume import Volume


def itk_image(array, affine):
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.transpose(2, 1, 0)))
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    return image


def itk_resampled(volume, grid, interpolator, fill):
    reference = itk_image(np.zeros(grid.shape, np.uint8), grid.affine)
    moved = sitk.Resample(itk_image(volume.array, volume.affine), reference, sitk.Transform(), interpolator, fill)
    return sitk.GetArrayFromImage(moved).transpose(2, 1, 0)


def depth_inside(volume, grid):
    """Smallest distance of each grid point to the outermost voxel centres of a volume, in its voxels."""
    index = volume.index(world_of(grid).reshape(-1, 3)).reshape(*grid.shape, 3)
    return np.minimum(index, np.array(volume.shape) - 1 - index).min(axis=-1)


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("order", [0, 1])
def test_resampling_onto_another_oblique_grid_is_that_of_itk(stored, order):
    shape = (21, 18, 14)
    values = np.random.default_rng(0).normal(0, 100, shape).astype(np.float32)
    volume = Volume(values, centred_affine(shape, (3, 4, 5), spacing_mm=(1.1, 1.4, 2.2), **stored))
    grid = Grid(
        (19, 22, 25), centred_affine((19, 22, 25), (2, 4, 6), spacing_mm=(1.0, 1.2, 0.9), angles_deg=(-8, 5, 30))
    )
    ours = resample(volume, grid, order=order, fill=-1024.0)
    theirs = itk_resampled(volume, grid, sitk.sitkLinear if order else sitk.sitkNearestNeighbor, -1024.0)
    depth = depth_inside(volume, grid)
    assert (depth > 0.01).sum() > 2000
    assert ours[depth > 0.01] == pytest.approx(theirs[depth > 0.01], abs=0.05)
    assert (ours[depth < -0.51] == -1024.0).all()


@pytest.mark.parametrize("stored", STORED)
def test_the_nearest_voxel_counts_up_to_the_outer_edge_of_the_image(stored):
    volume = Volume(np.full((6, 5, 4), 7, np.uint8), centred_affine((6, 5, 4), **stored))
    grid = Grid((40, 40, 40), centred_affine((40, 40, 40), spacing_mm=(0.4, 0.5, 0.6), angles_deg=(3, 9, 27)))
    depth = depth_inside(volume, grid)
    labels = resample(volume, grid, order=0)
    assert (labels[depth > -0.499] == 7).all()
    assert (labels[depth < -0.501] == 0).all()


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("angles_deg", [(0, 0, 0), (3, 9, 27)])
def test_an_even_image_is_even_up_to_its_outer_faces_and_ends_there(stored, angles_deg):
    """A scanner cuts through bone and shows marrow up to the last voxel: no dark rim may be added."""
    volume = Volume(np.full((6, 5, 4), 250.0, np.float32), centred_affine((6, 5, 4), **stored))
    grid = Grid((40, 40, 40), centred_affine((40, 40, 40), spacing_mm=(0.4, 0.5, 0.6), angles_deg=angles_deg))
    depth = depth_inside(volume, grid)
    values = resample(volume, grid, fill=-1000.0)
    assert ((depth > -0.499) & (depth < 0)).sum() > 500
    assert values[depth > -0.499] == pytest.approx(250.0, abs=1e-3)
    assert (values[depth < -0.501] == -1000.0).all()


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("spacing_mm", [0.5, 2.0, 3.3, 5.0])
def test_a_ramp_stays_the_same_ramp_in_the_world_whatever_the_spacing(stored, spacing_mm):
    def ramp(x, y, z):
        return 3 * x - 2 * y + z + 40

    image = painted((50, 56, 45), centred_affine((50, 56, 45), spacing_mm=(0.9, 0.8, 1.0), **stored), ramp)
    grid = world_aligned_grid(np.full(3, -10.0), np.full(3, 10.0), spacing_mm)
    x, y, z = np.moveaxis(world_of(grid), -1, 0)
    assert resample(image, grid, fill=-1e4) == pytest.approx(ramp(x, y, z), abs=1e-2)


@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, -1, -1), (1, -1, 1)])
@pytest.mark.parametrize("spacing_mm", [1.5, 2.5, 4.0])
def test_an_even_image_stays_even_up_to_its_last_voxel_when_made_coarser(flip, spacing_mm):
    """A locator must not see a dark rim where blocks of fine voxels do not come out even."""
    image = Volume(np.full((47, 32, 33), 100, np.int16), oblique_affine((0.7, 0.8, 0.7), (0, 0, 0), signs=flip))
    grid = covering_grid(image, spacing_mm)
    values = resample(image, grid, fill=-1000.0)
    low, high = corners_mm(image.shape, image.affine).min(axis=0), corners_mm(image.shape, image.affine).max(axis=0)
    centre = world_of(grid)
    inside = ((centre - spacing_mm / 2 > low - 1e-6) & (centre + spacing_mm / 2 < high + 1e-6)).all(axis=-1)
    assert inside.sum() > 100
    assert values[inside] == pytest.approx(100.0, abs=0.01)


def test_a_grid_that_misses_the_image_gets_the_fill():
    image = Volume(np.ones((5, 5, 5), np.float32), oblique_affine())
    grid = world_aligned_grid(np.full(3, 900.0), np.full(3, 910.0), 2.0)
    assert (resample(image, grid, fill=-7.0) == -7.0).all()


def test_integers_that_ndimage_does_not_take_are_resampled_exactly():
    affine = oblique_affine()
    labels = np.arange(60, dtype=np.uint16).reshape(3, 4, 5) * 900
    assert (resample(Volume(labels, affine), Grid((3, 4, 5), affine), order=0) == labels).all()


def test_corners_lie_half_a_voxel_beyond_the_outer_centres():
    corners = corners_mm((2, 3, 4), np.diag([1.0, 2.0, 3.0, 1.0]))
    assert corners.min(axis=0) == pytest.approx([-0.5, -1.0, -1.5])
    assert corners.max(axis=0) == pytest.approx([1.5, 5.0, 10.5])


def test_a_world_aligned_grid_fills_its_box_from_the_lower_corner():
    grid = world_aligned_grid(np.array([10.0, 20.0, 30.0]), np.array([14.0, 23.0, 31.0]), 2.0)
    assert grid.shape == (2, 2, 1)
    corners = corners_mm(grid.shape, grid.affine)
    assert corners.min(axis=0) == pytest.approx([10, 20, 30])
    assert corners.max(axis=0) == pytest.approx([14, 24, 32])
    assert grid.spacing_mm == pytest.approx([2, 2, 2])


@pytest.mark.parametrize(("upper", "spacing"), [((5.0, 5.0, 0.0), 1.0), ((5.0, 5.0, 5.0), 0.0)])
def test_a_grid_without_extent_or_spacing_is_refused(upper, spacing):
    with pytest.raises(StudyError, match=rf"positive extent and spacing, got .* at {spacing} mm"):
        world_aligned_grid(np.zeros(3), np.array(upper), spacing)


@pytest.mark.parametrize("stored", STORED)
def test_the_covering_grid_holds_every_corner_and_is_no_larger_than_needed(stored):
    image = Volume(np.zeros((9, 8, 7)), oblique_affine(**stored))
    grid = covering_grid(image, 2.0)
    outer = corners_mm(grid.shape, grid.affine)
    inner = corners_mm(image.shape, image.affine)
    assert (outer.min(axis=0) <= inner.min(axis=0) + 1e-9).all()
    assert (outer.max(axis=0) >= inner.max(axis=0) - 1e-5).all()
    assert (outer.max(axis=0) - inner.max(axis=0) < 2.0).all()


@pytest.mark.parametrize("stored", STORED)
def test_a_crop_keeps_values_at_their_world_positions(stored):
    image = Volume(np.arange(7 * 8 * 9).reshape(7, 8, 9), oblique_affine(**stored), "1.2.3")
    part = crop(image, (2, -4, 1), (5, 3, 99))
    assert part.shape == (3, 3, 8)
    place = np.array([2, 1, 6])
    index = np.round(image.index(part.world(place))).astype(int)
    assert part.array[tuple(place)] == image.array[tuple(index)]
    assert part.frame_of_reference == "1.2.3"


def test_an_empty_crop_has_no_voxels():
    assert crop(Volume(np.zeros((4, 4, 4)), np.eye(4)), (3, 0, 0), (1, 4, 4)).array.size == 0


@pytest.mark.parametrize("stored", STORED)
def test_the_box_for_a_grid_holds_every_voxel_that_interpolation_needs(stored):
    image = Volume(np.zeros((40, 41, 42)), centred_affine((40, 41, 42), **stored))
    grid = world_aligned_grid(np.full(3, -4.0), np.full(3, 5.0), 1.0)
    start, stop = index_box(image, grid)
    index = image.index(world_of(grid).reshape(-1, 3))
    assert (start <= np.floor(index).min(axis=0)).all()
    assert (stop > np.ceil(index).max(axis=0)).all()
    assert (stop - start < image.shape).any()


@pytest.mark.parametrize("stored", STORED)
def test_axes_closest_to_the_world_are_those_that_nibabel_names(stored):
    affine = oblique_affine(**stored)
    axes, signs = closest_axes(affine)
    codes = aff2axcodes(affine)
    expected = [codes[axis] for axis in axes]
    assert expected == [names[sign < 0] for names, sign in zip(("RL", "AP", "SI"), signs, strict=True)]


@pytest.mark.parametrize("stored", STORED)
def test_voxels_brought_to_ras_are_those_of_nibabel(stored):
    array = np.random.default_rng(3).integers(0, 99, (4, 5, 6)).astype(np.int16)
    image = Volume(array, oblique_affine(**stored), "1.2.3")
    canonical = nibabel.as_closest_canonical(nibabel.Nifti1Image(array, image.affine))
    ras = to_ras(image)
    assert (ras.array == np.asanyarray(canonical.dataobj)).all()
    assert ras.affine == pytest.approx(canonical.affine)
    assert ras.frame_of_reference == "1.2.3"


def test_each_voxel_axis_serves_one_world_axis_even_at_45_degrees():
    axes, _ = closest_axes(oblique_affine((1, 1, 1), (0, 0, 45)))
    assert sorted(axes) == [0, 1, 2]


LEFT, RIGHT, CAUDAL = (-9.0, 2.0, 4.0), (9.0, 2.0, 4.0), (0.0, -3.0, -12.0)


def three_balls(x, y, z):
    labels = np.zeros(x.shape)
    for label, centre in ((43, LEFT), (44, RIGHT), (200, CAUDAL)):
        distance = np.sqrt(sum((a - b) ** 2 for a, b in zip((x, y, z), centre, strict=True)))
        labels[distance < 7] = label
    return labels


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("spacing_mm", [1.0, 2.0])
def test_labels_stay_on_their_side_and_keep_their_size_on_another_grid(stored, spacing_mm):
    shape = (44, 41, 36)
    affine = centred_affine(shape, (0, 0, -2), spacing_mm=(1.2, 1.3, 1.5), **stored)
    source = painted(shape, affine, three_balls, np.uint8)
    grid = world_aligned_grid(np.full(3, -22.0), np.full(3, 22.0), spacing_mm)
    labels = resample_labels(source, grid)
    assert set(np.unique(labels)) == {0, 43, 44, 200}
    for label, centre in ((43, LEFT), (44, RIGHT), (200, CAUDAL)):
        place = grid.affine[:3, :3] @ ndimage.center_of_mass(labels == label) + grid.affine[:3, 3]
        assert place == pytest.approx(centre, abs=0.2)
        assert (labels == label).sum() * spacing_mm**3 == pytest.approx(4 / 3 * np.pi * 7**3, rel=0.05)


def test_labels_that_lie_beyond_a_grid_do_not_reach_it():
    shape = (44, 41, 36)
    source = painted(shape, centred_affine(shape, (0, 0, -2), spacing_mm=(1.2, 1.3, 1.5)), three_balls, np.uint8)
    grid = world_aligned_grid(np.array([1.0, -8.0, -3.0]), np.array([17.0, 10.0, 12.0]), 1.0)
    assert set(np.unique(resample_labels(source, grid))) == {0, 44}
    far = world_aligned_grid(np.full(3, 100.0), np.full(3, 120.0), 1.0)
    assert not resample_labels(source, far).any()


def test_neighbouring_labels_meet_without_a_seam():
    source = Volume(np.repeat(np.array([1, 1, 2, 2], np.uint8), 16).reshape(4, 4, 4), np.diag([3.0, 3.0, 3.0, 1.0]))
    grid = world_aligned_grid(np.array([0.0, 0.0, 0.0]), np.array([9.0, 9.0, 9.0]), 0.5)
    labels = resample_labels(source, grid)
    assert (labels[:9] == 1).all()
    assert (labels[9:] == 2).all()
