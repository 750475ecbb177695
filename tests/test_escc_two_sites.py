"""Two epidural tumours in one stack, and a canal that cannot be followed to its tumour."""

import numpy as np
import pytest
from oblique import centred_affine
from scipy import ndimage
from test_escc_assessment import CASES, masks, of

from spinemets.anatomy import Level
from spinemets.escc_assessment import assess_escc, escc_zones
from spinemets.escc_masks import EsccMasks
from spinemets.geometry import Grid
from spinemets.measure import canal_reference
from spinemets.measure.canal_slices import canal_stack
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_masks import epidural_masks
from spinemets.volume import Volume

PIXEL_MM, SLICE_MM, SLICES = 0.5, 3.5, 40
LOW_MM, HIGH_MM = -45.0, 30.0
NAMES = ("cord", "sac", "tumour", "canal")


def two_tumours(low, high):
    """Masks of a straight canal with a tumour at each height; the upper end of the stack lies 23 mm above `HIGH_MM`."""
    shape = (60, 60, SLICES)
    affine = centred_affine(shape, spacing_mm=(PIXEL_MM, PIXEL_MM, SLICE_MM), angles_deg=(0, 0, 0))
    affine[2, 3] -= 17.0
    above = np.arange(SLICES) * SLICE_MM + affine[2, 3] > (LOW_MM + HIGH_MM) / 2
    parts = {}
    for case, height in ((low, LOW_MM), (high, HIGH_MM)):
        parts[height] = epidural_masks(case, Grid(shape, affine), centre_mm=np.array([0, 0, height]), axes=np.eye(3))
    return {name: Volume(np.where(above, parts[HIGH_MM][name], parts[LOW_MM][name]), affine) for name in NAMES}


def references(volumes, level=None):
    stack = canal_stack(volumes["cord"], volumes["sac"], volumes["tumour"], None)
    found = canal_reference.slice_references(stack, level)
    return found, canal_reference.worst_kind(found.values())


def cut_to(volumes, chosen):
    """The same stack from and up to some slices."""
    affine = volumes["cord"].affine.copy()
    affine[:3, 3] += affine[:3, 2] * chosen[0]
    return {name: Volume(volumes[name].array[..., chosen], affine) for name in NAMES}


def test_each_of_two_tumours_is_compared_with_the_slices_between_them():
    volumes = two_tumours(CASES["2 flattened"], CASES["1b behind"])
    first = np.flatnonzero(volumes["tumour"].array.any(axis=(0, 1)))[0]
    open_below = cut_to(volumes, np.arange(first, SLICES))  # the stack begins in the lower tumour
    assert references(volumes)[1] == "adjacent"
    found, kind = references(open_below)
    assert kind == "one_sided"
    upper = [index for index in found if index > max(found) - 4]
    known = {index - first: one for index, one in references(volumes)[0].items()}
    for index in upper:  # what lies below the lower tumour tells nothing of them
        assert found[index].sac_area_mm2 == pytest.approx(known[index].sac_area_mm2, rel=1e-6)
        assert found[index].cord_area_mm2 == pytest.approx(known[index].cord_area_mm2, rel=1e-6)
    for answer in (of(volumes), of(open_below)):
        assert answer["grade"] == CASES["2 flattened"].grade


def test_each_site_is_graded_by_its_own_slices_and_of_its_own_references():
    volumes = two_tumours(CASES["2 flattened"], CASES["1b behind"])
    masks_of = EsccMasks(volumes["cord"], volumes["sac"], volumes["tumour"])
    low, high = escc_zones(masks_of)
    assert low | high == frozenset(range(SLICES))
    assert not low & high
    answers = [assess_escc(masks_of, zone=zone) for zone in (low, high)]
    assert [answer["grade"] for answer in answers] == ["2", "1b"]
    for answer, zone in zip(answers, (low, high), strict=True):
        assert {row["index"] for row in answer["slices"]} <= zone
    first = np.flatnonzero(volumes["tumour"].array.any(axis=(0, 1)))[0]
    cut = cut_to(volumes, np.arange(first, SLICES))
    open_below = EsccMasks(cut["cord"], cut["sac"], cut["tumour"])
    answers = [assess_escc(open_below, zone=zone) for zone in escc_zones(open_below)]
    assert [answer["reference"] for answer in answers] == ["one_sided", "adjacent"]
    assert ["one_sided_reference" in answer["flags"] for answer in answers] == [True, False]


