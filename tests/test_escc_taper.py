"""Grades where the cord itself changes along the canal, as below the neck and above the conus.

The cord is an ellipse in every slice whose size is a function of height, and the sac a circle that a flat tumour in
front cuts off: what is compressed is known from the drawing.
"""

import numpy as np
import pytest
from oblique import STORED, centred_affine, painted

from spinemets.anatomy import Level
from spinemets.escc_assessment import assess_escc
from spinemets.escc_masks import EsccMasks

SAC_MM, CANAL_MM, CORD_MM, GAP_MM = 7.0, 9.0, 4.0, 0.3
HALF_LENGTH_MM = 5.0
PER_MM = 0.010  # of the cord's area, as from C7 to T1


def steady(z):
    return np.ones_like(z)


def tapering(z):
    return np.exp(PER_MM * z / 2)


def ending(z):
    """Half a cord 30 mm below, all of it from the tumour up."""
    return np.sqrt(np.clip(1 + z / 55.0, 1e-3, 1.0))


def drawn(size, flat=0.0, seen=(-60.0, 60.0), stored=0, bend=None):
    """Masks with a tumour that touches a cord whose depth is flattened by a share where it does."""
    options = STORED[stored]
    along = options["axes"].index(2)
    spacing, shape = np.full(3, 0.4), [90] * 3
    spacing[along], shape[along] = 3.0, 38
    affine = centred_affine(shape, spacing_mm=tuple(spacing), angles_deg=(6, -5, 3), **options)
    half = CORD_MM * size(np.zeros(1))[0] * (1 - flat)

    def parts(x, y, z):
        at = np.abs(z) < HALF_LENGTH_MM
        depth = CORD_MM * size(z) * np.where(at, 1 - flat, 1.0)
        shown = (z > seen[0]) & (z < seen[1])
        front = at & (y > half + GAP_MM) & (np.hypot(x, y) < CANAL_MM)
        cord = (x / (CORD_MM * size(z))) ** 2 + (y / depth) ** 2 < 1
        return cord & shown, (np.hypot(x, y) < SAC_MM) & ~front & shown, front & shown

    return [painted(tuple(shape), affine, lambda x, y, z, n=n: parts(x, y, z)[n], np.uint8) for n in range(3)]


def graded(size, level=None, **options):
    return assess_escc(EsccMasks(*drawn(size, **options)), level=level)


HEAD_SIDE, FOOT_SIDE = (-8.0, 60.0), (-60.0, 8.0)


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_between_slices_above_and_below_a_steady_taper_is_no_compression(stored):
    answer = graded(tapering, stored=stored)
    assert (answer["grade"], answer["reference"]) == ("1c", "adjacent")
    assert "one_sided_reference" not in answer["flags"]
    worst = next(row for row in answer["slices"] if row["index"] == answer["slice"])
    assert worst["cord_area_loss"] == pytest.approx(0.0, abs=0.06)


@pytest.mark.parametrize(
    ("seen", "flat", "taken_for", "truth"),
    [(HEAD_SIDE, 0.0, "2", "1c"), (FOOT_SIDE, 0.0, "1c", "1c"), (FOOT_SIDE, 0.18, "1c", "2")],
)
def test_from_one_side_alone_a_taper_leaves_the_truth_open(seen, flat, taken_for, truth):
    answer = graded(tapering, flat=flat, seen=seen)
    assert (answer["grade"], answer["reference"]) == (taken_for, "one_sided")
    assert {"one_sided_reference", "grade_open_by_taper"} <= set(answer["flags"])
    assert {truth, "1c", "2"} <= set(answer["possible_grades"])
    assert answer["high_grade_2_3"] is None


def test_what_is_half_flattened_is_compressed_from_one_side_too_in_the_middle_of_the_back():
    answer = graded(steady, Level.T6, flat=0.45, seen=HEAD_SIDE)
    assert answer["high_grade_2_3"] is True
    assert "one_sided_reference" in answer["flags"]


@pytest.mark.parametrize("seen", [HEAD_SIDE, FOOT_SIDE])
def test_slices_that_are_tilted_move_no_reference_of_one_side(seen):
    both, one = graded(steady), graded(steady, seen=seen)
    rows = [{row["index"]: row for row in answer["slices"]}[both["slice"]] for answer in (both, one)]
    assert rows[0]["sac_indentation_mm"] == pytest.approx(SAC_MM - CORD_MM - GAP_MM, abs=0.4)
    assert rows[1]["sac_indentation_mm"] == pytest.approx(SAC_MM - CORD_MM - GAP_MM, abs=0.4)
    assert rows[1]["cord_shift_mm"] == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize(("flat", "truth"), [(0.0, "1c"), (0.18, "2")])
def test_above_the_conus_the_truth_stays_possible(flat, truth):
    answer = graded(ending, flat=flat)
    assert answer["reference"] == "adjacent"
    assert truth in answer["possible_grades"]
    assert answer["high_grade_2_3"] is not (truth == "1c")


def test_a_cord_of_one_size_leaves_nothing_open():
    answer = graded(steady)
    assert answer["possible_grades"] == ["1c"]
    assert not {"grade_open_by_taper", "one_sided_reference"} & set(answer["flags"])
