"""Lesions counted and measured on the labels and the image, against what was asked for."""

from collections import Counter

import numpy as np
import pytest

from spinemets.anatomy import PRESACRAL_LEVELS, LesionLabel, Level, Region, Subregion
from spinemets.measure.lesion_pieces import type_of
from spinemets.simulate.ct import render_ct
from spinemets.simulate.ct_acquisition import CtAcquisition
from spinemets.simulate.ct_disease import with_disease
from spinemets.simulate.disease import Deposit, Disease
from spinemets.simulate.disease_canvas import EPIDURAL, PARAVERTEBRAL, DiseaseCanvas
from spinemets.simulate.irregular import grown
from spinemets.simulate.lesion import draw_lesion
from spinemets.simulate.lesion_plan import LesionPlan, random_level, random_plan
from spinemets.simulate.tissue_values import Phase
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.tumour_spread import Spread

QUIET = CtAcquisition(spacing_mm=(1.5, 1.5, 1.5), noise_hu=0.0, age=50.0)


@pytest.fixture(scope="module")
def healthy(spine):
    return render_ct(spine, 3, QUIET).array


def drawn(spine, plan, seed=0, spreads=()):
    canvas = DiseaseCanvas(spine)
    truth = draw_lesion(canvas, plan, np.random.default_rng(seed), spreads)
    return canvas.finished(), truth


@pytest.mark.parametrize(
    ("place", "type_", "pattern", "volume"),
    [
        ("body", "lytic", "geographic", 0.3),
        ("body", "lytic", "moth_eaten", 6.0),
        ("pedicle_left", "lytic", "permeative", 1.5),
        ("spinous_process", "blastic", "nodular", 1.0),
        ("body", "mixed", "mixed", 5.0),
    ],
)
def test_a_lesion_has_the_volume_asked_for_and_lies_in_its_part(spine, place, type_, pattern, volume):
    disease, truth = drawn(spine, LesionPlan(Level.L1, place, type_, pattern, volume, cortex_broken=False))
    labels = disease.lesions
    assert (labels > 0).sum() * 1.5**3 / 1000 == pytest.approx(volume, rel=0.1)
    assert truth.volume_ml == pytest.approx((labels > 0).sum() * 1.5**3 / 1000, abs=1e-3)
    assert set(spine.vertebra[labels > 0]) == {Level.L1.verse_id}
    assert truth.regions[place] > 0
    assert truth.type == type_ == type_of(labels[labels > 0]).value


def test_the_share_of_each_part_is_counted_on_its_side(spine):
    disease, truth = drawn(spine, LesionPlan(Level.L1, "pedicle_left", "lytic", "geographic", 2.0, cortex_broken=True))
    pedicle = (spine.subregion == Subregion.PEDICLE_LEFT) & (spine.vertebra == Level.L1.verse_id)
    assert truth.regions["pedicle_left"] == pytest.approx((disease.lesions[pedicle] > 0).mean(), abs=0.05)
    assert "pedicle_right" not in truth.regions
    right = (spine.subregion == Subregion.PEDICLE_RIGHT) & (spine.vertebra == Level.L1.verse_id)
    assert not disease.lesions[right].any()


def test_destroyed_bone_has_the_number_of_tumour(spine, healthy):
    plan = LesionPlan(Level.L1, "body", "lytic", "geographic", 8.0, cortex_broken=True)
    disease, _ = drawn(spine, plan)
    image = render_ct(disease.anatomy, 3, QUIET, disease).array
    core = disease.lesions == LesionLabel.LYTIC
    assert 25 < np.median(image[core]) < 95
    assert np.median(image[core]) < np.median(healthy[core]) - 40
    assert (image[spine.vertebra == Level.L3.verse_id] == healthy[spine.vertebra == Level.L3.verse_id]).all()


def test_blastic_lesions_have_the_published_number(spine):
    means = []
    for seed in range(8):
        plan = LesionPlan(Level.L1, "body", "blastic", "nodular", 6.0, cortex_broken=False)
        disease, _ = drawn(spine, plan, seed)
        hu = with_disease(np.full(spine.tissue.shape, 180.0, np.float32), disease, Phase.NONE)
        means.append(hu[disease.lesions > 0].mean())
    # Ulano 2016: 654 +- 176; the soft edge takes some of it
    assert 654 - 176 < np.mean(means) < 654 + 100
    assert np.std(means) > 60


