import numpy as np
import pytest

from spinemets.geometry import world_aligned_grid
from spinemets.simulate.canvas import Canvas, Field, draw_bone
from spinemets.simulate.implicit import Capsule, Ellipsoid, RoundedBox, frame, smooth_minimum, spline
from spinemets.simulate.roughness import roughness
from spinemets.simulate.tissues import Tissue

TILTED = frame([1.0, 2.0, 3.0], [0.0, 0.0, 1.0])
CENTRE = np.array([4.0, -3.0, 7.0])


def distance(shape, *point):
    return float(shape.distance(*(np.array([value], dtype=float) for value in point))[0])


def test_distance_to_a_rod_is_that_to_its_axis_less_its_radius():
    rod = Capsule(np.zeros(3), np.array([0.0, 0.0, 10.0]), 2.0, 4.0)
    assert distance(rod, 5.0, 0.0, 5.0) == pytest.approx(5.0 - 3.0)
    assert distance(rod, 0.0, 0.0, 16.0) == pytest.approx(6.0 - 4.0)
    assert distance(rod, 0.0, 0.0, 5.0) == pytest.approx(-3.0)


def test_a_tilted_box_is_zero_on_its_faces_and_as_deep_as_its_half_edge():
    box = RoundedBox(CENTRE, np.array([3.0, 5.0, 8.0]), TILTED, rounding_mm=1.0)
    for axis, half in enumerate((3.0, 5.0, 8.0)):
        assert distance(box, *(CENTRE + half * TILTED[axis])) == pytest.approx(0.0, abs=1e-5)
        assert distance(box, *(CENTRE + (half + 2.0) * TILTED[axis])) == pytest.approx(2.0, abs=1e-5)
    assert distance(box, *CENTRE) == pytest.approx(-3.0)


def test_an_ellipsoid_is_zero_at_the_ends_of_its_axes():
    egg = Ellipsoid(CENTRE, np.array([3.0, 5.0, 8.0]), TILTED)
    for axis, half in enumerate((3.0, 5.0, 8.0)):
        assert distance(egg, *(CENTRE + half * TILTED[axis])) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    "shape",
    [
        Ellipsoid(CENTRE, np.array([3.0, 5.0, 8.0]), TILTED),
        RoundedBox(CENTRE, np.array([3.0, 5.0, 8.0]), TILTED),
        Capsule(CENTRE, CENTRE + 9.0, 2.0, 4.0, (1.0, 1.5, 2.0)),
    ],
)
def test_bounds_hold_the_whole_shape_and_little_more(shape):
    lower, upper = shape.bounds()
    axes = np.meshgrid(*(np.arange(a - 3, b + 3, 0.25) for a, b in zip(lower, upper, strict=True)), indexing="ij")
    inside = np.argwhere(shape.distance(*axes) < 0) * 0.25 + lower - 3
    assert (inside >= lower - 0.01).all()
    assert (inside <= upper + 0.01).all()
    assert (inside.max(axis=0) - inside.min(axis=0) > 0.75 * (upper - lower) - 0.5).all()


def test_a_smooth_union_is_never_smaller_than_the_union():
    first, second = np.linspace(-5, 5, 101), np.linspace(5, -5, 101)
    blended = smooth_minimum(first, second, 2.0)
    assert (blended <= np.minimum(first, second)).all()
    assert blended[0] == first[0]
    assert blended[50] == pytest.approx(-0.5)  # a quarter of the blend where both are equal


def test_points_of_a_spline_are_evenly_spaced_and_start_and_end_where_asked():
    path = spline([[0, 0, 0], [10, 0, 0], [10, 30, 0]], 30)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert steps.std() < 0.03 * steps.mean()
    assert path[0] == pytest.approx([0, 0, 0])
    assert path[-1] == pytest.approx([10, 30, 0])


def test_relief_has_the_amplitude_asked_for_and_does_not_depend_on_sampling():
    relief = roughness(np.random.default_rng(0), 0.5)
    x = np.arange(0, 200, 2.0, dtype=np.float32)
    coarse = relief(x[:, None, None], x[None, :, None], x[None, None, :40])
    assert coarse.std() == pytest.approx(0.5, rel=0.1)
    fine = relief(x[:1, None, None] + 2.0, x[None, :, None], x[None, None, :40])
    assert fine[0] == pytest.approx(coarse[1], abs=1e-4)


def test_two_bones_that_overlap_are_drawn_with_the_gap_asked_for():
    canvas = Canvas(world_aligned_grid(np.array([-20.0] * 3), np.array([20.0] * 3), 0.5))
    flat = roughness(np.random.default_rng(0), 0.0)
    left = RoundedBox(np.array([-5.0, 0.0, 0.0]), np.array([6.0, 8.0, 8.0]))
    right = RoundedBox(np.array([5.0, 0.0, 0.0]), np.array([6.0, 8.0, 8.0]))
    draw_bone(canvas, [left], Tissue.RIB, flat, gap_mm=2.0)
    draw_bone(canvas, [right], Tissue.HIP, flat, gap_mm=2.0)
    line = canvas.tissue[:, 40, 40]
    gap = np.nonzero(line == Tissue.HIP)[0][0] - np.nonzero(line == Tissue.RIB)[0][-1] - 1
    assert gap * 0.5 == pytest.approx(2.0, abs=0.5)


def test_a_field_outside_the_canvas_draws_nothing():
    canvas = Canvas(world_aligned_grid(np.zeros(3), np.array([10.0] * 3), 1.0))
    far = Ellipsoid(np.array([100.0, 0.0, 0.0]), np.array([5.0, 5.0, 5.0]))
    whole = Field(canvas, [far])
    whole.add(far)
    whole.carve(far)
    whole.claim(far, 3)
    whole.draw({0: Tissue.RIB})
    whole.fill(Tissue.DISC)
    assert (canvas.tissue == 0).all()
