"""What is measured of every body of a mask: heights, endplates, posterior wall."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.findings import NotAssessed, Reason
from spinemets.geometry import crop
from spinemets.label_boxes import held_box
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import body_surface
from spinemets.measure.cut_bodies import SeenBody, cut_mm, whole_endplate
from spinemets.measure.endplates import endplate
from spinemets.measure.heights import BodyHeights, body_heights
from spinemets.measure.next_level import level_above
from spinemets.measure.outline_error import OutlineError
from spinemets.measure.region_labels import in_body
from spinemets.measure.sacral_endplate import sacral_endplate
from spinemets.measure.vertebra_regions import VertebraRegions
from spinemets.measure.wall_from_canal import WallFromCanal, walls_from_canal
from spinemets.orientation import closest_axes
from spinemets.spine import Spine
from spinemets.volume import Volume

ROUND_BONE_MM, ROUND_BONE_ON_CT_MM = 6.0, 40.0
"""What is looked at beyond the vertebrae: little on masks, soft tissue on CT (ours)."""


@dataclass(frozen=True)
class MeasuredBodies:
    """Heights, endplates and posterior walls of bodies, and what endplates are whole of bodies that the image cuts."""

    heights: dict[Level, BodyHeights | NotAssessed] = field(default_factory=dict)
    ends: dict[Level, BodyEnds] = field(default_factory=dict)
    walls: dict[Level, WallFromCanal] = field(default_factory=dict)
    cut: dict[Level, SeenBody] = field(default_factory=dict)


def measured_bodies(spine: Spine, vertebrae: Volume, regions: VertebraRegions) -> MeasuredBodies:
    """What is measured of every body that is wholly visible."""
    bodies = MeasuredBodies()
    heights = bodies.heights
    boxes = regions.boxes
    for vertebra in spine.vertebrae:
        level = vertebra.level
        if level.region is Region.SACRAL:
            heights[level] = NotAssessed(Reason.NO_REFERENCE, "the heights of the undivided sacrum are not defined")
        elif level in (Level.C1, Level.C2):
            heights[level] = NotAssessed(Reason.NO_REFERENCE, f"{level} has no body with two endplates")
        elif vertebra.partly_visible and not _cut_at_the_sides(level, vertebrae, regions):
            heights[level] = NotAssessed(Reason.OUT_OF_FIELD, f"the image cuts through {level}")
            if level in regions.axes:
                _cut_body(level, vertebrae, regions, boxes[level], bodies)
        elif level not in regions.axes:
            heights[level] = NotAssessed(Reason.OUT_OF_FIELD, f"the body of {level} was not told from its arch")
        else:
            heights[level] = _body(level, vertebrae, regions, boxes[level], bodies)
    seen = [level for level, own in heights.items() if isinstance(own, BodyHeights)]
    bodies.walls.update(walls_from_canal(vertebrae, regions.axes, seen, boxes))
    if Level.SACRUM in heights:
        _sacrum(vertebrae, bodies)
    return bodies


def _cut_at_the_sides(level: Level, vertebrae: Volume, regions: VertebraRegions) -> bool:
    """Whether the image ends to the left or right of a body and nowhere else, as sagittal stacks do: the body is whole.

    Transverse processes are wider than most sagittal stacks.
    """
    box = regions.boxes[level] if level in regions.axes else None
    if box is None:
        return False
    aside = closest_axes(vertebrae.affine)[0][0]
    faces = {axis for axis, part in enumerate(box) if part.start == 0 or part.stop == vertebrae.shape[axis]}
    return faces == {aside} and not len(cut_mm(_mask(level, vertebrae, regions, box), vertebrae))


def measurable(bodies: MeasuredBodies, spine: Spine, outline: OutlineError) -> MeasuredBodies:
    """Bodies without those that are outlined too coarsely."""
    heights: dict[Level, BodyHeights | NotAssessed] = {}
    for vertebra in spine.vertebrae:
        own = bodies.heights[vertebra.level]
        unseen = vertebra.partly_visible and isinstance(own, NotAssessed)
        heights[vertebra.level] = own if unseen else outline.refusal(vertebra) or own
    seen = [level for level, own in heights.items() if isinstance(own, BodyHeights)]
    ends = {level: bodies.ends[level] for level in seen if level in bodies.ends}
    walls = {level: bodies.walls[level] for level in seen if level in bodies.walls}
    cut = {one.level for one in spine.vertebrae if one.level in bodies.cut and outline.refusal(one) is None}
    return MeasuredBodies(heights, ends, walls, {level: bodies.cut[level] for level in cut})


def widened(bodies: MeasuredBodies, outline: OutlineError) -> MeasuredBodies:
    """Bodies with intervals that hold what their outlines add; without heights where nobody knows how much."""
    heights: dict[Level, BodyHeights | NotAssessed] = {
        level: outline.unknown or outline.heights(own) if isinstance(own, BodyHeights) else own
        for level, own in bodies.heights.items()
    }
    return replace(bodies, heights=heights, walls=outline.walls(bodies.walls))


def _body(
    level: Level, vertebrae: Volume, regions: VertebraRegions, box: tuple[slice, ...], bodies: MeasuredBodies
) -> BodyHeights | NotAssessed:
    axes = regions.axes[level]
    surface = body_surface(_mask(level, vertebrae, regions, box), axes)
    heights = body_heights(surface)
    if isinstance(heights, BodyHeights):
        upper, lower = endplate(surface, heights, upper=True), endplate(surface, heights, upper=False)
        if upper is not None and lower is not None:
            size = heights.depth_mm, heights.width_mm, *_voxel_mm(vertebrae, axes)
            bodies.ends[level] = BodyEnds(axes, upper, lower, *size)
    return heights


def _cut_body(
    level: Level, vertebrae: Volume, regions: VertebraRegions, box: tuple[slice, ...], bodies: MeasuredBodies
) -> None:
    """Keep what endplates are whole of a body that the image cuts, if any is."""
    axes = regions.axes[level]
    mask = _mask(level, vertebrae, regions, box)
    surface = body_surface(mask, axes)
    heights = body_heights(surface)
    if isinstance(heights, NotAssessed):
        return
    places = cut_mm(mask, vertebrae)
    upper, lower = (whole_endplate(surface, heights, places, upper=up) for up in (True, False))
    if upper is not None or lower is not None:
        size = heights.depth_mm, heights.width_mm, *_voxel_mm(vertebrae, axes)
        bodies.cut[level] = SeenBody(axes, upper, lower, *size)


def _sacrum(vertebrae: Volume, bodies: MeasuredBodies) -> None:
    """Keep the endplate of S1, if it is found beneath the vertebra that stands on it."""
    above = level_above([*bodies.ends, Level.SACRUM], Level.SACRUM)
    if above is None:
        return
    mask = vertebrae.with_array((vertebrae.array == Level.SACRUM.verse_id).view(np.uint8))
    found = sacral_endplate(mask, bodies.ends[above])
    if found is not None:
        bodies.cut[Level.SACRUM] = found


def _mask(level: Level, vertebrae: Volume, regions: VertebraRegions, box: tuple[slice, ...]) -> Volume:
    """The body of a vertebra, a voxel of nothing round it."""
    low, high = [axis.start - 1 for axis in box], [axis.stop + 1 for axis in box]
    near, parts = crop(vertebrae, low, high), crop(regions.labels, low, high)
    return near.with_array(((near.array == level.verse_id) & in_body(parts.array)).astype(np.uint8))


def _voxel_mm(vertebrae: Volume, axes: VertebraAxes) -> tuple[float, float]:
    """The largest extent of a voxel, and the largest along the right and front axes of a body."""
    across = np.linalg.norm(axes.rows[:2] @ vertebrae.affine[:3, :3], axis=1).max()
    return float(vertebrae.spacing_mm.max()), float(across)


def cropped_to_spine(
    vertebrae: Volume, subregions: Volume | None, lesions: Volume | None, ct: Volume | None
) -> tuple[Volume, Volume | None, Volume | None, Volume | None]:
    """The same round the vertebrae and lesions only, with what is looked at beside them."""
    marked = [one.array.astype(np.uint8, copy=False) for one in (vertebrae, lesions) if one is not None]
    boxes = [box for labels in marked if (box := held_box(labels)) is not None]
    if not boxes:
        return vertebrae, subregions, lesions, ct
    voxels = np.ceil((ROUND_BONE_MM if ct is None else ROUND_BONE_ON_CT_MM) / vertebrae.spacing_mm).astype(int)
    start = np.maximum(np.min([[axis.start for axis in box] for box in boxes], axis=0) - voxels, 0)
    stop = np.minimum(np.max([[axis.stop for axis in box] for box in boxes], axis=0) + voxels, vertebrae.shape)
    near, parts, spots, image = (
        None if volume is None else crop(volume, start, stop) for volume in (vertebrae, subregions, lesions, ct)
    )
    assert near is not None
    return near, parts, spots, image
