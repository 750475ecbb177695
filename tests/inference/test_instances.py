import numpy as np
import pytest
from oblique import world_of

from spinemets.geometry import Grid
from spinemets.inference.instances import find_instances
from spinemets.inference.spine_classes import OFFSET_UNIT_MM

SPACING_MM = 2.0
SHAPE = (24, 40, 70)


def votes_for(numbers, centres):
    """Offsets from every voxel to the centre of its vertebra, as a perfect network would give them."""
    index = np.stack(np.indices(numbers.shape), axis=0).astype(np.float32)
    offset = np.zeros((3, *numbers.shape), np.float32)
    for number, centre in enumerate(centres, start=1):
        own = numbers == number
        offset[:, own] = (np.asarray(centre)[:, None] - index[:, own]) * (SPACING_MM / OFFSET_UNIT_MM)
    return offset


def column(centres, half=(8, 8, 6), process=True):
    """Bodies (boxes) round their centres, each with a process that reaches far behind; 1 is the first given."""
    numbers, body = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, bool)
    index = np.moveaxis(world_of(Grid(SHAPE, np.eye(4))), -1, 0)
    for number, centre in enumerate(centres, start=1):
        away = [np.abs(axis - c) for axis, c in zip(index, centre, strict=True)]
        box = np.all([a <= h for a, h in zip(away, half, strict=True)], axis=0)
        behind = (away[0] <= 1) & (index[1] < centre[1]) & (away[1] < 18) & (away[2] <= 2) & process
        numbers[(box | behind) & (numbers == 0)] = number
        body |= box
    return numbers, body


CENTRES = [(12, 25, 58), (12, 26, 45), (11, 27, 32), (12, 25, 19)]


def test_touching_vertebrae_are_told_apart_and_counted_from_head_to_foot():
    numbers, body = column(CENTRES[::-1])
    offset = votes_for(numbers, CENTRES[::-1])
    found = find_instances(numbers > 0, body, offset, SPACING_MM)
    assert found.centres == pytest.approx(np.array(CENTRES, float), abs=0.6)
    assert (found.labels == np.where(numbers > 0, 5 - numbers, 0)).all()


def test_wavering_votes_still_find_every_vertebra():
    numbers, body = column(CENTRES)
    rng = np.random.default_rng(0)
    offset = votes_for(numbers, CENTRES) + rng.normal(0, 4 / OFFSET_UNIT_MM, (3, *SHAPE)).astype(np.float32)
    found = find_instances(numbers > 0, body, offset, SPACING_MM)
    assert len(found.centres) == 4
    assert found.centres == pytest.approx(np.array(CENTRES, float), abs=1.5)
    assert (found.labels[numbers > 0] == numbers[numbers > 0]).mean() > 0.98


def test_a_vertebra_whose_centre_lies_beyond_the_image_is_found_there():
    centres = [(12, 25, 76), *CENTRES[1:]]
    numbers, body = column(centres, half=(8, 8, 8))
    assert (numbers == 1).any()
    found = find_instances(numbers > 0, body, votes_for(numbers, centres), SPACING_MM)
    assert found.centres[0] == pytest.approx(centres[0], abs=0.6)
    assert (found.labels == numbers).all()


def test_a_voxel_that_votes_for_no_centre_belongs_to_none():
    numbers, body = column(CENTRES)
    offset = votes_for(numbers, CENTRES)
    stray = tuple(int(n) for n in np.argwhere(numbers > 0)[0])  # on the surface: an enclosed one would be filled
    offset[:, *stray] += 60 / OFFSET_UNIT_MM
    found = find_instances(numbers > 0, body, offset, SPACING_MM)
    assert found.labels[stray] == 0
    assert (found.labels > 0).sum() == (numbers > 0).sum() - 1


def test_a_crumb_far_from_its_vertebra_is_dropped_and_a_second_large_piece_is_kept():
    numbers, body = column(CENTRES)
    numbers[:3, 2:5, :3] = 4
    numbers[2:22, 6:10, 14:24] = np.where(numbers[2:22, 6:10, 14:24] == 0, 4, numbers[2:22, 6:10, 14:24])
    numbers[:, 10:17, 14:24] = 0
    found = find_instances(numbers > 0, body, votes_for(numbers, CENTRES), SPACING_MM)
    assert (found.labels[:3, 2:5, :3] == 4).sum() == 27  # 27 voxels are 0.2 ml: no crumb
    numbers[:3, 2:5, 1:3] = 0
    found = find_instances(numbers > 0, body, votes_for(numbers, CENTRES), SPACING_MM)
    assert not found.labels[:3, 2:5, :3].any()  # 9 voxels are 0.07 ml
    assert (found.labels[2:22, 6:10, 14:24] == 4).any()


