"""Slices with smaller pixels, also where what is looked at lies on the edge of the image."""

import numpy as np
import pytest

from spinemets.measure.fine_grid import FINE_MM, MARGIN_MM, box_round, cropped, fine_mask, lies_on_edge

PIXEL_MM = np.array([0.5, 0.8])


def disc(radius_mm, centre_mm, shape=(40, 30)):
    at = (np.moveaxis(np.indices(shape), 0, -1) + 0.5) * PIXEL_MM
    return np.linalg.norm(at - centre_mm, axis=-1) < radius_mm


def test_the_box_leaves_room_all_round_and_reaches_beyond_the_image():
    mask = np.zeros((40, 30), dtype=bool)
    mask[2:20, 10:30] = True
    assert box_round(mask, PIXEL_MM).tolist() == [[2 - 8, 20 + 8], [10 - 5, 30 + 5]]
    assert (np.array([8, 5]) * PIXEL_MM >= MARGIN_MM).all()


def test_beyond_the_image_there_is_no_mask_and_the_signal_of_its_edge():
    plane = np.arange(1.0, 7.0).reshape(2, 3)
    box = np.array([[-1, 2], [1, 5]])
    assert cropped(plane, box).tolist() == [[0, 0, 0, 0], [2, 3, 0, 0], [5, 6, 0, 0]]
    assert cropped(plane, box, "edge").tolist() == [[2, 3, 3, 3], [2, 3, 3, 3], [5, 6, 6, 6]]


@pytest.mark.parametrize("pixel", [(0, 4), (39, 4), (7, 0), (7, 29)])
def test_a_mask_lies_on_the_edge_of_the_image_in_its_outermost_rows_and_columns(pixel):
    mask = np.zeros((40, 30), dtype=bool)
    mask[1:-1, 1:-1] = True
    assert not lies_on_edge(mask)
    mask[pixel] = True
    assert lies_on_edge(mask)


def test_a_disc_keeps_its_area_on_the_fine_grid_wherever_it_lies():
    mask = disc(6.0, (10.0, 12.0))
    fine = fine_mask(cropped(mask, box_round(mask, PIXEL_MM)), PIXEL_MM)
    assert fine.sum() * FINE_MM**2 == pytest.approx(np.pi * 6.0**2, rel=0.02)


def test_of_nothing_there_is_nothing():
    assert not fine_mask(np.zeros((5, 5), dtype=bool), PIXEL_MM).any()
