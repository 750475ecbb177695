import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError
from spinemets.measure.vertebra_agreement import compare_vertebrae
from spinemets.volume import Volume

AFFINE = np.diag([2.0, 1.0, 3.0, 1.0])
"""A voxel is 2 x 1 x 3 mm, 0.006 ml; K grows towards the head."""


def column(*blocks):
    """A mask of 10 x 10 x 60 voxels: (label, first slice, last slice) blocks of 6 x 6 voxels."""
    array = np.zeros((10, 10, 60), dtype=np.uint8)
    for label, first, last in blocks:
        array[2:8, 2:8, first : last + 1] = label
    return Volume(array, AFFINE)


L1, L2, L3 = 20, 21, 22
REFERENCE = column((L1, 40, 49), (L2, 25, 34), (L3, 10, 19))


def test_a_perfect_prediction_scores_full_marks():
    metrics = compare_vertebrae("a", REFERENCE, REFERENCE).metrics
    assert metrics.pop("hd95_mm") == metrics.pop("assd_mm") == metrics.pop("d_mean_mm") == 0
    assert metrics.pop("instance_hd95_mm") == metrics.pop("instance_assd_mm") == 0
    assert set(metrics.values()) == {1.0}


def test_a_missed_vertebra_counts_zero_and_has_no_distance():
    case = compare_vertebrae("a", REFERENCE, column((L1, 40, 49), (L2, 25, 34)))
    assert case.metrics["dice"] == case.metrics["instance_dice"] == pytest.approx(2 / 3)
    assert case.metrics["coverage"] == case.metrics["id_rate"] == pytest.approx(2 / 3)
    assert case.metrics["detection_recall"] == pytest.approx(2 / 3)
    assert case.metrics["detection_precision"] == case.metrics["id_precision"] == 1.0
    assert case.metrics["hd95_mm"] == 0.0
    missed = case.vertebrae[-1].to_json_dict()
    assert missed == {
        "level": "L3",
        "reference_ml": pytest.approx(6 * 6 * 10 * 0.006),
        "predicted_ml": 0.0,
        "dice": 0.0,
        "identified": False,
        "matched_dice": 0.0,
        "detected": False,
    }


def test_an_invented_vertebra_lowers_precision_and_the_foreground_only():
    extra = column((L1, 40, 49), (L2, 25, 34), (L3, 10, 19), (23, 0, 4))
    metrics = compare_vertebrae("a", REFERENCE, extra).metrics
    assert metrics["detection_precision"] == metrics["id_precision"] == 0.75
    assert metrics["detection_recall"] == metrics["dice"] == 1.0
    assert metrics["foreground_dice"] == pytest.approx(2 * 30 / (30 + 35))


def test_a_shift_by_one_level_keeps_the_shapes_and_loses_the_levels():
    shifted = column((19, 40, 49), (L1, 25, 34), (L2, 10, 19))
    case = compare_vertebrae("a", REFERENCE, shifted)
    assert case.metrics["dice"] == case.metrics["id_rate"] == case.metrics["level_accuracy"] == 0.0
    assert case.metrics["instance_dice"] == case.metrics["detection_recall"] == 1.0
    assert case.metrics["d_mean_mm"] == 45.0
    assert case.metrics["instance_hd95_mm"] == 0.0
    assert case.vertebrae[0].matched_level is Level.T12


def test_a_vertebra_moved_by_two_slices_is_six_millimetres_away():
    moved = column((L1, 42, 51), (L2, 25, 34), (L3, 10, 19))
    row = compare_vertebrae("a", REFERENCE, moved).vertebrae[0]
    assert row.centroid_distance_mm == pytest.approx(6.0)
    assert row.dice == pytest.approx(0.8)
    assert row.hd95_mm == pytest.approx(6.0)


def test_vertebrae_past_the_labelled_field_are_ignored_only_where_the_reference_is_partial():
    more = column((19, 53, 59), (L1, 40, 49), (L2, 25, 34), (L3, 10, 19), (26, 0, 5))
    assert compare_vertebrae("a", REFERENCE, more).metrics["detection_precision"] == 0.6
    case = compare_vertebrae("a", REFERENCE, more, partial_reference=True)
    assert case.ignored_levels == (Level.T12, Level.SACRUM)
    assert case.metrics["detection_precision"] == case.metrics["foreground_dice"] == 1.0


def test_an_invented_vertebra_between_two_labelled_ones_is_never_ignored():
    gap = column((L1, 40, 49), (L3, 10, 19))
    case = compare_vertebrae("a", gap, REFERENCE, partial_reference=True)
    assert case.ignored_levels == ()
    assert case.metrics["detection_precision"] == pytest.approx(2 / 3)


def test_the_end_vertebra_under_a_wrong_name_is_not_ignored():
    case = compare_vertebrae("a", REFERENCE, column((19, 41, 50), (L2, 25, 34), (L3, 10, 19)), partial_reference=True)
    assert case.ignored_levels == ()
    assert case.metrics["level_accuracy"] == pytest.approx(2 / 3)


def test_vertebrae_are_listed_from_head_to_foot_with_t13_before_l1():
    mask = column((19, 50, 55), (28, 40, 45), (L1, 30, 35))
    case = compare_vertebrae("a", mask, mask)
    assert [row.level for row in case.vertebrae] == [Level.T12, Level.T13, Level.L1]


def test_without_a_reference_vertebra_only_the_foreground_is_defined():
    empty = column()
    assert compare_vertebrae("a", empty, empty).metrics == {"foreground_dice": 1.0}
    assert compare_vertebrae("a", empty, REFERENCE).metrics == {
        "foreground_dice": 0.0,
        "id_precision": 0.0,
        "detection_precision": 0.0,
    }


def test_another_grid_is_refused():
    with pytest.raises(GeometryMismatchError, match="prediction a lies on another grid"):
        compare_vertebrae("a", REFERENCE, Volume(REFERENCE.array, np.eye(4)))
