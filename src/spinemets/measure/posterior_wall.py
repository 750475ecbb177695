"""The posterior wall of a body: how far it stands behind its own chord, where, and how sharply it turns.

Profiles in the mid-sagittal plane and 5 and 10 mm beside it, between the lower and the upper posterior corner
(`clinical.md` §1.3). Epidural tumour must not be in the mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.geometry import crop
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import REACH_MM, SIDEWAYS, SMOOTHING
from spinemets.measure.heights import BodyHeights
from spinemets.volume import Volume

PROFILES_MM = (-10.0, -5.0, 0.0, 5.0, 10.0)
"""Distances from the mid-plane at which the wall is followed (`clinical.md` §1.3)."""
STEP_MM = 0.5
CORNER_SHARE = 0.08
"""The wall is followed from this share of its height to the same below its top: corners are rounded (ours)."""
ERROR_PER_VOXEL = 0.6
"""Half width of the 90 % interval of a distance across the wall, in voxels (ours)."""
BULGING_MM = 1.0
"""A profile counts towards the width of a bulge where it stands at least this far behind its chord (ours)."""


@dataclass(frozen=True)
class PosteriorWall:
    """Shape of a posterior wall.

    Attributes
    ----------
    depth_mm : Finding
        The furthest that the wall stands behind the chord between its corners; negative where it is hollow.
    height_fraction : Finding
        Where that is: 0 at the lower corner, 1 at the upper.
    turning_deg : Finding
        How much the wall turns there, from 4 mm below to 4 mm above.
    width_fraction : Finding
        Share of the profiles that stand behind their chords by `BULGING_MM`.
    roundness : Finding
        Share of the profile's variance that a parabola explains (R²).
    """

    depth_mm: Finding
    height_fraction: Finding
    turning_deg: Finding
    width_fraction: Finding
    roundness: Finding


def posterior_wall(body: Volume, axes: VertebraAxes, heights: BodyHeights) -> PosteriorWall:
    """Shape of the posterior wall of a body mask in its own axes."""
    lower, upper = axes.coordinates(heights.ends_mm["posterior"])[:, 2]
    margin = CORNER_SHARE * (upper - lower)
    up = np.arange(lower + margin, upper - margin + 1e-6, STEP_MM)
    if len(up) < 8:
        return _absent(f"the posterior wall is only {upper - lower:.1f} mm high")
    walls = _walls(body, axes, up)
    if not np.isfinite(walls[len(PROFILES_MM) // 2]).all():
        return _absent("the posterior wall is not seen in the mid-plane")
    behind = np.array([_behind_chord(wall, up) for wall in walls])
    most = np.array([profile.max() if np.isfinite(profile).all() else np.nan for profile in behind])
    number = int(np.nanargmax(most))
    profile = behind[number]
    peak = int(profile.argmax())
    error = ERROR_PER_VOXEL * float(np.abs(axes.front @ body.affine[:3, :3]).sum() + SIDEWAYS * body.spacing_mm.max())
    share = float((up[peak] - lower) / (upper - lower))
    resolution = error / max(upper - lower, 1.0)
    width = float((most[np.isfinite(most)] >= BULGING_MM).mean())
    turning = _turning_deg(profile, up, peak)
    turning_error = float(np.degrees(2 * error / 8.0))
    method = "posterior wall against the chord between its corners, largest of the profiles"
    return PosteriorWall(
        Measured(float(profile[peak]), "mm", float(profile[peak]) - error, float(profile[peak]) + error, method),
        Measured(share, "1", max(share - resolution, 0.0), min(share + resolution, 1.0), "height of that place"),
        Measured(turning, "deg", max(turning - turning_error, 0.0), turning + turning_error, "turn over 8 mm there"),
        Measured(width, "1", max(width - 0.2, 0.0), min(width + 0.2, 1.0), f"profiles behind by {BULGING_MM:g} mm"),
        _roundness(profile, up),
    )


def _absent(detail: str) -> PosteriorWall:
    reason = NotAssessed(Reason.TOO_SMALL, detail)
    return PosteriorWall(reason, reason, reason, reason, reason)


def _walls(body: Volume, axes: VertebraAxes, up: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, N) distance of the wall in front of the body's centre (negative: behind), NaN where there is none."""
    reach = np.array(REACH_MM)
    corners = np.array(np.meshgrid(*[(-r, r) for r in reach])).reshape(3, -1).T
    index = body.index(axes.world(corners))
    part = crop(body, np.floor(index.min(axis=0)) - 1, np.ceil(index.max(axis=0)) + 2)
    share = ndimage.gaussian_filter(part.array.astype(np.float32), SMOOTHING, mode="constant")
    front = np.arange(-reach[1], 0.0, 0.3)
    right, height, depth = np.meshgrid(np.array(PROFILES_MM), up, front, indexing="ij")
    places = np.stack([right, depth, height], axis=-1)
    at = part.index(axes.world(places.reshape(-1, 3))).T
    inside = ndimage.map_coordinates(share, at, order=1, output=np.float32, mode="constant").reshape(places.shape[:3])
    above = inside >= 0.5
    first = above.argmax(axis=2)
    rows, columns = np.indices(first.shape)
    before = np.maximum(first - 1, 0)
    low, high = inside[rows, columns, before], inside[rows, columns, first]
    wall = front[first] - 0.3 * (high - 0.5) / np.maximum(high - low, 1e-6)
    return np.where(above.any(axis=2) & (first > 0), wall, np.nan)


def _behind_chord(wall: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of a wall behind the line through the means of its lowest and highest millimetre."""
    ends = 3
    low, high = float(np.mean(wall[:ends])), float(np.mean(wall[-ends:]))
    chord = low + (high - low) * (up - up[0]) / (up[-1] - up[0])
    return (chord - wall) * float(np.cos(np.arctan2(high - low, up[-1] - up[0])))


def _turning_deg(profile: NDArray[np.float64], up: NDArray[np.float64], peak: int, reach_mm: float = 4.0) -> float:
    """Angle between the straight lines from 4 mm below to the peak and from the peak to 4 mm above it."""
    steps = round(reach_mm / STEP_MM)
    below, above = max(peak - steps, 0), min(peak + steps, len(up) - 1)
    first = np.arctan2(profile[peak] - profile[below], max(up[peak] - up[below], STEP_MM))
    second = np.arctan2(profile[above] - profile[peak], max(up[above] - up[peak], STEP_MM))
    return float(np.degrees(abs(first - second)))


def _roundness(profile: NDArray[np.float64], up: NDArray[np.float64]) -> Finding:
    variance = float(profile.var())
    if variance < 0.02:
        return NotAssessed(Reason.RESOLUTION, "the wall is straight, so it has no shape to fit")
    residual = profile - np.polyval(np.polyfit(up, profile, 2), up)
    value = float(np.clip(1 - residual.var() / variance, 0.0, 1.0))
    return Measured(value, "1", max(value - 0.1, 0.0), min(value + 0.1, 1.0), "R² of a parabola")
