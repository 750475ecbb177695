"""What sac and cord would look like in a slice without tumour: from slices above and below it.

`clinical.md` §2.2: slices at least 10 mm away from tumour, averaged over 20 mm, above and below; interpolated along
the canal. One side alone stands in for both; with neither, healthy people of that level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level
from spinemets.measure.canal_slices import FINE_MM, CanalSlice, CanalStack

AWAY_MM, OVER_MM = 10.0, 20.0
"""Distance from tumour, and length of canal that is averaged (spinalcordtoolbox, sct_compute_compression)."""
LEAST_SLICES = 3
"""On either side of the tumour, for the curve of the canal to be followed (ours)."""
TUMOUR_FREE_MM2 = 5.0
"""Less epidural tissue than this is none (`clinical.md` §2.2, [D])."""

ReferenceKind = Literal["adjacent", "one_sided", "population"]

POPULATION: dict[Level, tuple[float, float, float, float, float, float]] = {
    Level.C1: (74.0, 8.3, 11.4, 294.0, 16.1, 23.2),
    Level.C2: (71.7, 7.8, 11.7, 252.0, 14.5, 22.2),
    Level.C3: (72.5, 7.6, 12.1, 210.0, 13.1, 20.8),
    Level.C4: (77.3, 7.6, 12.9, 206.0, 12.8, 21.0),
    Level.C5: (76.4, 7.5, 13.0, 208.0, 12.8, 21.2),
    Level.C6: (69.1, 7.1, 12.4, 200.0, 12.6, 20.7),
    Level.C7: (56.8, 6.6, 10.9, 195.0, 12.8, 19.7),
    Level.T1: (46.8, 6.3, 9.4, 182.0, 12.9, 18.0),
    Level.T2: (41.8, 6.1, 8.7, 161.0, 12.7, 16.1),
    Level.T3: (37.9, 5.8, 8.2, 151.0, 12.6, 15.1),
    Level.T4: (36.3, 5.7, 8.0, 143.0, 12.6, 14.4),
    Level.T5: (35.1, 5.6, 7.8, 144.0, 12.7, 14.3),
}
"""Mean cord area, anteroposterior and transverse diameter, and the same of the sac, mm² and mm, of healthy young
adults (spinalcordtoolbox, PAM50-normalized-metrics; `clinical.md` §3.3). Below T5 no sac was measured."""


@dataclass(frozen=True, eq=False)
class SliceReference:
    """Sac and cord of one slice as they would be without tumour.

    Attributes
    ----------
    sac_mm : (U, V) ndarray
        Signed distance to the edge of the sac, mm, negative inside.
    sac_area_mm2, cord_area_mm2 : float
        Areas; a cord area of 0 where there is none.
    cord_ap_mm, cord_rl_mm : float
        Diameters of the cord from its second moments.
    cord_centre : (2,) ndarray
        Where its centre would be, fine pixels.
    cord_solidity : float
        Area by that of its convex hull.
    """

    sac_mm: NDArray[np.float64]
    sac_area_mm2: float
    cord_area_mm2: float
    cord_ap_mm: float
    cord_rl_mm: float
    cord_centre: NDArray[np.float64]
    cord_solidity: float


@dataclass(frozen=True, eq=False)
class _Side:
    """The mean of the reference slices on one side of the tumour."""

    height_mm: float
    sac_mm: NDArray[np.float64]  # signed distance, the sac's centre in the middle of the array
    sac_centre: NDArray[np.float64]
    cord_offset: NDArray[np.float64]
    numbers: NDArray[np.float64]  # cord area, anteroposterior, transverse, solidity


def slice_references(stack: CanalStack, level: Level | None) -> tuple[dict[int, SliceReference], ReferenceKind | None]:
    """Reference of every slice with tumour, by its index, and what kind it is; None where there is none.

    Parameters
    ----------
    stack : CanalStack
        The slices.
    level : Level or None
        For the population, where no slice is free of tumour.
    """
    with_tumour = [one for one in stack.slices if one.tumour.sum() * FINE_MM**2 >= TUMOUR_FREE_MM2]
    if not with_tumour:
        return {}, None
    heights = np.array([one.height_mm for one in with_tumour])
    first, last = heights.min(), heights.max()
    free = [one for one in stack.slices if one.tumour.sum() * FINE_MM**2 < TUMOUR_FREE_MM2 and one.cord.any()]
    below = [one for one in free if first - AWAY_MM - OVER_MM <= one.height_mm <= first - AWAY_MM]
    above = [one for one in free if last + AWAY_MM <= one.height_mm <= last + AWAY_MM + OVER_MM]
    sides = [_side(part, stack.to_front) for part in (below, above) if part]
    if sides:
        kind: ReferenceKind = "adjacent" if len(sides) == 2 else "one_sided"
        curve = _curve(below, above)
        return {one.index: _between(one, sides, curve) for one in with_tumour}, kind
    if level in POPULATION:
        return {one.index: _of_population(one, level, stack.to_front) for one in with_tumour}, "population"
    return {}, None


def _side(slices: list[CanalSlice], to_front: NDArray[np.float64]) -> _Side:
    shape = np.array(slices[0].sac.shape)
    middle = (shape - 1) / 2
    distances, centres, offsets, numbers = [], [], [], []
    for one in slices:
        centre = centroid(one.sac)
        distances.append(ndimage.shift(signed_distance_mm(one.sac), middle - centre, order=1, mode="nearest"))
        centres.append(centre)
        offsets.append(centroid(one.cord) - centre)
        numbers.append([area_mm2(one.cord), *diameters_mm(one.cord, to_front), solidity(one.cord)])
    return _Side(
        float(np.mean([one.height_mm for one in slices])),
        np.mean(distances, axis=0),
        np.mean(centres, axis=0),
        np.mean(offsets, axis=0),
        np.mean(numbers, axis=0),
    )


def _curve(below: list[CanalSlice], above: list[CanalSlice]) -> NDArray[np.float64] | None:
    """(3, 4) coefficients of the parabolas through the centres of sac and cord by height, fine pixels.

    Between averaged slices above and below, a straight line cuts the curve of a neck short by some millimetres, which
    then look like a dent in the sac. None where there are too few slices for more than a line.
    """
    if min(len(below), len(above)) < LEAST_SLICES:
        return None
    heights = np.array([one.height_mm for one in (*below, *above)])
    centres = [[*centroid(one.sac), *centroid(one.cord)] for one in (*below, *above)]
    return np.polyfit(heights, np.array(centres), 2)


def _between(one: CanalSlice, sides: list[_Side], curve: NDArray[np.float64] | None) -> SliceReference:
    weights = [1.0]
    if len(sides) == 2:
        span = sides[1].height_mm - sides[0].height_mm
        part = float(np.clip((one.height_mm - sides[0].height_mm) / span, 0.0, 1.0))
        weights = [1 - part, part]

    def mixed(name: str) -> NDArray[np.float64]:
        return np.sum([weight * getattr(side, name) for weight, side in zip(weights, sides, strict=True)], axis=0)

    centre = mixed("sac_centre")
    cord_centre = centre + mixed("cord_offset")
    if curve is not None:
        centre, cord_centre = np.split(one.height_mm ** np.array([2.0, 1.0, 0.0]) @ curve, 2)
    middle = (np.array(one.sac.shape) - 1) / 2
    distance = ndimage.shift(mixed("sac_mm"), centre - middle, order=1, mode="nearest")
    area, ap, rl, whole = (float(value) for value in mixed("numbers"))
    return SliceReference(distance, float((distance < 0).sum() * FINE_MM**2), area, ap, rl, cord_centre, whole)


def _of_population(one: CanalSlice, level: Level, to_front: NDArray[np.float64]) -> SliceReference:
    """An ellipse of the population's diameters round the centre of what is there of sac and tumour."""
    cord_area, cord_ap, cord_rl, sac_area, sac_ap, sac_rl = POPULATION[level]
    centre = centroid(one.sac | one.tumour)
    index = np.moveaxis(np.indices(one.sac.shape), 0, -1) - centre
    front = index @ to_front
    side = index @ np.array([-to_front[1], to_front[0]])
    radius = np.hypot(front / (sac_ap / 2 / FINE_MM), side / (sac_rl / 2 / FINE_MM))
    return SliceReference(signed_distance_mm(radius < 1), sac_area, cord_area, cord_ap, cord_rl, centre, 1.0)


