"""What is said of vertebrae that a network outlined on MR: their marrow is measured, their shape is not."""

import pytest
from marrow_phantom import LEVELS, T1, T2, Marrow, ball, parts_at

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed
from spinemets.measure.outline_error import EXACT, MR_OUTLINE
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.spine_signs import SpineImages
from spinemets.trust import Trust
from spinemets.vertebra_assessment import assess_vertebrae

TUMOUR = ball((2, 23, 0), 9)
SHAPE = ("heights_mm", "reference_mm", "height_loss", "genant", "posterior_wall", "alignment")


def assessed(outline, squeezed=0.0, tissues=T1, with_lesion=True):
    scene = Marrow(TUMOUR if with_lesion else None, squeezed=squeezed)
    scene.paint("t1", tissues)
    scene.paint("t2", T2)
    home = scene.vertebrae
    parts = home.with_array(parts_at(scene.x, scene.y, scene.z, squeezed)[1].astype("uint8"))
    lesions = None
    if with_lesion:
        lesions = home.with_array((TUMOUR(scene.x, scene.y, scene.z) & (home.array > 0)).astype("uint8"))
    images = SpineImages(mr=scene.series)
    found = assess_vertebrae(spine_from_mask(home), home, parts, lesions=lesions, images=images, trust=Trust(outline))
    return found, {one.level: one for one in found.vertebrae}


@pytest.fixture(scope="module")
def by_network():
    return assessed(MR_OUTLINE, squeezed=8.0)


def test_nothing_of_the_shape_of_a_body_is_told_and_nothing_is_drawn(by_network):
    found, levels = by_network
    for level in LEVELS:
        told = {getattr(levels[level], name) for name in SHAPE}
        assert told == {MR_OUTLINE.unknown}, level
    assert found.heights == {}
    assert isinstance(assessed(EXACT, squeezed=8.0)[1][Level.L2].genant, Measured)


def test_marrow_of_a_lesion_is_measured_under_the_networks_outline(by_network):
    signs = by_network[1][Level.L2].signs
    exact = assessed(EXACT, squeezed=8.0)[1][Level.L2].signs
    for name in ("t1_to_muscle", "t2_to_muscle", "t1_to_disc"):
        assert signs[name].value == pytest.approx(exact[name].value), name
    assert signs["t1_to_muscle"].value == pytest.approx(0.85, abs=0.05)


def test_shares_that_a_lesion_takes_are_not_told_and_its_score_stays_open(by_network):
    (lesion,) = by_network[1][Level.L2].lesions
    assert lesion["body_fraction"] is MR_OUTLINE.unknown
    assert isinstance(lesion["volume_ml"], Measured)
    case = by_network[1][Level.L2].sins_case
    assert not {"collapse_percent", "body_involved_percent", "posterolateral"} & set(case)
    assert case["lesion_quality"] == "not_assessable"
    score = by_network[1][Level.L2].sins
    assert score["total"] is None
    assert set(score["possible_points"]["alignment"]) == {0, 2, 4}
    assert set(score["possible_points"]["collapse"]) == {0, 1, 2, 3}


def test_of_levels_without_a_lesion_neither_signs_nor_absence_of_a_fracture_are_claimed(by_network):
    assert by_network[1][Level.L4].signs is MR_OUTLINE.unknown
    _, levels = assessed(MR_OUTLINE, with_lesion=False)
    assert {type(one.signs) for one in levels.values()} == {NotAssessed}
    assert {one.lesions.code.value for one in levels.values()} == {"no_model"}


def test_marrow_that_is_dark_at_all_levels_is_seen_under_a_networks_outlines():
    _, levels = assessed(MR_OUTLINE, tissues=T1 | {"marrow": 70.0}, with_lesion=False)
    assert levels[Level.L2].signs["diffuse_marrow_disease"]["value"] == "present"
