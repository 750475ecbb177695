"""A simulated axial T2 against what the grader makes of its masks, and against its own signal."""

import json
from dataclasses import replace
from itertools import pairwise

import nibabel
import numpy as np
import pytest

import spinemets.simulate_command as command
from spinemets.anatomy import Level
from spinemets.errors import SpinemetsError
from spinemets.escc_assessment import assess_escc
from spinemets.escc_masks import EsccMasks
from spinemets.formats.study import read_study
from spinemets.simulate import axial_t2
from spinemets.simulate.axial_piece import spine_piece
from spinemets.simulate.axial_plan import ALL_GRADES, random_level, random_plan
from spinemets.simulate.axial_scan import AxialScan
from spinemets.simulate.axial_t2 import axial_case, axial_cases, without_tumour
from spinemets.simulate.axial_truth import escc_truth, nearest_level, parameters
from spinemets.simulate.epidural_growth import NoRoomError
from spinemets.simulate.subject import random_subject

SCAN = AxialScan(pixel_mm=0.5, slice_mm=3.0, tilt_deg=(6.0, -3.0), noise=0.01, bias=0.0, void=0.0)


@pytest.fixture(scope="module")
def case():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(axial_t2, "HALF_MM", (20.0, 20.0, 44.0))
        yield axial_case(200_005, "2", level=Level.T8, scan=SCAN)


def test_the_grader_finds_the_true_grade_in_the_true_masks(case):
    truth = escc_truth(case)
    masks = EsccMasks(case.masks["cord"], case.masks["sac"], case.masks["epidural"])
    answer = assess_escc(masks, bone_metastasis="yes")
    assert truth["grade"] == "2"
    assert "2" in answer["possible_grades"]
    rows = {row["index"]: row for row in answer["slices"]}
    worst = next(row for row in truth["slices"] if row["index"] == truth["slice"])
    assert rows[truth["slice"]]["cord_area_loss"] == pytest.approx(worst["cord_area_loss"], abs=0.06)
    assert rows[truth["slice"]]["epidural_area_mm2"] == pytest.approx(worst["epidural_area_mm2"], rel=0.15)


def test_the_scan_without_tumour_is_the_same_but_where_the_tumour_and_what_it_moves_lie(case, monkeypatch):
    monkeypatch.setattr(axial_t2, "HALF_MM", (20.0, 20.0, 44.0))
    healthy = without_tumour(case)
    change = np.abs(healthy.array.astype(int) - case.image.array)
    tumour = case.masks["epidural"].array > 0
    heights = case.heights_mm()
    away = np.abs(heights - case.plan.tumour.up_mm) > case.plan.tumour.case.length_mm / 2 + 6.0
    assert away.sum() > 4
    assert np.mean(change[:, :, away] > 1) < 0.01  # the tumour of the bone ends elsewhere
    assert change[(case.masks["sac"].array > 0) & away].max() <= 1  # rounding
    assert change[tumour].mean() > 50
    free = axial_case(200_005, "0", level=Level.T8, scan=SCAN)
    assert np.abs(without_tumour(free).array.astype(int) - free.image.array).max() <= 1


def test_csf_is_brighter_than_the_cord_in_the_places_of_the_masks(case):
    sac, cord = case.masks["sac"].array > 0, case.masks["cord"].array > 0
    image = case.image.array
    assert np.median(image[sac & ~cord]) > 1.5 * np.median(image[cord])
    assert case.image.spacing_mm == pytest.approx([0.5, 0.5, 3.0])


def test_masks_are_on_the_grid_of_the_image_and_do_not_overlap(case):
    for mask in case.masks.values():
        assert np.array_equal(mask.affine, case.image.affine)
    assert not (case.masks["epidural"].array & case.masks["sac"].array).any()
    assert not (case.masks["cord"].array & ~case.masks["sac"].array).any()


def test_the_level_of_the_truth_is_that_of_the_nearest_body(case):
    assert escc_truth(case)["level"] == "T8"
    heights = sorted(case.piece.centres.items(), key=lambda pair: -pair[1])
    assert [level for level, _ in heights] == sorted(case.piece.centres, key=lambda level: level.order)
    assert nearest_level(case.piece, heights[0][1]) is heights[0][0]


