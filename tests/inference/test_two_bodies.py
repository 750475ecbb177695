"""Bodies of 16 mm, as in a neck, two voxels of disc between them; votes that run together make one piece of two."""

import numpy as np
import pytest
from test_instances import SPACING_MM, column, votes_for

from spinemets.inference.instances import find_instances
from spinemets.inference.spine_classes import OFFSET_UNIT_MM
from spinemets.inference.two_bodies import divided
from spinemets.inference.votes import Ballot

HALF = (4, 4, 2)
CENTRES = [(12, 25, 65 - 7 * n) for n in range(9)]


def separate(numbers, body, pieces):
    """Centres after a first look that found `pieces`, each a set of numbers whose voxels vote for their middle."""
    index = np.argwhere(numbers > 0)
    own = numbers[tuple(index.T)]
    middles = [np.mean([CENTRES[n - 1] for n in piece], axis=0) for piece in pieces]
    votes = np.zeros(index.shape)
    for piece, middle in zip(pieces, middles, strict=True):
        votes[np.isin(own, piece)] = middle
    drawn = votes + 0.3 * (np.array(CENTRES)[own - 1] - votes)
    return divided(np.array(middles), Ballot(index, drawn, body, SPACING_MM))


def singles(*but):
    return [(n,) for n in range(1, 10) if n not in but]


@pytest.mark.parametrize("upper", [4, 5, 6, 7])
def test_a_piece_of_two_bodies_becomes_two_vertebrae(upper):
    numbers, body = column(CENTRES, half=HALF, process=False)
    found = separate(numbers, body, [*singles(upper, upper + 1), (upper, upper + 1)])
    assert len(found) == 9
    height = np.sort(found[:, 2])[::-1]
    middle = (CENTRES[upper - 1][2] + CENTRES[upper][2]) / 2
    assert height[upper - 1 : upper + 1] == pytest.approx([middle + 0.3 * 3.5, middle - 0.3 * 3.5])


def test_a_row_of_single_bodies_stays():
    numbers, body = column(CENTRES, half=HALF, process=False)
    assert len(separate(numbers, body, singles())) == 9


def test_a_large_body_stays_one():
    """Half as wide again and as high as two: its halves are no further apart for its width than those of others."""
    numbers, body = column([c for n, c in enumerate(CENTRES, 1) if n not in (5, 6)], half=HALF, process=False)
    own, large = column([np.mean(CENTRES[4:6], axis=0)], half=(10, 10, 5), process=False)
    numbers[numbers > 4] += 2
    numbers[own > 0] = 5
    assert (numbers == 5).sum() > 3 * (numbers == 4).sum()
    found = separate(numbers, body | large, [*singles(5, 6), (5,)])
    assert len(found) == 8


def test_a_body_whose_middle_is_destroyed_stays_one():
    """Its ends are as far apart as two bodies, and together they are less bone than a neighbour is."""
    centres = [c for n, c in enumerate(CENTRES, 1) if n not in (5, 6)]
    numbers, body = column(centres, half=HALF, process=False)
    numbers[numbers > 4] += 2
    for n, end in ((5, 37), (5, 26)):
        numbers[8:17, 21:30, end : end + 2], body[8:17, 21:30, end : end + 2] = n, True
    assert (numbers == 5).sum() < (numbers == 4).sum()
    assert len(separate(numbers, body, [*singles(5, 6), (5,)])) == 8


def test_the_second_from_the_top_with_its_dens_stays_one():
    numbers, body = column(CENTRES, half=HALF, process=False)
    assert len(separate(numbers, body, [(1,), (2, 3), *singles(1, 2, 3)])) == 8


def test_what_bodies_lack_in_votes_their_places_tell():
    """The same through the whole separation: votes of the fifth and sixth body gather in one place."""
    numbers, body = column(CENTRES, half=HALF)
    middle = np.mean(CENTRES[4:6], axis=0)
    drawn = [middle if n in (4, 5) else c for n, c in enumerate(CENTRES)]
    offset = votes_for(numbers, drawn)
    for n in (5, 6):
        own = numbers == n
        offset[2, own] += 0.3 * (CENTRES[n - 1][2] - middle[2]) * SPACING_MM / OFFSET_UNIT_MM
    found = find_instances(numbers > 0, body, offset, SPACING_MM)
    assert len(found.centres) == 9
    assert (found.labels[numbers > 0] == numbers[numbers > 0]).all()


@pytest.mark.parametrize("sheets", [0, 1])
def test_a_piece_without_bodies_or_with_a_single_sheet_of_one_stays(sheets):
    numbers, body = column(CENTRES, half=HALF, process=False)
    body[:, :, CENTRES[4][2] - 3 + sheets :] = False
    body[:, :, : CENTRES[4][2] - 3] = False
    assert len(separate(numbers, body, [*singles(5, 6), (5, 6)])) == 8
