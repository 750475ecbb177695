import io

import numpy as np
import pytest
from PIL import Image

from spinemets.formats.grey import Window, grey_png, window_of
from spinemets.volume import Series, Volume


def test_the_png_decodes_to_the_same_pixels():
    grey = np.random.default_rng(1).integers(0, 256, (37, 53)).astype(np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(grey_png(grey)))), grey)


def test_values_beyond_the_window_are_black_and_white():
    window = Window(-500.0, 1300.0, "bone")
    assert window.grey(np.array([-3000.0, -500.0, 400.0, 1300.0, 9000.0])).tolist() == [0, 0, 127, 255, 255]


def series(role, array):
    return Series(role, Volume(array, np.diag([1.0, 1.0, 4.0, 1.0])))


def test_ct_is_shown_in_a_bone_window():
    window = window_of(series("ct", np.zeros((4, 4, 4))), np.zeros((1, 3)))
    assert (window.black, window.white) == (-500.0, 1300.0)
    assert window.text == "W 1800 L 400 HU"


def test_mr_is_windowed_by_the_signal_near_the_spine_only():
    array = np.tile(np.linspace(0, 100, 400)[:, None, None], (1, 5, 5))
    array[200:] = 1e6  # bright fat 140 mm away
    window = window_of(series("t2", array), np.array([[60.0, 2.0, 8.0]]))
    assert 0 <= window.black < 2
    assert window.white == pytest.approx(100 * 119 / 399, rel=0.02)


def test_a_blank_image_has_a_window_too():
    window = window_of(series("t2", np.zeros((9, 9, 9))), np.zeros((1, 3)))
    assert window.white > window.black
