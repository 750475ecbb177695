"""What the command writes for an ill patient, with a small anatomy in the place of a whole one."""

import json

import nibabel
import numpy as np
import pytest

import spinemets.simulate_command as command
from spinemets.errors import SpinemetsError
from spinemets.formats.study import read_study


def simulated(monkeypatch, spine, folder, disease, modality="ct", dicom=False):
    monkeypatch.setattr(command, "parametric_anatomy", lambda seed, **options: spine)
    options = {"modality": modality, "dicom": dicom, "field": "lumbar", "disease": disease}
    return command.run_simulate(folder, cases=1, seed=6, **options)[0]


def test_an_ill_patient_has_a_lesion_mask_on_the_grid_of_the_image_and_its_truth(monkeypatch, spine, tmp_path):
    folder = simulated(monkeypatch, spine, tmp_path, "metastases")
    image, lesions = (nibabel.load(folder / f"{name}.nii.gz") for name in ("ct", "lesions"))
    assert lesions.shape == image.shape
    assert np.allclose(lesions.affine, image.affine)
    truth = json.loads((folder / "truth.json").read_text())
    found = {vertebra["level"]: vertebra["lesions"] for vertebra in truth["vertebrae"] if vertebra["lesions"]}
    total = sum(lesion["volume_ml"]["value"] for lesions_here in found.values() for lesion in lesions_here)
    voxel_ml = float(np.prod(image.header.get_zooms())) / 1000
    assert (np.asarray(lesions.dataobj) > 0).sum() * voxel_ml == pytest.approx(total, rel=0.15)
    recorded = truth["provenance"]["disease"]["lesions"]
    assert {one["level"] for one in recorded} == set(found)


def test_a_healthy_patient_has_no_lesion_mask(monkeypatch, spine, tmp_path):
    folder = simulated(monkeypatch, spine, tmp_path, "none")
    assert not (folder / "lesions.nii.gz").exists()
    truth = json.loads((folder / "truth.json").read_text())
    assert "disease" not in truth["provenance"]


def test_an_unknown_disease_is_refused(monkeypatch, spine, tmp_path):
    with pytest.raises(SpinemetsError, match="unknown disease 'gout'; it must be one of none, metastases"):
        simulated(monkeypatch, spine, tmp_path, "gout")


def test_an_mr_has_three_sequences_and_masks_on_one_grid(monkeypatch, spine, tmp_path):
    folder = simulated(monkeypatch, spine, tmp_path, "metastases", "mr")
    images = {role: nibabel.load(folder / f"{role}.nii.gz") for role in ("t1", "t2", "stir")}
    masks = {name: nibabel.load(folder / f"{name}.nii.gz") for name in ("vertebrae", "canal", "lesions")}
    for one in (*images.values(), *masks.values()):
        assert one.shape == images["t1"].shape
        assert np.allclose(one.affine, images["t1"].affine)
    assert np.asarray(masks["vertebrae"].dataobj).any()
    truth = json.loads((folder / "truth.json").read_text())
    assert [one["role"] for one in truth["inputs"]] == ["t1", "t2", "stir"]
    assert truth["provenance"]["disease"]["lesions"]


def test_an_mr_as_dicom_is_read_with_the_roles_that_it_was_given(monkeypatch, spine, tmp_path):
    folder = simulated(monkeypatch, spine, tmp_path, "none", "mr", dicom=True)
    study = read_study(folder / "dicom")
    assert {one.role for one in study.series} == {"t1", "t2", "stir"}
    for one in study.series:
        file = read_study([f"{one.role}={folder / one.role}.nii.gz"]).series[0].volume
        assert one.volume.array.sum() == file.array.sum()
        centre = (np.array(file.shape) - 1) / 2
        assert np.allclose(one.volume.world((np.array(one.volume.shape) - 1) / 2), file.world(centre), atol=1e-3)


def test_a_full_mr_as_dicom_is_read_with_every_role_and_the_signs_of_fractures_are_in_its_truth(
    monkeypatch, spine, tmp_path
):
    folder = simulated(monkeypatch, spine, tmp_path, "osteoporosis", "mr_full", dicom=True)
    roles = {"t1", "t2", "stir", "t1_gd", "in_phase", "out_phase", "dwi_b0", "dwi_high", "adc"}
    series = {one.role: one.volume for one in read_study(folder / "dicom").series}
    assert set(series) == roles
    assert all((folder / f"{role}.nii.gz").is_file() for role in roles)
    muscle = series["in_phase"].array > np.percentile(series["in_phase"].array, 60)
    assert series["out_phase"].array[muscle].mean() < series["in_phase"].array[muscle].mean()
    truth = json.loads((folder / "truth.json").read_text())
    broken = truth["provenance"]["disease"]["fractures"]
    assert set(truth["provenance"]["mr_signs"]) == {one["level"] for one in broken}
    assert all("fluid_sign" in signs for signs in truth["provenance"]["mr_signs"].values())


def test_all_modalities_are_one_study_with_ct_and_mr_in_one_frame_of_reference(monkeypatch, spine, tmp_path):
    folder = simulated(monkeypatch, spine, tmp_path, "none", "all", dicom=True)
    assert {one.name for one in folder.iterdir()} == {"ct", "mr", "axial_t2", "dicom"}
    assert all((folder / part / "truth.json").is_file() for part in ("ct", "mr", "axial_t2"))
    series = {one.role: one for one in read_study(folder / "dicom").series}
    assert set(series) == {"ct", "t1", "t2", "stir", "t2_axial"}
    frames = {role: one.volume.frame_of_reference for role, one in series.items()}
    assert frames["ct"] == frames["t1"] == frames["t2"] == frames["stir"]
    assert frames["t2_axial"] not in (None, frames["ct"])
