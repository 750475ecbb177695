import numpy as np
import pytest
from test_pictures import ORIENTATIONS, SPINE, phantom, spine

from spinemets.anatomy import Level
from spinemets.formats.pictures import draw_pictures
from spinemets.formats.rulers import Mark, Ruler

FRONT_MM, HALF_HEIGHT_MM = 15.0, 13.0


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_ruler_along_the_front_of_a_body_is_drawn_on_the_front_of_its_outline(name):
    middle = SPINE[Level.L1]
    ends = ((0.0, FRONT_MM, middle - HALF_HEIGHT_MM), (0.0, FRONT_MM, middle + HALF_HEIGHT_MM))
    ruler = Ruler(*(np.array(end) for end in ends), "anterior", "anterior 26.0 mm")
    drawn = draw_pictures(*phantom(name), spine(), {Level.L1: (ruler,)})
    for picture in (drawn.sagittal, drawn.thumbnails[Level.L1][0]):
        (mark,) = picture.marks
        edge = max((one for one in picture.outlines if one.level is Level.L1), key=lambda one: one.area_mm2)
        assert mark.points_mm[:, 0] == pytest.approx(edge.points_mm[:, 0].min(), abs=1.6)
        assert mark.points_mm[:, 1].min() == pytest.approx(edge.points_mm[:, 1].min(), abs=1.6)
        assert mark.points_mm[:, 1].max() == pytest.approx(edge.points_mm[:, 1].max(), abs=1.6)
        assert np.ptp(mark.points_mm[:, 1]) == pytest.approx(2 * HALF_HEIGHT_MM)


def test_other_levels_and_planes_show_no_ruler():
    ruler = Ruler(np.zeros(3), np.ones(3), "middle", "")
    drawn = draw_pictures(*phantom("RAS"), spine(), {Level.L1: (ruler,)})
    assert drawn.thumbnails[Level.L2][0].marks == ()
    assert drawn.coronal.marks == ()


def test_an_edge_is_closed_and_a_ruler_is_not():
    points = np.array([[0.0, 0.0], [1.0, 2.0]])
    assert Mark(points, "gap").path == "M0.0 0.0L1.0 2.0"
    assert Mark(points, "cord", closed=True).path.endswith("Z")
