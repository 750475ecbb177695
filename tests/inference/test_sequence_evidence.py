import dataclasses
import itertools

import numpy as np
import pytest

from spinemets.geometry import Grid, world_aligned_grid
from spinemets.inference.instances import NEIGHBOURS_APART, Instances
from spinemets.inference.levels import VertebraEvidence
from spinemets.inference.locate import Located
from spinemets.inference.locator_classes import LOCATOR_CLASSES, LOCATOR_LEVELS
from spinemets.inference.parts import CLASS
from spinemets.inference.sequence_evidence import (
    gather_evidence,
    landmarks,
    missing_between,
    rib_at,
    sacrum_follows,
)
from spinemets.simulate.dimensions import DISC_BELOW, VERTEBRA

SPACING_MM = 2.0
SHAPE = (50, 40, 60)
CENTRES = np.array([(25.0, 20.0, 45.0), (25.0, 20.0, 30.0), (25.0, 20.0, 15.0)])


def three_bodies():
    """Classes and instances: three bodies of 16 mm cubes under each other, 30 mm apart."""
    classes, labels = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    for number, (i, j, k) in enumerate(CENTRES.astype(int), start=1):
        box = (slice(i - 4, i + 4), slice(j - 4, j + 4), slice(k - 4, k + 4))
        classes[box], labels[box] = CLASS["body"], number
    return classes, Instances(labels, CENTRES)


def add_rib(classes, k, *, side=1, gap=1, length=12):
    start = 25 + 4 + gap if side > 0 else 25 - 4 - gap - length
    classes[start : start + length, 14:18, k - 2 : k + 2] = CLASS["rib"]


@pytest.mark.parametrize("side", [1, -1])
def test_a_rib_on_either_side_belongs_to_the_body_that_it_meets(side):
    classes, instances = three_bodies()
    add_rib(classes, 30, side=side)
    assert [rib_at(n, classes, instances, SPACING_MM) for n in (1, 2, 3)] == [False, True, False]


def test_a_rib_that_does_not_come_near_a_body_is_not_its_own():
    classes, instances = three_bodies()
    add_rib(classes, 30, gap=6)
    assert rib_at(2, classes, instances, SPACING_MM) is False


def test_a_speck_of_rib_is_none():
    classes, instances = three_bodies()
    add_rib(classes, 30, length=1)  # 16 voxels are 0.13 ml
    assert rib_at(2, classes, instances, SPACING_MM) is False


@pytest.mark.parametrize("cut", [np.s_[15:], np.s_[:35]])
def test_where_the_image_is_narrow_the_absence_of_ribs_tells_nothing(cut):
    classes, instances = three_bodies()
    narrow = Instances(instances.labels[cut], CENTRES)
    assert rib_at(2, classes[cut], narrow, SPACING_MM) is None


def test_of_a_vertebra_that_the_image_cuts_the_absence_of_ribs_tells_nothing():
    classes, instances = three_bodies()
    cut = Instances(instances.labels[:, :, :46], CENTRES)
    assert rib_at(1, classes[:, :, :46], cut, SPACING_MM) is None
    assert rib_at(2, classes[:, :, :46], cut, SPACING_MM) is False


def test_of_a_vertebra_without_body_nothing_is_told():
    classes, instances = three_bodies()
    classes[classes == CLASS["body"]] = CLASS["spinous_process"]
    assert rib_at(2, classes, instances, SPACING_MM) is None


def test_of_a_vertebra_without_voxels_nothing_is_told():
    classes, instances = three_bodies()
    labels = np.where(instances.labels == 2, 0, instances.labels)
    assert rib_at(2, classes, Instances(labels, CENTRES), SPACING_MM) is None


