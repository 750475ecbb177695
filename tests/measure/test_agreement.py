import numpy as np
import pytest
import SimpleITK as sitk

from spinemets.measure.agreement import Overlap, beyond_labelled_field, centroids_mm, is_identified
from spinemets.volume import Volume


def drawn(*rows):
    """A mask drawn as text: rows are I, columns K, one voxel deep; a dot is background."""
    return np.array([[[0 if sign == "." else int(sign) for sign in row]] for row in rows], dtype=np.uint8)


REFERENCE = drawn(
    "11..",
    "22..",
    "33..",
)
PREDICTION = drawn(
    "11..",
    "2...",
    "2222",
)
OVERLAP = Overlap.of(REFERENCE, PREDICTION)


def test_foreground_dice_takes_all_vertebrae_as_one():
    assert OVERLAP.foreground_dice == pytest.approx(2 * 5 / (6 + 7))


def test_dice_by_label_is_zero_for_a_missed_vertebra():
    assert OVERLAP.dice(1, 1) == 1.0
    assert OVERLAP.dice(2, 2) == pytest.approx(2 * 1 / (2 + 5))
    assert OVERLAP.dice(3, 3) == 0.0


def test_vertebrae_are_matched_one_to_one_whatever_their_label():
    assert OVERLAP.dice(3, 2) == pytest.approx(2 * 2 / (2 + 5))
    assert OVERLAP.matches() == {1: 1, 3: 2}


def test_a_matched_vertebra_is_detected_if_it_covers_more_than_half_of_the_union():
    assert OVERLAP.is_detected(1, 1)
    assert not OVERLAP.is_detected(3, 2)  # 2 of 5 voxels
    half = Overlap.of(drawn("1111"), drawn("11.."))
    assert not half.is_detected(1, 1)  # exactly half
    assert Overlap.of(drawn("1111"), drawn("111.")).is_detected(1, 1)


def test_a_sliver_of_a_neighbour_is_no_match():
    overlap = Overlap.of(drawn("1" * 20 + "." * 20), drawn("." * 19 + "2" * 20 + "."))
    assert overlap.dice(1, 2) == pytest.approx(1 / 20)
    assert overlap.matches() == {}


def test_a_shift_by_one_level_keeps_every_bone_matched():
    overlap = Overlap.of(drawn("11", "22", "33"), drawn("22", "33", "44"))
    assert overlap.matches() == {1: 2, 2: 3, 3: 4}
    assert [overlap.dice(label, label) for label in (1, 2, 3)] == [0.0, 0.0, 0.0]
    assert overlap.foreground_dice == 1.0


def test_empty_masks_agree_and_one_empty_mask_does_not():
    assert Overlap.of(drawn(".."), drawn("..")).foreground_dice == 1.0
    assert Overlap.of(drawn(".."), drawn("1.")).foreground_dice == 0.0
    assert Overlap.of(drawn("1."), drawn("..")).foreground_dice == 0.0
    assert Overlap.of(drawn("1."), drawn("..")).matches() == {}
    assert Overlap.of(drawn("1."), drawn("..")).dice(2, 2) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_dice_is_that_of_itk(seed):
    reference, prediction = np.random.default_rng(seed).integers(0, 4, (2, 7, 8, 9)).astype(np.uint8)
    overlap = Overlap.of(reference, prediction)
    itk = sitk.LabelOverlapMeasuresImageFilter()
    itk.Execute(sitk.GetImageFromArray(reference), sitk.GetImageFromArray(prediction))
    for label in (1, 2, 3):
        assert overlap.dice(label, label) == pytest.approx(itk.GetDiceCoefficient(label))
    itk.Execute(*(sitk.GetImageFromArray((array > 0).astype(np.uint8)) for array in (reference, prediction)))
    assert overlap.foreground_dice == pytest.approx(itk.GetDiceCoefficient(1))


def test_centroids_are_in_world_millimetres():
    affine = np.array([[0, 0, -2.0, 5], [3.0, 0, 0, 0], [0, 4.0, 0, 0], [0, 0, 0, 1]])
    mask = Volume(drawn("....", ".77.", ".77."), affine)
    assert centroids_mm(mask, [7])[7] == pytest.approx([5 - 2 * 1.5, 3 * 1.5, 0.0])


PLACES = {1: np.array([0.0, 0.0, 60.0]), 2: np.array([0.0, 0.0, 30.0]), 3: np.array([0.0, 0.0, 0.0])}


@pytest.mark.parametrize(
    ("place", "identified"),
    [
        ([0.0, 0.0, 30.0], True),
        ([20.0, 0.0, 30.0], True),  # exactly 20 mm counts
        ([20.1, 0.0, 30.0], False),
        ([0.0, 0.0, 44.9], True),
        ([0.0, 0.0, 45.1], False),  # nearer to its neighbour
    ],
)
def test_a_vertebra_is_identified_at_most_20_mm_from_its_place_and_nearest_to_it(place, identified):
    assert is_identified(2, {2: np.array(place)}, PLACES) is identified


def test_a_missed_vertebra_is_not_identified():
    assert not is_identified(2, {3: PLACES[2]}, PLACES)


def test_only_what_lies_past_the_ends_of_the_reference_is_outside_its_field():
    predicted = {8: [0.0, 0.0, 90.0], 9: [5.0, 0.0, 45.0], 10: [0.0, -30.0, 10.0], 11: [0.0, 20.0, -30.0]}
    outside = beyond_labelled_field(PLACES, {label: np.array(place) for label, place in predicted.items()})
    assert outside == {8, 11}


def test_the_ends_follow_the_spine_and_not_the_world():
    bent = {1: np.array([0.0, 40.0, 20.0]), 2: np.array([0.0, 0.0, 0.0])}  # the spine leans forward
    ahead, above = np.array([0.0, 60.0, 15.0]), np.array([0.0, 20.0, 30.0])
    assert beyond_labelled_field(bent, {5: ahead, 6: above}) == {5}


def test_a_single_reference_vertebra_has_its_ends_above_and_below():
    one = {2: np.array([0.0, 0.0, 30.0])}
    predicted = {1: np.array([0.0, 0.0, 60.0]), 3: np.array([0.0, 0.0, 0.0])}
    assert beyond_labelled_field(one, predicted) == {1, 3}


def test_nothing_is_inside_the_field_of_an_empty_reference():
    assert beyond_labelled_field({}, PLACES) == {1, 2, 3}
