"""The real lytic focus of `lytic_lumbar_ct`, given by its reader's box, on vertebrae that the networks outline."""

import numpy as np
import pytest

import spinemets as sm
from spinemets.anatomy import LesionLabel
from spinemets.formats.study import read_study

BOX_CENTRE_LPS_MM, BOX_SIZE_MM = (24.45, 169.88, -547.54), (14.7, 12.6, 11.2)


def test_the_focus_is_measured_as_lytic_with_its_hu(data_root):
    study = read_study(data_root / "ct" / "lytic_lumbar_ct.nii.gz")
    ct = study.series[0].volume
    index = np.stack(np.indices(ct.shape), axis=-1)
    away = ct.world(index) - np.array(BOX_CENTRE_LPS_MM) * [-1, -1, 1]
    box = (np.abs(away) <= np.array(BOX_SIZE_MM) / 2).all(axis=-1)
    lesions = ct.with_array(np.where(box, LesionLabel.LYTIC, 0).astype(np.uint8))
    report = sm.examine(study, masks={"lesions": lesions}).report
    measured = [one for v in report.vertebrae if isinstance(v.lesions, tuple) for one in v.lesions]
    focus = max(measured, key=lambda one: getattr(one["volume_ml"], "value", 0.0))
    volume = focus["volume_ml"]
    assert focus["type"] == "lytic"
    assert volume.value == pytest.approx(np.prod(BOX_SIZE_MM) / 1000, rel=0.1)
    assert focus["mean_hu"].value == pytest.approx(ct.array[box].mean(), abs=25)  # all of the box, without the bone
    assert focus["p99_hu"].value == pytest.approx(np.percentile(ct.array[box], 99), abs=60)
    others = sum(getattr(one["volume_ml"], "value", 0.0) for one in measured if one is not focus)
    assert others < 0.05 * volume.value
