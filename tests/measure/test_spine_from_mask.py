import numpy as np
import pytest
from oblique import STORED, centred_affine, painted

from spinemets.anatomy import Level
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.measure.spine_from_mask import FLAG, spine_from_mask
from spinemets.volume import Volume

SHAPE = (40, 44, 48)


def bricks(x, y, z):
    """T12, T13, L1 and a sacrum, 12 mm apart, 8 mm high; the sacrum 2 mm to the patient's right."""
    labels = np.zeros(x.shape)
    for label, middle, shift in ((19, 18, 0), (28, 6, 0), (20, -6, 0), (26, -18, 2)):
        labels[(np.abs(x - shift) < 6) & (np.abs(y) < 5) & (np.abs(z - middle) < 4)] = label
    return labels


def mask(**stored):
    return painted(SHAPE, centred_affine(SHAPE, spacing_mm=(1.3, 1.2, 1.4), **stored), bricks, np.uint8)


@pytest.mark.parametrize("stored", STORED)
def test_vertebrae_are_listed_from_head_to_foot_with_centroid_and_volume(stored):
    spine = spine_from_mask(mask(**stored))
    assert spine.levels == (Level.T12, Level.T13, Level.L1, Level.SACRUM)
    for vertebra, centre in zip(spine.vertebrae, ((0, 0, 18), (0, 0, 6), (0, 0, -6), (2, 0, -18)), strict=True):
        assert vertebra.centroid_mm == pytest.approx(centre, abs=0.4)
        assert vertebra.volume_ml == pytest.approx(12 * 10 * 8 / 1000, rel=0.1)
        assert vertebra.probability == 1.0
        assert not vertebra.partly_visible
    assert spine.flags == (FLAG,)
    assert not spine.level_ambiguous


@pytest.mark.parametrize(("axis", "end"), [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)])
def test_a_vertebra_that_touches_any_face_of_the_image_is_partly_visible(axis, end):
    labels = np.zeros((9, 9, 9), np.uint8)
    labels[4, 4, 4] = 20
    place = [4, 4, 4]
    place[axis] = 8 * end
    labels[tuple(place)] = 21
    spine = spine_from_mask(Volume(labels, np.eye(4)))
    assert [v.partly_visible for v in spine.vertebrae] == [False, True]


def test_labels_may_be_floats_with_whole_values():
    image = mask()
    assert spine_from_mask(image.with_array(image.array.astype(np.float64))).levels[0] is Level.T12


def test_an_empty_mask_has_no_spine():
    with pytest.raises(NoSpineFoundError, match="the vertebra mask is empty"):
        spine_from_mask(Volume(np.zeros((3, 3, 3), np.uint8), np.eye(4)))


@pytest.mark.parametrize("label", [27, 29, 50])
def test_a_number_that_is_no_verse_id_is_refused(label):
    with pytest.raises(StudyError, match=f"label {label} is no VerSe id"):
        spine_from_mask(Volume(np.full((3, 3, 3), label), np.eye(4)))


@pytest.mark.parametrize("label", [-1, 256, 1000])
def test_a_number_beyond_a_byte_is_refused_with_that_number(label):
    labels = np.zeros((3, 3, 3), np.int32)
    labels[0, 0, 0] = label
    with pytest.raises(StudyError, match=f"VerSe ids from 1 to 28, got {label}"):
        spine_from_mask(Volume(labels, np.eye(4)))
