"""Lesions of two masks, drawn by hand on rows of voxels of 0.1 ml, and what was worked out for them on paper."""

import numpy as np
import pytest

from spinemets.anatomy import LesionLabel
from spinemets.errors import GeometryMismatchError
from spinemets.measure.lesion_agreement import cohens_kappa, compare_lesions
from spinemets.measure.lesion_pieces import LesionType
from spinemets.volume import Volume

AFFINE = np.diag([2.0, 5.0, 10.0, 1.0])
"""A voxel has 0.1 ml."""
L, B = int(LesionLabel.LYTIC), int(LesionLabel.BLASTIC)


def row(text, affine=AFFINE):
    """A mask of one row: ``L`` lytic, ``B`` blastic, ``.`` nothing."""
    return Volume(np.array([".LB".index(letter) for letter in text], np.uint8).reshape(-1, 1, 1), affine)


def compared(reference, prediction):
    return compare_lesions("case", row(reference), row(prediction))


def test_a_lesion_that_is_met_by_half():
    case = compared("..LLLL......", "....LLLL....")
    (lesion,) = case.lesions
    assert lesion.volume_ml == pytest.approx(0.4)
    assert (lesion.found_by_overlap, lesion.found_by_iou) == (True, True)
    assert lesion.iou == pytest.approx(2 / 6)
    assert lesion.dice == case.dice() == pytest.approx(4 / 8)
    assert case.false_positives == {"overlap": 0, "iou": 0}


def test_a_touch_finds_by_overlap_and_not_by_iou():
    case = compared("LLLLLL......", ".....LLLLLL.")
    (lesion,) = case.lesions
    assert lesion.iou == pytest.approx(1 / 11)
    assert (lesion.found_by_overlap, lesion.found_by_iou) == (True, False)
    assert case.false_positives == {"overlap": 0, "iou": 1}


def test_one_large_prediction_over_two_lesions_is_matched_to_one_of_them():
    case = compared("LLLL..LLLLL.", "LLLLLLLLLLL.")
    first, second = case.lesions
    assert (first.volume_ml, second.volume_ml) == pytest.approx((0.5, 0.4))
    assert [one.found_by_overlap for one in case.lesions] == [True, True]
    assert [one.found_by_iou for one in case.lesions] == [True, False]
    assert first.dice == pytest.approx(2 * 5 / 16)
    assert second.iou == pytest.approx(4 / 11)


def test_a_missed_and_an_invented_lesion():
    case = compared("LLL.........", ".......BBBB.")
    (lesion,) = case.lesions
    assert (lesion.found_by_overlap, lesion.found_by_iou, lesion.dice, lesion.predicted_type) == (False, False, 0, None)
    assert case.false_positives == {"overlap": 1, "iou": 1}
    assert case.false_ml == pytest.approx((0.4,))
    assert case.dice() == 0.0
    assert case.to_json_dict()["lesions"][0]["predicted_type"] is None


def test_what_is_under_a_third_of_a_millilitre_is_neither_asked_for_nor_counted():
    case = compared("LL....LLL...", "....L...LLL.")
    assert len(case.lesions) == 1
    assert case.false_positives == {"overlap": 0, "iou": 0}
    assert compared("LL..........", ".LLL........").false_positives["overlap"] == 0  # it lies on disease


@pytest.mark.parametrize(
    ("reference", "prediction", "types"),
    [
        ("LLLLLBBBBB..", "LLLLLLLLLB..", (LesionType.MIXED, LesionType.LYTIC)),
        ("BBBBB.......", "BBBB.BBB....", (LesionType.BLASTIC, LesionType.BLASTIC)),
        ("LLLLL.......", "LLL.BBBB....", (LesionType.LYTIC, LesionType.MIXED)),
    ],
)
def test_types_are_those_of_all_that_overlaps(reference, prediction, types):
    (lesion,) = compared(reference, prediction).lesions
    assert (lesion.type, lesion.predicted_type) == types


def test_dice_of_the_labels_and_of_empty_masks():
    case = compared("LLLLBBBB....", "LLLLLLBB....")
    assert case.dice() == 1.0
    assert case.dice("lytic") == pytest.approx(2 * 4 / (4 + 6))
    assert case.dice("blastic") == pytest.approx(2 * 2 / (4 + 2))
    empty = compared("............", "............")
    assert (empty.dice(), empty.is_diseased, empty.lesions) == (1.0, False, ())
    assert compared("............", "LLLL........").dice() == 0.0


def test_other_grids_and_labels_are_refused():
    moved = AFFINE.copy()
    moved[0, 3] = 4
    with pytest.raises(GeometryMismatchError, match="prediction case lies on another grid"):
        compare_lesions("case", row("LLL"), row("LLL", moved))
    strange = row("LLL")
    strange.array[0] = 3
    with pytest.raises(ValueError, match="reference case has label 3"):
        compare_lesions("case", strange, row("LLL"))


def test_kappa_of_a_table_worked_out_by_hand():
    # observed 35 of 50; expected by chance (25 x 30 + 25 x 20) / 50^2 = 0.5
    assert cohens_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    # three types: observed 8 / 12, expected (5 x 4 + 4 x 5 + 3 x 3) / 144
    table = np.array([[3, 1, 1], [1, 3, 0], [0, 1, 2]])
    assert cohens_kappa(table) == pytest.approx((8 / 12 - 49 / 144) / (1 - 49 / 144))


def test_kappa_is_not_defined_without_lesions_or_where_chance_agrees_always():
    assert cohens_kappa(np.zeros((3, 3), int)) is None
    assert cohens_kappa(np.array([[4, 0], [0, 0]])) is None
