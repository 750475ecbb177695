"""Cortex of known thickness taken away over known shares of the wall: the amount that is left lies in its interval."""

import numpy as np
import pytest
from fracture_scene import BACK, FAT, FRONT, HALF_WIDTH, SHELL, Scene
from oblique import STORED


def share_of_wall(cut):
    """Share that a cut takes of the cortex of the free wall: 1.5 mm thick, the middle 60 % of the height, by area."""
    x, y, z = np.meshgrid(
        np.arange(-20.95, 21, 0.1), np.arange(8.05, 38, 0.1), np.arange(-7.7, 7.8, 0.2), indexing="ij"
    )
    wall = np.minimum(HALF_WIDTH - np.abs(x), np.minimum(y - BACK, FRONT - y)) < 1.5
    wall &= ~((y < BACK + 1.5) & (np.abs(x) > 11) & (z > -2))  # the pedicles
    return cut(x, y, z)[wall].mean()


CUTS = {
    "front-10mm": lambda x, y, z: (np.abs(x) < 5) & (y > 30),
    "front-20mm": lambda x, y, z: (np.abs(x) < 10) & (y > 30),
    "front-32mm": lambda x, y, z: (np.abs(x) < 16) & (y > 30),
    "left": lambda x, y, z: x < -18,
    "back": lambda x, y, z: (y < 10) & (np.abs(x) < 11),
    "upper-front": lambda x, y, z: (y > 30) & (z > 0),
}


@pytest.mark.parametrize(("name", "stored"), [(name, number % len(STORED)) for number, name in enumerate(CUTS)])
def test_the_interval_of_the_amount_of_cortex_holds_what_was_left(name, stored):
    cut = CUTS[name]
    scene = Scene(stored)
    scene.ct[scene.shell & cut(scene.x, scene.y, scene.z)] = 60.0
    scene.lesion((0.0, 24.0, 0.0), 6.0)
    amount = scene.signs()["cortex_amount"]
    left = 1 - share_of_wall(cut)
    assert amount.low <= left <= amount.high
    assert amount.high - amount.low < 0.1


@pytest.mark.parametrize(("pieces", "left"), [(True, 1.0), (False, None)])
def test_the_interval_of_the_amount_of_cortex_holds_it_where_pieces_were_pushed_out(pieces, left):
    scene = Scene(1, squeezed=0.6)
    lost = 0.0
    for at in (-12.0, -4.0, 4.0, 12.0):
        scene.ct[scene.body & (np.abs(scene.x - at) < 1.5) & (scene.y > FRONT - 1.6)] = 40.0
        lost += share_of_wall(lambda x, y, z, at=at: (np.abs(x - at) < 1.5) & (y > FRONT - 1.5))
        beside = scene.own & (np.abs(scene.x - at) < 1.5) & (np.abs(scene.y - FRONT - 1.2) < 0.75)
        scene.ct[beside & (np.abs(scene.z) < 8)] = SHELL if pieces else FAT
    amount = scene.signs()["cortex_amount"]
    assert amount.low <= (left or 1 - lost) <= amount.high