def centroid(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(2,) middle of a mask, fine pixels."""
    return np.argwhere(mask).mean(axis=0)


def area_mm2(mask: NDArray[np.bool_]) -> float:
    """Area of a mask on the fine grid, mm²."""
    return float(mask.sum()) * FINE_MM**2


def signed_distance_mm(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance to the edge of a mask on the fine grid, mm, negative inside."""
    outside = ndimage.distance_transform_edt(~mask)
    inside = ndimage.distance_transform_edt(mask)
    return (np.where(mask, 0.5 - inside, outside - 0.5)) * FINE_MM


def diameters_mm(mask: NDArray[np.bool_], to_front: NDArray[np.float64]) -> tuple[float, float]:
    """Anteroposterior and transverse diameter of a mask from its second moments: 4 standard deviations.

    The diameter of an ellipse exactly; a bounding box of 0.5 mm pixels gave 17 % compression for a true 28 %.
    """
    points = np.argwhere(mask) * FINE_MM
    points = points - points.mean(axis=0)
    front, side = points @ to_front, points @ np.array([-to_front[1], to_front[0]])
    pixel = FINE_MM**2 / 12
    return float(4 * np.sqrt(front.var() + pixel)), float(4 * np.sqrt(side.var() + pixel))


def solidity(mask: NDArray[np.bool_]) -> float:
    """Area of a mask by that of its convex hull; 1 where it has no dent."""
    from scipy.spatial import ConvexHull

    edge = mask & ~ndimage.binary_erosion(mask)
    points = np.argwhere(edge)
    if len(points) < 8:
        return 1.0
    corners = np.vstack([points + offset for offset in ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5))])
    return min(float(mask.sum() / ConvexHull(corners).volume), 1.0)