def test_less_bone_than_a_vertebra_has_is_none():
    numbers, body = column([(12, 25, 40)], half=(1, 1, 1), process=False)
    found = find_instances(numbers > 0, body, votes_for(numbers, [(12, 25, 40)]), SPACING_MM)
    assert len(found.centres) == 0
    assert not found.labels.any()


def test_two_peaks_closer_than_two_bodies_can_be_are_one_vertebra():
    numbers, body = column([(12, 25, 40)])
    offset = votes_for(numbers, [(12, 25, 40)])
    offset[2, :, :, 40:] += 6 / OFFSET_UNIT_MM
    assert len(find_instances(numbers > 0, body, offset, SPACING_MM).centres) == 1


def test_an_empty_image_has_no_vertebrae():
    nothing = np.zeros(SHAPE, bool)
    found = find_instances(nothing, nothing, np.zeros((3, *SHAPE), np.float32), SPACING_MM)
    assert found.centres.shape == (0, 3)
    assert not found.labels.any()


@pytest.mark.parametrize(("half_width", "count"), [(10, 1), (3, 2)])
def test_centres_too_close_for_bodies_of_their_width_are_one(half_width, count):
    """Sixteen millimetres are a vertebra further in the neck, and less than half a vertebra in the loins."""
    centres = [(12, 25, 44), (12, 25, 36)]
    numbers, body = column(centres, half=(half_width, half_width, 4), process=False)
    found = find_instances(numbers > 0, body, votes_for(numbers, centres), SPACING_MM)
    assert len(found.centres) == count


def test_neighbours_whose_votes_are_drawn_towards_each_other_stay_two():
    """Cervical bodies of 16 mm, 12 mm apart, whose votes gather 8 mm apart."""
    centres, voted = [(12, 25, 42), (12, 25, 36)], [(12, 25, 41), (12, 25, 37)]
    numbers, body = column(centres, half=(4, 4, 2), process=False)
    found = find_instances(numbers > 0, body, votes_for(numbers, voted), SPACING_MM)
    assert (found.labels == numbers).all()
    assert len(found.centres) == 2


@pytest.mark.parametrize(("at", "count"), [(42, 3), (51, 2)])
def test_an_arch_that_votes_away_from_every_body_is_a_vertebra_of_its_own(at, count):
    """Its body is destroyed; what votes beside a body in sight, 6 mm away, belongs to that one."""
    numbers, body = column([(12, 30, 54), (12, 30, 30)], half=(6, 6, 4), process=False)
    arch = np.zeros(SHAPE, bool)
    arch[6:19, 10:18, 40:46] = True
    offset = votes_for(np.where(arch, 3, numbers), [(12, 30, 54), (12, 30, 30), (12, 30, at)])
    found = find_instances((numbers > 0) | arch, body, offset, SPACING_MM)
    assert len(found.centres) == count
    assert len(set(found.labels[arch].tolist())) == 1


def test_what_a_vertebra_encloses_is_its_own():
    body = np.zeros((30, 30, 30), bool)
    body[5:25, 5:25, 5:25] = True
    hollow = body.copy()
    hollow[12:18, 12:18, 12:18] = False
    place = np.stack(np.indices(body.shape)).astype(np.float32)
    offset = (np.array([14.5, 14.5, 14.5], np.float32)[:, None, None, None] - place) * (1.5 / OFFSET_UNIT_MM)
    found = find_instances(hollow, hollow, offset, 1.5)
    assert np.array_equal(found.labels > 0, body)


def test_two_centres_too_close_for_bodies_of_that_width_are_one():
    body = np.zeros((60, 60, 40), bool)
    body[15:45, 15:45, 5:35] = True  # 45 mm wide: a lumbar body, whose neighbour is over 25 mm away
    place = np.stack(np.indices(body.shape)).astype(np.float32)
    middle = np.where(place[2] < 22, 16.0, 24.0)  # two rival centres 12 mm apart
    target = np.stack([np.full(body.shape, 29.5), np.full(body.shape, 29.5), middle])
    offset = ((target - place) * (1.5 / OFFSET_UNIT_MM)).astype(np.float32)
    assert len(find_instances(body, body, offset, 1.5).centres) == 1


