"""Lumbar vertebrae made of boxes, so that every part is known; x to the right, y to the front, z up, mm."""

import numpy as np
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Subregion

PITCH_MM = 36.0
HALF_CANAL_MM = 11.0
CANAL_DEPTH_MM = 8.0


def part_at(x, y, z):
    """`Subregion` of points of one vertebra whose canal has its middle at the origin, 0 outside."""
    label = np.zeros(np.broadcast(x, y, z).shape, np.uint8)
    wide = np.abs(x)
    right = x > 0
    label[(wide < 5) & (y > -34) & (y < -CANAL_DEPTH_MM) & (z > -10) & (z < 6)] = Subregion.SPINOUS_PROCESS
    lamina = (wide > 5) & (wide < 19) & (y > -14) & (y < -CANAL_DEPTH_MM) & (np.abs(z) < 12)
    wall = (wide > HALF_CANAL_MM) & (wide < 19) & (y >= -CANAL_DEPTH_MM) & (y < 0) & (np.abs(z) < 12)
    label[lamina | wall] = Subregion.ARCH
    transverse = (wide > 22) & (wide < 42) & (y > -3) & (y < 5) & (z > 0) & (z < 8)
    label[transverse & right] = Subregion.TRANSVERSE_PROCESS_RIGHT
    label[transverse & ~right] = Subregion.TRANSVERSE_PROCESS_LEFT
    pedicle = (wide > HALF_CANAL_MM) & (wide <= 22) & (y > 0) & (y < CANAL_DEPTH_MM) & (z > -2) & (z < 12)
    label[pedicle & right] = Subregion.PEDICLE_RIGHT
    label[pedicle & ~right] = Subregion.PEDICLE_LEFT
    label[(wide < 21) & (y >= CANAL_DEPTH_MM) & (y < 38) & (np.abs(z) < 13)] = Subregion.BODY
    return label


def stack(count=3, angles_deg=(0, 0, 0), spacing_mm=1.0, shape=(110, 110, 140)):
    """Subregions and numbers (1 is the highest) of a stack of vertebrae, turned about its middle."""
    index = np.stack(np.indices(shape), axis=-1) - (np.array(shape) - 1) / 2
    local = index * spacing_mm @ Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()
    x, y, z = np.moveaxis(local, -1, 0)
    number = np.clip(np.round((count - 1) / 2 - z / PITCH_MM), 0, count - 1)
    parts = part_at(x, y, z - ((count - 1) / 2 - number) * PITCH_MM)
    return parts, np.where(parts > 0, number + 1, 0).astype(np.uint8), local
