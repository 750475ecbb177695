"""Stacks of bodies with known bends and slips, rasterised: what alignment is measured from masks alone."""

from functools import cache

import numpy as np
import pytest
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.geometry import Grid
from spinemets.measure.alignment import BodyEnds, local_alignment
from spinemets.measure.axes import spine_axes
from spinemets.measure.body_surface import bodies, body_surface
from spinemets.measure.endplates import endplate
from spinemets.measure.heights import body_heights
from spinemets.measure.region_labels import RegionLabel
from spinemets.volume import Volume

DEPTH, WIDTH, HEIGHT, DISC = 32.0, 42.0, 25.0, 8.0
LEVELS = (Level.L1, Level.L2, Level.L3, Level.L4, Level.L5)
WHOLE = Rotation.from_euler("xyz", [7, -5, 9], degrees=True).as_matrix()


def frames(bend=0.0, roll=0.0, front=0.0, right=0.0):
    """Middle and axes (rows) of each body; what lies above the disc under L3 is bent, rolled and shifted."""
    turn, place, result = np.eye(3), np.zeros(3), {}
    for level in reversed(LEVELS):
        if level is Level.L3:
            turn = Rotation.from_euler("xy", [-bend, roll], degrees=True).as_matrix()
        steady = Rotation.from_euler("x", 4.0 * (LEVELS.index(level) - 2), degrees=True).as_matrix()
        step = [0.0, 0.0, HEIGHT + DISC] if result else [0.0, 0.0, 0.0]
        shift = [right, front, 0.0] if level is Level.L3 else [0.0, 0.0, 0.0]
        place = place + (turn @ steady) @ (np.array(step) + shift)
        result[level] = (place, (turn @ steady).T)
    middle = result[Level.L3][0]
    return {level: (WHOLE @ (place - middle), rows @ WHOLE.T) for level, (place, rows) in result.items()}


@cache
def measured(stored=0, spacing=(1.0, 1.0, 1.0), **deformity):
    order = list(STORED[stored]["axes"])
    size = tuple(int(np.ceil(mm / step)) for mm, step in zip(np.array([92, 110, 190])[order], spacing, strict=True))
    affine = centred_affine(
        size, centre_mm=(0.0, -8.0, 0.0), spacing_mm=spacing, angles_deg=(6, 8, -7), **STORED[stored]
    )
    points = world_of(Grid(size, affine))
    ids, parts = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    truth = frames(**deformity)
    for level, (place, rows) in truth.items():
        x, y, z = np.moveaxis((points - place) @ rows.T, -1, 0)
        body = ((2 * x / WIDTH) ** 2 + (2 * y / DEPTH) ** 2 < 1) & (np.abs(z) < HEIGHT / 2)
        arch = (np.abs(x) < 14) & (y > -45) & (y < -33) & (np.abs(z) < 9)
        ids[body | arch] = level.verse_id
        parts[body], parts[arch] = RegionLabel.BODY, RegionLabel.SPINOUS
    vertebrae, labels = Volume(ids, affine), Volume(parts, affine)
    axes = spine_axes(vertebrae, labels)
    ends = {}
    for level, body in bodies(vertebrae, labels).items():
        surface = body_surface(body, axes[level])
        heights = body_heights(surface)
        plates = [endplate(surface, heights, upper=upper) for upper in (True, False)]
        ends[level] = BodyEnds(axes[level], *plates, heights.depth_mm, heights.width_mm, max(spacing))
    return truth, local_alignment(ends)


def cobb(truth, upper, lower, own):
    """Kyphosis and scoliosis between the true directions of two bodies, in the planes of a third."""
    _, front, up = truth[own][1]
    right = truth[own][1][0]
    above, below = truth[upper][1][2], truth[lower][1][2]
    lean = [
        [np.degrees(np.arctan2(normal @ aside, normal @ up)) for normal in (above, below)] for aside in (front, right)
    ]
    return lean[0][0] - lean[0][1], lean[1][1] - lean[1][0]


GRIDS = [(0, (1.0, 1.2, 1.4)), (1, (1.2, 1.2, 2.0)), (2, (1.5, 1.3, 1.2)), (3, (2.0, 2.0, 2.0))]


@pytest.mark.parametrize(("stored", "spacing"), GRIDS)
@pytest.mark.parametrize("deformity", [{}, {"bend": 14.0}, {"bend": -9.0, "roll": 11.0}])
def test_angles_are_within_two_degrees_and_nine_in_ten_within_their_intervals(deformity, stored, spacing):
    truth, found = measured(stored, spacing, **deformity)
    within = []
    for number in (1, 2, 3):
        level, above, below = LEVELS[number], LEVELS[number - 1], LEVELS[number + 1]
        kyphosis, scoliosis = cobb(truth, above, below, level)
        assert found[level].kyphosis_deg.value == pytest.approx(kyphosis, abs=2.0)
        assert found[level].scoliosis_deg.value == pytest.approx(scoliosis, abs=2.0)
        for angle, true in ((found[level].kyphosis_deg, kyphosis), (found[level].scoliosis_deg, scoliosis)):
            within.append(angle.low <= true <= angle.high)
    assert sum(within) >= len(within) - 1  # of six


@pytest.mark.parametrize(("stored", "spacing"), GRIDS)
@pytest.mark.parametrize("slip", [{"front": 5.0}, {"front": -4.0}, {"right": 6.0}])
def test_slips_are_within_a_millimetre_and_keep_their_side(slip, stored, spacing):
    _, straight = measured(stored, spacing)
    _, found = measured(stored, spacing, **slip)
    limit = max(1.0, 0.7 * max(spacing))
    for name, truth in (("slip_below_mm", slip.get("front", 0.0)), ("side_slip_below_mm", slip.get("right", 0.0))):
        moved = getattr(found[Level.L3], name).value - getattr(straight[Level.L3], name).value
        assert moved == pytest.approx(truth, abs=limit)
    assert abs(straight[Level.L3].side_slip_below_mm.value) < limit
