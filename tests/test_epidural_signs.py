"""Tumour of known shape and place in the canal: curtain, compartment, and every reason for neither."""

import numpy as np
import pytest
from curtain_phantom import FRONT, canal, even, folds, spindle

from spinemets.epidural_signs import epidural_signs
from spinemets.errors import StudyError
from spinemets.escc_masks import EsccMasks
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason

GRIDS = ((0.2, 3.0, 0), (0.4, 4.0, 1), (0.6, 3.0, 2), (0.8, 4.0, 3))


def signs(masks, front=FRONT, **more):
    return epidural_signs(EsccMasks(masks["cord"], masks["sac"], masks["tumour"], **more), front)


def healthy(*grid, cord=True):
    masks = canal(even(0.0), *grid)
    if not cord:
        masks["cord"] = masks["cord"].with_array(np.zeros(masks["cord"].shape, np.uint8))
    return masks


def with_tumour(masks, *spots, exclusive=False):
    inside = np.any([spindle(masks, centre, radius) for centre, radius in spots], axis=0)
    result = {**masks, "tumour": masks["sac"].with_array(inside.astype(np.uint8))}
    if exclusive:
        for name in ("sac", "cord"):
            result[name] = masks[name].with_array(masks[name].array * ~inside)
    return result


def test_a_curtain_stands_in_the_answer_with_its_ratio_and_source():
    found = signs(canal(folds(4.2, 1.0)))
    assert set(found) == {"draped_curtain", "draped_curtain_midline_ratio", "compartment"}
    assert found["draped_curtain"]["value"] == "present"
    assert "l.410-415" in found["draped_curtain"]["method"]
    assert found["draped_curtain_midline_ratio"].value == pytest.approx(1.0 / 4.2, abs=0.08)
    assert found["compartment"]["value"] == "extradural"


def test_an_even_layer_is_no_curtain_and_still_has_its_ratio():
    found = signs(canal(even(3.0)))
    assert found["draped_curtain"]["value"] == "absent"
    assert isinstance(found["draped_curtain_midline_ratio"], Measured)
    behind = signs(canal(even(3.0), behind=True))
    assert behind["draped_curtain"]["value"] == "absent"
    assert behind["draped_curtain_midline_ratio"] == NotApplicable("no_tumour_on_both_sides")


def test_tumour_beyond_the_canal_is_left_out():
    masks = canal(folds(4.2, 1.0))
    nothing = masks["sac"].with_array(((masks["sac"].array > 0) | (masks["cord"].array > 0)).astype(np.uint8))
    found = signs(masks, canal=nothing)
    assert found["draped_curtain"] == NotApplicable("no_epidural_tumour")


def test_without_tumour_nothing_applies():
    found = signs(healthy())
    assert all(one == NotApplicable("no_epidural_tumour") for one in found.values())


@pytest.mark.parametrize(("grid", "word"), [((0.9, 3.5), "pixels of 0.90"), ((0.4, 4.6), "slices 4.6 mm")])
def test_coarse_slices_are_not_read(grid, word):
    found = signs(canal(folds(4.2, 1.0), *grid))
    for name, one in found.items():
        assert one.code is Reason.RESOLUTION, name
        assert word in one.detail


def test_slices_that_are_not_axial_are_not_read():
    found = signs(canal(folds(4.2, 1.0), angles=(30, 0, 0)))
    assert all(one.code is Reason.MISSING_SEQUENCE for one in found.values())


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("exclusive", [False, True])
def test_a_tumour_lies_in_its_compartment_on_every_grid(grid, exclusive):
    masks = healthy(*grid)
    beside = signs(with_tumour(masks, ((-10.5, 1.0, 0.0), 3.2), exclusive=exclusive))
    assert beside["compartment"]["value"] == "extradural"
    within = signs(with_tumour(masks, ((0.5, 3.0, 0.0), 2.4), exclusive=exclusive))
    assert within["compartment"]["value"] == "intradural_extramedullary"


@pytest.mark.parametrize("grid", GRIDS[:3])
@pytest.mark.parametrize("exclusive", [False, True])
def test_a_tumour_in_the_cord_is_intramedullary_even_where_it_is_cut_out_of_its_mask(grid, exclusive):
    found = signs(with_tumour(healthy(*grid), ((0.0, -2.0, 0.0), 1.6), exclusive=exclusive))
    assert found["compartment"]["value"] == "intramedullary"


def test_a_tumour_on_both_sides_of_the_dura_is_left_open():
    found = signs(with_tumour(healthy(), ((7.0, 0.0, 0.0), 4.0)))
    assert found["compartment"]["value"] == "indeterminate"


def test_a_tumour_half_in_the_cord_is_left_open():
    assert signs(with_tumour(healthy(), ((0.0, 0.2, 0.0), 2.0)))["compartment"]["value"] == "indeterminate"


def test_pieces_in_two_compartments_are_both_named():
    found = signs(with_tumour(healthy(), ((-11.0, 0.0, 16.0), 3.5), ((0.5, 3.0, -16.0), 2.4)))
    assert found["compartment"]["value"] == "indeterminate"
    assert "extradural, intradural_extramedullary" in found["compartment"]["method"]


def test_without_a_cord_beside_it_nobody_knows_whether_it_lies_in_the_cord():
    inside = with_tumour(healthy(cord=False), ((0.5, 3.0, 0.0), 2.4))
    assert signs(inside)["compartment"].code is Reason.MISSING_MASK
    outside = with_tumour(healthy(cord=False), ((-10.5, 1.0, 0.0), 3.2))
    assert signs(outside)["compartment"]["value"] == "extradural"
    gap = with_tumour(healthy(), ((0.0, -2.0, 0.0), 2.4))
    up = gap["tumour"].array.any(axis=(0, 1))
    cord = gap["cord"].array.copy()
    cord[:, :, up] = 0
    assert signs({**gap, "cord": gap["cord"].with_array(cord)})["compartment"].code is Reason.MISSING_MASK


def test_below_the_conus_the_dura_alone_decides():
    masks = with_tumour(healthy(), ((0.5, 3.0, -30.0), 2.4))
    cord = masks["cord"].array.copy()
    cord[:, :, : cord.shape[2] // 2] = 0
    low = {**masks, "cord": masks["cord"].with_array(cord)}
    assert signs(low)["compartment"]["value"] == "intradural_extramedullary"


def test_without_a_sac_inside_and_outside_cannot_be_told():
    masks = with_tumour(healthy(), ((0.0, 3.0, 0.0), 2.4))
    none = {**masks, "sac": masks["sac"].with_array(np.zeros(masks["sac"].shape, np.uint8))}
    assert signs(none)["compartment"].code is Reason.MISSING_MASK


def test_a_speck_is_too_small():
    masks = healthy()
    speck = np.zeros(masks["sac"].shape, np.uint8)
    speck[30, 45:48, 10:13] = 1
    found = signs({**masks, "tumour": masks["sac"].with_array(speck)})
    assert found["compartment"].code is Reason.TOO_SMALL
    assert found["draped_curtain"] == NotApplicable("no_epidural_tumour")


def test_masks_that_contradict_one_another_are_refused():
    masks = canal(folds(4.2, 1.0))
    empty = masks["sac"].with_array(np.zeros(masks["sac"].shape, np.uint8))
    with pytest.raises(StudyError, match="both empty"):
        signs({**masks, "sac": empty, "cord": empty})
    assert isinstance(signs(canal(even(0.0)))["draped_curtain"], NotApplicable | NotAssessed)
