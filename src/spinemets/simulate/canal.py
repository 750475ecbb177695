"""The spinal canal and what lies in it: cord, thecal sac and epidural fat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from spinemets.anatomy import Level, Region
from spinemets.simulate.canvas import Canvas
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.dimensions import CORD
from spinemets.simulate.implicit import Array, oval, vector
from spinemets.simulate.sacrum import SacralArc
from spinemets.simulate.subject import Subject, stream
from spinemets.simulate.tissues import Tissue

STEP_MM = 1.0
SAC_END = 0.42
"""The sac ends at S2: this fraction of the way down the sacrum."""


@dataclass(frozen=True)
class Canal:
    """The canal sampled every `STEP_MM` along its middle, from the skull to the sacral hiatus.

    Attributes
    ----------
    centre, right, front : (N, 3) ndarray
        Position and unit vectors, world mm.
    half_width, half_depth : (N,) ndarray
        Of the bony canal, mm.
    sac, cord : (N, 3) ndarray
        Half width, half depth and offset to the front of the oval, mm; half widths of 0 where there is none.
    """

    centre: Array
    right: Array
    front: Array
    half_width: Array
    half_depth: Array
    sac: Array
    cord: Array


def canal_of(subject: Subject, placed: dict[Level, PlacedVertebra], arc: SacralArc) -> Canal:
    """The canal of a subject whose vertebrae stand as `placed`."""
    rng = stream(subject.seed, "canal")
    stations = vertebral_stations(subject, placed, rng) + sacral_stations(placed[Level.SACRUM], arc, rng)
    table = np.array(stations)
    walked = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(table[:, :3], axis=0), axis=1))])
    places = np.arange(0.0, walked[-1], STEP_MM)
    fine = np.stack([np.interp(places, walked, column) for column in table.T], axis=1)
    centre = smoothed_path(walked, table[:, :3], places)
    right = fine[:, 3:6] / np.linalg.norm(fine[:, 3:6], axis=1, keepdims=True)
    front = fine[:, 6:9] / np.linalg.norm(fine[:, 6:9], axis=1, keepdims=True)
    return Canal(centre, right, front, fine[:, 9], fine[:, 10], fine[:, 11:14], fine[:, 14:17])


def smoothed_path(walked: Array, points: Array, places: Array) -> Array:
    """(N, 3) positions at `places` along a curve through `points` that does not overshoot."""
    return PchipInterpolator(walked, points)(places)


def vertebral_stations(
    subject: Subject, placed: dict[Level, PlacedVertebra], rng: np.random.Generator
) -> list[list[float]]:
    """One row per level and one at the skull: centre, right, front, canal, sac and cord."""
    thickness, fill = rng.normal(1.0, 0.05), rng.normal(1.0, 0.05)
    lumbar = [level for level in subject.levels if level.region is Region.LUMBAR]
    conus = placed[lumbar[0]].world(np.array([0.0, 0.0, rng.normal(0.0, 14.0)]))[2]
    rows = []
    for level, vertebra in placed.items():
        if level is Level.SACRUM:
            continue
        centre = np.array([0.0, vertebra.canal_y, 0.0])
        if level is Level.C1:
            rows.append(
                station(vertebra, centre + vector([0.0, 1.5, 25.0]), level, thickness, fill * subject.scale, conus)
            )
        rows.append(station(vertebra, centre, level, thickness, fill * subject.scale, conus))
    return rows


def station(
    vertebra: PlacedVertebra, local: Array, level: Level, thickness: float, fill: float, conus_z: float
) -> list[float]:
    """One row of the table of the canal."""
    size, mean = vertebra.size, CORD[level]
    half_width, half_depth = size.canal_width / 2, size.canal_depth / 2
    sac_width = min(mean.sac_width / 2 * fill, half_width - 1.0)
    sac_depth = min(mean.sac_depth / 2 * fill, half_depth - 0.8)
    spare = half_depth - sac_depth
    sac_front = spare * (0.75 if level.region is Region.LUMBAR else 0.35)
    above = float(np.clip((vertebra.world(local)[2] - conus_z) / 12.0, 0.0, 1.0))
    cord_width = mean.cord_width / 2 * thickness * above if mean.cord_width else 2.0 * above
    cord_depth = mean.cord_depth / 2 * thickness * above if mean.cord_depth else 2.0 * above
    cord_width, cord_depth = min(cord_width, sac_width - 1.0), min(cord_depth, sac_depth - 0.8)
    lean = {Region.THORACIC: 0.35, Region.LUMBAR: -0.4}.get(level.region, 0.0) * (sac_depth - cord_depth)
    place = vertebra.world(local)
    shapes = [half_width, half_depth, sac_width, sac_depth, sac_front, cord_width, cord_depth, sac_front + lean]
    return [*place, *vertebra.axes[0], *vertebra.axes[1], *shapes]


def sacral_stations(first: PlacedVertebra, arc: SacralArc, rng: np.random.Generator) -> list[list[float]]:
    """Rows of the table of the canal down the sacrum."""
    end = SAC_END + rng.normal(0.0, 0.05)
    rows = []
    for part in np.array([0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]):
        along = np.array([part * arc.length])
        point = arc.point(along, arc.canal_forward(along))[0]
        angle = float(along[0] / arc.radius)
        front = np.array([0.0, np.cos(angle), np.sin(angle)]) @ first.axes
        half_width, half_depth = float(arc.canal_half_width(along)[0]), float(arc.canal_half_depth(along)[0])
        left = float(np.clip((end - part) / 0.25, 0.0, 1.0)) ** 0.5
        sac = [min(6.5, half_width - 1) * left, min(5.5, half_depth - 0.8) * left, 0.1 * half_depth]
        rows.append([*first.world(point), *first.axes[0], *front, half_width, half_depth, *sac, 0.0, 0.0, 0.0])
    return rows


def draw_canal(canvas: Canvas, canal: Canal) -> None:
    """Fill the canal with cord, CSF and epidural fat; to be done before the bones, which spare it."""
    tree = cKDTree(canal.centre)
    for start in range(0, len(canal.centre), 12):
        stop = min(start + 12, len(canal.centre))
        reach = float(canal.half_width[start:stop].max()) + 2.0
        centres = canal.centre[start:stop]
        box = canvas.box(centres.min(axis=0) - reach, centres.max(axis=0) + reach)
        if box is None:
            continue
        shape = canvas.tissue[box].shape
        points = np.stack([np.broadcast_to(axis, shape) for axis in canvas.axes(box)], axis=-1).reshape(-1, 3)
        distance, nearest = tree.query(points, distance_upper_bound=reach)
        own = np.isfinite(distance) & (nearest >= start) & (nearest < stop)
        tissue: NDArray[np.uint8] = np.zeros(len(points), np.uint8)
        tissue[own] = contents(canal, points[own], nearest[own])
        tissue = tissue.reshape(shape)
        canvas.tissue[box][tissue > 0] = tissue[tissue > 0]


def contents(canal: Canal, points: Array, nearest: Array) -> NDArray[np.uint8]:
    """Tissue of each point by its place in the cross-section of the nearest sample; 0 outside the canal."""
    offset = points - canal.centre[nearest]
    beside = (offset * canal.right[nearest]).sum(axis=1)
    before = (offset * canal.front[nearest]).sum(axis=1)
    half_width, half_depth = canal.half_width[nearest], canal.half_depth[nearest]
    end = np.abs((offset**2).sum(axis=1) - beside**2 - before**2) < 9.0
    pinch = 1.0 - 0.25 * np.clip(-before / half_depth, 0.0, 1.0)
    inside = (oval(beside, before, half_width * pinch, half_depth, 2.2) < 1.0) & end
    tissue: NDArray[np.uint8] = np.where(inside, int(Tissue.EPIDURAL_FAT), 0).astype(np.uint8)
    for part, label in ((canal.sac, Tissue.CSF), (canal.cord, Tissue.CORD)):
        width, depth, lead = part[nearest].T
        within = oval(beside, before - lead, np.maximum(width, 1e-3), np.maximum(depth, 1e-3)) < 1.0
        tissue[within & inside & (depth > 0.3)] = label
    return tissue
