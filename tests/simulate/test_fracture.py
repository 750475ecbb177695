"""Losses measured on the squeezed labels with a plain ruler: the extent of columns of voxels."""

from functools import cache

import numpy as np
import pytest

from spinemets.anatomy import Level, Subregion
from spinemets.simulate.fracture import COLUMN_SHARE, Collapse, collapsed, placed_spine
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.subject import random_subject
from spinemets.simulate.tissues import Tissue

SEED, LEVEL = 100_003, Level.L2


@cache
def healthy():
    return parametric_anatomy(SEED, spacing_mm=0.8, field=(Level.L1, Level.L3))


@cache
def vertebra():
    return placed_spine(random_subject(SEED))[LEVEL]


def columns(anatomy):
    """Mean extent along the vertebra's own axis, mm, in three places of the depth and two of the width."""
    body = np.argwhere((anatomy.vertebra == LEVEL.verse_id) & (anatomy.subregion == Subregion.BODY))
    local = vertebra().local(body @ anatomy.affine[:3, :3].T + anatomy.affine[:3, 3])
    places = {name: (0.0, share * vertebra().size.depth) for name, share in COLUMN_SHARE.items()}
    places |= {"right": (vertebra().size.width / 3, 0.0), "left": (-vertebra().size.width / 3, 0.0)}
    heights = {}
    for name, (x, y) in places.items():
        near = local[(np.abs(local[:, 0] - x) < 2.0) & (np.abs(local[:, 1] - y) < 1.2)]
        # the number of voxels in a column of known cross-section is its height, ends included
        heights[name] = len(near) * 0.8**3 / (4.0 * 2.4)
    return heights


@pytest.mark.parametrize(
    "loss",
    [
        Collapse(0.5, 0.3, 0.0),
        Collapse(0.0, 0.4, 0.0),
        Collapse(0.6, 0.6, 0.6),
        Collapse(0.25, 0.25, 0.25),
    ],
)
def test_every_column_loses_its_share_and_nothing_else_changes(loss):
    before, after = columns(healthy()), columns(collapsed(healthy(), vertebra(), loss))
    for name in COLUMN_SHARE:
        assert 1 - after[name] / before[name] == pytest.approx(getattr(loss, name), abs=0.05)
    squeezed = collapsed(healthy(), vertebra(), loss)
    others = healthy().vertebra != LEVEL.verse_id
    assert (squeezed.vertebra[others] == healthy().vertebra[others]).all()
    arch = (healthy().vertebra == LEVEL.verse_id) & (healthy().subregion != Subregion.BODY)
    assert (squeezed.subregion[arch] == healthy().subregion[arch]).all()


def test_a_tilt_takes_from_the_patients_right():
    before, after = columns(healthy()), columns(collapsed(healthy(), vertebra(), Collapse(0.3, 0.3, 0.3, tilt=0.15)))
    right, left = (1 - after[side] / before[side] for side in ("right", "left"))
    assert right - left == pytest.approx(2 * 0.15 * 2 / 3, abs=0.07)


def test_what_is_lost_becomes_disc():
    squeezed = collapsed(healthy(), vertebra(), Collapse(0.5, 0.5, 0.5))
    lost = (healthy().vertebra == LEVEL.verse_id) & (squeezed.vertebra == 0)
    assert lost.any()
    assert set(np.unique(squeezed.tissue[lost])) == {Tissue.DISC}
    assert squeezed.centres_mm[LEVEL][2] < healthy().centres_mm[LEVEL][2]


def test_no_loss_changes_nothing():
    same = collapsed(healthy(), vertebra(), Collapse())
    assert (same.vertebra == healthy().vertebra).mean() > 0.9999


@pytest.mark.parametrize("value", [-0.1, 0.95])
def test_a_loss_that_no_body_survives_is_refused(value):
    with pytest.raises(ValueError, match=f"middle loss must lie in .*got {value}"):
        Collapse(middle=value)


def test_a_vertebra_that_is_not_shown_is_refused():
    with pytest.raises(ValueError, match="shows no body of T6"):
        collapsed(healthy(), placed_spine(random_subject(SEED))[Level.T6], Collapse())
