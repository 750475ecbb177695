import re

import numpy as np
import pytest
from oblique import centred_affine, painted

from spinemets.escc_assessment import assess_escc, escc_drawings
from spinemets.escc_masks import EsccMasks
from spinemets.formats.canal_pictures import HALF_MM, LEGEND, NEIGHBOURS, draw_canal_strip
from spinemets.formats.drawn_slice import DrawnSlice, drawn_slices
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
    strip = draw_canal_strip("T7", masks, axis, worst=4, slices={4: DrawnSlice("1b", gap_mm=3.9), 3: DrawnSlice("1b")})
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


SAC_MM, CORD_MM, DENT_MM = 7.0, 3.0, 3.7


def dented(stored):
    """The strip of a round sac that a flat tumour in front cuts off, so deep in the middle; the cord in its middle."""
    options, axis = GRIDS[stored]
    spacing, shape = np.full(3, 0.4), [75, 75, 75]
    spacing[axis], shape[axis] = 4.0, 25
    affine = centred_affine(shape, spacing_mm=tuple(spacing), **{"angles_deg": (0, 0, 0), **options})

    def mask(test):
        return painted(tuple(shape), affine, test, np.uint8)

    def front(x, y, z):
        return (np.abs(z) < 9) & (np.abs(x) < 5) & (y > SAC_MM - DENT_MM) & (y < 10)

    given = EsccMasks(
        mask(lambda x, y, z: np.hypot(x, y) < CORD_MM),
        mask(lambda x, y, z: (np.hypot(x, y) < SAC_MM) & ~front(x, y, z)),
        mask(front),
    )
    site = assess_escc(given, bone_metastasis="yes")
    masks = {"cord": given.cord, "sac": given.sac, "tumour": given.epidural}
    return draw_canal_strip("T7", masks, axis, 12, slices=drawn_slices(site, escc_drawings(given)))


def marks_of(strip, number):
    return {mark.kind: mark for mark in dict(strip.pictures)[number].marks}


def net_area(points):
    """Area of a closed line; what is gone round the other way is taken off."""
    x, y = points.T
    return abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2


@pytest.mark.parametrize("stored", GRIDS)
def test_a_dent_is_a_line_of_its_depth_from_the_wall_that_would_be_there_to_the_deepest_point(stored):
    marks = marks_of(dented(stored), 12)
    whole = marks["undeformed"].points_mm
    assert np.ptp(whole, axis=0) == pytest.approx([2 * SAC_MM, 2 * SAC_MM], abs=0.5)
    centre = (whole.max(axis=0) + whole.min(axis=0)) / 2
    wall, deepest = marks["indentation"].points_mm - centre
    assert -wall[1] == pytest.approx(SAC_MM, abs=0.5)
    assert -deepest[1] == pytest.approx(SAC_MM - DENT_MM, abs=0.5)
    assert abs(wall[0]) < 1.2  # 7 mm in front, turned by up to 8 degrees
    assert abs(deepest[0]) < 0.8
    assert float(marks["indentation"].text.split()[1]) == pytest.approx(DENT_MM, abs=0.3)
    assert np.linalg.norm(wall - deepest) == pytest.approx(DENT_MM, abs=0.4)


@pytest.mark.parametrize("stored", GRIDS)
def test_csf_is_filled_in_the_millimetre_round_the_cord_where_no_tumour_is(stored):
    marks = marks_of(dented(stored), 12)
    outer, cut = CORD_MM + 1.0, SAC_MM - DENT_MM
    ring = np.pi * (outer**2 - CORD_MM**2)
    lost = outer**2 * np.arccos(cut / outer) - cut * np.sqrt(outer**2 - cut**2)
    csf, cord = marks["csf"].points_mm, marks["cord"].points_mm
    assert net_area(csf) == pytest.approx(ring - lost, abs=1.8)
    middle = (cord.max(axis=0) + cord.min(axis=0)) / 2
    up, down = middle[1] - csf[:, 1].min(), csf[:, 1].max() - middle[1]
    assert up == pytest.approx(cut, abs=0.6)
    assert down == pytest.approx(outer, abs=0.3)
    share = float(marks["csf"].text.split()[2])
    assert share == pytest.approx(100 * (ring - lost) / ring, abs=5)


def test_what_is_measured_stands_in_the_caption_and_the_legend_tells_what_is_drawn():
    strip = dented("axial")
    caption = dict(strip.pictures)[12].caption.replace("\N{NO-BREAK SPACE}", " ")
    numbers = re.fullmatch(r"slice 12, grade 1c: gap (\d\.\d) mm, dent (\d\.\d) mm, CSF (\d+) %", caption)
    assert numbers is not None
    gap_mm, dent_mm, csf_percent = map(float, numbers.groups())
    assert gap_mm == pytest.approx(SAC_MM - DENT_MM - CORD_MM, abs=0.3)
    assert dent_mm == pytest.approx(DENT_MM, abs=0.3)
    assert csf_percent == pytest.approx(90, abs=5)
    assert [kind for kind, _ in strip.legend] == list(LEGEND)
    bare = draw_canal_strip("T7", tubes("axial")[0], 2, worst=4)
    assert [kind for kind, _ in bare.legend] == ["cord", "sac", "tumour"]
    assert dict(bare.pictures)[4].caption == "slice 4, no tumour measured"


def test_the_cord_is_drawn_over_the_tumour_that_touches_it():
    kinds = [mark.kind for mark in dict(dented("axial").pictures)[12].marks]
    assert kinds.index("csf") < kinds.index("sac") < kinds.index("tumour") < kinds.index("cord")
    assert kinds[-2:] == ["indentation", "gap"]


def test_tumour_that_stays_off_the_sac_and_a_canal_without_a_cord_have_no_dent_and_no_gap():
    assert DrawnSlice("1a", dent_mm=-0.4).text == "grade 1a"
