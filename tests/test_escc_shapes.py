"""ESCC where the canal is not as straight, or the sac not as whole, as elsewhere."""

import numpy as np
import pytest
from test_escc_assessment import CASES, masks, of

from spinemets.geometry import Grid
from spinemets.measure.canal_slices import stack_axis
from spinemets.simulate.epidural_masks import epidural_masks
from spinemets.volume import Volume


@pytest.mark.parametrize("bow_mm", [-4.0, 4.0])
def test_a_canal_that_curves_forward_or_back_is_measured_like_a_straight_one(bow_mm):
    case, pixel, slice_mm = CASES["1b in front"], 0.4, 3.0
    shape = (75, 75, 33)
    affine = np.diag([pixel, pixel, slice_mm, 1.0])
    affine[:3, 3] = -affine[:3, :3].diagonal() * (np.array(shape) - 1) / 2
    painted = epidural_masks(case, Grid(shape, affine), centre_mm=np.zeros(3), axes=np.eye(3))
    heights = (np.arange(shape[2]) - (shape[2] - 1) / 2) * slice_mm
    steps = np.round(bow_mm * (heights / 48.0) ** 2 / pixel).astype(int)
    bent = {
        name: Volume(np.stack([np.roll(mask[:, :, k], steps[k], axis=1) for k in range(shape[2])], axis=2), affine)
        for name, mask in painted.items()
    }
    answer = of(bent)
    worst = next(row for row in answer["slices"] if row["index"] == answer["slice"])
    assert answer["grade"] == "1b"
    assert worst["sac_indentation_mm"] == pytest.approx(case.indentation_mm, abs=0.5)
    assert worst["cord_shift_mm"] == pytest.approx(0.0, abs=0.3)


def test_tumour_where_the_sac_is_gone_is_no_low_grade():
    volumes = masks(CASES["3"], extent_mm=120.0)
    axis = stack_axis(volumes["cord"])
    shown = np.flatnonzero(volumes["tumour"].array.any(axis=tuple({0, 1, 2} - {axis})))
    block = [slice(None)] * 3
    block[axis] = slice(shown[len(shown) // 2] - 1, shown[len(shown) // 2] + 2)
    blocked = {}
    for name, mask in volumes.items():
        array = mask.array.copy()
        if name == "tumour":
            array[tuple(block)] |= volumes["sac"].array[tuple(block)]
        elif name != "canal":
            array[tuple(block)] = 0
        blocked[name] = mask.with_array(array)
    found = of(blocked, bone_metastasis="yes")
    assert found["status"] == "not_assessable"
    assert found["grade"] is None
    assert found["reason"].startswith("missing_mask: tumour and no sac in slice ")
    assert found["reason"].endswith("a complete block is not excluded")
