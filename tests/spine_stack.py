"""Bodies one below the other whose endplates are known planes."""

import numpy as np
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.endplates import Endplate

DEPTH, WIDTH, HEIGHT, DISC = 34.0, 44.0, 26.0, 8.0
LEVELS = (Level.T10, Level.T11, Level.T12, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5)
WHOLE = Rotation.from_euler("xyz", [12, -7, 20], degrees=True).as_matrix()


def stack(bend_deg=None, roll_deg=None, shift_mm=None, levels=LEVELS, voxel_mm=1.0):
    """Bodies one below the other; angles and shifts are those of the part of the spine above the disc below a level."""
    bend, roll, shift = bend_deg or {}, roll_deg or {}, shift_mm or {}
    turn, centre = np.eye(3), np.zeros(3)
    bodies = {}
    for level in reversed(levels):
        # a kyphosis leans what lies above to the front: right-handed about the right axis, by a negative angle
        step = Rotation.from_euler("xy", [-bend.get(level, 0.0), roll.get(level, 0.0)], degrees=True).as_matrix()
        turn = turn @ step
        centre = centre + turn @ (np.array([0, 0, HEIGHT + DISC]) + np.array([*shift.get(level, (0, 0)), 0]))
        axes = VertebraAxes(level, WHOLE @ centre, WHOLE @ centre, *(WHOLE @ turn).T)
        bodies[level] = BodyEnds(axes, plate(axes, 1), plate(axes, -1), DEPTH, WIDTH, voxel_mm)
    return bodies


def plate(axes, end):
    corners = axes.world(np.array([[0, DEPTH / 2, end * HEIGHT / 2], [0, -DEPTH / 2, end * HEIGHT / 2]]))
    return Endplate(corners.mean(axis=0), axes.up, *corners)
