"""The sagittal picture that tells where axial slices lie."""

import numpy as np
import pytest
from oblique import centred_affine, painted
from test_canal_pictures import GRIDS, tubes

from spinemets.anatomy import Level
from spinemets.formats.canal_locator import HALF_DEPTH_MM, HALF_HEIGHT_MM, PIXEL_MM, draw_locator, sagittal_sheet
from spinemets.formats.canal_pictures import draw_canal_strip
from spinemets.volume import Volume

SLICE_MM, SLICES, WORST = 3.0, 9, 4


def located(stored, **options):
    masks, axis = tubes(stored)
    return draw_locator(masks, axis, WORST, (3, 4, 5), None, None, options.get("bodies", {})), masks, axis


@pytest.mark.parametrize("stored", GRIDS)
def test_the_front_is_on_the_left_and_the_head_above_however_slices_are_stored(stored):
    picture, masks, axis = located(stored)
    middle = {mark.kind: mark.points_mm.mean(axis=0) for mark in picture.marks if mark.closed}
    assert picture.letters == ("A", "P", "H", "F")
    assert middle["tumour"][0] - middle["sac"][0] == pytest.approx(-9.0, abs=1.0)
    assert middle["sac"][0] == pytest.approx(HALF_DEPTH_MM, abs=1.0)
    assert picture.width_mm == 2 * HALF_DEPTH_MM
    lines = {int(mark.text.split()[1]): mark for mark in picture.marks if mark.kind.startswith("slice")}
    place = [np.array([4.0] * 3) for _ in lines]
    for at, number in zip(place, lines, strict=True):
        at[axis] = number
    heights = {number: masks["sac"].world(at)[2] for at, number in zip(place, lines, strict=True)}
    down = sorted(lines, key=lambda number: -heights[number])
    along = [float(lines[number].points_mm[0, 1]) for number in down]
    assert np.diff(along) == pytest.approx([SLICE_MM, SLICE_MM], abs=1e-6)
    assert along[1] == pytest.approx(picture.height_mm / 2, abs=PIXEL_MM)
    assert picture.height_mm == pytest.approx(SLICES * SLICE_MM, abs=2 * PIXEL_MM)
    assert [number for number, mark in lines.items() if "worst" in mark.kind.split()] == [WORST]


def test_vertebrae_are_named_at_their_heights_and_left_out_beyond_the_picture():
    bodies = {
        Level.T7: np.array([2.0, 20.0, 6.0]),
        Level.T8: np.array([0.0, 22.0, -5.0]),
        Level.T9: np.array([0.0, 22.0, -30.0]),
    }
    picture, _, _ = located("axial", bodies=bodies)
    assert {name.text: name.y_mm for name in picture.names} == pytest.approx(
        {"T7": picture.height_mm / 2 - 6.0, "T8": picture.height_mm / 2 + 5.0}, abs=PIXEL_MM
    )


def test_a_sac_that_runs_aside_stays_in_the_picture_and_one_that_runs_forward_is_seen_to():
    shape = (80, 80, 60)
    affine = centred_affine(shape, spacing_mm=(0.5, 0.5, 3.0), angles_deg=(0, 0, 0))
    sac = painted(shape, affine, lambda x, y, z: np.hypot(x - 0.1 * z, y - 0.06 * z) < 5, np.uint8)
    sheet = sagittal_sheet(sac, 2, 30)
    heights = sheet[:, 0, 2]
    assert heights[0] - heights[-1] == pytest.approx(2 * HALF_HEIGHT_MM, abs=2 * PIXEL_MM)
    assert sheet[:, 0, 0] == pytest.approx(0.1 * heights, abs=0.3)
    (edge,) = (mark for mark in draw_locator({"sac": sac}, 2, 30, (30,), None, None, {}).marks if mark.kind == "sac")
    top, bottom = (edge.points_mm[side][:, 0].mean() for side in (
        edge.points_mm[:, 1] < 10, edge.points_mm[:, 1] > 2 * HALF_HEIGHT_MM - 10))  # fmt: skip
    assert bottom - top == pytest.approx(0.06 * 100, abs=0.8)  # forward towards the head, to the left


def test_the_strip_shows_the_image_below_the_lines():
    masks, axis = tubes("axial")
    image = Volume(np.random.default_rng(0).random(masks["sac"].shape).astype(np.float32), masks["sac"].affine)
    drawn = draw_canal_strip("T7", masks, axis, worst=WORST, image=image).locator
    assert drawn.png != draw_canal_strip("T7", masks, axis, worst=WORST).locator.png
    assert sum(mark.kind.startswith("slice") for mark in drawn.marks) == 5
