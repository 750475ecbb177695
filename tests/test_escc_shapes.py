"""ESCC where the canal is not as straight, or the sac not as whole, as elsewhere."""

import numpy as np
import pytest
from scipy import ndimage
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


def cropped_to(volumes, low, high):
    """The masks with less of them seen along both axes within a slice."""
    axis = stack_axis(volumes["cord"])
    part = tuple(slice(None) if one == axis else slice(low, high) for one in range(3))
    result = {}
    for name, mask in volumes.items():
        affine = mask.affine.copy()
        affine[:3, 3] = mask.world(np.array([[0 if one == axis else low for one in range(3)]]))[0]
        result[name] = Volume(mask.array[part], affine)
    return result


def test_a_sac_that_nearly_touches_the_edge_of_the_image_is_measured_like_one_in_its_middle():
    """Tilted slices in a narrow field: the sac runs from one edge of the image to the other."""
    case, options = CASES["1a"], {"pixel_mm": 0.5, "slice_mm": 3.0, "angles": (-9, 9, 0), "extent_mm": 72.0}
    wide = of(masks(case, field_mm=60.0, **options))
    narrow = of(masks(case, field_mm=26.0, **options))
    assert narrow["grade"] == wide["grade"] == "1a"
    losses = [[row["sac_area_loss"] for row in answer["slices"]] for answer in (wide, narrow)]
    assert losses[1] == pytest.approx(losses[0], abs=0.02)


def test_a_sac_that_the_edge_of_the_image_cuts_is_no_reference():
    """What is left of a sac in slices far from tumour would pass for one that is smaller everywhere."""
    volumes = masks(CASES["1b in front"], 0.5, 3.0, angles=(0, 0, 0), extent_mm=120.0)
    whole = of(volumes)
    axis = stack_axis(volumes["cord"])
    shown = np.flatnonzero(volumes["tumour"].array.any(axis=tuple({0, 1, 2} - {axis})))
    out = [slice(None)] * 3
    out[axis] = np.r_[0 : shown[0] - 8, shown[-1] + 9 : volumes["cord"].shape[axis]]
    cut = {}
    for name, mask in volumes.items():
        aside = ndimage.shift(mask.array, [0 if one == axis else 22 for one in range(3)], order=0)
        moved = mask.array.copy()
        moved[tuple(out)] = aside[tuple(out)]
        cut[name] = mask.with_array(moved)
    found = of(cut)
    assert found["grade"] == whole["grade"] == "1b"
    assert worst_loss(found) == pytest.approx(worst_loss(whole), abs=0.02)


def worst_loss(answer):
    return next(row["sac_area_loss"] for row in answer["slices"] if row["index"] == answer["slice"])


def test_a_sac_cut_beside_tumour_is_not_graded():
    volumes = masks(CASES["1b in front"], 0.5, 3.0, angles=(0, 0, 0))
    found = of(cropped_to(volumes, 20, 60))
    assert (found["status"], found["grade"]) == ("not_assessable", None)
    assert found["reason"].startswith("out_of_field: the edge of the image cuts the sac beside tumour in slice ")
