"""A cross-section of a hand-made canal against areas that follow from its sizes."""

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.simulate.axial_piece import CanalCourse, spine_piece
from spinemets.simulate.axial_site import Presser, canal_codes
from spinemets.simulate.axial_tissues import CANAL_CLASSES, CLASS_OF_CODE, AxialTissue
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.tissues import Tissue

STEP = 0.1
ROW = [0.4, -0.8, 9.0, 8.0, 7.0, 6.3, 0.6, 4.0, 3.0, 1.5]
HEIGHTS = np.array([-60.0, 60.0])
COURSE = CanalCourse(HEIGHTS, np.array([ROW, ROW]))
NO_CORD = CanalCourse(HEIGHTS, np.array([[*ROW[:7], 0.0, 0.0, 0.6]] * 2))


def presser(code=int(AxialTissue.EPIDURAL_TUMOUR), **changes):
    site = COURSE.case(0.0)
    options = {"indentation_mm": 4.0, "flattening": 0.2, "shift_mm": 0.6, "film_mm": 0.1, "length_mm": 24.0} | changes
    return Presser(EpiduralCase(**{**vars(site), **options}), 10.0, code)


def classes(pressers, up, course=COURSE):
    line = np.arange(-12, 12, STEP) + STEP / 2
    right, front = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))
    codes = canal_codes(course, pressers, right, front, np.full(right.shape, up))
    return {name: CLASS_OF_CODE[codes] == n for n, name in enumerate(CANAL_CLASSES)}, codes, right, front


def test_without_tumour_sac_and_cord_are_ellipses_of_their_sizes_in_their_places():
    found, _, right, front = classes([], 10.0)
    assert found["cord"].sum() * STEP**2 == pytest.approx(np.pi * 4.0 * 3.0, rel=0.01)
    assert (found["cord"] | found["csf"]).sum() * STEP**2 == pytest.approx(np.pi * 7.0 * 6.3, rel=0.01)
    assert right[found["cord"]].mean() == pytest.approx(0.4, abs=0.02)
    assert front[found["cord"]].mean() == pytest.approx(-0.8 + 1.5, abs=0.02)
    assert not found["epidural_tumour"].any()
    assert found["epidural_space"].any()


def test_tumour_takes_the_area_that_its_parameters_say_and_ends_where_they_say():
    one = presser()
    found = classes([one], 10.0)[0]
    assert found["epidural_tumour"].sum() * STEP**2 == pytest.approx(one.case.tumour_mm2, rel=0.04)
    assert found["cord"].sum() * STEP**2 == pytest.approx(np.pi * 12.0 * 0.8, rel=0.01)
    assert not classes([one], 10.0 + 12.5)[0]["epidural_tumour"].any()


def test_what_presses_without_being_tumour_is_drawn_as_what_it_is():
    found, codes, _, _ = classes([presser(int(Tissue.DISC))], 10.0)
    assert not found["epidural_tumour"].any()
    assert (codes == Tissue.DISC).any()


def test_the_case_at_a_height_is_pushed_as_hard_as_there_and_healthy_beyond_the_ends():
    one = presser()
    assert one.here(COURSE, 10.0).grade == one.case.grade
    half = one.here(COURSE, 10.0 + 12.0 - 3.0)
    assert half.indentation_mm == pytest.approx(one.case.indentation_mm / 2, rel=0.01)
    assert one.here(COURSE, 30.0).length_mm == 0.0


def test_below_the_conus_roots_lie_behind_in_the_sac_and_there_is_no_cord():
    found, codes, _, front = classes([], 0.0, NO_CORD)
    roots = codes == AxialTissue.NERVE_ROOT
    assert not found["cord"].any()
    assert front[roots].mean() < front[found["csf"]].mean() - 0.5
    assert not NO_CORD.has_cord(0.0)
    assert COURSE.has_cord(0.0)


def test_a_level_that_a_patient_does_not_have_is_refused():
    with pytest.raises(ValueError, match="has no S1"):
        spine_piece(3, Level.S1, (10.0, 10.0, 10.0))
