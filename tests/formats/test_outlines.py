import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.formats.outlines import Outline, outlines
from spinemets.spine import Spine, Vertebra
from spinemets.volume import Volume

L_SHAPE = Outline(Level.L1, np.array([[0, 0], [10, 0], [10, 20], [30, 20], [30, 40], [0, 40]], dtype=float), False)


def test_the_area_is_that_of_the_polygon():
    assert L_SHAPE.area_mm2 == 10 * 20 + 30 * 20


def test_the_ends_are_sought_at_a_height():
    assert L_SHAPE.ends_mm(8.0) == (0.0, 10.0)
    assert L_SHAPE.ends_mm(30.0) == (0.0, 30.0)
    assert L_SHAPE.ends_mm(500.0) == (0.0, 30.0)


def test_the_path_is_closed():
    assert Outline(Level.L1, np.array([[0, 0], [1.25, 0], [0, 2]]), False).path == "M0.0 0.0L1.2 0.0L0.0 2.0Z"


def test_an_edge_lies_half_a_voxel_beyond_the_outermost_centres_and_specks_are_left_out():
    array = np.zeros((20, 20, 20), dtype=np.uint8)
    array[5:15, 10, 4:12] = Level.L1.verse_id  # x from 5 to 14, z from 4 to 11
    array[1, 10, 1] = Level.L1.verse_id
    mask = Volume(array, np.diag([2.0, 2.0, 3.0, 1.0]))
    x_mm, z_mm = np.arange(39.0, -1.0, -0.5), np.arange(59.0, -1.0, -0.5)
    sheet_mm = np.stack(np.broadcast_arrays(x_mm[None, :], 20.0, z_mm[:, None]), axis=-1)
    spine = Spine((Vertebra(Level.L1, 1.0, (), False, np.zeros(3), 1.0),), False)
    (edge,) = outlines(mask, sheet_mm, 0.5, spine)
    # columns fall from x = 39.25 at the left edge, rows from z = 59.25 at the top
    left_mm, right_mm = edge.ends_mm(59.25 - 22.5)
    assert (39.25 - left_mm, 39.25 - right_mm) == pytest.approx((29.0, 9.0), abs=0.3)
    top_mm, bottom_mm = edge.points_mm[:, 1].min(), edge.points_mm[:, 1].max()
    assert (59.25 - top_mm, 59.25 - bottom_mm) == pytest.approx((34.5, 10.5), abs=0.3)