def test_what_the_command_writes_can_be_read_as_a_study(case, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "axial_case", lambda seed: case)
    options = {"cases": 1, "seed": 200_005, "modality": "axial_t2", "dicom": True, "field": "random"}
    (folder,) = command.run_simulate(tmp_path, **options)
    document = json.loads((folder / "truth.json").read_text())
    assert document["escc"][0]["grade"] == "2"
    assert document["provenance"]["pressers"][0]["indentation_mm"] == parameters(case)["pressers"][0]["indentation_mm"]
    cord = nibabel.load(folder / "cord.nii.gz")
    assert np.array_equal(np.asarray(cord.dataobj), case.masks["cord"].array)
    (series,) = read_study([str(folder / "dicom")]).series
    assert series.role == "t2_axial"
    assert series.volume.array.max() == case.image.array.max()
    again = tmp_path / "again"
    (second,) = command.run_simulate(again, **options)
    for name in ("t2_axial.nii.gz", "sac.nii.gz", "truth.json"):
        assert (folder / name).read_bytes() == (second / name).read_bytes()


def test_a_modality_that_cannot_be_simulated_is_refused(tmp_path):
    with pytest.raises(SpinemetsError, match="this version has ct, mr, axial_t2"):
        command.run_simulate(tmp_path, cases=1, seed=1, modality="us", dicom=False, field="random")


@pytest.mark.parametrize("changes", [{"field": "chest"}, {"disease": "metastases"}])
def test_options_of_a_ct_are_refused_for_an_axial_t2(tmp_path, changes):
    options = {"cases": 1, "seed": 1, "modality": "axial_t2", "dicom": False, "field": "random"} | changes
    with pytest.raises(SpinemetsError, match="leave --field and --disease out"):
        command.run_simulate(tmp_path, **options)


def test_a_patient_in_whose_canal_no_tumour_of_the_grade_fits_is_named(tmp_path, monkeypatch):
    def narrow(seed):
        raise NoRoomError("no growth reaches grade 1b")

    monkeypatch.setattr(command, "axial_case", narrow)
    with pytest.raises(SpinemetsError, match="patient 206236 has no axial T2: no growth reaches grade 1b"):
        command.run_simulate(tmp_path, cases=1, seed=206236, modality="axial_t2", dicom=False, field="random")


def test_a_grade_that_does_not_exist_is_refused(case):
    with pytest.raises(ValueError, match="got '4'"):
        random_plan(case.piece, 1, "4")


@pytest.mark.parametrize("grade", ALL_GRADES)
def test_a_plan_has_the_grade_that_was_asked_for(case, grade):
    plan = random_plan(case.piece, 11, grade)
    assert (plan.tumour.case.grade if plan.tumour else "0") == grade
    heights = sorted((one.up_mm - one.case.length_mm / 2, one.up_mm + one.case.length_mm / 2) for one in plan.pressers)
    assert all(first[1] <= second[0] for first, second in pairwise(heights))


@pytest.mark.parametrize("draw", range(3))
def test_at_the_tip_of_the_conus_a_tumour_deforms_the_sac_alone(draw):
    piece = spine_piece(7, random_level(7), (20.0, 20.0, 44.0))  # its cord ends in the middle of L1
    plan = random_plan(piece, 7, "3", draw)
    assert plan.tumour.case.cord_mm[1] < 3.0
    assert plan.tumour.case.grade == "1b"


def test_the_level_is_one_that_the_patient_has_and_most_are_thoracic():
    levels = [random_level(seed) for seed in range(60)]
    assert all(level in random_subject(seed).levels for seed, level in enumerate(levels))
    assert sum(level.value[0] == "T" for level in levels) > 25


def test_the_same_patient_lies_in_every_scan(case, monkeypatch):
    monkeypatch.setattr(axial_t2, "HALF_MM", (20.0, 20.0, 44.0))
    again, coarse = axial_cases(200_005, "2", [SCAN, replace(SCAN, pixel_mm=1.0)], level=Level.T8)
    assert again.image.array.tobytes() == case.image.array.tobytes()
    assert escc_truth(coarse)["grade"] == escc_truth(case)["grade"]
    fine_ml, coarse_ml = (one.masks["cord"].array.sum() * one.masks["cord"].voxel_volume_mm3 for one in (case, coarse))
    assert coarse_ml == pytest.approx(fine_ml, rel=0.03)
