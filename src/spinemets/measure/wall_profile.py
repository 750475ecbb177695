"""The profile of a posterior wall from corner to corner, and how it departs from a straight line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.measure.canal_wall import CanalWall
from spinemets.measure.wall_ends import HALF_WINDOW

READINGS = 24
"""Places along the height at which the wall is read."""
LEAST_MARGIN, MARGIN_VOXELS, MOST_MARGIN = 0.04, 0.9, 0.2
"""They keep away from the rounded corners by this share of the height, and this many voxels up, at most by so much
(ours)."""
CORNER_BAND = 0.16
"""A corner lies where the line through the next share of the wall meets its end (ours)."""
CORNER_DISPLACED_MM, CORNER_DISPLACED_VOXELS = 3.0, 1.5
"""A corner this far behind where the other one and the walls above and below put it, in millimetres and in voxels, is
displaced (ours)."""
NATURAL_LEAN_MM = 2.0
"""As far behind is a corner of a normal wall in at most one of ten: 0.9 of 30 bodies from T7 to L4 of three simulated
patients, where the standard deviation is 1.2 mm; 18 of 22 real ones were within 2.5 mm (ours)."""
NEAR_DEEPEST, TURN_PERCENTILE = 0.75, 75
"""The turn is taken where the wall stands out by this share of its most, and is this percentile of what is found there:
the very sharpest is a step of the voxels (ours)."""
LEAST_KNOWN = 0.7
"""A profile of which less was met is none (ours)."""
ARM_MM, LEAST_ARM_MM = 5.0, 3.5
"""The turn of a wall is taken between arms of this length, and of no less than the second (ours)."""
LAMINA_REACH_MM = 8.0
"""The lamina is sought down to this far below the body (ours)."""
LEAST_LAMINA_ROWS = 4
"""Rows in which a lamina must be met before it bounds the canal (ours)."""
LEAST_HEIGHT_MM = 5.0
"""A wall lower than this has no profile (ours)."""


@dataclass(frozen=True, eq=False)
class WallProfile:
    """A posterior wall against the line between its corners.

    Attributes
    ----------
    depth_mm, position, turning_deg, width_share, smoothness : float
        As in `WallFromCanal`, under their own names.
    most_mm : float
        The depth by a line that leans as the neighbours' may, without them as the axis of the vertebra does, where a
        corner stands further back than is natural and is not known to be displaced; else `depth_mm`.
    lean : float
        How far the line between the corners goes to the front for each millimetre up.
    displaced : bool
        Whether the line leans as the neighbours' do, because a corner is displaced.
    bottom_mm, height_mm : float
        Height of the lower corner in the axes, and of the wall.
    middle_depth_mm : float
        Largest depth in the mid-plane.
    canal_mm : float or None
        From the line to the lamina in the mid-plane, where it is least; None where no lamina was met.
    line_mm : float
        Place of the line at the lower corner in the mid-plane.
    """

    depth_mm: float
    most_mm: float
    position: float
    turning_deg: float
    width_share: float
    smoothness: float
    lean: float
    displaced: bool
    bottom_mm: float
    height_mm: float
    middle_depth_mm: float
    canal_mm: float | None
    line_mm: float

    def line_at(self, up_mm: float) -> float:
        """Place of the line in the mid-plane at a height."""
        return self.line_mm + self.lean * (up_mm - self.bottom_mm)

    @property
    def narrowest_mm(self) -> float:
        """Depth of the canal in the mid-plane where the wall stands out most; the canal must be known."""
        if self.canal_mm is None:
            raise ValueError("the canal has no depth where no lamina was met")
        return self.canal_mm - max(self.middle_depth_mm, 0.0)


def wall_profile(wall: CanalWall, usual_leans: tuple[float, float] | None = None) -> WallProfile | None:
    """The profile of a wall, or None where too little of it was met.

    A displaced corner lies too far back for the other one and the neighbours; the line then goes through the other one.

    Parameters
    ----------
    wall : CanalWall
        The wall as seen from the canal.
    usual_leans : (float, float), optional
        Least and most lean of the line if no corner is displaced, as `wall_reference.usual_leans` has it. Without it no
        corner is taken for displaced, and only `most_mm` tells that one may be.
    """
    rows = _rows(wall)
    if rows is None:
        return None
    used, profiles, shares, bottom, height = rows
    middle = int(np.abs(wall.right_mm[used]).argmin())
    lower, upper = _corners(profiles, shares)
    lean = float((upper[middle] - lower[middle]) / height[middle])
    limit = max(CORNER_DISPLACED_MM, CORNER_DISPLACED_VOXELS * wall.voxel_front_mm)
    possible = usual_leans or (0.0, 0.0)
    assumed = float(np.clip(lean, *possible))
    displaced = usual_leans is not None and _strays(lower, upper, assumed * height) > limit
    line = lower[:, None] + (upper - lower)[:, None] * shares
    if displaced:
        lean, line = assumed, _leaning(lower, upper, assumed * height, shares)
    start = float(line[middle, 0] - lean * shares[0] * height[middle])
    depth = line - profiles
    deepest = depth.max(axis=1)
    rises = [other * height for other in possible if _strays(lower, upper, other * height) > NATURAL_LEAN_MM]
    most = [float((_leaning(lower, upper, rise, shares) - profiles).max()) for rise in rises]
    worst = int(deepest.argmax())
    at = int(depth[worst].argmax())
    half = max(deepest[worst] / 2, 0.0)
    return WallProfile(
        depth_mm=float(deepest[worst]),
        most_mm=max([float(deepest[worst]), *most]),
        position=float(shares[at]),
        turning_deg=_sharpest_turn(depth[worst], shares * height[worst], displaced),
        width_share=float((deepest > half).mean()) if deepest[worst] > 0 else 0.0,
        smoothness=_parabola_r2(profiles[worst], shares),
        lean=lean,
        displaced=displaced,
        bottom_mm=float(bottom[middle]),
        height_mm=float(height[middle]),
        middle_depth_mm=float(deepest[middle]),
        canal_mm=_canal_mm(wall, start, lean, float(bottom[middle]), float(height[middle])),
        line_mm=start,
    )


def _strays(lower: NDArray[np.float64], upper: NDArray[np.float64], rise_mm: NDArray[np.float64]) -> float:
    """How far a corner lies from where the other one and a lean, by how much it goes forward, put it, at most."""
    return float(np.abs(lower + rise_mm - upper).max())


def _leaning(
    lower: NDArray[np.float64], upper: NDArray[np.float64], rise_mm: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, S) lines that lean so, through whichever corner lies further in front."""
    return np.maximum(lower, upper - rise_mm)[:, None] + rise_mm[:, None] * shares


