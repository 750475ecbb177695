"""Balls of tumour in blocks of bone on oblique, anisotropic grids."""

import numpy as np
import pytest
from oblique import STORED, centred_affine, world_of

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.geometry import Grid
from spinemets.measure.lesion_pieces import LesionType, lesion_pieces, separate
from spinemets.measure.lesions import lesions_by_level
from spinemets.measure.region_labels import RegionLabel
from spinemets.volume import Volume

SPACING = (0.9, 1.1, 1.4)


def scene(stored=0, *, balls=(), dropped=False, spacing=SPACING):
    """L2: a body of 40 x 30 x 26 mm, pedicles of 10 x 10 x 12 mm behind it; balls are (centre, radius, label)."""
    shape = tuple(int(np.ceil(80 / mm)) for mm in spacing)
    affine = centred_affine(shape, spacing_mm=spacing, angles_deg=(5, -8, 10), **STORED[stored])
    points = world_of(Grid(shape, affine))
    x, y, z = np.moveaxis(points, -1, 0)
    regions = np.zeros(shape, np.uint8)
    regions[(np.abs(x) < 20) & (y > 0) & (y < 30) & (np.abs(z) < 13)] = RegionLabel.BODY
    pedicle = (np.abs(x) > 10) & (np.abs(x) < 20) & (y > -10) & (y <= 0) & (z > 0) & (z < 12)
    regions[pedicle & (x > 0)] = RegionLabel.PEDICLE_RIGHT
    regions[pedicle & (x < 0)] = RegionLabel.PEDICLE_LEFT
    lesions = np.zeros(shape, np.uint8)
    for centre, radius, label in balls:
        lesions[np.linalg.norm(points - np.array(centre), axis=-1) < radius] = label
    vertebrae = np.where(regions > 0, Level.L2.verse_id, 0).astype(np.uint8)
    if dropped:
        vertebrae[lesions > 0] = 0
        regions[lesions > 0] = 0
    return Volume(lesions, affine), Volume(vertebrae, affine), Volume(regions, affine)


BODY_ML = 40 * 30 * 26 / 1000
INSIDE = ((2.0, 14.0, 1.0), 9.0, 1)


def ball_ml(radius):
    return 4 / 3 * np.pi * radius**3 / 1000


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize("dropped", [False, True])
def test_volume_and_share_of_the_body_with_destroyed_bone_counted(stored, dropped):
    (lesion,) = lesions_by_level(*scene(stored, balls=[INSIDE], dropped=dropped))[Level.L2]
    assert lesion.type is LesionType.LYTIC
    assert lesion.volume_ml.value == pytest.approx(ball_ml(9), rel=0.04)
    assert lesion.volume_ml.low <= ball_ml(9) <= lesion.volume_ml.high
    assert lesion.body_fraction.value == pytest.approx(ball_ml(9) / BODY_ML, abs=0.012)
    assert lesion.body_fraction.low <= ball_ml(9) / BODY_ML <= lesion.body_fraction.high
    assert set(lesion.regions) == {"body"}
    assert lesion.diameter_mm.value == pytest.approx(18.0, rel=0.02)


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize(("side", "name"), [(1, "pedicle_right"), (-1, "pedicle_left")])
def test_a_pedicle_is_involved_on_the_patients_own_side(stored, side, name):
    (lesion,) = lesions_by_level(*scene(stored, balls=[((15.0 * side, -5.0, 6.0), 14.0, 1)]))[Level.L2]
    assert lesion.regions[name].value == pytest.approx(1.0)
    other = {"pedicle_right": "pedicle_left", "pedicle_left": "pedicle_right"}[name]
    assert other not in lesion.regions


def test_how_much_of_each_part_a_lesion_takes_is_its_volume_there():
    """Half of the ball lies in the body, which begins at y = 0, half in the left pedicle."""
    (lesion,) = lesions_by_level(*scene(balls=[((-15.0, 0.0, 6.0), 4.5, 1)]))[Level.L2]
    assert lesion.region_ml["body"] == pytest.approx(ball_ml(4.5) / 2, rel=0.08)
    assert lesion.region_ml["pedicle_left"] == pytest.approx(ball_ml(4.5) / 2, rel=0.08)
    assert lesion.region_ml["pedicle_right"] == 0.0


def test_a_mass_beyond_the_bone_is_no_part_of_the_body():
    (lesion,) = lesions_by_level(*scene(balls=[((0.0, 34.0, 0.0), 7.0, 1)]))[Level.L2]
    cap = np.pi * 3.0**2 * (3 * 7.0 - 3.0) / 3 / 1000  # the part of the ball that reaches 3 mm into the body
    assert lesion.volume_ml.value == pytest.approx(ball_ml(7), rel=0.06)
    assert lesion.body_fraction.value == pytest.approx(cap / BODY_ML, abs=0.004)


