"""Box vertebrae with a CT whose disease is painted in: each sign is seen where it was painted, and nowhere else."""

import numpy as np
import pytest
from fracture_scene import BACK, FRONT, HALF_HEIGHT, HALF_WIDTH, SHELL, SPONGY, Scene
from oblique import STORED

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason
from spinemets.fracture_assessment import OVERLOOKED
from spinemets.measure.soft_tissue import added_tissue
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.trust import Trust
from spinemets.vertebra_assessment import assess_vertebrae
from spinemets.volume import Volume


def said(sign):
    return sign["value"] if isinstance(sign, dict) else sign.code


def test_a_plain_collapse_shows_none_of_the_signs_of_metastasis():
    signs = Scene(squeezed=0.6).signs()
    for name in ("cortex_destroyed", "cancellous_bone_destroyed", "posterior_wall_bulge", "pedicle_destroyed"):
        assert said(signs[name]) == "absent", name
    for name in ("paravertebral_mass", "vacuum_cleft", "retropulsion", "jigsaw", "lamellar_haematoma"):
        assert said(signs[name]) == "absent", name
    assert said(signs["pedicles_spared"]) == "present"
    assert signs["other_fractures"].value == 0


def test_levels_without_fracture_or_lesion_have_no_signs_and_without_ct_nothing_is_read():
    scene = Scene(squeezed=0.6)
    assert scene.assessed()[Level.L4].signs == NotApplicable("no_fracture_or_lesion")
    vertebrae, parts = Volume(scene.ids, scene.affine), Volume(scene.parts, scene.affine)
    without = assess_vertebrae(spine_from_mask(vertebrae), vertebrae, parts)
    assert without.vertebrae[2].signs.code is Reason.MISSING_SEQUENCE


def test_without_a_lesion_mask_the_pedicles_and_the_other_levels_stay_open():
    signs = Scene(squeezed=0.6).signs(with_lesions=False)
    assert signs["other_fractures"].code is Reason.MISSING_MASK
    assert isinstance(signs["pedicles_spared"], NotAssessed)


def test_fractures_and_lesions_at_other_levels_are_counted_apart_and_never_their_own():
    scene = Scene(squeezed=0.6)
    crushed = np.isin(scene.ids, [level.verse_id for level in (Level.T12, Level.L4)])
    crushed &= (scene.parts == Subregion.BODY) & (np.abs(scene.z) > 0.6 * HALF_HEIGHT)  # `z` is that of each vertebra
    scene.ids[crushed], scene.parts[crushed] = 0, 0
    ball = np.sqrt(scene.x**2 + (scene.y - 23) ** 2 + scene.z**2) < 6
    scene.lesions[ball & np.isin(scene.ids, [Level.L4.verse_id, Level.L2.verse_id])] = LesionLabel.LYTIC
    found = scene.assessed()
    for level, plain, ill in ((Level.L2, 1, 1), (Level.T12, 0, 2), (Level.L4, 1, 1)):
        signs = found[level].signs  # T12 is crushed without a lesion; L2 and L4 are crushed and hold one
        assert (signs["other_fractures"].value, signs["other_levels_with_lesions"].value) == (plain, ill), level


def test_lesions_that_a_network_did_not_find_are_not_taken_for_absent():
    scene = Scene(squeezed=0.6)
    crushed = (
        (scene.ids == Level.T12.verse_id) & (scene.parts == Subregion.BODY) & (np.abs(scene.z) > 0.6 * HALF_HEIGHT)
    )
    scene.ids[crushed], scene.parts[crushed] = 0, 0
    ball = np.sqrt(scene.x**2 + (scene.y - 23) ** 2 + scene.z**2) < 6
    scene.lesions[ball & (scene.ids == Level.L4.verse_id)] = LesionLabel.LYTIC
    found = scene.assessed(trust=Trust(shows_all=False))
    for level, plain, ill in ((Level.L2, None, 1), (Level.T12, None, 1), (Level.L4, None, None)):
        signs = found[level].signs
        for sign, count in (("other_fractures", plain), ("other_levels_with_lesions", ill)):
            told = signs[sign]
            assert told is OVERLOOKED if count is None else told.value == count, (level, sign)
    assert said(found[Level.L2].signs["pedicles_spared"]) is Reason.RESOLUTION  # nor is its own pedicle spared
    scene.ids[crushed], scene.parts[crushed] = Level.T12.verse_id, Subregion.BODY
    alone = scene.assessed(trust=Trust(shows_all=False))[Level.L2].signs
    assert alone["other_fractures"].value == 0  # no level but its own is fractured, with a lesion or without


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize(("side", "sense"), [("right", 1), ("left", -1)])
def test_cortex_is_missing_on_the_side_where_it_was_taken_away(stored, side, sense):
    scene = Scene(stored)
    hole = scene.body & (sense * scene.x > HALF_WIDTH - 3) & (np.abs(scene.y - 23) < 9)
    scene.ct[hole] = 50.0
    scene.lesion((sense * 14.0, 22.0, 0.0), 6.0)
    signs = scene.signs()
    # the middle 18 mm of a side that a quarter of all rays sees whole: from the middle 45° reach 21 mm to either side
    assert signs[f"cortex_missing_{side}"].value == pytest.approx(18 / 30, abs=0.12)
    for other in {"left", "right", "anterior", "posterior"} - {side}:
        found = signs[f"cortex_missing_{other}"]
        assert isinstance(found, NotAssessed) or found.value < 0.15
    assert said(signs["cortex_destroyed"]) == "present"


