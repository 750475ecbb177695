"""Diameters and edges of masks on the fine grid of a slice."""

import numpy as np
import pytest

from spinemets.measure.fine_grid import FINE_MM
from spinemets.measure.slice_shape import core_of, diameters_mm, edge_points_mm

FRONT = np.array([0.6, 0.8])
"""Oblique to both axes of the grid."""


def test_an_oblique_ellipse_has_the_diameters_that_it_was_drawn_with():
    points = (np.moveaxis(np.indices((90, 90)), 0, -1) - 44.5) * FINE_MM
    front, side = points @ FRONT, points @ np.array([-FRONT[1], FRONT[0]])
    found = diameters_mm(np.hypot(front / 2.9, side / 4.0) < 1, FRONT)
    assert found == pytest.approx((5.8, 8.0), abs=0.05)


def test_an_empty_mask_has_no_diameter():
    with pytest.raises(ValueError, match="an empty mask has no diameter"):
        diameters_mm(np.zeros((9, 9), dtype=bool), FRONT)


def disc(centre_mm, radius_mm=4.0):
    """Drawn from a place between the middles of pixels."""
    points = (np.moveaxis(np.indices((120, 60)), 0, -1)) * FINE_MM
    return np.linalg.norm(points - np.array(centre_mm), axis=-1) < radius_mm


@pytest.mark.parametrize("gap_mm", [0.33, 0.5, 0.81, 1.27])
@pytest.mark.parametrize("turn_deg", [0, 30])
def test_edges_are_as_far_apart_as_what_they_were_drawn_from_within_a_pixel(gap_mm, turn_deg):
    apart = (8 + gap_mm) * np.array([np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg)) / 2])
    apart *= (8 + gap_mm) / np.linalg.norm(apart)
    first, second = (edge_points_mm(disc((6.03, 5.11) + apart * place)) for place in (0, 1))
    distance = np.linalg.norm(first[:, None] - second[None], axis=-1).min()
    assert distance == pytest.approx(gap_mm, abs=0.75 * FINE_MM)


def test_a_speck_has_its_own_pixels_for_an_edge_and_nothing_has_none():
    speck = np.zeros((9, 9), dtype=bool)
    assert edge_points_mm(speck).shape == (0, 2)
    speck[4, 5] = True
    assert edge_points_mm(speck) == pytest.approx(np.array([[4, 5]]) * FINE_MM)


@pytest.mark.parametrize("depth_mm", [0.5, 0.8, 1.7])
def test_the_core_of_a_disc_is_the_disc_that_is_smaller_by_its_depth(depth_mm):
    difference = core_of(disc((12.03, 5.11)), depth_mm) ^ disc((12.03, 5.11), 4.0 - depth_mm)
    assert difference.sum() <= 0.12 * disc((12.03, 5.11), 4.0 - depth_mm).sum()
    assert not core_of(disc((12.03, 5.11)), 4.1).any()


def test_two_masks_apart_have_a_core_each_and_nothing_has_none():
    both = disc((6.0, 5.0)) | disc((17.0, 6.0), 3.0)
    core = core_of(both, 1.0)
    assert [core[place] for place in ((30, 25), (85, 30), (57, 27))] == [True, True, False]
    assert not core_of(np.zeros((9, 9), dtype=bool), 0.5).any()
