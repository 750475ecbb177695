"""Skin, fat, muscle and the cavities of head, trunk and arms, slice by slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.simulate.canvas import Canvas
from spinemets.simulate.implicit import Array, Capsule, oval
from spinemets.simulate.landmarks import Landmarks, Table
from spinemets.simulate.limb_bones import elbow, shoulder_joint
from spinemets.simulate.rib_cage import SQUARENESS, RibCage
from spinemets.simulate.roughness import roughness
from spinemets.simulate.subject import Arms, Subject, stream
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.vertebral_arch import SIDES

CAVITY = 255
"""Inside of the abdomen while it is still empty; `close_cavity` makes it fat."""

SKIN_MM = 2.0
WALL_MM = 13.0
"""Muscle of the abdominal wall."""

HALF_WIDTH: Table = {
    -14: 40, -12: 72, -9: 82, -6: 76, -5: 66, -4: 58, -2: 60, -1: 68, 0: 92, 1: 124, 2: 148, 3: 158, 5: 158,
    8: 154, 12: 148, 14: 142, 16: 150, 18: 166, 20: 176, 22: 180, 30: 170,
}  # fmt: skip
FRONT: Table = {
    -14: 40, -12: 80, -9: 108, -6: 112, -5: 114, -4.0: 110, -3.2: 62, -2.5: 52, -1: 48, 0: 50, 1: 62, 12: 120, 14: 106,
    16: 98, 18: 96, 20: 92, 22: 88, 30: 80,
}  # fmt: skip
BACK: Table = {
    -14: 60, -12: 90, -9: 102, -7: 88, -5: 66, -3: 62, 0: 76, 2: 76, 5: 72, 9: 72, 12: 75, 15: 82, 17: 94, 19: 112,
    21: 118, 23: 112, 30: 90,
}  # fmt: skip
"""Skin from the middle of the spine in a thin patient, mm; the chest decides itself in front. Ours, after CT."""

FAT_SHARE: Table = {-12: 0.1, -4: 0.25, 0: 0.35, 4: 0.5, 10: 0.7, 13: 1.0, 18: 1.0, 22: 0.8}
"""Thickness of fat under the skin relative to that of the abdomen."""


@dataclass(frozen=True)
class Slice:
    """One axial slice of the trunk: positions of the outline and of the cavity, mm.

    `skin` and `cavity` are half width, front and back (world y); `fat` is the thickness under the skin.
    """

    skin: tuple[float, float, float]
    cavity: tuple[float, float, float]
    fat: float
    station: float


def trunk_slice(subject: Subject, cage: RibCage, z: float) -> Slice:
    """Outline of the trunk at a height."""
    marks = cage.marks
    station = float(marks.station_at(z))
    scale = marks.scale
    spine_y = float(np.interp(-z, -marks.z, marks.y))
    fat = float(marks.value(FAT_SHARE, station)) / scale * subject.fat_mm
    half_width, half_depth, centre = (float(v) for v in cage.oval(z))
    chest_front = centre + half_depth
    belly = float(np.interp(station, [11, 13.5, 16, 19], [0.0, 1.6, 1.6, 0.2])) * fat
    width = float(marks.value(HALF_WIDTH, station)) * (subject.girth if station > -1 else 1.0) + fat
    front = spine_y + float(marks.value(FRONT, station)) + fat + belly
    back = spine_y - float(marks.value(BACK, station)) - 0.7 * fat
    # The chest decides the front from T2 down; above and below it fades into the outline of neck and belly.
    chest_share = float(np.interp(station, [-1.0, 2.0, 10.5, 13.0], [0.0, 1.0, 1.0, 0.0]))
    front += chest_share * (chest_front + 13.0 + 0.7 * fat - front)
    if 1.0 < station < 12.5:
        width = max(width, half_width + 14.0 + fat)
    inner_width = width - fat - SKIN_MM - WALL_MM * scale
    inner = (inner_width, front - fat - SKIN_MM - WALL_MM * scale, spine_y - 16.0 * scale)
    pelvis = float(np.interp(station, [17, 19, 20.5, 22], [1.0, 0.6, 0.4, 0.3]))
    inner = (inner[0] * pelvis, inner[1], inner[2] - float(np.interp(station, [17.5, 19.5], [0.0, 26.0])) * scale)
    chest = (half_width - 5.0 * scale, chest_front - 5.0 * scale, centre - half_depth + 5.0 * scale)
    blend = float(np.clip((station - 12.0) / 2.0, 0.0, 1.0))
    mixed = [a + (b - a) * blend for a, b in zip(chest, inner, strict=True)]
    return Slice((width, front, back), (mixed[0], mixed[1], mixed[2]), fat, station)


def radial(x: Array, y: Array, edges: tuple[float, float, float], power: float) -> tuple[Array, Array]:
    """Radius in an outline as a fraction of the way to its edge, and depth below the edge, mm."""
    half_width, front, back = edges
    centre, half_depth = (front + back) / 2, (front - back) / 2
    fraction = np.maximum(oval(x, y - centre, half_width, half_depth, power), 1e-3)
    return fraction, np.sqrt(x * x + (y - centre) ** 2) * (1.0 / fraction - 1.0)


def draw_trunk(canvas: Canvas, subject: Subject, cage: RibCage) -> None:
    """Fill the whole canvas with what lies round the bones: skin, fat, muscle, lungs, empty cavity."""
    rng = stream(subject.seed, "trunk")
    domes = (9.4 + rng.uniform(-1.0, 1.0), 9.9 + rng.uniform(-1.0, 1.0))
    marbling, planes = roughness(rng, 1.0, 5.0, 22.0, 10), roughness(rng, 1.0, 30.0, 90.0, 6)
    plane_width = rng.uniform(0.02, 0.07) + 0.06 * subject.frailty
    threshold = 2.3 - 1.3 * subject.frailty * rng.uniform(0.3, 1.0)
    x, y, z = canvas.axes(
        (slice(0, canvas.grid.shape[0]), slice(0, canvas.grid.shape[1]), slice(0, canvas.grid.shape[2]))
    )
    for k, height in enumerate(z.ravel()):
        layer = slice_tissue(subject, cage, x[:, :, 0], y[:, :, 0], float(height), domes)
        fatty = marbling(x[:, :, 0], y[:, :, 0], z[:, :, k] * 0.4) > threshold
        # Where a smooth relief crosses zero lies a sheet: the planes of fat between muscles.
        fatty |= np.abs(planes(x[:, :, 0], y[:, :, 0], z[:, :, k] * 0.3)) < plane_width
        layer[fatty & (layer == Tissue.MUSCLE)] = Tissue.FAT
        canvas.tissue[:, :, k] = layer


def slice_tissue(
    subject: Subject, cage: RibCage, x: Array, y: Array, z: float, domes: tuple[float, float]
) -> NDArray[np.uint8]:
    """Tissue of one axial slice; `domes` are the stations of the right and left half of the diaphragm."""
    here = trunk_slice(subject, cage, z)
    power = 2.0 if here.station < 0 else 2.4
    fraction, depth = radial(x, y, here.skin, power)
    tissue = np.full(fraction.shape, np.uint8(Tissue.AIR))
    tissue[fraction < 1.0] = Tissue.SKIN
    tissue[(fraction < 1.0) & (depth > SKIN_MM)] = Tissue.FAT
    tissue[(fraction < 1.0) & (depth > SKIN_MM + here.fat)] = Tissue.MUSCLE
    if -0.2 < here.station < 22.0:
        inside, _ = radial(x, y, here.cavity, SQUARENESS)
        cavity = (inside < 1.0) & (tissue == Tissue.MUSCLE) & ~beside_spine(cage.marks, here.station, x, y, z)
        tissue[cavity] = CAVITY
        tissue[cavity & in_lung(cage, here.station, x, y, z, domes)] = Tissue.LUNG
    return tissue


def beside_spine(marks: Landmarks, station: float, x: Array, y: Array, z: float) -> NDArray[np.bool_]:
    """Whether a point belongs to the column of spine and muscle that stands in the cavity."""
    middle_x, middle_y = (float(np.interp(-z, -marks.z, axis)) for axis in (marks.x, marks.y))
    half = float(marks.value({0: 14, 1: 15, 8: 18, 12: 23, 13: 28, 18: 34}, station))
    reach = float(marks.value({0: 10, 4: 13, 8: 16, 12: 19, 18: 20}, station))
    back = middle_y - 30.0 * marks.scale
    inside: NDArray[np.bool_] = oval(x - middle_x, y - back, half, middle_y + reach - back, 2.6) < 1.0
    return inside | ((np.abs(x - middle_x) < half) & (y < back))


def in_lung(
    cage: RibCage, station: float, x: Array, y: Array, z: float, domes: tuple[float, float]
) -> NDArray[np.bool_]:
    """Whether a point of the chest is lung: above the diaphragm and beside the mediastinum."""
    marks, scale = cage.marks, cage.marks.scale
    half_width, half_depth, centre = (float(v) for v in cage.oval(z))
    if station > 12.6 or station < 0.1:
        return np.zeros(np.broadcast_shapes(x.shape, y.shape), bool)
    above = np.zeros(np.broadcast_shapes(x.shape, y.shape), bool)
    for side, dome in zip(SIDES, domes, strict=True):
        top = marks.height(dome)
        ahead = (y - centre - 12.0) / half_depth
        away = ((x - side * 0.5 * half_width) / (0.6 * half_width)) ** 2 + ahead**2 * np.where(ahead > 0, 0.35, 1.0)
        above |= (x * side >= 0) & (z > top - 62.0 * scale * np.minimum(away, 1.4))
    waist = float(marks.value({0: 20, 1: 24, 4: 24, 7: 20, 12: 18}, station))
    width = waist * np.clip((centre + half_depth - y) / 40.0, 0.3, 1.0)
    width = width + 6.0 * scale * np.sin(y / 17.0 + 2.0 * station) * np.cos(0.9 * station + x / 60.0)
    return above & (np.abs(x) > width)


def draw_arms(canvas: Canvas, subject: Subject, cage: RibCage) -> None:
    """Skin, fat and muscle of the upper arms, and shoulders that join them to the trunk."""
    scale = subject.scale
    fat = 0.35 * subject.fat_mm
    for side in SIDES:
        joint, low = shoulder_joint(cage, subject.arms, side), elbow(cage, subject.arms, side)
        muscle = [Capsule(joint, low, 40.0 * scale, 30.0 * scale)]
        root = cage.marks.point(3.0 if subject.arms is Arms.DOWN else 2.0, side * 90.0, -10.0)
        muscle.append(Capsule(joint, root, 38.0 * scale, 40.0 * scale))
        canvas.paint(muscle, Tissue.SKIN, over=(Tissue.AIR,), grow_mm=fat + SKIN_MM)
        canvas.paint(muscle, Tissue.FAT, over=(Tissue.AIR, Tissue.SKIN), grow_mm=fat)
        canvas.paint(muscle, Tissue.MUSCLE, over=(Tissue.AIR, Tissue.SKIN, Tissue.FAT))


def close_cavity(canvas: Canvas) -> None:
    """Give what is left of the empty cavity to fat."""
    canvas.tissue[canvas.tissue == CAVITY] = Tissue.FAT


def draw_table(canvas: Canvas, back_y: float) -> None:
    """Draw the table top behind the patient: a shallow trough of shell round air, only in air."""
    x, y, _ = canvas.axes((slice(0, canvas.grid.shape[0]), slice(0, canvas.grid.shape[1]), slice(0, 1)))
    surface = back_y + 0.0007 * x[:, :, 0] ** 2
    depth = surface - y[:, :, 0]
    shell = ((depth > 0) & (depth < 3.0)) | ((depth > 37.0) & (depth < 40.0))
    layer = np.broadcast_to((shell & (np.abs(x[:, :, 0]) < 230.0))[:, :, None], canvas.tissue.shape)
    canvas.tissue[layer & (canvas.tissue == Tissue.AIR)] = Tissue.TABLE


def skin_back(canvas: Canvas) -> float:
    """World y of the hindmost voxel that is not air."""
    lowest = int(np.argmax((canvas.tissue > 0).any(axis=(0, 2))))
    return float(canvas.grid.affine[1, 3] + canvas.grid.affine[1, 1] * lowest)


def smooth_skin(canvas: Canvas) -> None:
    """Cover bare fat and muscle at the edge of arms and trunk with skin."""
    air = canvas.tissue == Tissue.AIR
    edge = ndimage.binary_dilation(air) & np.isin(canvas.tissue, [Tissue.FAT, Tissue.MUSCLE])
    canvas.tissue[edge] = Tissue.SKIN