def test_all_of_the_cortex_gone_is_a_high_risk_of_fracture():
    scene = Scene()
    scene.ct[scene.body & (scene.depth() < 3) & (scene.y > 16)] = 60.0
    scene.lesion((0.0, 30.0, 0.0), 7.0)
    signs = scene.signs()
    assert signs["cortex_missing"].value > 0.6
    assert said(signs["high_fracture_risk"]) == "present"
    clean = Scene()
    clean.lesion((0.0, 24.0, 0.0), 7.0)
    assert said(clean.signs()["high_fracture_risk"]) == "absent"


def test_cortex_that_the_ct_shows_nowhere_is_neither_destroyed_nor_at_risk_nor_a_jigsaw():
    scene = Scene()
    scene.ct[scene.shell] = SPONGY
    scene.lesion((0.0, 24.0, 0.0), 7.0)
    signs = scene.signs()
    for name in ("cortex_destroyed", "high_fracture_risk", "jigsaw", "cortex_missing"):
        assert signs[name].code is Reason.RESOLUTION, name


def test_breaks_with_fragments_beside_them_are_a_jigsaw():
    scene = Scene(squeezed=0.6)
    for at in (-12.0, -4.0, 4.0, 12.0):  # four cuts of 3 mm in front, their pieces just outside
        cut = scene.body & (np.abs(scene.x - at) < 1.5) & (scene.y > FRONT - 1.6)
        scene.ct[cut] = 40.0
        piece = (
            scene.own & (np.abs(scene.x - at) < 1.5) & (np.abs(scene.y - (FRONT + 2.0)) < 0.8) & (np.abs(scene.z) < 8)
        )
        scene.ct[piece] = SHELL
    signs = scene.signs()
    assert said(signs["jigsaw"]) in ("present", "at_threshold")
    assert signs["cortex_amount"].value > 0.85
    assert said(Scene(squeezed=0.6).signs()["jigsaw"]) == "absent"


@pytest.mark.parametrize("hu", [-150.0, 420.0])
def test_a_thin_band_across_the_body_is_a_fracture_line_and_a_thick_one_is_not(hu):
    thin = Scene(squeezed=0.7)
    thin.ct[thin.body & (np.abs(thin.z) < 1.0) & (thin.depth() > 1.5)] = hu
    signs = thin.signs()
    assert signs["fracture_line_width"].value > 0.6
    assert said(signs["fracture_line"]) == "present"
    assert said(Scene(squeezed=0.7).signs()["fracture_line"]) == "absent"


def test_gas_in_the_body_is_a_cleft_of_its_volume_and_gas_from_the_disc_is_not():
    scene = Scene(squeezed=0.7)
    gas = scene.body & (np.abs(scene.x) < 8) & (np.abs(scene.y - 24) < 5) & (np.abs(scene.z) < 2)
    scene.ct[gas] = -900.0
    signs = scene.signs()
    assert said(signs["vacuum_cleft"]) == "present"
    assert signs["cleft_volume"].value == pytest.approx(16 * 10 * 4 / 1000, rel=0.35)
    open_gas = scene.own & (np.abs(scene.x) < 4) & (np.abs(scene.y - 24) < 4) & (scene.z >= 0) & (scene.z < 16)
    scene.ct[open_gas] = -900.0
    assert isinstance(scene.signs()["vacuum_cleft"], NotAssessed)
    assert said(Scene(squeezed=0.7).signs()["vacuum_cleft"]) == "absent"


