import numpy as np
import pytest

from spinemets.inference.instances import Instances
from spinemets.inference.sacrum import is_sacrum, told_from_sacrum, without_sacral_remnant

SPACING_MM = 2.0
SHAPE = (24, 40, 70)


@pytest.mark.parametrize(("low", "absorbed"), [(10, True), (1, False)])
def test_a_piece_of_the_sacrum_is_no_further_vertebra_unless_the_image_cuts_it(low, absorbed):
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 18:34, 40:52], labels[4:20, 18:34, 24:36] = 1, 2
    labels[8:16, 20:30, low : low + 6] = 3
    sacrum = np.zeros(SHAPE, bool)
    sacrum[8:16, 10:20, low : low + 6] = True
    found, remnant = without_sacral_remnant(
        Instances(labels, np.array([[12, 26, k] for k in (46, 30, 13)], float)), sacrum, SPACING_MM
    )
    assert len(found.centres) == (2 if absorbed else 3)
    assert remnant.any() == absorbed
    assert (remnant == (labels == 3)).all() or not absorbed


def test_several_pieces_of_the_sacrum_are_no_vertebrae_either():
    """Each is small against a whole vertebra, and not against the piece above it."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 18:34, 50:62], labels[4:20, 18:34, 36:48] = 1, 2
    labels[8:16, 20:30, 24:30], labels[8:13, 20:26, 16:20] = 3, 4
    sacrum = np.zeros(SHAPE, bool)
    sacrum[8:16, 10:20, 10:30] = True
    centres = np.array([[12, 26, k] for k in (56, 42, 27, 18)], float)
    found, remnant = without_sacral_remnant(Instances(labels, centres), sacrum, SPACING_MM)
    assert len(found.centres) == 2
    assert (remnant == (labels > 2)).all()


def test_pieces_below_the_middle_of_the_sacrum_do_not_make_it_none():
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 18:34, 50:62], labels[4:20, 18:34, 36:48], labels[8:14, 20:26, 5:9] = 1, 2, 3
    sacrum = np.zeros(SHAPE, bool)
    sacrum[8:16, 10:20, 5:34] = True
    found = Instances(labels, np.array([[12, 26, k] for k in (56, 42, 7)], float))
    assert not is_sacrum(found, sacrum, SPACING_MM)
    vertebrae, whole, remnant = told_from_sacrum(found, sacrum, SPACING_MM)
    assert len(vertebrae.centres) == 2
    assert (whole == (sacrum | (labels == 3))).all()
    assert (remnant == (labels == 3)).all()


def a_tailbone(wide):
    """Two vertebrae of 16 x 16 x 12 voxels, a bar as `wide` as it is deep below them, and a large body below the bar.

    The body has half of a vertebra's voxels.
    """
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 18:34, 56:68], labels[4:20, 18:34, 42:54], labels[4:20, 18:30, 2:10] = 1, 2, 3
    sacrum = np.zeros(SHAPE, bool)
    sacrum[4 : 4 + wide, 18 : 18 + wide, 10:40] = True
    return Instances(labels, np.array([[12, 26, k] for k in (62, 48, 6)], float)), sacrum


def test_a_large_piece_below_the_middle_of_the_sacrum_is_of_it():
    found, sacrum = a_tailbone(wide=16)  # 7680 voxels against 3072 of a vertebra
    vertebrae, whole, remnant = told_from_sacrum(found, sacrum, SPACING_MM)
    assert len(vertebrae.centres) == 2
    assert (remnant == (found.labels == 3)).all()
    assert (whole == (sacrum | remnant)).all()


def test_what_looks_like_a_sacrum_and_is_no_larger_than_a_vertebra_takes_none_below_it():
    found, mistake = a_tailbone(wide=10)  # 3000 voxels
    vertebrae, sacrum, remnant = told_from_sacrum(found, mistake, SPACING_MM)
    assert vertebrae is found
    assert not sacrum.any()
    assert not remnant.any()


def test_a_large_body_apart_from_the_sacrum_is_none_of_it():
    found, sacrum = a_tailbone(wide=16)
    sacrum[:, :, :14] = False  # four voxels of 2 mm lie between
    kept, remnant = without_sacral_remnant(found, sacrum, SPACING_MM)
    assert len(kept.centres) == 3
    assert not remnant.any()


def test_where_there_is_no_sacrum_every_vertebra_stays():
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 18:34, 40:52], labels[8:14, 20:26, 20:24] = 1, 2
    found = Instances(labels, np.array([[12, 26, 46], [11, 23, 22]], float))
    above = np.zeros(SHAPE, bool)
    above[8:16, 10:20, 40:64] = True
    vertebrae, sacrum, remnant = told_from_sacrum(found, above, SPACING_MM)
    assert len(vertebrae.centres) == 2
    assert not sacrum.any()
    assert not remnant.any()


def test_a_sixth_lumbar_vertebra_of_usual_size_is_none_of_the_sacrum():
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 18:34, 40:52], labels[4:20, 18:34, 24:36] = 1, 2
    sacrum = np.zeros(SHAPE, bool)
    sacrum[4:20, 10:30, 10:24] = True
    found, remnant = without_sacral_remnant(
        Instances(labels, np.array([[12, 26, 46], [12, 26, 30]], float)), sacrum, SPACING_MM
    )
    assert len(found.centres) == 2
    assert not remnant.any()


@pytest.mark.parametrize(("low", "size", "expected"), [(2, 8, True), (2, 4, False), (50, 8, False), (22, 8, False)])
def test_only_bone_below_every_vertebra_may_be_the_sacrum(low, size, expected):
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:20, 18:34, 40:52], labels[4:20, 18:34, 14:26] = 1, 2
    found = Instances(labels, np.array([[12, 26, 46], [12, 26, 20]], float))
    bone = np.zeros(SHAPE, bool)
    bone[4 : 4 + size, 10 : 10 + size, low : low + 4] = True  # 8 x 8 x 4 voxels of 8 mm³ are 2 ml, half as wide 0.5
    assert is_sacrum(found, bone, SPACING_MM) == expected
