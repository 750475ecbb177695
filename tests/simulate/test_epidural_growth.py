"""The true measures of a deformation against the same anatomy painted finely and measured by brute force."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from spinemets.geometry import Grid
from spinemets.simulate import epidural_growth
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_growth import GRADES, Growth, grown_case, rises
from spinemets.simulate.epidural_masks import epidural_masks

STEP = 0.1
THORACIC = EpiduralCase(
    sac_mm=(14.3, 12.6), cord_mm=(7.7, 5.8), cord_at_mm=(0.0, 1.0), canal_mm=(8.75, 8.0, 0.6), length_mm=0.0
)
CERVICAL = EpiduralCase(sac_mm=(20.0, 12.8), cord_mm=(12.6, 7.5), canal_mm=(12.5, 8.7, 0.7), length_mm=0.0)
OBLIQUE = replace(
    THORACIC, direction=(0.6, 0.8), indentation_mm=4.6, flattening=0.25, shift_mm=0.5, film_mm=0.15, length_mm=24.0
)
CURTAIN = replace(
    CERVICAL, indentation_mm=2.6, lobe_deg=35.0, half_angle_deg=30.0, plateau=0.3, film_mm=0.2, ripple=(0.2, 5, 0.3),
    length_mm=24.0,
)  # fmt: skip
ALL_ROUND = replace(THORACIC, half_angle_deg=180.0, indentation_mm=5.0, flattening=0.2, film_mm=0.05, length_mm=24.0)
CASES = {"oblique": OBLIQUE, "curtain": CURTAIN, "all round": ALL_ROUND}


def painted(case):
    size = int(32 / STEP)
    affine = np.diag([STEP, STEP, 1.0, 1.0])
    affine[:2, 3] = -STEP * (size - 1) / 2
    masks = epidural_masks(case, Grid((size, size, 1), affine), centre_mm=np.zeros(3), axes=np.eye(3))
    return {name: mask[:, :, 0] > 0 for name, mask in masks.items()}


@pytest.fixture(scope="module", params=CASES)
def pair(request):
    return CASES[request.param], painted(CASES[request.param])


def edge(mask):
    return np.argwhere(mask & ~ndimage.binary_erosion(mask)) * STEP


def test_the_gap_is_that_between_the_painted_masks(pair):
    case, masks = pair
    brute = cdist(edge(masks["tumour"]), edge(masks["cord"])).min()
    assert case.gap_mm == pytest.approx(max(brute - STEP, 0.0), abs=1.5 * STEP)


def test_the_loss_of_the_sac_is_that_of_its_painted_area(pair):
    case, masks = pair
    whole = np.pi / 4 * np.prod(case.sac_mm)
    assert case.sac_loss == pytest.approx(1 - masks["sac"].sum() * STEP**2 / whole, abs=0.01)


def test_the_area_of_the_tumour_is_that_painted(pair):
    case, masks = pair
    assert case.tumour_mm2 == pytest.approx(masks["tumour"].sum() * STEP**2, rel=0.04)


def test_the_cord_loses_area_and_moves_as_it_is_told_in_any_direction(pair):
    case, masks = pair
    area = np.pi / 4 * np.prod(case.cord_mm) * (1 - case.flattening)
    assert masks["cord"].sum() * STEP**2 == pytest.approx(area, rel=0.01)
    middle = (np.argwhere(masks["cord"]).mean(axis=0) - (np.array(masks["cord"].shape) - 1) / 2) * STEP
    assert middle == pytest.approx(np.array(case.cord_at_mm) - case.shift_mm * np.array(case.direction), abs=0.05)


def test_the_ring_round_the_cord_holds_as_much_csf_as_painted(pair):
    case, masks = pair
    outside = ndimage.distance_transform_edt(~masks["cord"]) * STEP
    ring = (outside > 0) & (outside <= 1.0)
    assert case.csf_ring == pytest.approx(masks["sac"][ring].mean(), abs=0.06)


def test_tumour_reaches_no_deeper_than_the_cord_round_which_the_sac_wraps(pair):
    case, masks = pair
    assert not (masks["tumour"] & masks["sac"]).any()
    assert case.depth_mm <= case.indentation_mm + 0.1
    undeformed = painted(replace(case, length_mm=0.0, indentation_mm=0.0, flattening=0.0, shift_mm=0.0))["sac"]
    depth = ndimage.distance_transform_edt(undeformed)[masks["tumour"]].max() * STEP
    assert case.depth_mm == pytest.approx(depth, abs=0.35)


@pytest.mark.parametrize("site", [THORACIC, CERVICAL], ids=["thoracic", "cervical"])
@pytest.mark.parametrize("grade", GRADES)
def test_tumour_of_every_grade_grows_in_either_region(site, grade):
    case, _ = grown_case(np.random.default_rng(4), site, grade)
    assert case.grade == grade
    assert case.is_enough


def test_a_case_near_the_edge_of_its_grade_is_a_small_push_away_from_another():
    case, _ = grown_case(np.random.default_rng(5), THORACIC, "1b", near_edge=True)
    moved = {replace(case, indentation_mm=max(case.indentation_mm + step, 0.0)).grade for step in (-0.1, 0.0, 0.1)}
    assert len(moved) > 1


def test_the_grade_never_falls_while_a_tumour_grows():
    start = replace(THORACIC, half_angle_deg=60.0, plateau=0.3, film_mm=0.1, length_mm=24.0)
    assert rises(Growth(start, 0.4, 0.4))
    assert Growth(start, 0.4, 0.4).at(0.0).grade == "1a"


def test_a_grade_that_no_tumour_has_is_refused():
    with pytest.raises(ValueError, match="not '0'"):
        grown_case(np.random.default_rng(0), THORACIC, "0")


def test_a_cord_without_csf_round_it_leaves_no_way_to_grade_1b(monkeypatch):
    monkeypatch.setattr(epidural_growth, "TRIES", 2)
    tight = replace(THORACIC, cord_mm=(14.2, 12.5), cord_at_mm=(0.0, 0.0))
    with pytest.raises(ValueError, match="reaches grade 1b"):
        grown_case(np.random.default_rng(0), tight, "1b")
