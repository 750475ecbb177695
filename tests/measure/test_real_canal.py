"""Real cervical cords and sacs measure what healthy ones do. Skipped without ``$SPINEMETS_DATA``."""

import numpy as np
import pytest

from spinemets.escc_assessment import EsccMasks, assess_escc
from spinemets.formats.study import read_mask
from spinemets.measure.canal_reference import area_mm2, diameters_mm
from spinemets.measure.canal_slices import canal_stack

# clinical.md §3.3, C1 to C7: the lowest mean less two standard deviations, the highest mean and two more; 8 % is the
# deviation of the cord's transverse diameter, for which the table has none
CORD_AREA, CORD_AP, CORD_RL = (42.4, 92.7), (5.6, 9.3), (9.2, 15.0)
SAC_AREA, SAC_AP, SAC_RL = (131, 398), (10.2, 19.3), (16.3, 27.8)


def binary(labels, *numbers):
    return labels.with_array(np.isin(labels.array, numbers).astype(np.uint8))


def empty(mask):
    return mask.with_array(np.zeros_like(mask.array))


@pytest.mark.parametrize("name", ["cervical_t2_cord", "cervical_t1_cord"])
def test_a_cord_has_the_area_and_diameters_of_healthy_ones(data_root, name):
    cord = read_mask(data_root / "mr" / f"{name}.nii.gz")
    stack = canal_stack(cord, cord, empty(cord))
    assert stack.tilt_deg < 10
    assert len(stack.slices) > 50
    areas = [area_mm2(one.cord) for one in stack.slices]
    ap, rl = np.transpose([diameters_mm(one.cord, stack.to_front) for one in stack.slices])
    for values, (low, high) in ((areas, CORD_AREA), (ap, CORD_AP), (rl, CORD_RL)):
        assert low < np.percentile(values, 5)
        assert np.percentile(values, 95) < high


def test_a_sac_has_the_area_and_diameters_of_healthy_ones(data_root):
    """Of the cord of that map 1.5 mm voxels hold about half, so it is not compared."""
    labels = read_mask(data_root / "mr" / "c6_crop_subreg.nii.gz")
    stack = canal_stack(binary(labels, 60), binary(labels, 60, 61), binary(labels))
    middle = stack.slices[len(stack.slices) // 4 : -len(stack.slices) // 4]
    areas = [area_mm2(one.sac) for one in middle]
    ap, rl = np.transpose([diameters_mm(one.sac, stack.to_front) for one in middle])
    for values, (low, high) in ((areas, SAC_AREA), (ap, SAC_AP), (rl, SAC_RL)):
        assert low < np.percentile(values, 5)
        assert np.percentile(values, 95) < high


def test_a_real_cervical_cord_is_not_graded_on_a_scan_that_is_too_coarse(data_root):
    cord = read_mask(data_root / "mr" / "cervical_t2_cord.nii.gz")
    answer = assess_escc(EsccMasks(cord, cord, empty(cord)))
    assert (answer["status"], answer["grade"]) == ("not_assessable", None)
    assert answer["reason"].startswith("resolution: pixels of 1.00 mm")
