"""Diameters of masks on the fine grid of a slice."""

import numpy as np
import pytest

from spinemets.measure.canal_slices import FINE_MM
from spinemets.measure.slice_shape import diameters_mm

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