def test_a_film_far_from_the_tumour_is_no_site_of_its_own():
    volumes = two_tumours(CASES["2 flattened"], CASES["1b behind"])
    tumour, height = volumes["tumour"].array.copy(), np.arange(SLICES) * SLICE_MM + volumes["sac"].affine[2, 3]
    tumour[..., height > (LOW_MM + HIGH_MM) / 2] = 0
    index = int(np.argmin(abs(height - HIGH_MM)))
    rim = ndimage.binary_dilation(volumes["sac"].array[..., index]) & (volumes["sac"].array[..., index] == 0)
    tumour[..., index] = rim  # a pixel wide all round: more than 5 mm², and 0.5 mm thick
    given = EsccMasks(volumes["cord"], volumes["sac"], volumes["tumour"].with_array(tumour))
    assert rim.sum() * PIXEL_MM**2 > 5
    assert escc_zones(given) == ()
    whole = assess_escc(given)
    assert whole["grade"] == "2"
    assert index in {row["index"] for row in whole["slices"]}


def test_one_tumour_is_no_matter_of_zones():
    given = masks(CASES["1b in front"])
    assert escc_zones(EsccMasks(given["cord"], given["sac"], given["tumour"])) == ()
    nothing = given["tumour"].with_array(np.zeros_like(given["tumour"].array))
    assert escc_zones(EsccMasks(given["cord"], given["sac"], nothing)) == ()


def test_a_wide_sac_beyond_one_tumour_is_no_reference_of_the_other():
    """Below the lower tumour the canal is wider: a line from there to the top would widen it between as well."""
    low, high = EpiduralCase(indentation_mm=1.9), EpiduralCase(indentation_mm=1.9)
    volumes = two_tumours(low, high)
    below = np.arange(SLICES) * SLICE_MM + volumes["sac"].affine[2, 3] < LOW_MM - 15
    wide = EpiduralCase(sac_mm=(20.0, 20.0))
    masks_of_wide = epidural_masks(wide, Grid.of(volumes["sac"]), centre_mm=np.array([0, 0, 500.0]), axes=np.eye(3))
    changed = volumes | {
        name: Volume(np.where(below, masks_of_wide[name], volumes[name].array), volumes[name].affine) for name in NAMES
    }
    before, after = references(volumes)[0], references(changed)[0]
    upper = [index for index in before if index * SLICE_MM + volumes["sac"].affine[2, 3] > 0]
    assert upper
    for index in upper:
        assert after[index].sac_area_mm2 == pytest.approx(before[index].sac_area_mm2, rel=0.01)
    lower = min(before)
    assert after[lower].sac_area_mm2 > 1.1 * before[lower].sac_area_mm2


def test_a_canal_that_runs_out_of_the_picture_on_its_way_to_the_tumour_is_no_reference():
    volumes = masks(CASES["1b in front"], angles=(0, 0, 0), field_mm=60.0)
    with_tumour = np.flatnonzero(volumes["tumour"].array.any(axis=(0, 1)))
    bent = {name: volumes[name].array.copy() for name in NAMES}
    for index in range(with_tumour[-1] + 1, bent["cord"].shape[2]):  # from there on the canal runs aside
        for array in bent.values():
            array[..., index] = np.roll(array[..., index], 5 * (index - with_tumour[-1]), axis=0)
    for array in bent.values():
        array[..., : with_tumour[0]] = 0
        array[..., with_tumour[-1] + 10 :] = 0
    moved = {name: Volume(array, volumes[name].affine) for name, array in bent.items()}
    assert references(moved) == ({}, None)
    assert references(moved, Level.T5)[1] == "population"
