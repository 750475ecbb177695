import numpy as np
import pytest
from dicom_phantom import L6, SACRUM, T7, T13, ct, masks

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError, StudyError
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_segments import Segment, canal_segments, lesion_segment, vertebra_segments
from spinemets.volume import Volume


def test_vertebrae_and_bodies_come_from_head_to_foot_and_the_sacrum_has_no_body():
    labels = [segment.label for segment in vertebra_segments(*masks(ct()))]
    assert labels == ["T7 vertebra", "T7 body", "T8 vertebra", "T8 body", "sacrum"]


def test_order_is_that_of_levels_not_of_numbers():
    array = np.zeros((4, 1, 1), np.uint8)
    array[:, 0, 0] = [SACRUM, T13, T7, L6]
    labels = [segment.label for segment in vertebra_segments(Volume(array, np.eye(4)))]
    assert labels == ["T7 vertebra", "T13 vertebra", "L6 vertebra", "sacrum"]


def test_a_body_is_body_and_border_within_its_own_vertebra():
    vertebrae, subregions = masks(ct())
    for segment in vertebra_segments(vertebrae, subregions):
        if segment.label == "T7 body":
            whole = np.zeros(vertebrae.shape, bool)
            whole[tuple(slice(a, a + n) for a, n in zip(segment.start, segment.mask.shape, strict=True))] = segment.mask
            inside = np.isin(subregions.array, (49, 50)) & (vertebrae.array == T7)
            np.testing.assert_array_equal(whole, inside)
            assert (segment.kind, segment.site) == (codes.VERTEBRAL_BODY, codes.level_code(Level.T7))
            return
    raise AssertionError("no T7 body")


def test_a_vertebra_without_a_marked_body_has_none():
    vertebrae, subregions = masks(ct())
    labels = [s.label for s in vertebra_segments(vertebrae, subregions.with_array(subregions.array * 0))]
    assert labels == ["T7 vertebra", "T8 vertebra", "sacrum"]


def test_a_number_that_is_no_vertebra_is_refused():
    mask = Volume(np.full((2, 2, 2), 27, np.uint8), np.eye(4))
    with pytest.raises(StudyError, match="label 27 of the vertebra mask"):
        list(vertebra_segments(mask))


def test_subregions_on_another_grid_are_refused():
    vertebrae, subregions = masks(ct())
    moved = Volume(subregions.array, vertebrae.affine + np.diag([0, 0, 0.1, 0]))
    with pytest.raises(GeometryMismatchError, match="subregion mask lies on another grid"):
        list(vertebra_segments(vertebrae, moved))


def test_the_canal_has_cord_sac_and_tumour_as_far_as_present():
    array = np.zeros((4, 4, 4), np.int16)
    array[1, 1, :], array[3, 3, 2] = 1, 3
    segments = list(canal_segments(Volume(array, np.eye(4))))
    assert [segment.label for segment in segments] == ["spinal cord", "epidural tumour"]
    assert segments[1].start == (3, 3, 2)


def test_a_number_that_is_nothing_in_the_canal_is_refused():
    with pytest.raises(StudyError, match=r"label 4 of the canal mask.*1, 2, 3"):
        list(canal_segments(Volume(np.full((2, 2, 2), 4, np.uint8), np.eye(4))))


def test_a_lesion_is_named_with_its_number_kind_and_level():
    segment = lesion_segment(1, "lytic", Level.T7, np.ones((1, 1, 1), bool), (2, 3, 4))
    assert (segment.label, segment.start, segment.kind) == ("lesion 1 lytic T7", (2, 3, 4), codes.LESION)


@pytest.mark.parametrize("mask", [np.zeros((2, 2, 2), bool), np.ones((2, 2), bool)])
def test_a_segment_without_a_voxel_or_a_dimension_is_refused(mask):
    with pytest.raises(ValueError, match=f"'T7 vertebra' needs.*got shape .{mask.shape[0]}, "):
        Segment("T7 vertebra", mask, codes.ANATOMICAL_STRUCTURE, codes.VERTEBRA)


@pytest.mark.parametrize("label", ["", "x" * 65])
def test_a_label_that_dicom_cannot_hold_is_refused(label):
    with pytest.raises(ValueError, match=f"1 to 64 characters, got '{label}'"):
        Segment(label, np.ones((1, 1, 1)), codes.ANATOMICAL_STRUCTURE, codes.VERTEBRA)
