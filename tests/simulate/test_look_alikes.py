"""Benign findings: in the image, at their place, and never in the lesion mask."""

import numpy as np
import pytest

from spinemets.anatomy import Level, Subregion
from spinemets.simulate.ct_disease import with_disease
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.implants import screws_and_rods
from spinemets.simulate.look_alikes import LOOK_ALIKE_SHARE, LOOK_ALIKES, draw_look_alike
from spinemets.simulate.tissue_values import Phase
from spinemets.simulate.tissues import Tissue

MARROW = 170.0


def drawn(spine, kind, seed=0):
    canvas = DiseaseCanvas(spine)
    truth = draw_look_alike(canvas, Level.L1, kind, np.random.default_rng(seed))
    disease = canvas.finished()
    bone = np.where(disease.anatomy.tissue == Tissue.DISC, 80.0, MARROW).astype(np.float32)
    return disease, truth, with_disease(bone, disease, Phase.NONE)


@pytest.mark.parametrize("kind", LOOK_ALIKES)
def test_a_look_alike_is_drawn_and_is_no_lesion(spine, kind):
    disease, truth, hu = drawn(spine, kind)
    assert not disease.lesions.any()
    assert disease.look_alikes == (truth,)
    assert truth.volume_ml > 0
    changed = (np.abs(hu - MARROW) > 25) & (disease.anatomy.tissue != Tissue.DISC)
    assert changed.any() or kind == "vacuum_disc"
    assert kind in LOOK_ALIKE_SHARE


def test_a_bone_island_is_denser_than_the_cut_off(spine):
    peaks = [drawn(spine, "enostosis", seed)[2].max() for seed in range(6)]
    assert min(peaks) > 885  # Ulano 2016
    assert 950 < np.mean(peaks) < 1700


def test_a_haemangioma_has_dense_columns_in_stroma_darker_than_marrow(spine):
    disease, _, hu = drawn(spine, "haemangioma")
    canvas = DiseaseCanvas(spine)
    axes = canvas.axes[Level.L1]
    inside = disease.deposits[0].share > 0.85
    values = hu[disease.deposits[0].box][inside]
    assert np.percentile(values, 20) < MARROW - 60
    assert np.percentile(values, 99) > MARROW + 50
    # neighbours along the vertebra's own axis are alike, neighbours across it are not
    along = int(np.abs(axes.up).argmax())
    image = hu[disease.deposits[0].box]
    steps = []
    for axis in range(3):
        both = np.take(inside, range(1, inside.shape[axis]), axis) & np.take(
            inside, range(inside.shape[axis] - 1), axis
        )
        steps.append(np.abs(np.diff(image, axis=axis))[both].mean())
    assert steps[along] == min(steps)


def test_disc_presses_into_an_endplate(spine):
    disease, truth, _ = drawn(spine, "schmorl_node")
    body = (spine.vertebra == Level.L1.verse_id) & (spine.subregion == Subregion.BODY)
    node = body & (disease.anatomy.tissue == Tissue.DISC)
    assert node.sum() * 1.5**3 / 1000 == pytest.approx(truth.volume_ml, abs=1e-3)
    assert not disease.anatomy.vertebra[node].any()


def test_gas_stays_in_the_disc(spine):
    disease, _, hu = drawn(spine, "vacuum_disc", 2)
    gas = hu < -200
    assert gas.any()
    assert set(np.unique(disease.anatomy.tissue[gas])) == {Tissue.DISC}


def test_discitis_takes_both_endplates_and_degeneration_hardens_both(spine):
    infected, _, _ = drawn(spine, "discitis")
    worn, _, hu = drawn(spine, "degenerative")
    for level in (Level.L1, Level.L2):
        body = (spine.vertebra == level.verse_id) & (spine.subregion == Subregion.BODY)
        assert (infected.anatomy.tissue[body] == Tissue.DISC).any()
        assert (hu[body] > MARROW + 80).any()
    assert (worn.anatomy.vertebra == Level.L1.verse_id).sum() >= (spine.vertebra == Level.L1.verse_id).sum()


def test_screws_run_through_both_pedicles(spine):
    canvas = DiseaseCanvas(spine)
    volume = screws_and_rods(canvas, (Level.L1, Level.L2))
    hu = with_disease(np.zeros(spine.tissue.shape, np.float32), canvas.finished(), Phase.NONE)
    # four screws of about 45 mm and 6 mm across, two rods of about 35 mm
    assert volume == pytest.approx(4 * 45 * np.pi * 2.95**2 / 1000 + 2 * 35 * np.pi * 2.75**2 / 1000, rel=0.35)
    for side in (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT):
        for level in (Level.L1, Level.L2):
            assert hu[(spine.vertebra == level.verse_id) & (spine.subregion == side)].max() > 2500
    assert hu[spine.tissue == Tissue.CORD].max() < 500


def test_an_unknown_look_alike_and_a_vertebra_without_pedicles_are_refused(spine):
    canvas = DiseaseCanvas(spine)
    with pytest.raises(ValueError, match="no look-alike 'wart'"):
        draw_look_alike(canvas, Level.L1, "wart", np.random.default_rng(0))
    canvas.regions[:] = np.where(np.isin(canvas.regions, (2, 3)), 1, canvas.regions)
    with pytest.raises(ValueError, match="L1 shows no pedicle_left"):
        screws_and_rods(canvas, (Level.L1,))
