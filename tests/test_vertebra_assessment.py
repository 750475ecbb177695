"""From painted masks to heights, lesions and SINS; and on real masks what a reader sees on them."""

import numpy as np
import pytest
from box_vertebra import PITCH_MM, part_at
from oblique import STORED, centred_affine, world_of

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.errors import StudyError
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason
from spinemets.formats.study import read_mask
from spinemets.geometry import Grid
from spinemets.lesion_search import UNTRAINED
from spinemets.measure.outline_error import OutlineError
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.spine_signs import SpineImages
from spinemets.trust import Trust
from spinemets.vertebra_assessment import assess_vertebrae
from spinemets.volume import Volume

LEVELS = (Level.T12, Level.L1, Level.L2, Level.L3, Level.L4)
SHAPE, SPACING = (80, 80, 150), (1.5, 1.5, 1.5)


def scene(stored=0, *, squeezed=None, balls=()):
    """Five vertebrae of boxes; one body may be squeezed to a share of its height; balls of lesion (x, y, z from L2)."""
    options = dict(STORED[stored])
    shape = tuple(SHAPE[axis] for axis in options["axes"])
    affine = centred_affine(shape, spacing_mm=SPACING, angles_deg=(2, -3, 4), **options)
    x, y, z = np.moveaxis(world_of(Grid(shape, affine)), -1, 0)
    number = np.clip(np.round(2 - z / PITCH_MM), 0, 4)
    own_z = z - (2 - number) * PITCH_MM
    parts = part_at(x, y, own_z)
    if squeezed is not None:
        level, share = squeezed
        flat = (number == LEVELS.index(level)) & (parts == Subregion.BODY) & (np.abs(own_z) > 13 * share)
        parts[flat] = 0
    ids = np.where(parts > 0, np.array([level.verse_id for level in LEVELS])[number.astype(int)], 0).astype(np.uint8)
    lesions = np.zeros(parts.shape, np.uint8)
    for centre, radius, label in balls:
        lesions[(np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) < radius) & (ids > 0)] = (
            label
        )
    return Volume(ids, affine), Volume(parts, affine), Volume(lesions, affine)


def assessed(vertebrae, parts, lesions=None, **options):
    found = assess_vertebrae(spine_from_mask(vertebrae), vertebrae, parts, lesions=lesions, **options)
    return {findings.level: findings for findings in found.vertebrae}, found


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_a_squeezed_body_is_a_fracture_of_its_grade_and_its_neighbours_are_none(stored):
    by_level, _ = assessed(*scene(stored, squeezed=(Level.L2, 0.6))[:2])
    loss = by_level[Level.L2].height_loss["max"]
    assert loss.low <= 0.4 <= loss.high
    assert loss.value == pytest.approx(0.4, abs=0.05)
    for level in (Level.L1, Level.L3):
        assert by_level[level].height_loss["max"].value < 0.12
        assert by_level[level].genant.value == 0


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_lesion_in_body_and_pedicle_is_scored_on_its_own_side(stored, side):
    x = 14.0 if side == "right" else -14.0
    vertebrae, parts, lesions = scene(stored, balls=[((x, 10.0, 4.0), 12.0, LesionLabel.LYTIC)])
    by_level, found = assessed(vertebrae, parts, lesions, pain="mechanical")
    case, score = by_level[Level.L2].sins_case, by_level[Level.L2].sins
    assert case["posterolateral"][side] == ["pedicle"]
    assert case["posterolateral"]["left" if side == "right" else "right"] == []
    assert case["lesion_quality"] == "not_assessable"  # there is no CT
    assert score["component_points"] == {
        "location": 2, "pain": 3, "bone_lesion": None, "alignment": 0, "collapse": 0, "posterolateral": 1
    }  # fmt: skip
    assert found.governing is Level.L2
    assert by_level[Level.L1].sins == NotApplicable("no_lesion")


def test_without_a_lesion_mask_nothing_is_scored_and_with_an_empty_one_there_is_no_lesion():
    vertebrae, parts, lesions = scene()
    by_level, found = assessed(vertebrae, parts)
    assert isinstance(by_level[Level.L2].lesions, NotAssessed)
    assert isinstance(by_level[Level.L2].sins, NotAssessed)
    assert found.governing.code is Reason.MISSING_MASK
    by_level, found = assessed(vertebrae, parts, lesions)
    assert by_level[Level.L2].lesions == ()
    assert found.governing == NotApplicable("no_lesion")