@pytest.mark.parametrize(
    ("thick", "all_round", "expected"), [(6.0, True, "lamellar_haematoma"), (14.0, False, "paravertebral_mass")]
)
def test_soft_tissue_is_a_haematoma_thin_and_all_round_and_a_mass_where_thick(thick, all_round, expected):
    scene = Scene(squeezed=0.7)
    beside = (
        scene.own
        & (np.abs(scene.z) < 18)
        & (scene.parts == 0)
        & (scene.y > -4)
        & ((scene.y > BACK) | (np.abs(scene.x) > 19))
    )
    beside &= (np.abs(scene.x) < HALF_WIDTH + thick) & (scene.y < FRONT + thick)
    scene.ct[beside & (all_round | (scene.x > 10))] = 50.0
    signs = scene.signs()
    assert 0.7 * thick <= signs["added_tissue"].value <= 1.42 * thick  # along rays, which leave a corner aslant
    assert said(signs[expected]) == "present"
    assert said(signs[({"lamellar_haematoma", "paravertebral_mass"} - {expected}).pop()]) == "absent"


def test_coarse_voxels_do_not_tell_a_mass_from_muscle():
    found = added_tissue(None, [], 2.5)
    assert found.thickness_mm.code is Reason.RESOLUTION
    assert "2.5 mm" in found.coverage.detail
    assert added_tissue(None, [], 2.0).thickness_mm.code is Reason.NO_REFERENCE


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize(("side", "sense"), [("right", 1), ("left", -1)])
def test_a_pedicle_replaced_by_tumour_winks_on_its_own_side(stored, side, sense):
    scene = Scene(stored)
    pedicle = (
        scene.own & np.isin(scene.parts, [Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT]) & (sense * scene.x > 0)
    )
    scene.ct[pedicle], scene.lesions[pedicle] = 60.0, LesionLabel.LYTIC
    scene.lesion((sense * 12.0, 14.0, 3.0), 7.0)
    signs = scene.signs()
    assert said(signs["winking_owl"]) == "present"
    assert side in signs["winking_owl"]["method"]
    assert said(signs["pedicle_destroyed"]) == "present"
    assert signs[f"pedicle_ring_missing_{side}"].value > 0.8


def test_equal_pedicles_do_not_wink_and_their_rings_are_whole():
    scene = Scene()
    scene.lesion((0.0, 24.0, 0.0), 7.0)
    signs = scene.signs()
    assert signs["pedicle_shadow_ratio"].value > 0.9
    assert said(signs["winking_owl"]) == "absent"
    assert signs["pedicle_ring_missing_left"].value < 0.1


def test_a_lytic_ball_takes_its_share_of_the_body_and_would_be_seen_on_a_film():
    scene = Scene()
    scene.lesion((0.0, 24.0, 0.0), 9.0, hu=20.0)
    signs = scene.signs()
    inner = 36.0 * 24.0 * 20.0  # the box less 3 mm all round
    assert signs["lytic_share"].value == pytest.approx(4 / 3 * np.pi * 9**3 / inner, abs=0.03)
    assert said(signs["cancellous_bone_destroyed"]) == "present"
    assert said(signs["visible_on_film"]) == "present"
    assert signs["lesion_from_front"].value == pytest.approx((FRONT - 24) / 30, abs=0.05)
    assert signs["lesion_to_endplate"].value == pytest.approx(4 / 26, abs=0.08)
    assert signs["enostosis"] == NotApplicable("no_blastic_lesion")


@pytest.mark.parametrize(("hu", "label"), [(600.0, "metastasis_favoured"), (1200.0, "enostosis_favoured")])
def test_a_dense_lesion_is_put_to_the_enostosis_rule_unless_treatment_is_unknown(hu, label):
    scene = Scene()
    scene.lesion((0.0, 24.0, 0.0), 6.0, LesionLabel.BLASTIC, hu)
    assert said(scene.signs(treated="no")["enostosis"]) == label
    assert said(scene.signs(treated="yes")["enostosis"]) == "not_applicable_treated"
    assert scene.signs()["enostosis"].code is Reason.NOT_STATED


def test_a_body_dense_throughout_is_an_ivory_vertebra_and_not_paget():
    scene = Scene()
    dense = scene.body
    scene.ct[dense], scene.lesions[dense & (scene.depth() > 2)] = 650.0, LesionLabel.BLASTIC
    signs = scene.signs(treated="no")
    assert signs["dense_share"].value > 0.95
    assert said(signs["ivory_vertebra"]) == "present"
    assert signs["suggests_paget"]["value"] is False


def test_metal_leaves_the_density_open_and_coarse_slices_the_cortex():
    scene = Scene(squeezed=0.7)
    for level in (Level.L1, Level.L3, Level.T12, Level.L4):
        screw = (scene.ids == level.verse_id) & (np.abs(scene.x) < 5) & (np.abs(scene.z) < 5)
        scene.ct[screw] = 2800.0
    signs = scene.signs()
    assert signs["lytic_share"].code is Reason.NO_REFERENCE
    assert signs["cortex_missing_anterior"].code is Reason.NO_REFERENCE
    assert isinstance(signs["cortex_destroyed"], NotAssessed)
    assert isinstance(signs["added_tissue"], Measured | NotAssessed)
