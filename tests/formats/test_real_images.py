"""Real images, where there are some."""

import nibabel as nib
import numpy as np
import pytest

from spinemets.formats.study import read_mask, read_study
from spinemets.orientation import to_ras
from spinemets.volume import require_same_grid

CT = ("abdomen_ct", "l3_crop_ct", "lytic_lumbar_ct")
MASKS = ("_body", "_vert", "_subreg", "_cord", "_totalseg")


def test_real_series_has_its_slices_in_place(data_root):
    study = read_study(data_root / "ct" / "abdomen_dicom")
    assert study.is_dicom
    assert study.left_out == ()
    (ct,) = study.series
    assert (ct.role, ct.flags, ct.volume.shape, len(ct.instances)) == ("ct", (), (512, 512, 20), 20)
    assert ct.volume.spacing_mm == pytest.approx([0.9765625, 0.9765625, 2.0])
    labels = read_mask(data_root / "ct" / "abdomen_dicom_totalseg.nii.gz")
    require_same_grid(to_ras(ct.volume), to_ras(labels))


def test_labelled_organs_of_the_real_series_have_their_hounsfield_units(data_root):
    ct = to_ras(read_study(data_root / "ct" / "abdomen_dicom").series[0].volume).array
    labels = to_ras(read_mask(data_root / "ct" / "abdomen_dicom_totalseg.nii.gz")).array
    vertebra, liver = (np.median(ct[labels == number]) for number in (32, 5))
    assert vertebra > 130
    assert 40 < liver < 160
    assert ct.min() == -1024


@pytest.mark.parametrize("name", CT)
def test_real_ct_file_is_taken_for_ct(name, data_root):
    (series,) = read_study(data_root / "ct" / f"{name}.nii.gz").series
    assert series.role == "ct"
    assert series.volume.array.dtype == np.int16


def test_full_size_ct_file_is_taken_for_ct(data_root):
    (series,) = read_study(data_root / "ct" / "chest_ct.nii.gz").series
    assert (series.role, series.volume.shape) == ("ct", (512, 512, 275))


def test_every_real_mr_file_is_read_where_nibabel_puts_it(data_root):
    paths = [p for p in sorted((data_root / "mr").glob("*.nii.gz")) if not p.name[:-7].endswith(MASKS)]
    assert paths
    for path in paths:
        (series,) = read_study(f"t2={path}").series
        assert series.flags == ()
        assert series.volume.affine == pytest.approx(nib.load(path).affine)


def test_every_real_mask_holds_labels_on_the_grid_of_its_image(data_root):
    for path in sorted((data_root / "mr").glob("*.nii.gz")):
        ending = next((ending for ending in MASKS if path.name[:-7].endswith(ending)), None)
        if ending is None:
            continue
        stem = path.name[:-7].removesuffix(ending)
        image = next(p for p in (path.parent / f"{stem}.nii.gz", path.parent / f"{stem}_t2.nii.gz") if p.exists())
        require_same_grid(read_study(f"t2={image}").series[0].volume, read_mask(path), mask_name=path.name)