def test_blastic_and_lytic_lesions_at_one_level_are_mixed():
    balls = [((-12.0, 20.0, 0.0), 7.0, LesionLabel.LYTIC), ((12.0, 20.0, 0.0), 6.0, LesionLabel.BLASTIC)]
    vertebrae, parts, lesions = scene(balls=balls)
    ct = Volume(np.where(parts.array > 0, 180, 30).astype(np.float32), parts.affine)
    by_level, _ = assessed(vertebrae, parts, lesions, images=SpineImages(ct=ct))
    assert by_level[Level.L2].sins_case["lesion_quality"] == "mixed"
    assert len(by_level[Level.L2].lesions) == 2


def test_parts_from_the_canal_are_flagged_and_do_not_prove_a_facet_free():
    balls = [((0.0, -20.0, 0.0), 8.0, LesionLabel.LYTIC)]
    vertebrae, _, lesions = scene(balls=balls)
    found = assess_vertebrae(spine_from_mask(vertebrae), vertebrae, None, lesions=lesions)
    assert found.flags == ("regions_by_canal_partition",)
    scored = next(one for one in found.vertebrae if one.level is Level.L2)
    assert "regions_by_canal_partition" in scored.sins["flags"]
    assert scored.sins_case["posterolateral"] == {}  # spinous process taken: a facet beside it stays open


def test_one_vertebra_without_subregions_has_no_parts():
    vertebrae, _, _ = scene()
    alone = vertebrae.with_array(np.where(vertebrae.array == Level.L2.verse_id, vertebrae.array, 0).astype(np.uint8))
    found = assess_vertebrae(spine_from_mask(alone), alone, None)
    assert found.vertebrae[0].heights_mm.code is Reason.OUT_OF_FIELD
    assert isinstance(found.governing, NotAssessed)


COARSE = Trust(OutlineError(height_mm=2.5, loss=0.09, largest_loss=0.15))


@pytest.mark.parametrize(("share", "grade"), [(0.84, None), (0.74, None), (0.5, 3)])
def test_on_a_coarse_outline_a_fracture_is_only_claimed_where_the_whole_interval_says_so(share, grade):
    vertebrae, parts, _ = scene(squeezed=(Level.L2, share))
    by_level, _ = assessed(vertebrae, parts, trust=COARSE)
    own = by_level[Level.L2]
    loss = own.height_loss["max"]
    assert loss.low <= 1 - share <= loss.high
    if grade is None:
        assert own.genant.code is Reason.RESOLUTION
        assert "--vertebrae" in own.genant.detail
    else:
        assert own.genant.value == grade
    assert by_level[Level.L1].genant.value == 0
    exact = assessed(vertebrae, parts)[0][Level.L2]
    assert isinstance(exact.genant, Measured)
    assert half_width(own.heights_mm["middle"]) > half_width(exact.heights_mm["middle"])


@pytest.mark.parametrize(("kept", "are_read"), [(0.78, True), (0.86, False)])
def test_of_fractures_that_a_coarse_outline_leaves_open_signs_are_read_where_the_height_shows_one(kept, are_read):
    vertebrae, parts, _ = scene(squeezed=(Level.L2, kept))
    ct = SpineImages(ct=Volume(np.where(parts.array > 0, 180, 30).astype(np.float32), parts.affine))
    by_level, _ = assessed(vertebrae, parts, images=ct, trust=COARSE)
    own = by_level[Level.L2]
    assert isinstance(own.genant, NotAssessed)
    if are_read:
        assert own.signs["cancellous_bone_destroyed"]["value"] == "absent"
    else:
        assert own.signs == own.genant


def half_width(finding):
    return finding.high - finding.value


def test_a_collapse_that_a_coarse_outline_leaves_open_may_be_none_in_the_sins_case():
    vertebrae, parts, lesions = scene(squeezed=(Level.L2, 0.78), balls=[((0.0, 20.0, 0.0), 7.0, LesionLabel.LYTIC)])
    exact, coarse = (assessed(vertebrae, parts, lesions, **options)[0][Level.L2] for options in ({}, {"trust": COARSE}))
    assert exact.sins_case["collapse_percent"]["low"] >= 10
    assert coarse.sins_case["collapse_percent"]["low"] == 0
    assert set(coarse.sins["possible_points"]["collapse"]) == {0, 2}


