import numpy as np
import pytest
from box_vertebra import CANAL_DEPTH_MM, HALF_CANAL_MM, stack

from spinemets.measure.canal import CanalAxis, canal_axis, canal_mask, canal_radii, foramen_centre


def test_a_foramen_is_found_in_the_middle_of_its_ring_and_nowhere_else():
    parts, numbers, _ = stack(1)
    middle = (np.array(parts.shape) - 1) / 2
    assert foramen_centre(numbers == 1) == pytest.approx(middle, abs=1.5)


def test_an_open_arch_has_no_foramen():
    parts, _, local = stack(1)
    opened = (parts > 0) & (local[..., 1] > 0)
    assert foramen_centre(opened) is None


def test_the_largest_of_two_holes_is_the_foramen():
    parts, _, local = stack(1)
    bone = parts > 0
    bone &= np.hypot(local[..., 0], local[..., 1] - 23) > 4
    assert foramen_centre(bone)[:2] == pytest.approx((np.array(parts.shape[:2]) - 1) / 2, abs=1.5)


def curve(z):
    return np.stack([50 + 0.1 * z, 40 + 12 * np.sin(z / 60), z], axis=-1)


def test_the_axis_runs_through_foramina_on_a_curve_in_any_order():
    z = np.array([110.0, 30.0, 70.0, 50.0, 90.0, 130.0])
    axis = canal_axis(list(curve(z)), 200)
    assert axis.at(82.0) == pytest.approx(curve(82.0), abs=1.0)
    assert axis.k.min() == 15
    assert axis.k.max() == 145


def test_beyond_its_last_foramen_the_axis_goes_on_straight():
    points = [np.array([20 + 0.2 * k, 30 - 0.1 * k, float(k)]) for k in (20, 40, 60)]
    axis = canal_axis(points, 100)
    assert axis.at(73.0) == pytest.approx([20 + 0.2 * 73, 30 - 7.3, 73.0], abs=0.1)
    assert axis.at(7.0) == pytest.approx([21.4, 29.3, 7.0], abs=0.1)


def test_the_axis_ends_where_the_array_ends():
    axis = canal_axis([np.array([5.0, 5.0, 4.0]), np.array([5.0, 5.0, 12.0])], 14)
    assert (axis.k[0], axis.k[-1]) == (0, 13)


@pytest.mark.parametrize("centres", [[], [np.ones(3)], [np.ones(3), np.ones(3)]])
def test_fewer_than_two_foramina_make_no_axis(centres):
    with pytest.raises(ValueError, match=f"at least two foramina, got {min(len(centres), 1)}"):
        canal_axis(centres, 50)


def test_the_tangent_is_the_direction_of_a_straight_canal_in_any_spacing():
    direction = np.array([0.2, -0.3, 1.0])
    k = np.arange(60)
    axis = CanalAxis(k, 30 + k[:, None] * direction[:2])
    for spacing_mm in (0.5, 1.0, 3.0):
        tangent = axis.tangent(25.0, spacing_mm=spacing_mm)
        assert tangent == pytest.approx(direction / np.linalg.norm(direction), abs=1e-6)


def test_an_axis_of_one_slice_points_up():
    assert CanalAxis(np.array([7]), np.array([[3.0, 4.0]])).tangent(7.0) == pytest.approx([0, 0, 1])


def tube(spacing_mm, half_width_mm=9.0, half_depth_mm=7.0):
    """Bone with an elliptic canal that leans to the front, open to the sides in every second part."""
    shape = tuple(int(n / spacing_mm) for n in (60, 60, 80))
    i, j, k = np.indices(shape)
    ci, cj = (shape[0] - 1) / 2, (shape[1] - 1) / 2 + 0.15 * (k - shape[2] / 2)
    x, y = (i - ci) * spacing_mm, (j - cj) * spacing_mm
    inside = (x / half_width_mm) ** 2 + (y / half_depth_mm) ** 2 < 1
    foramen = (np.abs(x) > 4) & (np.abs(y) < 3) & ((k * spacing_mm // 8) % 3 == 0)
    bone = (np.hypot(x, y) < 16) & ~inside & ~foramen
    points = np.arange(shape[2])
    centre = np.stack([np.full(shape[2], ci), (shape[1] - 1) / 2 + 0.15 * (points - shape[2] / 2)], axis=1)
    return bone, inside, CanalAxis(points, centre)


@pytest.mark.parametrize("spacing_mm", [0.8, 1.5])
def test_the_canal_is_the_hole_in_the_bone_and_does_not_leak_through_foramina(spacing_mm):
    bone, inside, axis = tube(spacing_mm)
    found = canal_mask(bone, axis, spacing_mm)
    assert 2 * (found & inside).sum() / (found.sum() + inside.sum()) > 0.88
    assert not (found & bone).any()
    assert (found & ~inside).sum() < 0.02 * inside.sum()


def test_rays_start_at_the_right_and_turn_to_the_front():
    bone, _, axis = tube(0.8, half_width_mm=11.0, half_depth_mm=6.0)
    middle = canal_radii(bone, axis, 0.8)[40] * 0.8
    assert middle[[0, 18]] == pytest.approx([11.0, 11.0], abs=1.2)
    assert middle[[9, 27]] == pytest.approx([6.0, 6.0], abs=1.2)


def test_the_canal_of_box_vertebrae_is_as_wide_and_deep_as_built():
    parts, numbers, local = stack(3)
    foramina = [foramen_centre(numbers == n) for n in (1, 2, 3)]
    axis = canal_axis(foramina, parts.shape[2])
    canal = canal_mask(parts > 0, axis, 1.0)
    middle = canal & (np.abs(local[..., 2]) < 8)
    x, y = local[middle][:, 0], local[middle][:, 1]
    assert np.percentile(np.abs(x), 98) == pytest.approx(HALF_CANAL_MM, abs=1.5)
    assert np.percentile(np.abs(y), 98) == pytest.approx(CANAL_DEPTH_MM, abs=1.5)