def test_the_tip_of_a_vertebra_at_the_end_of_the_image_is_one_of_its_own():
    numbers, body = column(CENTRES)
    tip = np.zeros(SHAPE, bool)
    tip[11:14, 8:13, 66:] = True  # behind and above: the spinous process of the vertebra above, whose centre is outside
    offset = votes_for(np.where(tip, 5, numbers), [*CENTRES, (12, 24, 67)])  # it votes too near, as tips do
    found = find_instances((numbers > 0) | tip, body, offset, SPACING_MM)
    assert len(found.centres) == 5
    assert (found.labels[tip] == 1).all()
    assert (found.labels[numbers == 1] == 2).all()


def test_a_tip_at_the_lower_end_is_the_last():
    numbers, body = column([(12, 25, 62), (12, 26, 49), (11, 27, 36), (12, 25, 23)])
    tip = np.zeros(SHAPE, bool)
    tip[8:16, 18:30, :3] = True
    offset = votes_for(
        np.where(tip, 5, numbers), [*[(12, 25, 62), (12, 26, 49), (11, 27, 36), (12, 25, 23)], (12, 25, 14)]
    )
    found = find_instances((numbers > 0) | tip, body, offset, SPACING_MM)
    assert len(found.centres) == 5
    assert (found.labels[tip] == 5).all()


def test_a_loose_piece_inside_the_image_is_no_vertebra():
    numbers, body = column(CENTRES)
    loose = np.zeros(SHAPE, bool)
    loose[11:14, 2:5, 58:62] = True
    offset = votes_for(np.where(loose, 1, numbers), CENTRES)
    assert len(find_instances((numbers > 0) | loose, body, offset, SPACING_MM).centres) == 4


@pytest.mark.parametrize("at", [(12, 8, 51), (12, 7, 38)])
def test_a_little_bone_between_two_that_are_neighbours_is_no_vertebra(at):
    numbers, body = column(CENTRES, process=False)
    crumb = np.zeros(SHAPE, bool)
    crumb[10:15, at[1] - 2 : at[1] + 3, at[2] - 2 : at[2] + 3] = True  # 1 ml that votes for itself
    offset = votes_for(np.where(crumb, 5, numbers), [*CENTRES, at])
    found = find_instances((numbers > 0) | crumb, body, offset, SPACING_MM)
    assert found.centres == pytest.approx(np.array(CENTRES, float), abs=0.6)


def test_little_bones_in_a_row_between_two_neighbours_are_no_vertebrae():
    """Tips of processes on either side, each as slight as the next; the one below is no measure of the one above."""
    numbers, body = column(CENTRES, process=False)
    places = [(4, 6, 53), (20, 6, 49)]
    for number, (i, j, k) in enumerate(places, start=5):
        numbers[i - 2 : i + 3, j - 2 : j + 3, k - 2 : k + 3] = number
    found = find_instances(numbers > 0, body, votes_for(numbers, [*CENTRES, *places]), SPACING_MM)
    assert found.centres == pytest.approx(np.array(CENTRES, float), abs=0.6)


def test_a_vertebra_that_collapsed_to_a_plate_is_one():
    centres = [(12, 25, 58), (12, 25, 47), (12, 25, 36)]
    numbers, body = column([centres[0], centres[2]])
    plate, flat = column(centres[1:2], half=(8, 8, 2))
    numbers[(plate > 0) & (numbers == 0)] = 3
    offset = votes_for(numbers, [centres[0], centres[2], centres[1]])
    found = find_instances(numbers > 0, body | flat, offset, SPACING_MM)
    assert found.centres == pytest.approx(np.array(centres, float), abs=0.8)


def test_little_that_is_left_of_a_vertebra_in_its_own_place_is_one():
    """Without it its neighbours would be 56 mm apart, for a width of 38 mm."""
    centres = [(12, 25, 60), (12, 25, 46), (12, 25, 32)]
    numbers, body = column(centres, process=False)
    destroyed = (numbers == 2) & (np.indices(SHAPE)[0] > 6)
    numbers[destroyed], body[destroyed] = 0, False
    found = find_instances(numbers > 0, body, votes_for(numbers, centres), SPACING_MM)
    assert (numbers == 2).sum() < 0.35 * (numbers == 1).sum()
    assert found.centres == pytest.approx(np.array(centres, float), abs=0.8)
