"""Masks that are given to the pipeline."""

import numpy as np
import pytest

from spinemets.errors import GeometryMismatchError
from spinemets.inference.models import Models
from spinemets.pipeline import examine
from spinemets.volume import Series, Study, Volume

WITHOUT_MR = Models()
WITHOUT_MR.__dict__.update(spine_mr=None, lesion_mr=None)


def _volume(shift_mm=0.0, value=0):
    affine = np.diag([1.0, 1.5, 2.0, 1.0])
    affine[0, 3] = shift_mm
    array = np.full((8, 9, 10), value, np.uint8)
    return Volume(array, affine)


@pytest.mark.parametrize("name", ["lesions", "cord", "sac", "epidural", "canal"])
def test_a_mask_on_the_grid_of_no_series_is_refused(name):
    study = Study((Series("ct", _volume()),))
    masks = {"vertebrae": _volume(value=20), name: _volume(shift_mm=4.0)}
    with pytest.raises(GeometryMismatchError, match=f"the {name} mask lies on another grid: corners are up to 4 mm"):
        examine(study, masks=masks)


def _series(role, mask, frame=None, shift_mm=0.0):
    affine = mask.affine.copy()
    affine[0, 3] += shift_mm
    return Series(role, Volume(np.full(mask.shape, 100, np.int16), affine, frame), f"{role}.nii.gz")


def _two_bricks(frame=None):
    array = np.zeros((20, 22, 24), np.uint8)
    array[5:15, 5:15, 2:10], array[5:15, 5:15, 14:22] = 21, 20
    return Volume(array, np.diag([1.5, 1.5, 2.0, 1.0]), frame)


def _used(assessment):
    return {one.role or one.name: one.used for one in assessment.report.inputs}


def test_a_mask_belongs_to_the_series_on_whose_grid_it_lies():
    mask = _two_bricks()
    study = Study((_series("t1", mask, shift_mm=40.0), _series("t2", mask)))
    assessment = examine(study, models=WITHOUT_MR, masks={"vertebrae": mask})
    assert [result.series.role for result in assessment.results] == ["t2"]
    assert _used(assessment) == {"t2": True, "t1": True}
    assert "same_coordinates_assumed" in assessment.report.provenance["flags"]


def test_only_series_of_the_same_frame_of_reference_are_measured_under_a_mask():
    mask = _two_bricks("1.2.3")
    study = Study(
        (_series("t1", mask, "1.2.3", 40.0), _series("t2", mask, "1.2.3"), _series("stir", mask, "9.9", 40.0))
    )
    assessment = examine(study, models=WITHOUT_MR, masks={"vertebrae": mask})
    assert _used(assessment) == {"t2": True, "t1": True, "stir.nii.gz": False}
    reasons = [one.reason for one in assessment.report.inputs if not one.used]
    assert "not stated to lie in the same coordinates as t2.nii.gz" in reasons[0]
    assert "same_coordinates_assumed" not in assessment.report.provenance["flags"]


def test_mr_without_a_frame_of_reference_is_not_measured_under_the_mask_of_a_ct():
    mask = _two_bricks()
    study = Study((_series("t1", mask, shift_mm=40.0), _series("ct", mask)))
    assessment = examine(study, models=WITHOUT_MR, masks={"vertebrae": mask})
    assert [result.series.role for result in assessment.results] == ["ct"]
    assert _used(assessment) == {"ct": True, "t1.nii.gz": False}
