"""An axial label map: what surrounds the canal as drawn, what lies in it in closed form, and tumour in the bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Region
from spinemets.geometry import Grid
from spinemets.simulate.axial_piece import SpinePiece
from spinemets.simulate.axial_plan import AxialPlan
from spinemets.simulate.axial_site import canal_codes
from spinemets.simulate.axial_tissues import AxialTissue
from spinemets.simulate.epidural_growth import Origin
from spinemets.simulate.epidural_shape import CANAL_POWER
from spinemets.simulate.implicit import oval
from spinemets.simulate.roughness import roughness
from spinemets.simulate.subject import stream
from spinemets.simulate.tissues import CANAL, Tissue

Array = NDArray[np.float64]
BONE = (Tissue.VERTEBRAL_BODY, Tissue.POSTERIOR_ELEMENTS)
SOFT = (Tissue.MUSCLE, Tissue.FAT)
LIGAMENT_MM, FORAMEN_MM = 3.5, 8.0
"""Thickness of the yellow ligament, and how far beside the canal a foramen reaches (ours)."""
HOLLOW_MM = 5.0
"""How far the back wall of a body can lie in front of the canal (ours)."""
NUCLEUS_MM = 4.5
"""Width of the annulus round the nucleus of a disc (ours)."""
BEHIND = {Origin.BODY: 0.0, Origin.PEDICLE: 80.0, Origin.FORAMEN: 90.0, Origin.ARCH: 180.0, Origin.ALL_ROUND: 0.0}
"""Direction of the tumour in the bone, degrees from the front, where there is none in the canal."""


@dataclass(frozen=True)
class Places:
    """Points of a grid in the frame of a piece, arrays that broadcast to its shape; the middle of the canal at 0, 0."""

    right: Array
    front: Array
    up: Array
    row: Array  # (10, ...) of `CanalCourse.at`

    @classmethod
    def of(cls, piece: SpinePiece, grid: Grid) -> Places:
        """The points of a grid whose axes are those of the frame."""
        lines = [np.arange(n) * grid.affine[a, a] + grid.affine[a, 3] for a, n in enumerate(grid.shape)]
        up = lines[2][None, None, :]
        row = piece.course.at(up)
        return cls(lines[0][:, None, None] - row[0], lines[1][None, :, None] - row[1], up, row)


def axial_labels(
    piece: SpinePiece, plan: AxialPlan, grid: Grid, surroundings: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """(I, J, K) codes of `Tissue` and `AxialTissue` on a grid whose axes are those of the piece's frame.

    `surroundings` are ``piece.tissue_on(grid)``, where they are known already.
    """
    tissue = piece.tissue_on(grid) if surroundings is None else surroundings.copy()
    places = Places.of(piece, grid)
    tissue[np.isin(tissue, np.array(CANAL, np.uint8))] = Tissue.FAT
    _close_front_gap(tissue, places, grid)
    _add_disc_nucleus(tissue, grid)
    _add_soft_parts(tissue, piece, places)
    _add_bone_tumour(tissue, plan, places)
    _add_cortex(tissue, grid)
    near = np.hypot(places.right, places.front) < float(places.row[2:4].max()) + 3.0
    where = np.nonzero(np.broadcast_to(near, tissue.shape))
    points = np.stack(where, axis=1) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    codes = canal_codes(piece.course, plan.pressers, points[:, 0], points[:, 1], points[:, 2])
    tissue[where] = np.where(codes > 0, codes, tissue[where])
    return tissue


def _close_front_gap(tissue: NDArray[np.uint8], places: Places, grid: Grid) -> None:
    """Carry bodies and discs back to the canal, whose closed form does not follow their hollow back wall."""
    right, front, row = places.right, places.front, places.row
    edge = oval(right, front, row[2], row[3], CANAL_POWER)
    gap = (np.abs(right) < 0.9 * row[2]) & (front > 0.3 * row[3]) & (edge > 0.95) & (front < row[3] + HOLLOW_MM)
    gap = gap & np.isin(tissue, np.array(SOFT, np.uint8))
    firm = np.array([Tissue.VERTEBRAL_BODY, Tissue.DISC], np.uint8)
    for _ in range(round(HOLLOW_MM / grid.affine[1, 1])):
        before = np.roll(tissue, -1, axis=1)
        taken = gap & np.isin(before, firm)
        tissue[taken] = before[taken]
        gap &= ~taken


def _add_disc_nucleus(tissue: NDArray[np.uint8], grid: Grid) -> None:
    """Discs have a brighter middle: what is left of them when the annulus is taken away."""
    tissue[_eroded(tissue == Tissue.DISC, round(NUCLEUS_MM / grid.affine[0, 0]))] = AxialTissue.NUCLEUS


def _add_cortex(tissue: NDArray[np.uint8], grid: Grid) -> None:
    """The outermost voxels of every vertebra in its slice."""
    bone = np.isin(tissue, np.array([*BONE, AxialTissue.BONE_TUMOUR], np.uint8))
    shell = bone & ~_eroded(bone, max(round(0.6 / grid.affine[0, 0]), 1)) & (tissue != AxialTissue.BONE_TUMOUR)
    tissue[shell] = AxialTissue.CORTEX


def _eroded(mask: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """A mask without what lies at most so many voxels from its edge, slice by slice."""
    for _ in range(steps):
        inner = mask.copy()
        inner[1:] &= mask[:-1]
        inner[:-1] &= mask[1:]
        inner[:, 1:] &= mask[:, :-1]
        inner[:, :-1] &= mask[:, 1:]
        mask = inner
    return mask


def _add_soft_parts(tissue: NDArray[np.uint8], piece: SpinePiece, places: Places) -> None:
    """Yellow ligament behind the canal, fat and ganglion of the foramina, vertebral arteries in the neck."""
    right, front, row = places.right, places.front, places.row
    soft = np.isin(tissue, np.array(SOFT, np.uint8))
    edge = oval(right, front, row[2], row[3], CANAL_POWER)
    ligament = (edge < 1 + LIGAMENT_MM / row[3]) & (front < -0.15 * row[3])
    beside = np.abs(right)
    foramen = (oval(beside - row[2] - 2.0, front - 0.1 * row[3], FORAMEN_MM, 0.7 * row[3]) < 1) & (edge > 0.9)
    ganglion = np.hypot(beside - row[2] - 3.5, front) < 2.4
    for where, code in (
        (ligament, AxialTissue.LIGAMENT),
        (foramen & ~ligament, AxialTissue.FORAMEN_FAT),
        (ganglion, AxialTissue.GANGLION),
    ):
        tissue[soft & where] = code
    if piece.level.region is Region.CERVICAL:
        artery = np.hypot(beside - row[2] - 4.0, front - row[3] - 1.0) < 2.2
        tissue[np.broadcast_to(artery, tissue.shape)] = AxialTissue.FLOW_VOID


def _add_bone_tumour(tissue: NDArray[np.uint8], plan: AxialPlan, places: Places) -> None:
    """Tumour in the bone that the epidural tumour comes from, and beside it where it comes from a foramen."""
    if plan.origin is None:
        return
    rng = stream(plan.seed, "tumour of the bone")
    tumour = plan.tumour
    middle = np.radians(BEHIND[plan.origin] * rng.choice([-1.0, 1.0]))
    if tumour is not None:
        middle = float(np.arctan2(*tumour.case.direction))
    height = float(rng.uniform(-6, 6)) if tumour is None else tumour.up_mm
    radius = rng.uniform(7.0, 15.0)
    reach = float(places.row[2:4].mean()) + rng.uniform(0.1, 0.8) * radius
    offset = (
        places.right - reach * np.sin(middle),
        places.front - reach * np.cos(middle),
        places.up - height,
    )
    relief = roughness(rng, 0.18 * radius, shortest_mm=8.0, longest_mm=30.0, count=6)
    inside = np.sqrt(offset[0] ** 2 + offset[1] ** 2 + (offset[2] / rng.uniform(0.8, 1.4)) ** 2)
    inside = inside + relief(places.right, places.front, places.up + np.zeros_like(places.right)) < radius
    tissue[inside & np.isin(tissue, np.array(BONE, np.uint8))] = AxialTissue.BONE_TUMOUR
    beyond = np.array([*SOFT, AxialTissue.FORAMEN_FAT, AxialTissue.LIGAMENT, AxialTissue.GANGLION], np.uint8)
    if plan.origin in (Origin.FORAMEN, Origin.ALL_ROUND) or rng.random() < 0.4:
        tissue[inside & np.isin(tissue, beyond)] = AxialTissue.SOFT_TUMOUR