@pytest.mark.parametrize(
    ("heights", "missing"),
    [
        ([90, 75, 60, 45], [0, 0, 0, 0]),
        ([90, 75, 45, 30], [0, 0, 1, 0]),
        ([100, 85, 40, 25], [0, 0, 2, 0]),
        ([90, 75, 60, 30], [0, 0, 0, 1]),
        ([90, 60, 45, 30], [0, 1, 0, 0]),
        ([100, 88, 75, 60, 43, 24], [0] * 6),
        ([90, 30], [0, 0]),
        ([90], [0]),
        ([], []),
    ],
)
def test_a_hole_in_the_row_is_counted_in_vertebrae(heights, missing):
    centres = np.array([(10.0, 12.0, float(z)) for z in heights]).reshape(-1, 3)
    assert missing_between(centres, [0.0] * len(centres)) == missing


def test_by_the_tables_neighbours_are_nearer_than_a_hole_and_next_but_one_further_apart():
    row = LOCATOR_LEVELS[2:-1]  # C3 to L5
    width = [float(np.sqrt(VERTEBRA[level].width * VERTEBRA[level].depth)) for level in row]
    step = [
        (VERTEBRA[upper].height + VERTEBRA[lower].height) / 2 + DISC_BELOW[upper].middle
        for upper, lower in itertools.pairwise(row)
    ]
    for n in range(len(row) - 2):
        assert step[n] < 0.9 * NEIGHBOURS_APART * max(width[n], width[n + 1])
        assert step[n] + step[n + 1] > 1.2 * NEIGHBOURS_APART * max(width[n], width[n + 2])


@pytest.mark.parametrize(("diameter_mm", "missing"), [(30.0, [0, 0, 0, 0]), (20.0, [0, 0, 1, 0])])
def test_a_distance_that_one_body_and_its_disc_fill_is_no_hole(diameter_mm, missing):
    """Neighbours of wide bodies whose other centres were voted too close, or narrow ones with one missing."""
    centres = np.array([(0.0, 0.0, z) for z in (90.0, 75.0, 43.0, 28.0)])
    assert missing_between(centres, [diameter_mm] * 4) == missing


@pytest.mark.parametrize(
    ("apart_mm", "diameter_mm", "missing"),
    [(36.0, 40.0, 0), (72.0, 40.0, 1), (108.0, 40.0, 2), (34.0, 20.0, 1), (72.0, 0.0, 0)],
)
def test_between_two_vertebrae_alone_their_width_tells_what_is_missing(apart_mm, diameter_mm, missing):
    centres = np.array([(0.0, 0.0, apart_mm), (0.0, 0.0, 0.0)])
    assert missing_between(centres, [diameter_mm] * 2) == [0, missing]


def located(row, error=0.3):
    """A locator of 4 mm voxels that says where along the spine it is, in slabs from head to foot, 30 mm each."""
    grid = world_aligned_grid(np.zeros(3), np.array(SHAPE) * SPACING_MM, 4.0)
    probability = np.zeros((len(LOCATOR_CLASSES), *grid.shape), np.float32)
    position = np.full(grid.shape, np.nan, np.float32)
    for number, place in enumerate(row):
        top = 105 - 30 * number
        position[:, :, int((top - 30) / 4) : int(top / 4)] = place
    scale = np.full(grid.shape, error, np.float32)
    return Located(grid, probability, position, scale, position > 0, np.zeros(3), np.array(SHAPE) * SPACING_MM)


GRID = Grid(SHAPE, world_aligned_grid(np.zeros(3), np.array(SHAPE) * SPACING_MM, SPACING_MM).affine)


def test_evidence_is_the_locators_position_at_the_place_of_each_vertebra():
    classes, instances = three_bodies()
    add_rib(classes, 45)
    evidence = gather_evidence(GRID, classes, instances, located([17.2, 18.1, 18.8], 0.7))
    assert [one.position for one in evidence] == pytest.approx([17.2, 18.1, 18.8])
    assert [one.position_error for one in evidence] == pytest.approx([0.7] * 3)
    assert [one.rib for one in evidence] == [True, False, False]
    assert [one.gap for one in evidence] == [0, 0, 0]


