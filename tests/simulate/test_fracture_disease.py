"""Fractures: what was drawn from the table, and that it is there on the labels and the image."""

from dataclasses import replace

import numpy as np
import pytest

from spinemets.anatomy import Level, Subregion
from spinemets.geometry import Grid
from spinemets.simulate.ct_disease import with_disease
from spinemets.simulate.disease import FractureTruth
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.disease_truth import render_lesions, vertebra_truth
from spinemets.simulate.diseased_patient import diseased
from spinemets.simulate.fracture_disease import collapse_levels, draw_fracture
from spinemets.simulate.fracture_signs_drawn import EXCLUSIVE, drawn_signs, on_ct
from spinemets.simulate.sign_frequencies import SIGN_FREQUENCIES, FractureClass
from spinemets.simulate.tissue_values import Phase
from spinemets.simulate.tissues import Tissue

MARROW = 90.0


def fractured(spine, cause, **signs):
    """L1 collapsed with the named signs and no other."""
    canvas = DiseaseCanvas(spine)
    rng = np.random.default_rng(5)
    collapse_levels(canvas, {Level.L1: cause}, rng)
    drawn = canvas.fractures[0]
    only = {name: signs.get(name, False) for name in drawn.signs}
    canvas.fractures[0] = FractureTruth(drawn.level, drawn.cause, drawn.losses, drawn.tilt, only)
    draw_fracture(canvas, canvas.fractures[0], rng)
    disease = canvas.finished()
    hu = with_disease(np.full(spine.tissue.shape, MARROW, np.float32), disease, Phase.NONE)
    body = (disease.anatomy.vertebra == Level.L1.verse_id) & (disease.anatomy.subregion == Subregion.BODY)
    return disease, hu, body


@pytest.mark.parametrize("cause", FractureClass)
def test_signs_are_as_frequent_as_the_table_says(cause):
    rng = np.random.default_rng(0)
    draws = [drawn_signs(cause, rng) for _ in range(3000)]
    paired = {name for pair in EXCLUSIVE for name in pair}
    for name in on_ct():
        share = np.mean([signs[name] for signs in draws])
        expected = SIGN_FREQUENCIES[name].of(cause)
        if name in paired and SIGN_FREQUENCIES[name].favours is not cause:
            assert 0.0 < share < expected  # gives way to its partner
        else:
            assert share == pytest.approx(expected, abs=0.03)
    assert not any(all(signs[name] for name in pair) for signs in draws for pair in EXCLUSIVE)


def test_an_osteoporotic_fracture_has_its_band_cleft_and_blood_and_no_lesion(spine):
    disease, hu, body = fractured(
        spine, FractureClass.OSTEOPOROTIC, vacuum_cleft=True, lamellar_haematoma=True, fracture_line=True
    )
    assert not disease.lesions.any()
    before = (spine.vertebra == Level.L1.verse_id) & (spine.subregion == Subregion.BODY)
    assert body.sum() < 0.95 * before.sum()
    assert (hu[body] > MARROW + 60).any()
    assert (hu[body] < 30).any()
    soft = np.isin(disease.anatomy.tissue, (Tissue.FAT, Tissue.MUSCLE))
    assert (hu[soft] < MARROW - 10).sum() * 1.5**3 / 1000 > 2.0


def test_a_corner_stands_in_the_canal_after_retropulsion_and_the_middle_after_a_bulge(spine):
    height = {}
    for sign in ("retropulsion", "posterior_wall_bulge"):
        disease, _, body = fractured(spine, FractureClass.OSTEOPOROTIC, **{sign: True})
        plain, _, _ = fractured(spine, FractureClass.OSTEOPOROTIC)
        added = body & (plain.anatomy.vertebra == 0)
        assert added.any()
        assert set(np.unique(spine.tissue[added])) <= {
            Tissue.EPIDURAL_FAT, Tissue.CSF, Tissue.FAT, Tissue.MUSCLE,  # the ligament on the bone is drawn as muscle
        }  # fmt: skip
        assert (disease.anatomy.tissue == Tissue.CORD).sum() == (spine.tissue == Tissue.CORD).sum()
        axes = DiseaseCanvas(plain.anatomy).axes[Level.L1]
        world = np.argwhere(added) @ spine.affine[:3, :3].T + spine.affine[:3, 3]
        height[sign] = axes.coordinates(world)[:, 2].mean()
    assert height["retropulsion"] > height["posterior_wall_bulge"] + 2.0


def test_a_metastatic_fracture_destroys_body_and_pedicle_and_leaves_the_bone(spine):
    disease, _, body = fractured(
        spine,
        FractureClass.METASTATIC,
        cancellous_bone_destroyed=True,
        cortex_destroyed=True,
        pedicle_destroyed=True,
        paravertebral_mass=True,
    )
    assert (disease.lesions[body] > 0).mean() > 0.4
    pedicles = [disease.anatomy.subregion == part for part in (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT)]
    own = disease.anatomy.vertebra == Level.L1.verse_id
    assert max((disease.lesions[part & own] > 0).mean() for part in pedicles) > 0.3
    assert (disease.soft_tissue > 0).sum() * 1.5**3 / 1000 > 1.0
    assert sum(one.volume_ml for one in disease.lesion_truth) == pytest.approx(
        (disease.lesions > 0).sum() * 1.5**3 / 1000, rel=0.02
    )


def test_every_other_osteoporotic_sign_changes_the_image(spine):
    plain = fractured(spine, FractureClass.OSTEOPOROTIC)[1]
    for sign in (
        "jigsaw", "cortex_destroyed", "cancellous_bone_destroyed", "pedicle_destroyed", "epidural_mass",
        "paravertebral_mass",
    ):  # fmt: skip
        assert (np.abs(fractured(spine, FractureClass.OSTEOPOROTIC, **{sign: True})[1] - plain) > 5).any(), sign


@pytest.mark.parametrize("kind", ["metastases", "osteoporosis", "mixed"])
def test_a_patient_is_the_same_for_the_same_seed_and_its_truth_agrees_with_its_labels(spine, kind):
    first, second = diseased(spine, kind, 6), diseased(spine, kind, 6)
    assert first.record() == second.record()
    assert (first.lesions == second.lesions).all()
    assert {one.level.verse_id for one in first.lesion_truth} == set(first.anatomy.vertebra[first.lesions > 0])
    if kind == "metastases":
        assert first.lesion_truth
    if kind != "metastases":
        assert any(one.cause == "osteoporotic" for one in first.fractures)
        assert first.least_age > 70
    findings = {one.level: one for one in vertebra_truth(first, tuple(first.anatomy.centres_mm))}
    for one in first.fractures:
        assert findings[one.level].height_loss["max"].value == max(one.losses.values())
    grid = Grid(spine.tissue.shape, spine.affine)
    assert (render_lesions(first, grid).array == first.lesions).all()


def test_an_unknown_disease_and_a_field_without_a_whole_vertebra_are_refused(spine):
    with pytest.raises(ValueError, match="no disease 'gout'"):
        diseased(spine, "gout", 0)

    thin = replace(spine, **{name: getattr(spine, name)[:, :, 30:40] for name in ("tissue", "vertebra", "subregion")})
    with pytest.raises(ValueError, match="no whole vertebra"):
        diseased(thin, "mixed", 0)
