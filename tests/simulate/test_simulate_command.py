"""What the command writes for an ill patient, with a small anatomy in the place of a whole one."""

import json

import nibabel
import numpy as np
import pytest

import spinemets.simulate_command as command
from spinemets.errors import SpinemetsError


def simulated(monkeypatch, spine, folder, disease):
    monkeypatch.setattr(command, "parametric_anatomy", lambda seed, **options: spine)
    return command.run_simulate(folder, cases=1, seed=6, modality="ct", dicom=False, field="lumbar", disease=disease)[0]


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
