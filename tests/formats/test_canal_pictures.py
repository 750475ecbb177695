import numpy as np
import pytest
from oblique import centred_affine, painted

from spinemets.formats.canal_pictures import HALF_MM, NEIGHBOURS, draw_canal_strip
from spinemets.volume import Volume

GRIDS = {
    "axial": ({"axes": (0, 1, 2), "signs": (1, 1, 1)}, 2),
    "LPS": ({"axes": (0, 1, 2), "signs": (-1, -1, 1)}, 2),
    "slices first, feet first": ({"axes": (2, 0, 1), "signs": (-1, 1, -1)}, 0),
    "oblique": ({"axes": (1, 2, 0), "signs": (-1, 1, 1), "angles_deg": (6, -5, 8)}, 1),
}


def tubes(stored):
    """A sac round the z axis, a cord in it to the patient's right, tumour in front of the sac; on one grid."""
    options, axis = GRIDS[stored]
    options = {"angles_deg": (0, 0, 0), **options}
    spacing = np.full(3, 0.5)
    spacing[axis] = 3.0
    shape = [100, 100, 100]
    shape[axis] = 9
    affine = centred_affine(shape, spacing_mm=tuple(spacing), **options)

    def mask(test):
        return painted(tuple(shape), affine, test, np.uint8)

    return {
        "cord": mask(lambda x, y, z: np.hypot(x - 3, y) < 3),
        "sac": mask(lambda x, y, z: np.hypot(x, y) < 7),
        "tumour": mask(lambda x, y, z: (np.abs(x) < 4) & (y > 7) & (y < 11)),
    }, axis


@pytest.mark.parametrize("stored", GRIDS)
def test_the_patients_right_is_on_the_left_and_the_front_above_however_slices_are_stored(stored):
    masks, axis = tubes(stored)
    strip = draw_canal_strip("T7", masks, axis, worst=4)
    picture = dict(strip.pictures)[4]
    middle = {mark.kind: mark.points_mm.mean(axis=0) for mark in picture.marks}
    assert middle["cord"] - middle["sac"] == pytest.approx([-3.0, 0.0], abs=1.3)
    assert middle["tumour"] - middle["sac"] == pytest.approx([0.0, -9.0], abs=1.6)
    assert middle["sac"] == pytest.approx([HALF_MM, HALF_MM], abs=0.8)


@pytest.mark.parametrize("stored", GRIDS)
def test_slices_run_from_head_to_foot(stored):
    masks, axis = tubes(stored)
    strip = draw_canal_strip("T7", masks, axis, worst=4)
    place = [4] * 3
    heights = []
    for number, _ in strip.pictures:
        place[axis] = number
        heights.append(masks["sac"].world(np.array(place))[2])
    assert heights == sorted(heights, reverse=True)
    assert len(heights) == 2 * NEIGHBOURS + 1


@pytest.mark.parametrize("stored", GRIDS)
def test_the_gap_is_drawn_from_the_tumour_to_the_cord_where_they_are_nearest(stored):
    masks, axis = tubes(stored)
    strip = draw_canal_strip("T7", masks, axis, worst=4, gaps_mm={4: 3.9, 3: None})
    pictures = dict(strip.pictures)
    (gap,) = (mark for mark in pictures[4].marks if mark.kind == "gap")
    assert "3.9 mm" in gap.text
    assert not gap.closed
    tumour, cord = gap.points_mm - HALF_MM
    assert np.linalg.norm(tumour - cord) == pytest.approx(4.0, abs=1.0)  # from y = 7 to the cord's front at x = 3
    assert tumour == pytest.approx([-3.0, -7.0], abs=1.5)
    assert cord == pytest.approx([-3.0, -3.0], abs=1.5)
    assert not [mark for n in (3, 5) for mark in pictures[n].marks if mark.kind == "gap"]


def test_edges_have_the_size_of_the_masks():
    masks, axis = tubes("axial")
    picture = dict(draw_canal_strip("T7", masks, axis, worst=4).pictures)[4]
    (sac,) = (mark for mark in picture.marks if mark.kind == "sac")
    assert np.ptp(sac.points_mm, axis=0) == pytest.approx([14.0, 14.0], abs=0.5)


def test_an_image_is_drawn_below_the_edges_and_the_end_of_the_stack_ends_the_strip():
    masks, axis = tubes("axial")
    image = Volume(np.random.default_rng(0).random(masks["sac"].shape).astype(np.float32), masks["sac"].affine)
    strip = draw_canal_strip("T7", masks, axis, worst=0, image=image)
    black = draw_canal_strip("T7", masks, axis, worst=0)
    assert {number for number, _ in strip.pictures} == {0, 1, 2}
    assert strip.pictures[0][1].png != black.pictures[0][1].png
