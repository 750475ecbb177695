"""Which pieces of bone are the spine, on columns drawn by hand: boxes for bodies, processes behind them."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from spinemets.inference.spine_pieces import main_piece, pieces_of_spine, without_specks

SPACING_MM = 4.0
SHAPE = (60, 60, 90)
STEP_MM = 34.0
"""From body to body: 26 mm and a disc."""
COURSES = {
    "straight": lambda z: (0.0, 0.0),
    "kyphosis": lambda z: (0.0, -0.0022 * (z - 180.0) ** 2),
    "lordosis": lambda z: (0.0, 0.0022 * (z - 180.0) ** 2),
    "scoliosis": lambda z: (30.0 * np.sin(z / 80.0), 0.0),
    "oblique": lambda z: (0.3 * (z - 180.0), -0.2 * (z - 180.0)),
}
NO_SACRUM = np.zeros(SHAPE, bool)


def box(mask, centre_mm, size_mm):
    """Fill a box round a point, mm from the corner of the array."""
    low, high = (np.round((np.array(centre_mm) + sign * np.array(size_mm) / 2) / SPACING_MM) for sign in (-1, 1))
    mask[tuple(slice(max(int(a), 0), int(b)) for a, b in zip(low, high, strict=True))] = True


def column(numbers, course="straight"):
    """Vertebrae of some places, from foot to head, in a course, each with an arch that overlaps the next below."""
    mask = np.zeros(SHAPE, bool)
    for number in numbers:
        z = 30.0 + STEP_MM * number
        x, y = COURSES[course](z)
        box(mask, (120 + x, 140 + y, z), (40, 32, 26))
        box(mask, (120 + x, 110 + y, z - 6), (28, 28, 28))
    return mask


@pytest.mark.parametrize(("course", "gone"), list(itertools.product(COURSES, range(1, 8))))
def test_both_halves_of_a_spine_without_one_vertebra_stay(course, gone):
    spine = column([n for n in range(9) if n != gone], course)
    assert ndimage.label(ndimage.binary_dilation(spine))[1] == 2
    found = pieces_of_spine(spine, SPACING_MM, NO_SACRUM)
    assert (found.spine == spine).all()
    assert found.left_out == ()


@pytest.mark.parametrize("gone", [(2, 5), (3, 6)])
def test_three_pieces_in_a_row_stay(gone):
    spine = column([n for n in range(9) if n not in gone], "kyphosis")
    assert (pieces_of_spine(spine, SPACING_MM, NO_SACRUM).spine == spine).all()


@pytest.mark.parametrize("lower", [2, 5])
def test_across_three_lost_vertebrae_the_smaller_part_is_left_out_and_told(lower):
    parts = [column(range(lower)), column(range(lower + 3, 9))]
    larger, smaller = sorted(parts, key=np.sum, reverse=True)
    found = pieces_of_spine(larger | smaller, SPACING_MM, NO_SACRUM)
    assert (found.spine == larger).all()
    slices = np.flatnonzero(smaller.any(axis=(0, 1)))
    assert found.left_out == ((slices[0], slices[-1]),)


ASIDE = {
    "sternum": ((120, 230, 290), (36, 12, 100)),
    "rib": ((175, 120, 250), (90, 10, 12)),
    "scapula": ((200, 100, 280), (12, 60, 120)),
    "table": ((120, 40, 180), (60, 8, 340)),
    "hip": ((215, 140, 30), (40, 60, 60)),
}


@pytest.mark.parametrize(("name", "numbers"), list(itertools.product(ASIDE, [range(4), range(2, 7)])))
def test_what_lies_beside_the_course_stays_out(name, numbers):
    spine = column(numbers)
    other = np.zeros(SHAPE, bool)
    box(other, *ASIDE[name])
    other &= ~ndimage.binary_dilation(spine, iterations=3)
    assert other.sum() * SPACING_MM**3 / 1000 > 4
    found = pieces_of_spine(spine | other, SPACING_MM, NO_SACRUM)
    assert (found.spine == spine).all()
    assert found.left_out == ()


def test_the_pelvis_below_a_spine_without_its_sacrum_stays_out():
    spine, pelvis = column(range(3, 9)), np.zeros(SHAPE, bool)
    for side in (-1, 1):
        box(pelvis, (120 + side * 70, 130, 50), (30, 50, 80))
    box(pelvis, (120, 150, 20), (140, 16, 20))
    found = pieces_of_spine(spine | pelvis, SPACING_MM, NO_SACRUM)
    assert (found.spine == spine).all()


@pytest.mark.parametrize("size_mm", [(12, 12, 60), (90, 90, 24)])
def test_what_is_much_thinner_or_thicker_does_not_continue_the_spine_and_is_told(size_mm):
    spine, other = column(range(5)), np.zeros(SHAPE, bool)
    box(other, (120, 130, 250), size_mm)
    found = pieces_of_spine(spine | other, SPACING_MM, NO_SACRUM)
    assert (found.spine == column(range(5))).all()
    assert len(found.left_out) == 1


def test_bone_below_the_sacrum_is_no_spine_and_is_not_told():
    spine, sacrum, coccyx = column(range(4, 9)), column([2]), column([0])
    found = pieces_of_spine(spine | sacrum | coccyx, SPACING_MM, sacrum)
    assert (found.spine == spine | sacrum).all()
    assert found.left_out == ()


def test_a_bit_of_bone_beyond_a_gap_is_none():
    spine, bit = column(range(5)), np.zeros(SHAPE, bool)
    box(bit, (120, 140, 210), (12, 12, 12))  # 1.7 ml
    assert (pieces_of_spine(spine | bit, SPACING_MM, NO_SACRUM).spine == spine).all()


def test_nothing_has_no_piece():
    empty = np.zeros((3, 3, 3), bool)
    assert not main_piece(empty, SPACING_MM).any()
    assert not pieces_of_spine(empty, SPACING_MM, empty).spine.any()


def blocks(gap):
    """Two pieces of 40 and 20 voxels, `gap` voxels apart."""
    mask = np.zeros((40, 5, 5), bool)
    mask[2:12, 1:3, 1:3] = True
    mask[12 + gap : 17 + gap, 1:3, 1:3] = True
    return mask


def test_pieces_with_a_narrow_gap_are_one():
    assert (main_piece(blocks(4), 2.0) == blocks(4)).all()  # 8 mm


def test_of_pieces_with_a_wide_gap_the_larger_stays():
    kept = main_piece(blocks(7), 2.0)  # 14 mm
    assert kept.sum() == 40
    assert kept[:12].sum() == 40


def test_only_voxels_of_the_mask_belong_to_its_main_piece():
    mask = np.random.default_rng(1).random((12, 12, 12)) < 0.2
    kept = main_piece(mask, 4.0)
    assert (kept <= mask).all()
    _, pieces = ndimage.label(ndimage.binary_dilation(kept))
    assert pieces == 1


def test_specks_beside_the_spine_go_and_parts_of_it_stay():
    mask = np.zeros((30, 20, 20), bool)
    mask[2:8, 5:11, 2:8], mask[2:8, 5:11, 12:14] = True, True  # 13.8 and 4.6 ml at 4 mm
    spine = mask.copy()
    mask[20:23, 5:9, 5:8] = True  # 2.3 ml
    assert (without_specks(mask, 4.0) == spine).all()


def test_where_all_is_small_all_stays():
    mask = np.zeros((9, 9, 9), bool)
    mask[1:3, 1:3, 1:3] = mask[6:8, 6:8, 6:8] = True
    assert (without_specks(mask, 4.0) == mask).all()
