import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.formats.reformat import (
    Centreline,
    axial_sheet,
    body_centres_mm,
    coronal_sheet,
    sagittal_sheet,
    sample,
    slab_mean,
)
from spinemets.volume import Volume

TURN = np.array([[0.0, -0.8, 0.6], [0.0, 0.6, 0.8], [-1.0, 0.0, 0.0]])
"""A rotation that permutes and tilts the axes."""


def oblique(shape, spacing_mm=(1.0, 1.5, 2.0)):
    affine = np.eye(4)
    affine[:3, :3] = TURN * spacing_mm
    affine[:3, 3] = [30.0, -20.0, 100.0]
    return Volume(np.zeros(shape, dtype=np.uint8), affine)


def world_of(volume):
    return volume.world(np.moveaxis(np.indices(volume.shape), 0, -1))


def test_the_body_is_found_in_front_of_a_long_thin_process():
    mask = oblique((70, 60, 50))
    body_mm = mask.world([35.0, 30.0, 25.0])
    offset_mm = world_of(mask) - body_mm
    ball = np.linalg.norm(offset_mm, axis=-1) < 16.0
    rod = (np.abs(offset_mm[..., [0, 2]]) < 4.0).all(axis=-1) & (offset_mm[..., 1] < 0) & (offset_mm[..., 1] > -35.0)
    mask.array[ball | rod] = Level.L3.verse_id
    centre_mm = body_centres_mm(mask, (Level.L3, Level.L4))
    assert list(centre_mm) == [Level.L3]
    assert np.linalg.norm(centre_mm[Level.L3] - body_mm) < 2.0


def test_the_ring_of_the_atlas_is_centred_in_its_hole():
    mask = oblique((60, 60, 40), spacing_mm=(1.0, 1.0, 1.0))
    centre_mm = mask.world([30.0, 30.0, 20.0])
    distance_mm = np.linalg.norm((world_of(mask) - centre_mm)[..., :2], axis=-1)
    height_mm = np.abs((world_of(mask) - centre_mm)[..., 2])
    mask.array[(distance_mm > 10) & (distance_mm < 16) & (height_mm < 5)] = Level.C1.verse_id
    found_mm = body_centres_mm(mask, (Level.C1,))[Level.C1]
    assert np.linalg.norm(found_mm - centre_mm) < 0.5


def test_a_mask_one_voxel_thick_still_has_a_centre():
    mask = oblique((30, 30, 30))
    mask.array[10:13, 14, 14] = Level.L1.verse_id
    assert body_centres_mm(mask, (Level.L1,))[Level.L1] == pytest.approx(mask.world([11, 14, 14]), abs=2.0)


def test_the_centreline_meets_every_body_and_goes_on_straight():
    centres_mm = np.array([[0.0, 0.0, 0.0], [10.0, -5.0, 30.0], [4.0, -8.0, 60.0]])
    line = Centreline.through(centres_mm[::-1])
    assert line.at(np.array([0.0, 30.0, 60.0])) == pytest.approx(centres_mm)
    # 6 mm to the left and 3 mm back over the last 30 mm: a third of that again over 10 mm
    assert line.at(np.array([70.0]))[0] == pytest.approx([2.0, -9.0, 70.0], abs=0.3)
    assert line.at(np.array([500.0]))[0, :2] == pytest.approx(line.at(np.array([100.0]))[0, :2])


def test_one_body_gives_a_vertical_line():
    line = Centreline.through(np.array([[3.0, 4.0, 5.0]]))
    assert line.at(np.array([-20.0, 5.0, 50.0]))[:, :2] == pytest.approx(np.array([[3.0, 4.0]] * 3))
    assert line.direction(5.0) == pytest.approx([0.0, 0.0, 1.0])


def test_no_body_gives_no_line():
    with pytest.raises(ValueError, match="at least one body"):
        Centreline.through(np.zeros((0, 3)))


def test_curved_sheets_follow_the_line_and_spread_to_one_side():
    line = Centreline.through(np.array([[0.0, 0.0, 0.0], [9.0, 3.0, 30.0], [18.0, 6.0, 60.0]]))
    heights_mm, spread_mm = np.array([60.0, 30.0]), np.array([50.0, -50.0])
    sagittal = sagittal_sheet(line, heights_mm, spread_mm)
    assert sagittal[:, 0] == pytest.approx(np.array([[18.0, 50.0, 60.0], [9.0, 50.0, 30.0]]))
    coronal = coronal_sheet(line, heights_mm, spread_mm)
    assert coronal[:, 1] == pytest.approx(np.array([[-50.0, 6.0, 60.0], [-50.0, 3.0, 30.0]]))


def test_an_axial_sheet_lies_across_the_spine_with_the_front_in_its_first_row():
    leaning = np.array([0.0, 0.6, 0.8])
    sheet = axial_sheet(np.zeros(3), leaning, np.array([10.0, -10.0]), np.array([20.0, -20.0]))
    assert sheet @ leaning == pytest.approx(np.zeros((2, 2)), abs=1e-9)
    assert sheet[0, 0] == pytest.approx([20.0, 8.0, -6.0])


def test_values_are_those_of_the_world_position_in_any_orientation():
    volume = oblique((40, 40, 40))
    image = volume.with_array(world_of(volume)[..., 2])  # every voxel holds its own height
    middle_mm = image.world([20.0, 20.0, 20.0])
    sheet = axial_sheet(middle_mm, np.array([0.0, 0.0, 1.0]), np.array([5.0, 0.0]), np.array([4.0, -4.0]))
    assert sample(image, sheet) == pytest.approx(np.full((2, 2), middle_mm[2]), abs=1e-3)
    up_and_down = np.array([[0.0, 0.0, 3.0], [0.0, 0.0, -1.0]])
    assert slab_mean(image, sheet, up_and_down, fill=0.0) == pytest.approx(np.full((2, 2), middle_mm[2] + 1), abs=1e-3)


def test_outside_the_image_is_the_fill_value():
    assert sample(oblique((4, 4, 4)), np.full((1, 1, 3), 1e4), fill=-1024.0) == -1024.0