def test_an_intact_cortex_stays_and_a_broken_one_goes(spine, healthy):
    body = (spine.vertebra == Level.L1.verse_id) & (spine.subregion == Subregion.BODY)
    left = {}
    for broken in (False, True):
        plan = LesionPlan(Level.L1, "body", "lytic", "geographic", 14.0, cortex_broken=broken)
        disease, _ = drawn(spine, plan)
        image = render_ct(disease.anatomy, 3, QUIET, disease).array
        shell = body & (disease.lesions > 0) & (healthy > 300)
        left[broken] = (image[shell] > 220).mean()
    assert left[False] > 0.6
    assert left[True] < 0.35


@pytest.mark.parametrize("where", [EPIDURAL, PARAVERTEBRAL])
def test_tumour_outside_the_bone_takes_only_what_yields(spine, where):
    plan = LesionPlan(Level.L1, "body", "lytic", "geographic", 14.0, cortex_broken=True)
    disease, truth = drawn(spine, plan, 1, (Spread(where, 1.0),))
    volume = (disease.soft_tissue == where).sum() * 1.5**3 / 1000
    assert 0.4 < volume < 1.1  # less than asked for where a vessel or disc cuts a part off
    assert (truth.epidural_ml if where == EPIDURAL else truth.paravertebral_ml) == pytest.approx(volume, abs=1e-3)
    taken = set(np.unique(spine.tissue[disease.soft_tissue > 0]))
    assert not taken & {Tissue.CORD, Tissue.DISC, Tissue.VERTEBRAL_BODY, Tissue.POSTERIOR_ELEMENTS, Tissue.ARTERY}


def test_a_healthy_patient_is_the_same_to_the_byte(spine, healthy):
    assert (render_ct(spine, 3, QUIET, None).array == healthy).all()
    canvas = DiseaseCanvas(spine)
    nothing = canvas.finished()
    assert (render_ct(nothing.anatomy, 3, QUIET, nothing).array == healthy).all()


def test_levels_follow_the_review():
    rng = np.random.default_rng(0)
    regions = Counter(random_level(PRESACRAL_LEVELS, rng).region for _ in range(3000))
    # the sacral 3 % have no level here
    assert regions[Region.THORACIC] / 3000 == pytest.approx(0.70 / 0.97, abs=0.03)
    assert regions[Region.LUMBAR] / 3000 == pytest.approx(0.20 / 0.97, abs=0.03)


def test_plans_are_possible_and_as_varied_as_life():
    rng = np.random.default_rng(1)
    plans = [random_plan(Level.T8, rng) for _ in range(400)]
    assert {plan.type for plan in plans} == {"lytic", "blastic", "mixed"}
    assert min(plan.volume_ml for plan in plans) == 0.3
    places = Counter(plan.place for plan in plans)
    assert places["body"] > 240
    assert min(places["pedicle_left"], places["pedicle_right"]) > 5
    assert random_plan(Level.T8, rng, "blastic").type == "blastic"


def test_what_cannot_be_is_refused(spine):
    with pytest.raises(ValueError, match="no ivory pattern of a lytic lesion"):
        LesionPlan(Level.L1, "body", "lytic", "ivory", 1.0, cortex_broken=False)
    with pytest.raises(ValueError, match=r"at least 0\.3 ml, got 0\.1"):
        LesionPlan(Level.L1, "body", "lytic", "geographic", 0.1, cortex_broken=False)
    with pytest.raises(ValueError, match="no whole vertebra"):
        random_level((), np.random.default_rng(0))
    canvas = DiseaseCanvas(spine)
    with pytest.raises(ValueError, match="no axes of C3"):
        canvas.site(Level.C3)
    plan = LesionPlan(Level.L1, "tail", "lytic", "geographic", 1.0, cortex_broken=False)
    with pytest.raises(ValueError, match="L1 shows no tail"):
        draw_lesion(canvas, plan, np.random.default_rng(0))
    site = canvas.site(Level.L1)
    with pytest.raises(ValueError, match="no room for 1 ml among 0 voxels"):
        grown(site, np.zeros(3), np.zeros(site.bone.shape, bool), 1.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"\[0, 1\], got 0 to 2"):
        Deposit(site.box, np.full((2, 2, 2), 2.0, np.float32), 50.0)
    with pytest.raises(ValueError, match="not the anatomy of the disease"):
        render_ct(spine, 0, QUIET, canvas.finished())
    with pytest.raises(ValueError, match=r"\(2, 2, 2\) voxels"):
        with_disease(np.zeros((2, 2, 2), np.float32), Disease(spine), Phase.NONE)
