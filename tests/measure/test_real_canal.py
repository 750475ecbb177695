"""Real cords and sacs measure what healthy ones do. Skipped without ``$SPINEMETS_DATA``.

The map ``c6_crop_subreg`` is named, and labelled, as if it showed C5 to C7. It shows the end of the cord: bodies twice
as wide as those of the neck, and roots that are outlined as cord below it. So it is compared with T12 to L4, and what
is called its cord only where a cord runs.
"""

import numpy as np
import pytest

from spinemets.escc_assessment import assess_escc
from spinemets.escc_masks import EsccMasks
from spinemets.formats.study import read_mask
from spinemets.measure.canal_slices import canal_stack
from spinemets.measure.slice_shape import area_mm2, diameters_mm

# clinical.md §3.3, C1 to C7: the lowest mean less two standard deviations, the highest mean and two more; 8 % is the
# deviation of the cord's transverse diameter, for which the table has none
CORD_AREA, CORD_AP, CORD_RL = (42.4, 92.7), (5.6, 9.3), (9.2, 15.0)
# T12 and L1, where the cord ends, its transverse diameter apart: 1.5 mm voxels round it up by half a millimetre
CONUS_AREA, CONUS_AP = (18.9, 46.5 + 2 * 15.2), (4.1 - 2 * 0.6, 6.7 + 2 * 0.6)
LUMBAR_SAC_AREA, LUMBAR_SAC_AP = (150, 220), (12, 15)  # typical of L1 to L4


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


@pytest.fixture
def conus(data_root):
    """Labels of vertebra and part, and the slices from foot to head."""
    labels = read_mask(data_root / "mr" / "c6_crop_subreg.nii.gz")
    vertebrae = read_mask(data_root / "mr" / "c6_crop_vert.nii.gz")
    return vertebrae, labels, canal_stack(binary(labels, 60), binary(labels, 60, 61), binary(labels))


def test_the_body_called_c6_is_no_cervical_one(conus):
    """The widest and deepest of the neck have 22 and 18.5 mm (`clinical.md` §3.1), that of L1 41 and 34 mm."""
    vertebrae, labels, _ = conus
    body = np.argwhere(np.isin(labels.array, (49, 50)) & (vertebrae.array == 6))
    width, depth, _ = np.ptp(body, axis=0) * labels.spacing_mm
    assert width > 2 * 18.5
    assert depth > 30


def test_its_cord_is_a_conus_and_ends_in_the_stack(conus):
    """Thinner by half and more from one vertebra to the next, then none: what no neck does."""
    _, _, stack = conus
    areas = np.array([area_mm2(one.cord) for one in stack.slices])
    assert not areas[:10].any()
    assert 0 < np.median(areas[16:32]) < CONUS_AREA[0] < np.median(areas[36:50]) < CONUS_AREA[1]
    assert np.median(areas[36:50]) < CORD_AREA[0]
    ap = [diameters_mm(one.cord, stack.to_front)[0] for one in stack.slices[36:50]]
    assert CONUS_AP[0] < np.median(ap) < CONUS_AP[1]


def test_its_sac_has_the_area_and_depth_of_lumbar_ones(conus):
    _, _, stack = conus
    assert LUMBAR_SAC_AREA[0] < np.median([area_mm2(one.sac) for one in stack.slices]) < LUMBAR_SAC_AREA[1]
    depth = np.median([diameters_mm(one.sac, stack.to_front)[0] for one in stack.slices])
    assert LUMBAR_SAC_AP[0] < depth < LUMBAR_SAC_AP[1]


def test_the_map_of_the_conus_is_not_graded_on_voxels_that_are_too_coarse(conus):
    _, labels, _ = conus
    answer = assess_escc(EsccMasks(binary(labels, 60), binary(labels, 60, 61), binary(labels)))
    assert (answer["status"], answer["grade"]) == ("not_assessable", None)
    assert answer["reason"].startswith("resolution: pixels of 1.50 mm")


def test_a_real_cervical_cord_is_not_graded_on_a_scan_that_is_too_coarse(data_root):
    cord = read_mask(data_root / "mr" / "cervical_t2_cord.nii.gz")
    answer = assess_escc(EsccMasks(cord, cord, empty(cord)))
    assert (answer["status"], answer["grade"]) == ("not_assessable", None)
    assert answer["reason"].startswith("resolution: pixels of 1.00 mm")
