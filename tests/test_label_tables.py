import json

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.errors import StudyError
from spinemets.label_tables import LABEL_TABLES, TOTALSEGMENTATOR, VERSE, label_table, level_of_class


@pytest.mark.parametrize(
    ("table", "label", "level"),
    [
        ("verse", 1, Level.C1),
        ("verse", 20, Level.L1),
        ("verse", 28, Level.T13),
        ("totalsegmentator", 25, Level.SACRUM),
        ("totalsegmentator", 26, Level.S1),
        ("totalsegmentator", 27, Level.L5),
        ("totalsegmentator", 31, Level.L1),
        ("totalsegmentator", 32, Level.T12),
        ("totalsegmentator", 43, Level.T1),
        ("totalsegmentator", 44, Level.C7),
        ("totalsegmentator", 50, Level.C1),
        ("totalsegmentator_mr", 1, Level.SACRUM),
        ("totalsegmentator_mr", 2, Level.L5),
        ("totalsegmentator_mr", 25, Level.C1),
    ],
)
def test_labels_mean_the_level_that_the_tool_documents(table, label, level):
    assert label_table(table).levels[label] is level


def test_totalsegmentator_names_are_those_of_its_own_class_list(data_root):
    names = json.loads((data_root / "anatomy" / "torso_labels.json").read_text())
    vertebral = {int(label): name for label, name in names.items() if name == "sacrum" or "vertebra" in name}
    assert vertebral == TOTALSEGMENTATOR.class_names


def test_other_organs_become_background_and_s1_joins_the_sacrum():
    labels = np.array([[[0, 5, 25, 26, 27, 32, 117]]])
    assert TOTALSEGMENTATOR.to_verse(labels).tolist() == [[[0, 0, 26, 26, 24, 19, 0]]]


def test_labels_that_are_no_vertebrae_are_refused_where_none_are_expected():
    with pytest.raises(StudyError, match=r"mask has labels 49, 50, which are no verse vertebra labels; .*totalseg"):
        VERSE.to_verse(np.array([[[0, 20, 49, 50]]]))
    with pytest.raises(StudyError, match=r"30, 31, 32, 33, 34, 35, 36, 37, …"):
        VERSE.to_verse(np.arange(30, 60))


def test_an_empty_mask_stays_empty():
    assert VERSE.to_verse(np.zeros((2, 2, 2), dtype=int)).tolist() == np.zeros((2, 2, 2)).tolist()


def test_an_unknown_table_is_refused_with_those_that_exist():
    with pytest.raises(StudyError, match=f"no label table 'spider'; known are {', '.join(LABEL_TABLES)}"):
        label_table("spider")


def test_class_names_are_read_with_or_without_their_prefix():
    assert level_of_class("vertebrae_L5") is level_of_class("L5") is Level.L5
    with pytest.raises(ValueError, match="aorta"):
        level_of_class("aorta")


def test_an_image_taken_for_a_mask_is_refused():
    with pytest.raises(StudyError, match="label 4000000000; labels end at 65535"):
        TOTALSEGMENTATOR.to_verse(np.array([[[4_000_000_000]]]))
