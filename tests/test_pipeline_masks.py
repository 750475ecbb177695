"""Masks that are given to the pipeline."""

import numpy as np
import pytest

from spinemets.errors import GeometryMismatchError
from spinemets.pipeline import examine
from spinemets.volume import Series, Study, Volume


def _volume(shift_mm=0.0, value=0):
    affine = np.diag([1.0, 1.5, 2.0, 1.0])
    affine[0, 3] = shift_mm
    array = np.full((8, 9, 10), value, np.uint8)
    return Volume(array, affine)


@pytest.mark.parametrize("name", ["lesions", "cord", "sac", "epidural", "canal"])
def test_a_mask_on_the_grid_of_no_series_is_refused(name):
    study = Study((Series("ct", _volume()),))
    masks = {"vertebrae": _volume(value=20), name: _volume(shift_mm=4.0)}
    with pytest.raises(GeometryMismatchError, match=f"the {name} mask lies on another grid: corners are up to 4 mm"):
        examine(study, masks=masks)
