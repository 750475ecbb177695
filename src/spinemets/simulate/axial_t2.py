"""An axial T2 of a patient whose epidural compression is known: image, masks and truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.geometry import Grid
from spinemets.simulate.axial_labels import axial_labels
from spinemets.simulate.axial_piece import SpinePiece, spine_piece
from spinemets.simulate.axial_plan import ALL_GRADES, AxialPlan, random_level, random_plan
from spinemets.simulate.axial_scan import AxialScan, random_scan, scan_grid, scanned
from spinemets.simulate.axial_site import canal_codes
from spinemets.simulate.axial_tissues import CLASS_OF_CODE
from spinemets.volume import Volume

HALF_MM = (64.0, 64.0, 48.0)
"""Half extent of the stack: right, front, up."""
DRAWN_MM = (0.4, 0.4, 1.0)
"""Voxels of the label map that is scanned."""
BEYOND_MM = 10.0
"""The map is higher than the stack, which may be tilted."""


@dataclass(frozen=True)
class AxialCase:
    """One patient.

    Attributes
    ----------
    image : Volume
        Axial T2, world RAS+ mm.
    masks : mapping of str to Volume
        ``cord``, ``sac`` (with the cord) and ``epidural`` in the middle plane of each slice.
    piece : SpinePiece
        Where it was taken.
    plan : AxialPlan
        What presses on the sac.
    scan : AxialScan
        How it was made.
    """

    image: Volume
    masks: dict[str, Volume]
    piece: SpinePiece
    plan: AxialPlan
    scan: AxialScan

    def heights_mm(self) -> NDArray[np.float64]:
        """(K,) height of each slice where it meets the canal, in the frame of the piece."""
        sac = self.masks["sac"]
        middle = [np.argwhere(sac.array[:, :, k]).mean(axis=0) for k in range(sac.shape[2]) if sac.array[:, :, k].any()]
        seen = [k for k in range(sac.shape[2]) if sac.array[:, :, k].any()]
        world = sac.world(np.array([[*ij, k] for ij, k in zip(middle, seen, strict=True)]))
        heights = np.full(sac.shape[2], np.nan)
        heights[seen] = (world - self.piece.origin_mm) @ self.piece.axes[2]
        return heights


def axial_case(
    seed: int, grade: str | None = None, *, level: Level | None = None, scan: AxialScan | None = None
) -> AxialCase:
    """The axial T2 of the patient of a seed.

    Parameters
    ----------
    seed : int
        The same seed gives the same bytes.
    grade : str, optional
        One of `ALL_GRADES`; by default seeds take turns.
    level : Level, optional
        In the middle of the stack.
    scan : AxialScan, optional
        How it is made.

    Raises
    ------
    ValueError
        If there is no such grade, or it cannot be had in this patient.
    """
    return axial_cases(seed, grade, [scan or random_scan(seed)], level=level)[0]


def axial_cases(
    seed: int, grade: str | None, scans: Sequence[AxialScan], *, level: Level | None = None
) -> list[AxialCase]:
    """The patient of a seed in several scans.

    Parameters
    ----------
    seed, grade, level
        As of `axial_case`.
    scans : sequence of AxialScan
        How each stack is made.

    Raises
    ------
    ValueError
        As of `axial_case`.
    """
    piece = spine_piece(seed, level or random_level(seed), HALF_MM)
    plan = random_plan(piece, seed, grade or ALL_GRADES[seed % len(ALL_GRADES)])
    drawn = _drawn_grid()
    codes = axial_labels(piece, plan, drawn)
    to_world = np.eye(4)
    to_world[:3, :3], to_world[:3, 3] = piece.axes.T, piece.origin_mm
    cases = []
    for scan in scans:
        grid = scan_grid(scan, HALF_MM, seed)
        affine = to_world @ grid.affine
        masks = {name: Volume(mask, affine) for name, mask in _masks(piece, plan, grid).items()}
        image = Volume(scanned(codes, drawn, grid, scan, seed), affine)
        cases.append(AxialCase(image, masks, piece, plan, scan))
    return cases


def without_tumour(case: AxialCase) -> Volume:
    """The very same scan, noise and all, had the patient no tumour in the canal; whatever else presses is there."""
    others = tuple(one for one in case.plan.pressers if not one.is_tumour)
    plan, piece, image = replace(case.plan, pressers=others), case.piece, case.image
    to_piece = np.eye(4)
    to_piece[:3, :3], to_piece[:3, 3] = piece.axes, -piece.axes @ piece.origin_mm
    drawn, grid = _drawn_grid(), Grid(image.shape, to_piece @ image.affine)
    codes = axial_labels(piece, plan, drawn)
    return image.with_array(scanned(codes, drawn, grid, case.scan, plan.seed))


def _drawn_grid() -> Grid:
    spacing = np.array(DRAWN_MM)
    half = np.array(HALF_MM) + np.array([0.0, 0.0, BEYOND_MM])
    shape = np.round(2 * half / spacing).astype(int)
    affine = np.diag([*DRAWN_MM, 1.0])
    affine[:3, 3] = spacing / 2 - half
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def _masks(piece: SpinePiece, plan: AxialPlan, grid: Grid) -> dict[str, NDArray[np.uint8]]:
    """Masks in closed form at the centre of every voxel."""
    index = np.moveaxis(np.indices(grid.shape), 0, -1).reshape(-1, 3)
    points = index @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    row = piece.course.at(points[:, 2])
    near = np.hypot(points[:, 0] - row[0], points[:, 1] - row[1]) < float(piece.course.table[:, 2:4].max()) + 3.0
    classes = np.zeros(len(points), np.uint8)
    classes[near] = CLASS_OF_CODE[canal_codes(piece.course, plan.pressers, *points[near].T)]
    classes = classes.reshape(grid.shape)
    wanted = {"cord": (1,), "sac": (1, 2), "epidural": (3,)}
    return {name: np.isin(classes, numbers).astype(np.uint8) for name, numbers in wanted.items()}
