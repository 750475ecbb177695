import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.errors import NoSpineFoundError
from spinemets.spine import Spine, Vertebra


def vertebra(level, *, probability=0.9, alternatives=(), centroid_mm=(0.0, 0.0, 0.0), volume_ml=40.0):
    return Vertebra(level, probability, tuple(alternatives), False, np.array(centroid_mm), volume_ml)


def test_a_spine_lists_its_levels_from_head_to_foot_with_t13_between_t12_and_l1():
    levels = (Level.T12, Level.T13, Level.L1, Level.SACRUM)
    assert Spine(tuple(map(vertebra, levels)), level_ambiguous=False).levels == levels


def test_a_vertebra_is_found_by_its_level():
    spine = Spine((vertebra(Level.L1), vertebra(Level.L2, volume_ml=50.0)), False)
    assert spine[Level.L2].volume_ml == 50.0
    with pytest.raises(KeyError, match="no L3 among L1, L2"):
        spine[Level.L3]


def test_a_spine_without_vertebrae_is_refused_unless_no_level_is_certain():
    with pytest.raises(NoSpineFoundError, match="no vertebra"):
        Spine((), level_ambiguous=False)
    assert Spine((), level_ambiguous=True).levels == ()  # a study in which only the canal is read


def test_vertebrae_out_of_order_are_refused():
    with pytest.raises(ValueError, match="L2 stands before L1"):
        Spine((vertebra(Level.L2), vertebra(Level.L1)), False)


def test_a_level_that_occurs_twice_is_refused():
    with pytest.raises(ValueError, match="level L1 occurs twice"):
        Spine((vertebra(Level.L1), vertebra(Level.L1)), False)


def test_the_runner_up_is_the_first_alternative():
    assert vertebra(Level.T7).runner_up is None
    sure = vertebra(Level.T7, alternatives=[(Level.T6, 0.07), (Level.T8, 0.03)])
    assert sure.runner_up == (Level.T6, 0.07)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": 1.5}, r"T7 must lie in \[0, 1\], got \[1.5\]"),
        ({"probability": float("nan")}, "nan"),
        ({"alternatives": [(Level.T6, -0.1)]}, "-0.1"),
        ({"alternatives": [(Level.T6, 0.3)]}, "add up to 1.2"),
        ({"alternatives": [(Level.T7, 0.1)]}, "names a level twice: T7, T7"),
        ({"alternatives": [(Level.T6, 0.01), (Level.T8, 0.05)]}, r"runner-up, got \[0.01, 0.05\]"),
        ({"centroid_mm": [0.0, 1.0]}, "three finite millimetres"),
        ({"centroid_mm": [0.0, 1.0, np.inf]}, "inf"),
        ({"volume_ml": 0.0}, "positive, got 0.0 ml"),
    ],
)
def test_an_impossible_vertebra_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        vertebra(Level.T7, **change)


def test_the_centroid_cannot_be_changed_through_the_array_it_came_from():
    centroid_mm = np.zeros(3)
    spine_centroid_mm = vertebra(Level.L1, centroid_mm=centroid_mm).centroid_mm
    centroid_mm[0] = 9.0
    assert spine_centroid_mm[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        spine_centroid_mm[0] = 9.0
