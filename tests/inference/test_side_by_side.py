"""Centres in a row and side by side, of bodies 30 mm wide and 30 mm apart, in rows that lean every way."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spinemets.inference.side_by_side import in_a_row
from spinemets.inference.votes import LEAST_SPACING, Ballot

SPACING_MM = 2.0
SHAPE = (60, 60, 90)
LEAN = [(0, 0, 0), (35, 0, 0), (0, -30, 10), (-25, 20, 40)]


def row(angles_deg, places=(-30.0, 0.0, 30.0)):
    """Voxel positions of centres so far, mm, along a leaning line through the middle of the array."""
    turn = Rotation.from_euler("xyz", angles_deg, degrees=True)
    along, aside = turn.apply([0.0, 0.0, 1.0]), turn.apply([1.0, 0.0, 0.0])
    centres = np.array(SHAPE) / 2 + np.outer(places, along) / SPACING_MM
    return centres, along / SPACING_MM, aside / SPACING_MM


def ballot(centres):
    """All voxels within 15 mm of a centre are bodies and vote for it."""
    index = np.argwhere(np.ones(SHAPE, bool))
    distance = np.linalg.norm(index[:, None] - centres, axis=2) * SPACING_MM
    chosen = distance.min(axis=1) <= 15.0
    body = np.zeros(SHAPE, bool)
    body[tuple(index[chosen].T)] = True
    return Ballot(index[chosen], centres[distance[chosen].argmin(axis=1)], body, SPACING_MM)


@pytest.mark.parametrize("angles_deg", LEAN)
def test_centres_in_a_row_stay(angles_deg):
    centres, _, _ = row(angles_deg)
    assert in_a_row(centres, ballot(centres)) == pytest.approx(centres[np.argsort(-centres[:, 2])])


@pytest.mark.parametrize("angles_deg", LEAN)
@pytest.mark.parametrize("end", [0, 2])
def test_two_side_by_side_at_an_end_are_one_where_most_of_their_bone_votes(angles_deg, end):
    centres, _, aside = row(angles_deg)
    doubled = np.vstack([centres, centres[end] + 8.0 * aside])
    seen = ballot(doubled)
    found = in_a_row(doubled, seen)
    assert len(found) == 3
    bone = np.bincount(seen.owner(doubled))[1:]
    expected = np.average(doubled[[end, 3]], axis=0, weights=bone[[end, 3]])
    assert np.linalg.norm(found - expected, axis=1).min() < 1e-6


@pytest.mark.parametrize("angles_deg", LEAN)
def test_two_as_close_one_above_another_stay(angles_deg):
    """Collapsed neighbours are for other rules to tell."""
    centres, along, _ = row(angles_deg)
    beside = np.vstack([centres, centres[2] + 8.0 * along])
    assert len(in_a_row(beside, ballot(beside))) == 4


def test_as_far_apart_as_bodies_are_they_stay():
    centres, _, aside = row(LEAN[0])
    far = np.vstack([centres, centres[0] + (LEAST_SPACING * 60.0 + 8.0) * aside])
    assert len(in_a_row(far, ballot(far))) == 4


def test_two_alone_are_one_where_they_lie_at_one_height():
    centres, along, aside = row(LEAN[0], places=(0.0,))
    level = np.vstack([centres, centres + 8.0 * aside])
    stacked = np.vstack([centres, centres + 12.0 * along])
    assert len(in_a_row(level, ballot(level))) == 1
    assert len(in_a_row(stacked, ballot(stacked))) == 2
