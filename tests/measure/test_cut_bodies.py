"""Bodies that the image cuts: which endplate is whole, by planes of known place."""

import numpy as np
import pytest
from oblique import STORED, centred_affine, world_of

from spinemets.anatomy import Level, Subregion
from spinemets.body_assessment import measured_bodies
from spinemets.findings import NotAssessed, Reason
from spinemets.geometry import Grid, crop
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.volume import Volume

PITCH, HEIGHT, SLIP = 34.0, 26.0, 3.0
LEVELS = (Level.L1, Level.L2, Level.L3)


def stack(stored=0, *, wide=False):
    """Three boxes one above the other, L2 shifted 3 mm to the front; 1.0 mm voxels on an oblique, flipped grid.

    With processes 30 mm to either side where `wide` is true.
    """
    size = tuple((70, 90, 130)[axis] for axis in STORED[stored]["axes"])
    affine = centred_affine(size, spacing_mm=(1.0, 1.0, 1.0), angles_deg=(2, -3, 4), **STORED[stored])
    x, y, z = np.moveaxis(world_of(Grid(size, affine)), -1, 0)
    ids, parts = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for number, level in enumerate(LEVELS):
        up, front = z - PITCH * (1 - number), y - (SLIP if level is Level.L2 else 0.0)
        body = (np.abs(x) < 21) & (np.abs(front - 15) < 16) & (np.abs(up) < HEIGHT / 2)
        arch = (np.abs(x) < 14) & (np.abs(front + 22) < 4) & (np.abs(up) < 9)
        pedicle = (np.abs(np.abs(x) - 14) < 3) & (np.abs(front + 10) < 10) & (np.abs(up - 4) < 5)
        aside = wide & (np.abs(np.abs(x) - 22) < 8) & (np.abs(front + 14) < 3) & (np.abs(up) < 4)
        ids[body | arch | pedicle | aside] = level.verse_id
        parts[aside & (x > 0)] = Subregion.TRANSVERSE_PROCESS_RIGHT
        parts[aside & (x < 0)] = Subregion.TRANSVERSE_PROCESS_LEFT
        parts[body], parts[arch] = Subregion.BODY, Subregion.ARCH
        parts[pedicle & ~body & (x > 0)], parts[pedicle & ~body & (x < 0)] = (
            Subregion.PEDICLE_RIGHT,
            Subregion.PEDICLE_LEFT,
        )
    return Volume(ids, affine), Volume(parts, affine)


def cut_at(height_mm, stored, *, below):
    """What is measured of the stack where the image ends at a world height, at its foot or its head."""
    masks = stack(stored)
    axis = int(np.abs(masks[0].affine[2, :3]).argmax())
    ends = masks[0].index(np.array([[0.0, 15.0, height_mm]]))[0][axis]
    upwards = masks[0].affine[2, axis] > 0
    start, stop = [0, 0, 0], list(masks[0].shape)
    if upwards == below:
        start[axis] = round(ends)
    else:
        stop[axis] = round(ends)
    vertebrae, parts = (crop(mask, start, stop) for mask in masks)
    return measured_bodies(spine_from_mask(vertebrae), vertebrae, vertebra_regions(vertebrae, parts))


def within(left_mm, right_mm, stored, *, foot_mm=-65.0):
    """What is measured of the wide stack between two world places from left to right, and above a height."""
    masks = stack(stored, wide=True)
    start, stop = [0, 0, 0], list(masks[0].shape)
    for world, ends in ((0, (left_mm, right_mm)), (2, (foot_mm, 65.0))):
        axis = int(np.abs(masks[0].affine[world, :3]).argmax())
        corners = np.array([[end if n == world else place for n, place in enumerate((0.0, 15.0, 0.0))] for end in ends])
        first, last = sorted(masks[0].index(corners)[:, axis])
        start[axis], stop[axis] = max(round(first), 0), min(round(last), stop[axis])
    vertebrae, parts = (crop(mask, start, stop) for mask in masks)
    spine = spine_from_mask(vertebrae)
    return spine, measured_bodies(spine, vertebrae, vertebra_regions(vertebrae, parts))


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize("sides", [(-26.0, 26.0), (-26.0, 40.0), (-40.0, 26.0)])
def test_a_body_is_whole_where_a_sagittal_stack_cuts_only_its_processes(stored, sides):
    spine, found = within(*sides, stored)
    assert all(vertebra.partly_visible for vertebra in spine.vertebrae)
    _, whole = within(-40.0, 40.0, stored)
    for level in LEVELS:
        columns = found.heights[level].columns
        assert {name: one.value for name, one in columns.items()} == pytest.approx(
            {name: one.value for name, one in whole.heights[level].columns.items()}, abs=0.3
        )
        assert columns["anterior"].value == pytest.approx(HEIGHT, abs=1.0)


@pytest.mark.parametrize(
    ("left_mm", "right_mm", "foot_mm"), [(-16.0, 40.0, -65.0), (-26.0, 26.0, -PITCH), (-26.0, 26.0, -PITCH - 5.0)]
)
def test_a_body_that_is_cut_itself_has_no_height(left_mm, right_mm, foot_mm):
    _, found = within(left_mm, right_mm, 0, foot_mm=foot_mm)
    assert found.heights[Level.L3] == NotAssessed(Reason.OUT_OF_FIELD, "the image cuts through L3")


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_the_endplate_away_from_the_cut_is_where_it_is_in_the_whole_body(stored):
    whole = cut_at(-65.0, stored, below=True)
    found = cut_at(-PITCH - 2.0, stored, below=True)  # through the middle of L3
    assert Level.L3 not in found.ends
    assert found.cut[Level.L3].lower is None
    upper = found.cut[Level.L3].upper
    assert upper.centre_mm == pytest.approx(whole.ends[Level.L3].upper.centre_mm, abs=0.7)
    assert upper.centre_mm[2] == pytest.approx(-PITCH + HEIGHT / 2, abs=1.0)
    assert upper.normal @ whole.ends[Level.L3].upper.normal > np.cos(np.radians(2.0))


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_of_a_first_body_cut_at_the_head_the_lower_endplate_is_left(stored):
    found = cut_at(PITCH + 2.0, stored, below=False)
    assert found.cut[Level.L1].upper is None
    assert found.cut[Level.L1].lower.centre_mm[2] == pytest.approx(PITCH - HEIGHT / 2, abs=1.0)


def test_an_endplate_nearer_than_four_millimetres_to_the_cut_is_not_whole():
    """All of L3 but its lowest 2 mm: the upper endplate is 24 mm away, the lower one is cut."""
    found = cut_at(-PITCH - HEIGHT / 2 + 2.0, 0, below=True)
    assert found.cut[Level.L3].upper is not None
    assert found.cut[Level.L3].lower is None
    narrow = cut_at(-PITCH + HEIGHT / 2 - 3.0, 0, below=True)  # 3 mm of it left
    assert Level.L3 not in narrow.cut
