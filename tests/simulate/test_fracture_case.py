"""One fracture on a small CT: it is what it says, the same each time, and its truth lies on the grid of the image."""

import numpy as np
import pytest

from spinemets.anatomy import Level, Region
from spinemets.simulate.fracture_case import FIRST, LAST, PIXEL_MM, THINNEST_MM, fracture_case
from spinemets.simulate.sign_frequencies import FractureClass

COARSE_MM = 3.0


@pytest.fixture(scope="module")
def case():
    return fracture_case(7, FractureClass.METASTATIC, COARSE_MM)


def test_the_truth_is_that_of_the_level_and_cause_that_were_asked_for(case):
    assert case.truth.cause == "metastatic"
    assert FIRST.order <= case.truth.level.order <= LAST.order
    assert case.truth.level.region in (Region.THORACIC, Region.LUMBAR)
    assert max(case.truth.losses.values()) >= 0.2
    others = {one.level for one in case.disease.lesion_truth} - {case.truth.level}
    assert case.truth.signs["lesions_elsewhere"] == bool(others)


def test_masks_lie_on_the_grid_of_the_image_and_hold_the_level_with_its_neighbours(case):
    for mask in (case.vertebrae, case.subregions, case.lesions):
        assert mask.shape == case.ct.shape
        assert np.array_equal(mask.affine, case.ct.affine)
    seen = set(np.unique(case.vertebrae.array).tolist())
    number = case.truth.level.verse_id
    assert number in seen
    assert len(seen - {0, number}) >= 2
    assert (case.lesions.array[case.vertebrae.array == number] > 0).any()


def test_the_image_has_the_voxels_it_is_said_to_have_and_bone_is_bright(case):
    spacing = case.ct.spacing_mm
    assert PIXEL_MM[0] <= spacing[0] <= PIXEL_MM[1]
    assert spacing[2] >= THINNEST_MM
    bone = case.vertebrae.array > 0
    assert case.ct.array[bone].mean() > case.ct.array[~bone].mean() + 100


def test_a_seed_makes_the_same_voxels_and_the_cause_another_disease(case):
    again = fracture_case(7, FractureClass.METASTATIC, COARSE_MM)
    assert np.array_equal(again.ct.array, case.ct.array)
    assert again.truth == case.truth
    other = fracture_case(7, FractureClass.OSTEOPOROTIC, COARSE_MM)
    assert other.truth.level is case.truth.level  # the level tells nothing of the cause
    assert not other.lesions.array[other.vertebrae.array == other.truth.level.verse_id].any()


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="got -1"):
        fracture_case(-1, FractureClass.METASTATIC)


def test_levels_that_may_collapse_are_thoracic_and_lumbar():
    assert (FIRST, LAST) == (Level.T4, Level.L4)