def test_on_mr_nobody_looks_for_ribs():
    classes, instances = three_bodies()
    add_rib(classes, 45)
    on_mr = dataclasses.replace(located([np.nan] * 3), of_mr=True)
    assert [one.rib for one in gather_evidence(GRID, classes, instances, on_mr)] == [None] * 3


def test_where_the_locator_did_not_look_no_position_is_known():
    classes, instances = three_bodies()
    assert gather_evidence(GRID, classes, instances, located([np.nan] * 3))[0].position is None


def test_a_vertebra_without_voxels_is_heard_at_its_centre():
    classes, instances = three_bodies()
    labels = np.where(instances.labels == 2, 0, instances.labels)
    evidence = gather_evidence(GRID, classes, Instances(labels, CENTRES), located([17.0, 18.0, 19.0]))
    assert evidence[1].position == pytest.approx(18.0)


def sacrum_at(top, thickness=10, size=12):
    sacrum = np.zeros(SHAPE, bool)
    middle = 20 - size // 2
    sacrum[25 - size // 2 : 25 + size // 2, middle : middle + size, max(top - thickness, 0) : top] = True
    return sacrum


def test_the_sacrum_follows_when_it_lies_under_the_lowest_vertebra():
    _, instances = three_bodies()
    assert sacrum_follows(instances, sacrum_at(9), SPACING_MM)


def test_a_sacrum_a_vertebra_further_down_does_not_follow():
    _, instances = three_bodies()
    assert not sacrum_follows(instances, sacrum_at(6), SPACING_MM)


def test_a_sacrum_above_the_lowest_vertebra_does_not_follow():
    _, instances = three_bodies()
    assert not sacrum_follows(instances, sacrum_at(28, size=14), SPACING_MM)


def test_a_little_sacrum_is_none():
    _, instances = three_bodies()
    assert not sacrum_follows(instances, sacrum_at(9, thickness=2), SPACING_MM)  # 288 voxels are 2.3 ml


def test_the_sacrum_does_not_follow_a_vertebra_without_voxels():
    _, instances = three_bodies()
    labels = np.where(instances.labels == 3, 0, instances.labels)
    assert not sacrum_follows(Instances(labels, CENTRES), sacrum_at(9), SPACING_MM)


def _row(*ribs, gap_before=None):
    return [VertebraEvidence(None, rib, gap=int(number == gap_before)) for number, rib in enumerate(ribs)]


@pytest.mark.parametrize(
    ("ribs", "sacrum", "room_above_mm", "expected"),
    [
        ((True, True, True), False, 10.0, ()),
        ((True, True, False), False, 10.0, ("last_rib",)),
        ((False, True, True), False, 10.0, ("first_rib",)),
        ((None, True, None), False, 10.0, ()),
        ((False, False), True, 10.0, ("sacrum",)),
        ((None, None), False, 60.0, ("upper_end",)),
        ((None, *12 * (True,), None), False, 10.0, ("rib_cage",)),
        ((*11 * (True,), None), False, 10.0, ()),
        (13 * (True,), False, 10.0, ()),
        ((*6 * (True,), None, *6 * (True,)), False, 10.0, ()),
        ((False, *12 * (True,), False), False, 10.0, ("first_rib", "last_rib", "rib_cage")),
        ((False, True, False), True, 60.0, ("sacrum", "first_rib", "last_rib", "upper_end")),
    ],
)
def test_only_what_fixes_the_count_is_a_landmark(ribs, sacrum, room_above_mm, expected):
    assert landmarks(_row(*ribs), sacrum=sacrum, room_above_mm=room_above_mm) == expected


def test_a_rib_that_ends_across_a_missing_vertebra_is_no_landmark():
    assert landmarks(_row(True, False, gap_before=1), sacrum=False, room_above_mm=0.0) == ()


def test_ribs_on_either_side_of_a_missing_vertebra_are_no_whole_rib_cage():
    assert landmarks(_row(*12 * (True,), gap_before=6), sacrum=False, room_above_mm=0.0) == ()
