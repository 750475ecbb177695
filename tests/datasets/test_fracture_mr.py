"""Simulated fractures measured on MR: as a report on the same study has them, with lesions and without."""

import numpy as np
import pytest

from spinemets.datasets import fracture_mr
from spinemets.datasets.fracture_measurements import FIRST_SEED
from spinemets.datasets.fracture_mr import measured_levels, measured_mr_fracture, measured_mr_fractures, protocol
from spinemets.errors import StudyError
from spinemets.fracture_features import feature_row
from spinemets.geometry import Grid
from spinemets.inference.models import Models
from spinemets.measure.height_reference import height_losses
from spinemets.pipeline import examine
from spinemets.simulate.disease_truth import render_lesions
from spinemets.simulate.fracture_case import fracture_case
from spinemets.simulate.masks import render_masks
from spinemets.simulate.mr import random_mr_acquisition, render_mr
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.volume import Series, Study

SHOWN = ("t1", "t2", "stir", "in_phase", "out_phase", "t1_gd")


@pytest.fixture(scope="module")
def case():
    return fracture_case(11, FractureClass.METASTATIC, 2.0)


@pytest.fixture(scope="module")
def found(case):
    return measured_levels(case, SHOWN)


@pytest.mark.slow
def test_the_row_is_that_of_a_report_on_the_same_study(case, found, monkeypatch):
    monkeypatch.setattr(Models, "lesion_mr", None)  # the second row is of a study in which nobody looks for lesions
    disease = case.disease
    images = {role: render_mr(disease.anatomy, 11, random_mr_acquisition(11, role), disease) for role in SHOWN}
    grid = Grid.of(images["t1"])
    drawn = render_masks(disease.anatomy, grid)
    masks = {"vertebrae": drawn.vertebrae, "subregions": drawn.subregions, "lesions": render_lesions(disease, grid)}
    for given, own in zip((masks, {n: masks[n] for n in ("vertebrae", "subregions")}), found, strict=True):
        study = Study(tuple(Series(role, image, role) for role, image in images.items()))
        document = examine(study, masks=given).report.to_json_dict()
        (level,) = (one for one in document["vertebrae"] if one["level"] == str(case.truth.level))
        assert feature_row(own) == feature_row(level)


@pytest.mark.slow
def test_mr_tells_height_wall_and_marrow_and_no_density(case, found):
    row, bare = map(feature_row, found)
    told = ("height_loss_max", "wall_depth", "t1_dark_share", "fluid_volume", "phase_drop", "enhancement_ratio")
    assert all(row[name] is not None and bare[name] is not None for name in told)
    assert row["cortex_missing"] is row["lytic_share"] is row["adc"] is None
    assert row["height_loss_max"] == pytest.approx(max(case.truth.losses.values()) + abs(case.truth.tilt), abs=0.25)
    assert row["lesion_body_share"] > 0
    assert bare["lesion_body_share"] is None


def test_a_patient_has_t1_t2_and_stir_and_the_others_about_every_second_time():
    every = [protocol(seed) for seed in range(400)]
    assert all(one[:3] == ("t1", "t2", "stir") for one in every)
    assert protocol(3) == protocol(3)
    for role, partner in (("in_phase", "out_phase"), ("adc", "dwi_b0"), ("t1_gd", "t1")):
        assert np.mean([role in one for one in every]) == pytest.approx(0.5, abs=0.1)
        assert all(partner in one for one in every if role in one)


def test_what_is_kept_has_the_signs_that_were_drawn_for_either_modality(case, monkeypatch, tmp_path):
    monkeypatch.setattr(fracture_mr, "fracture_case", lambda *_: case)
    monkeypatch.setattr(fracture_mr, "measured_levels", lambda *_: (None, None))
    (kept,) = measured_mr_fractures(tmp_path, "test", 1)
    assert kept["seed"] == FIRST_SEED["test"]
    assert {"t1_diffuse", "cortex_destroyed", "high_adc", "posterior_wall_bulge_mr"} <= set(kept["signs"])
    assert kept["signs"]["posterior_wall_bulge_mr"] == kept["signs"]["posterior_wall_bulge"]
    assert (kept["measured"], kept["bare"]) == (None, None)
    assert next(tmp_path.iterdir()).name.startswith("fracture_mr-")


@pytest.mark.slow
def test_without_a_loss_of_height_or_with_masks_that_are_refused_there_is_no_row(case, monkeypatch):
    monkeypatch.setattr("spinemets.vertebra_assessment.height_losses", lambda heights, **_: height_losses({}))
    assert measured_levels(case, ("t1",)) == (None, None)

    def refused(*_, **__):
        raise StudyError("L4 is in the vertebra mask twice")

    monkeypatch.setattr(fracture_mr, "assess_vertebrae", refused)
    assert measured_levels(case, ("t1",)) == (None, None)
    monkeypatch.setattr(fracture_mr, "fracture_case", lambda *_: case)
    assert measured_mr_fracture(FIRST_SEED["test"])["measured"] is None