@pytest.mark.parametrize(
    ("balls", "kind"),
    [
        ([INSIDE], LesionType.LYTIC),
        ([((2.0, 14.0, 1.0), 9.0, 2)], LesionType.BLASTIC),
        ([((2.0, 14.0, 1.0), 9.0, 1), ((2.0, 14.0, 1.0), 7.0, 2)], LesionType.MIXED),
        ([((2.0, 14.0, 1.0), 9.0, 1), ((2.0, 14.0, 1.0), 4.0, 2)], LesionType.LYTIC),
    ],
)
def test_the_lesser_kind_counts_from_a_fifth(balls, kind):
    (lesion,) = lesions_by_level(*scene(balls=balls))[Level.L2]
    assert lesion.type is kind


def test_two_lesions_are_two_the_larger_first():
    found = lesions_by_level(*scene(balls=[((-12, 10, 0), 4.0, 2), ((12, 18, 0), 6.0, 1)]))[Level.L2]
    assert [lesion.type for lesion in found] == [LesionType.LYTIC, LesionType.BLASTIC]


def test_pieces_of_a_mask_are_apart_the_largest_first_and_nothing_has_none():
    mask = np.zeros((9, 9, 9), bool)
    mask[1, 1, 1:3], mask[5:8, 5:8, 5:8], mask[2, 2, 3] = True, True, True  # corners touch: one piece of three
    first, second = separate(mask)
    assert (int(first.sum()), int(second.sum())) == (27, 3)
    assert np.array_equal(first | second, mask)
    assert separate(np.zeros((3, 4, 5), bool)) == []


def test_a_vertebra_without_a_lesion_has_an_empty_tuple():
    assert lesions_by_level(*scene())[Level.L2] == ()


def test_a_speck_is_too_small_to_be_measured():
    (lesion,) = lesions_by_level(*scene(balls=[((0, 15, 0), 1.3, 1)]))[Level.L2]
    assert isinstance(lesion.volume_ml, NotAssessed)
    assert lesion.volume_ml.code is Reason.TOO_SMALL
    assert lesion.regions == {}


def test_density_is_that_of_the_image_inside_and_not_assessed_without_one():
    lesions, vertebrae, regions = scene(balls=[INSIDE])
    rng = np.random.default_rng(0)
    hu = np.where(lesions.array > 0, 60.0, 300.0) + rng.normal(0, 20, lesions.shape)
    (lesion,) = lesions_by_level(lesions, vertebrae, regions, lesions.with_array(hu.astype(np.float32)))[Level.L2]
    assert isinstance(lesion.mean_hu, Measured)
    assert lesion.mean_hu.value == pytest.approx(60.0, abs=3)
    assert lesion.p99_hu.value == pytest.approx(60 + 2.33 * 20, abs=8)
    (blind,) = lesions_by_level(lesions, vertebrae, regions)[Level.L2]
    assert blind.mean_hu.code is Reason.MISSING_SEQUENCE


def test_tumour_far_from_every_vertebra_belongs_to_none():
    assert lesions_by_level(*scene(balls=[((-30.0, -30.0, -30.0), 5.0, 1)]))[Level.L2] == ()


def test_pieces_are_the_lesions_of_the_report_in_their_order_with_their_voxels():
    lesions, vertebrae, regions = scene(1, balls=[((-12, 10, 0), 4.0, 2), ((12, 18, 0), 6.0, 1), ((0, 3, 9), 3.0, 1)])
    pieces = list(lesion_pieces(lesions, vertebrae))
    report = lesions_by_level(lesions, vertebrae, regions)[Level.L2]
    assert [(one.level, one.type) for one in pieces] == [(Level.L2, one.type) for one in report]
    assert [one.type for one in pieces] == [LesionType.LYTIC, LesionType.BLASTIC, LesionType.LYTIC]
    together = np.zeros(lesions.shape, int)
    for one in pieces:
        together[tuple(slice(a, a + n) for a, n in zip(one.start, one.mask.shape, strict=True))] += one.mask
    np.testing.assert_array_equal(together, lesions.array > 0)


def test_pieces_beyond_the_bone_belong_to_the_nearest_vertebra_or_to_none():
    near = list(lesion_pieces(*scene(balls=[((0.0, 38.0, 0.0), 4.0, 1)])[:2]))
    assert [one.level for one in near] == [Level.L2]
    assert list(lesion_pieces(*scene(balls=[((-30.0, -30.0, -30.0), 5.0, 1)])[:2])) == []


def test_a_lesion_of_two_slices_names_the_part_that_it_may_take():
    ids, parts = np.zeros((30, 30, 30), np.uint8), np.zeros((30, 30, 30), np.uint8)
    ids[5:25, 5:25, 5:25] = Level.L2.verse_id
    parts[5:25, 12:25, 5:25], parts[5:25, 5:12, 5:25] = RegionLabel.BODY, RegionLabel.PEDICLE_LEFT
    lesion = np.zeros_like(ids)
    lesion[5:7, 5:12, 5:25] = 1  # two voxels wide, a tenth of the pedicle
    lesion[15, 20, 15] = 1  # one voxel of 5,200 of the body
    volumes = [Volume(array, np.eye(4)) for array in (lesion, ids, parts)]
    large, speck = lesions_by_level(*volumes)[Level.L2]
    assert isinstance(large.volume_ml, NotAssessed)
    assert "is 2 across" in large.volume_ml.detail
    assert (large.unsized, speck.unsized) == ({"pedicle_left"}, frozenset())