_Rows = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _rows(wall: CanalWall) -> _Rows | None:
    """Lines that met the wall, (N, S) where it lies, (S,) at which shares of its height; (N,) lower end and height."""
    known = np.isfinite(wall.bottom_mm) & np.isfinite(wall.top_mm)
    if known.sum() < 2 * HALF_WINDOW + 1:
        return None
    height = wall.top_mm - wall.bottom_mm
    usual = float(np.median(height[known]))
    if usual < LEAST_HEIGHT_MM:
        return None
    margin = float(np.clip(MARGIN_VOXELS * wall.voxel_up_mm / usual, LEAST_MARGIN, MOST_MARGIN))
    shares = np.linspace(margin, 1 - margin, READINGS)
    at = wall.bottom_mm[:, None] + shares * height[:, None]
    met = np.isfinite(wall.wall_mm)
    inside = (wall.up_mm >= at[:, :1]) & (wall.up_mm <= at[:, -1:])
    used = known & ((met & inside).sum(axis=1) >= LEAST_KNOWN * np.maximum(inside.sum(axis=1), 1))
    if used.sum() < 2 * HALF_WINDOW + 1:
        return None
    profiles = [
        np.interp(heights, wall.up_mm[row], place[row])
        for heights, place, row in zip(at[used], wall.wall_mm[used], met[used], strict=True)
    ]
    return used, np.array(profiles), shares, wall.bottom_mm[used], height[used]


def _corners(
    profiles: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) place of the lower and of the upper corner."""
    corners = []
    for end, band in ((0.0, shares <= shares[0] + CORNER_BAND), (1.0, shares >= shares[-1] - CORNER_BAND)):
        design = np.column_stack([np.ones(band.sum()), shares[band] - end])
        corners.append(np.linalg.lstsq(design, profiles[:, band].T, rcond=None)[0][0])
    return corners[0], corners[1]


def _sharpest_turn(depth: NDArray[np.float64], up: NDArray[np.float64], displaced: bool) -> float:
    """Angle, degrees, between the wall below and above places about as deep as the deepest: the sharpest of most.

    Beyond a displaced corner the wall counts as straight; beside one that is in its place there is no turn.
    """
    turns = []
    for at in np.flatnonzero(depth >= NEAR_DEEPEST * depth.max()) if depth.max() > 0 else ():
        below, above = _slope(depth, up, up[at] - ARM_MM, up[at]), _slope(depth, up, up[at], up[at] + ARM_MM)
        if displaced or (below is not None and above is not None):
            turns.append(float(np.degrees(np.arctan(below or 0.0) - np.arctan(above or 0.0))))
    return max(float(np.percentile(turns, TURN_PERCENTILE)), 0.0) if turns else 0.0


def _slope(depth: NDArray[np.float64], up: NDArray[np.float64], start: float, stop: float) -> float | None:
    """Slope of the wall between two heights, None where less than `LEAST_ARM_MM` of it is there."""
    arm = (up >= start - 1e-6) & (up <= stop + 1e-6)
    if arm.sum() < 3 or np.ptp(up[arm]) < LEAST_ARM_MM:
        return None
    return float(np.polyfit(up[arm], depth[arm], 1)[0])


def _parabola_r2(profile: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    residual = profile - np.polyval(np.polyfit(shares, profile, 2), shares)
    spread = float(((profile - profile.mean()) ** 2).sum())
    return float(np.clip(1 - (residual**2).sum() / spread, 0.0, 1.0)) if spread > 1e-9 else 0.0


def _canal_mm(wall: CanalWall, line_mm: float, lean: float, bottom: float, height: float) -> float | None:
    """Least distance from the line to the lamina, a tenth of the rows left out; None where there is no lamina."""
    rows = np.isfinite(wall.lamina_mm) & (wall.up_mm > bottom - LAMINA_REACH_MM) & (wall.up_mm < bottom + height)
    if rows.sum() < LEAST_LAMINA_ROWS:
        return None
    return float(np.percentile(line_mm + lean * (wall.up_mm[rows] - bottom) - wall.lamina_mm[rows], 10))
