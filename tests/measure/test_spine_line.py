"""Bodies of which every direction is known by construction."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spinemets.measure.spine_line import body_direction, tangents

UP = np.array([0.0, 0.0, 1.0])


def body(turn=(0, 0, 0), centre=(0, 0, 0), wedge_deg=0.0, spacing=(1.0, 1.6, 1.3)):
    """Points of an elliptic body, 44 by 32 by 26 mm, its front lower by a wedge, turned on its grid."""
    reach = [np.arange(-34, 34, step) for step in spacing]
    points = np.stack(np.meshgrid(*reach, indexing="ij"), axis=-1).reshape(-1, 3) + 0.3
    matrix = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    x, y, z = (points @ matrix).T
    top = 13 - np.tan(np.radians(wedge_deg)) * y
    inside = ((x / 22) ** 2 + (y / 16) ** 2 < 1) & (z > -13) & (z < top)
    return points[inside] + np.asarray(centre), matrix @ UP


def degrees(first, second):
    return np.degrees(np.arccos(np.clip(first @ second, -1, 1)))


@pytest.mark.parametrize("turn", [(0, 0, 0), (25, 10, 30), (-14, 28, -70)])
def test_the_direction_of_a_body_is_the_normal_of_its_endplates_however_it_lies(turn):
    points, up = body(turn)
    assert degrees(body_direction(points, UP), up) < 1.0


@pytest.mark.parametrize("wedge_deg", [8.0, 20.0])
def test_the_direction_of_a_wedge_is_half_way_between_its_endplates(wedge_deg):
    points, _ = body(wedge_deg=wedge_deg)
    halfway = np.array([0.0, np.sin(np.radians(wedge_deg / 2)), np.cos(np.radians(wedge_deg / 2))])
    assert degrees(body_direction(points, UP), halfway) < 1.0


def arc(step_deg, count=4, radius_mm=120.0):
    """Bodies along a circle in the sagittal plane, from head to foot, and their true directions."""
    found = []
    for number in range(count):
        angle = np.radians(step_deg * (number - 1))
        centre = radius_mm * np.array([0.0, 1 - np.cos(angle), -np.sin(angle)])
        found.append(body((np.degrees(angle), 0, 0), centre))
    return [points for points, _ in found], [up for _, up in found]


def test_directions_along_an_arc_are_its_tangents():
    bodies, ups = arc(16.0)
    for found, up in zip(tangents(bodies, [True] * 4), ups, strict=True):
        assert degrees(found, up) < 16.0 / 6 + 0.5  # at the ends, one of three estimates is half a step off


def test_an_arc_goes_on_bending_at_an_end_that_is_cut():
    bodies, ups = arc(16.0)
    cut = bodies[0][bodies[0][:, 2] < 44], *bodies[1:]
    found = tangents(cut, [False, True, True, True])
    assert degrees(found[0], ups[0]) < 6.0


def test_at_the_end_of_a_spine_that_is_shifted_sideways_the_body_counts_as_much_as_the_curve():
    bodies = [body(centre=centre)[0] for centre in ((0, 0, 72), (0, 0, 36), (9, 0, 0))]
    chord = np.degrees(np.arctan(9 / 36))
    assert degrees(tangents(bodies, [True] * 3)[2], UP) == pytest.approx((1.5 * chord + chord) / 3, abs=0.6)
    assert degrees(tangents(bodies, [False] * 3)[2], UP) == pytest.approx(1.5 * chord, abs=0.6)


def test_of_two_bodies_the_directions_lie_between_their_chord_and_their_own():
    bodies = [body(centre=centre)[0] for centre in ((0, 0, 36), (12, 0, 0))]
    chord = np.degrees(np.arctan(12 / 36))
    for found in tangents(bodies, [True, True]):
        assert degrees(found, UP) == pytest.approx(2 / 3 * chord, abs=0.6)
    for found in tangents(bodies, [False, False]):
        assert degrees(found, UP) == pytest.approx(chord, abs=0.6)


def test_a_body_alone_has_its_own_direction_and_a_cut_one_stands_upright():
    points, up = body((12, -8, 0))
    assert degrees(tangents([points], [True])[0], up) < 1.0
    assert tangents([points], [False])[0] == pytest.approx(UP)
