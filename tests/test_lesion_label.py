"""What a lesion does to bone for SINS: its label, unless the CT says the opposite."""

import numpy as np
import pytest
from test_vertebra_assessment import scene

from spinemets.anatomy import LesionLabel, Level
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.lesion_scoring import LABEL_CONTRADICTED, broken_pedicles
from spinemets.pipeline import examine
from spinemets.volume import Series, Study

RING = "pedicle_ring_missing_"
BONE_HU, SPREAD_HU = 150.0, 15.0


@pytest.mark.parametrize(
    ("label", "hu", "quality"),
    [
        (LesionLabel.LYTIC, 40.0, "lytic"),
        (LesionLabel.LYTIC, 900.0, "not_assessable"),
        (LesionLabel.LYTIC, BONE_HU, "lytic"),
        (LesionLabel.BLASTIC, 900.0, "blastic"),
        (LesionLabel.BLASTIC, 40.0, "not_assessable"),
        (LesionLabel.BLASTIC, BONE_HU, "blastic"),
    ],
)
def test_a_label_counts_unless_the_ct_says_the_opposite(label, hu, quality):
    vertebrae, parts, lesions = scene(balls=[((0.0, 20.0, 0.0), 9.0, label)])
    image = np.where(vertebrae.array > 0, BONE_HU, -80.0)
    image[lesions.array > 0] = hu
    image = image + np.random.default_rng(0).normal(0, SPREAD_HU, image.shape)
    ct = Series("ct", vertebrae.with_array(image.astype(np.float32)))
    masks = {"vertebrae": vertebrae, "subregions": parts, "lesions": lesions}
    (own,) = (one for one in examine(Study((ct,)), masks=masks).report.vertebrae if one.level is Level.L2)
    assert own.sins_case["lesion_quality"] == quality
    assert (LABEL_CONTRADICTED in own.sins["flags"]) == (quality == "not_assessable")
    expected = {"lytic": 2, "blastic": 0, "not_assessable": None}[quality]
    assert own.sins["component_points"]["bone_lesion"] == expected


def signs_and_case(balls, values):
    """Signs and SINS case of L2 with balls of given attenuation, HU."""
    vertebrae, parts, lesions = scene(balls=balls)
    image = np.where(vertebrae.array > 0, BONE_HU, -80.0)
    voxels = np.argwhere(lesions.array > 0)
    heads = (lesions.world(voxels.astype(float)) @ np.array([0.0, 0.0, 1.0])) > 0.0
    image[tuple(voxels.T)] = np.where(heads, *values)
    image = image + np.random.default_rng(0).normal(0, SPREAD_HU, image.shape)
    ct = Series("ct", vertebrae.with_array(image.astype(np.float32)))
    masks = {"vertebrae": vertebrae, "subregions": parts, "lesions": lesions}
    (own,) = (one for one in examine(Study((ct,)), masks=masks).report.vertebrae if one.level is Level.L2)
    return own.signs, own.sins_case


def test_half_of_a_lesion_destroyed_and_half_dense_is_mixed_whatever_the_label():
    signs, case = signs_and_case([((0.0, 20.0, 0.0), 9.0, LesionLabel.LYTIC)], (40.0, 900.0))
    layer = 3 / (4 * 9.0)  # the millimetre between the halves, of a ball of 9 mm, may count as either
    assert signs["lesion_lytic_share"].value == pytest.approx(0.5, abs=layer)
    assert signs["lesion_blastic_share"].value == pytest.approx(0.5, abs=layer)
    assert case["lesion_quality"] == "not_assessable"


def test_a_lesion_behind_the_body_has_no_bone_inside_it_to_ask():
    signs, case = signs_and_case([((0.0, -20.0, 0.0), 5.0, LesionLabel.LYTIC)], (900.0, 900.0))
    assert signs["lesion_lytic_share"].code is Reason.TOO_SMALL
    assert signs["lesion_blastic_share"].code is Reason.TOO_SMALL
    assert case["lesion_quality"] == "lytic"


def test_a_pedicle_is_broken_where_three_tenths_of_its_ring_are_missing_and_not_where_nobody_measured_it():
    """`clinical.md` §1.1, CT1."""
    unknown = NotAssessed(Reason.MISSING_SEQUENCE, "no CT")
    rings = {
        RING + "left": Measured(0.3, "1", 0.2, 0.4, "typed"),
        RING + "right": Measured(0.29, "1", 0.2, 0.4, "typed"),
    }
    assert broken_pedicles(rings) == {"pedicle_left"}
    assert broken_pedicles({RING + "left": unknown}) == frozenset()
    assert broken_pedicles({}) == frozenset()
