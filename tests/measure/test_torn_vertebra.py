"""A vertebra whose arch is destroyed leaves pieces far apart; so does a mask with two bones under one name."""

import numpy as np
import pytest
from box_vertebra import PITCH_MM, part_at
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level, Subregion
from spinemets.errors import StudyError
from spinemets.geometry import Grid
from spinemets.measure.label_order import FAR_MM, pieces_far_apart
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.vertebra_assessment import assess_vertebrae
from spinemets.volume import Volume

SHAPE = (84, 84, 84)
SPACING = (1.6, 1.4, 1.5)


def test_pieces_of_a_mask_are_far_apart_by_their_middles_and_the_largest_comes_first():
    own = np.zeros((90, 8, 8), bool)
    own[[2, 3]] = own[84:87] = True
    assert pieces_far_apart(own, np.ones(3), FAR_MM) == pytest.approx(np.array([[85, 3.5, 3.5], [2.5, 3.5, 3.5]]))
    assert pieces_far_apart(own, np.array([0.5, 1, 1]), FAR_MM).shape == (0, 3)
    own[2:4, 2:] = False  # a quarter of the slab is no piece that could be a vertebra of its own
    assert pieces_far_apart(own, np.ones(3), FAR_MM).shape == (0, 3)
    assert pieces_far_apart(np.zeros((4, 4, 4), bool), np.ones(3), FAR_MM).shape == (0, 3)


def stack(stored=0, turn_deg=(0, 0, 0), left=None, moved_mm=(0, 0, 0)):
    """Three lumbar vertebrae; L2 has only the front of its body and what is named to be left, if anything is, moved."""
    affine = centred_affine(SHAPE, spacing_mm=SPACING, angles_deg=(3, -4, 5), **STORED[stored])
    turn = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
    x, y, z = np.moveaxis(world_of(Grid(SHAPE, affine)) @ turn, -1, 0)
    number = np.clip(np.round(1 - z / PITCH_MM), 0, 2)
    parts = part_at(x, y, z - (1 - number) * PITCH_MM)
    ids = np.where(parts > 0, number + Level.L1.verse_id, 0)
    if left is not None:
        parts = np.where((number == 1) & ~((parts == Subregion.BODY) & (y > 33) & (np.abs(x) < 8)), 0, parts)
        x, y, z = x - moved_mm[0], y - moved_mm[1], z - moved_mm[2]
        places = {"spinous": (np.abs(x) < 5) & (y < -20), "left": x < -26, "right": x > 26}
        kept = (part_at(x, y, z) > 0) & np.logical_or.reduce([places[name] for name in left])
        parts = np.where(kept, part_at(x, y, z), parts)
        ids = np.where(kept, Level.L2.verse_id, np.where(parts > 0, ids, 0))
    return Volume(ids.astype(np.uint8), affine), Volume(parts.astype(np.uint8), affine), turn


def torn(**options):
    return stack(**{"left": ("spinous",), **options})


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("stored", range(len(STORED)))
def test_a_spinous_process_that_a_destroyed_arch_leaves_behind_belongs_to_its_vertebra(stored, given):
    vertebrae, parts, turn = torn(stored=stored, turn_deg=(8, -6, 5))
    axes = vertebra_regions(vertebrae, parts if given else None).axes
    assert [level for level, own in axes.items() if own.in_far_pieces] == [Level.L2]
    assert axes[Level.L2].front @ turn[:, 1] > np.cos(np.radians(4))


def test_both_transverse_processes_may_be_all_that_is_left_beside_the_body():
    vertebrae, parts, _ = torn(left=("left", "right"))
    assert vertebra_regions(vertebrae, parts).axes[Level.L2].in_far_pieces


@pytest.mark.parametrize("moved_mm", [(0, 0, 40), (0, 0, -40), (35, 0, 0)])
def test_a_piece_where_the_vertebra_has_no_part_is_another_bone(moved_mm):
    vertebrae, parts, _ = torn(moved_mm=moved_mm)
    with pytest.raises(StudyError, match=r"L2 is in the vertebra mask twice, \d+ mm apart"):
        vertebra_regions(vertebrae, parts)


def test_where_a_part_belongs_is_not_known_without_another_vertebra():
    vertebrae, parts, _ = torn()
    alone = np.where(vertebrae.array == Level.L2.verse_id, vertebrae.array, 0).astype(np.uint8)
    with pytest.raises(StudyError, match="L2 is in the vertebra mask twice"):
        vertebra_regions(vertebrae.with_array(alone), parts.with_array(np.where(alone > 0, parts.array, 0)))


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_halves_of_a_body_lie_beside_one_another(stored):
    vertebrae, parts, _ = stack(stored)
    x = world_of(Grid(SHAPE, vertebrae.affine))[..., 0]
    left = vertebrae.array * ((vertebrae.array != Level.L2.verse_id) | (np.abs(x) > 10)).astype(np.uint8)
    axes = vertebra_regions(vertebrae.with_array(left), parts.with_array(np.where(left > 0, parts.array, 0))).axes
    assert [level for level, own in axes.items() if own.in_far_pieces] == [Level.L2]


def test_the_report_says_of_which_vertebra_a_part_is_left_far_from_its_body():
    vertebrae, parts, _ = torn()
    found = assess_vertebrae(spine_from_mask(vertebrae), vertebrae, parts)
    assert "L2_in_far_pieces" in found.flags
    whole, regions, _ = stack()
    assert "L2_in_far_pieces" not in assess_vertebrae(spine_from_mask(whole), whole, regions).flags
