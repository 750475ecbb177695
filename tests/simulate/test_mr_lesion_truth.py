"""Lesions as MR shows them: against what the images of one patient change by."""

from dataclasses import replace

import numpy as np
import pytest

from spinemets.anatomy import LesionLabel
from spinemets.geometry import Grid, resample
from spinemets.simulate.disease_truth import render_lesions
from spinemets.simulate.diseased_patient import diseased
from spinemets.simulate.mr import MrAcquisition, render_mr
from spinemets.simulate.mr_fracture import mr_signs
from spinemets.simulate.mr_lesions import as_mr_shows
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.simulate.tissues import Tissue
from spinemets.volume import Volume

QUIET = MrAcquisition("t1", noise=0.0, coil=0.0, slice_mm=3.0)


@pytest.fixture(name="patient", scope="module")
def _patient():
    """The first patient of whom a tumour takes all marrow of a collapsed body on MR, and which."""
    for seed in range(40):
        ill = diseased(parametric_anatomy(seed, spacing_mm=1.5, field="lumbar"), "metastases", seed)
        for one in ill.fractures:
            if one.cause == FractureClass.METASTATIC.value and mr_signs(one, seed)["t1_diffuse"]:
                return seed, ill, one.level
    raise AssertionError("none of 40 patients")


def body_of(disease, level):
    anatomy = disease.anatomy
    return (anatomy.vertebra == level.verse_id) & (anatomy.tissue == Tissue.VERTEBRAL_BODY)


def test_marrow_that_an_image_shows_as_tumour_is_labelled_and_counted(patient):
    seed, ill, level = patient
    shown, body = as_mr_shows(ill, seed), body_of(ill, level)
    assert (shown.lesions[body] > 0).all()
    assert (ill.lesions[body] > 0).mean() < 1
    kept = ill.lesions > 0
    assert (shown.lesions[kept] == ill.lesions[kept]).all()
    assert not (shown.lesions[~body & ~kept] > 0).any()
    truth = [one for one in shown.lesion_truth if one.level is level]
    labelled = (shown.lesions > 0) & (ill.anatomy.vertebra == level.verse_id)
    assert len(truth) == 1
    assert truth[0].volume_ml == pytest.approx(labelled.sum() * 1.5**3 / 1000, rel=0.02)
    assert truth[0].body_fraction == pytest.approx(1.0, abs=0.05)
    others = [one for one in ill.lesion_truth if one.level is not level]
    assert [one for one in shown.lesion_truth if one.level is not level] == others


def test_what_darkens_in_that_body_on_t1_is_what_is_labelled(patient):
    seed, ill, level = patient
    sound = render_mr(ill.anatomy, seed, QUIET)
    change = render_mr(ill.anatomy, seed, QUIET, ill).array.astype(float) - sound.array
    grid = Grid.of(sound)
    body = resample(Volume(body_of(ill, level).astype(np.float32), ill.anatomy.affine), grid) > 0.99
    dark = body & (change < -10)
    labels = {
        which: render_lesions(one, grid).array > 0 for which, one in (("ct", ill), ("mr", as_mr_shows(ill, seed)))
    }
    assert dark.sum() > 0.7 * body.sum()
    assert labels["mr"][dark].mean() > 0.98
    assert labels["ct"][dark].mean() < labels["mr"][dark].mean()


def test_a_body_that_is_not_dark_throughout_keeps_its_lesions(patient):
    _, ill, level = patient
    (fracture,) = (one for one in ill.fractures if one.level is level)
    other = next(seed for seed in range(100) if not mr_signs(fracture, seed)["t1_diffuse"])
    assert as_mr_shows(replace(ill, fractures=(fracture,)), other).lesions is ill.lesions


def test_oedema_of_an_osteoporotic_fracture_is_no_lesion(patient):
    seed, ill, _ = patient
    brittle = tuple(replace(one, cause=FractureClass.OSTEOPOROTIC.value) for one in ill.fractures)
    assert as_mr_shows(replace(ill, fractures=brittle), seed).lesions is ill.lesions
    assert LesionLabel.LYTIC in ill.lesions