def test_bodies_above_the_first_level_that_an_outline_serves_for_are_not_measured():
    vertebrae, parts, _ = scene()
    trust = Trust(OutlineError(largest_loss=0.05, first_level=Level.L1))
    by_level, _ = assessed(vertebrae, parts, trust=trust)
    assert by_level[Level.T12].heights_mm.code is Reason.RESOLUTION
    assert "above L1" in by_level[Level.T12].genant.detail
    assert by_level[Level.T12].alignment is by_level[Level.T12].heights_mm
    assert isinstance(by_level[Level.L1].height_loss["max"], Measured)


def test_a_networks_vertebrae_that_stand_in_no_order_are_not_measured_and_a_masks_are_refused():
    vertebrae, parts, _ = scene()
    order = dict(zip((Level.L1, Level.L2), (Level.L2, Level.L1), strict=True))
    ids = vertebrae.array.copy()
    for level, other in order.items():
        ids[vertebrae.array == level.verse_id] = other.verse_id
    swapped = vertebrae.with_array(ids)
    by_level, _ = assessed(swapped, parts, trust=COARSE)
    assert {one.heights_mm.code for one in by_level.values()} == {Reason.RESOLUTION}
    assert "out of order" in by_level[Level.L3].sins.detail
    with pytest.raises(StudyError, match="labels are out of order"):
        assessed(swapped, parts)


def test_crumbs_that_a_network_names_are_not_measured_and_stand_in_nobodys_way():
    vertebrae, parts, _ = scene()
    ids = vertebrae.array.copy()
    place = np.argwhere(ids == Level.L4.verse_id)[:200]
    ids[tuple(place.T)] = Level.T11.verse_id
    by_level, _ = assessed(vertebrae.with_array(ids), parts, trust=Trust(OutlineError(largest_loss=0.05, least_ml=7.0)))
    assert "ml of bone T11" in by_level[Level.T11].heights_mm.detail
    assert isinstance(by_level[Level.L1].height_loss["max"], Measured)


def test_where_parts_are_drawn_too_coarsely_the_posterolateral_items_of_sins_stay_open():
    vertebrae, parts, lesions = scene(balls=[((14.0, 10.0, 4.0), 12.0, LesionLabel.LYTIC)])
    trust = Trust(OutlineError(largest_loss=0.05, lesion_share=0.2, draws_parts=False))
    own, exact = (assessed(vertebrae, parts, lesions, **options)[0][Level.L2] for options in ({"trust": trust}, {}))
    assert own.lesions[0]["regions"]["pedicle_right"].code is Reason.RESOLUTION
    assert half_width(own.lesions[0]["body_fraction"]) > 0.2 > half_width(exact.lesions[0]["body_fraction"])
    assert own.sins["possible_points"]["posterolateral"] == [0, 1, 3]
    assert exact.sins["component_points"]["posterolateral"] == 1


def test_where_a_network_has_learnt_of_no_lesion_none_is_denied():
    vertebrae, parts, lesions = scene()
    by_level, _ = assessed(vertebrae, parts, lesions, trust=Trust(blind_levels={Level.L2: UNTRAINED}))
    assert {by_level[Level.L2].lesions.code, by_level[Level.L2].sins.code} == {Reason.NOT_TRAINED_FOR}
    assert by_level[Level.L1].lesions == ()


def real(data_root, name):
    mask = read_mask(data_root / name)
    return mask.with_array(mask.array.astype(np.uint8))


def test_a_real_central_collapse_of_l1_is_near_60_percent_and_its_neighbours_are_normal(data_root):
    by_level, _ = assessed(real(data_root, "anatomy/verse004_vert.nii.gz"), None)
    assert by_level[Level.L1].height_loss["middle"].value == pytest.approx(0.60, abs=0.05)
    assert by_level[Level.L1].genant.value == 3
    for level in (Level.T12, Level.L2):
        assert by_level[level].height_loss["max"].value < 0.10


def test_the_natural_wedge_of_real_lumbar_bodies_is_no_fracture(data_root):
    by_level, _ = assessed(real(data_root, "ct/abdomen_vert.nii.gz"), None)
    assert by_level[Level.T12].heights_mm.code is Reason.OUT_OF_FIELD
    for level in (Level.L1, Level.L2, Level.L3, Level.L4, Level.L5):
        assert by_level[level].genant.value == 0
        assert isinstance(by_level[level].height_loss["max"], Measured)
