"""What sac and cord would look like in a slice without tumour: from slices above and below it.

`clinical.md` §2.2: slices at least 10 mm away from tumour, averaged over 20 mm, above and below; interpolated along
the canal, with the bend of the cord where it widens or ends. One side alone stands in for both, the middle of the canal
carried on in a straight line; with neither, healthy people of that level. What is not known of the way between is kept
with each reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level
from spinemets.measure.canal_bend import bends
from spinemets.measure.canal_centre import centre_curve
from spinemets.measure.canal_sites import AWAY_MM, has_much_tumour, is_whole_and_free, tumour_sites
from spinemets.measure.canal_slices import CanalSlice, CanalStack
from spinemets.measure.canal_taper import POPULATION, ReferenceSpan, between, beyond
from spinemets.measure.fine_grid import FINE_MM
from spinemets.measure.slice_shape import area_mm2, centroid, diameters_mm, signed_distance_mm, solidity

OVER_MM = 20.0
"""Length of canal that is averaged, from `AWAY_MM` on (spinalcordtoolbox, sct_compute_compression)."""
LOST_SHARE = 0.5
"""A sac carried on from one side that has less than this of its area left has run out of the picture (ours)."""

ReferenceKind = Literal["adjacent", "one_sided", "population"]


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
    span : ReferenceSpan
        How far sac and cord may differ from all this without tumour.
    kind : {"adjacent", "one_sided", "population"}
        Where it is from: slices above and below, on one side alone, or healthy people.
    """

    sac_mm: NDArray[np.float64]
    sac_area_mm2: float
    cord_area_mm2: float
    cord_ap_mm: float
    cord_rl_mm: float
    cord_centre: NDArray[np.float64]
    cord_solidity: float
    span: ReferenceSpan = field(default_factory=ReferenceSpan)
    kind: ReferenceKind = "adjacent"


@dataclass(frozen=True, eq=False)
class _Side:
    """The mean of the reference slices on one side of the tumour."""

    heights_mm: NDArray[np.float64]  # (N,) of its slices
    sac_mm: NDArray[np.float64]  # signed distance, the sac's centre in the middle of the array
    sac_centre: NDArray[np.float64]
    cord_offset: NDArray[np.float64]
    by_slice: NDArray[np.float64]  # (N, 4) cord area, anteroposterior, transverse, solidity

    @property
    def height_mm(self) -> float:
        """The middle of its slices."""
        return float(self.heights_mm.mean())

    @property
    def numbers(self) -> NDArray[np.float64]:
        """(4,) means over its slices."""
        mean: NDArray[np.float64] = self.by_slice.mean(axis=0)
        return mean

    @property
    def areas_mm2(self) -> tuple[float, float]:
        """Of cord and sac."""
        return float(self.numbers[0]), area_mm2(self.sac_mm < 0)


def slice_references(stack: CanalStack, level: Level | None) -> dict[int, SliceReference]:
    """Reference of every slice with tumour, by its index; of none of a site that there is nothing to compare with.

    Sites of `tumour_sites` have references of their own.

    Parameters
    ----------
    stack : CanalStack
        The slices.
    level : Level or None
        Of the tumour: for the population, where no slice is free of tumour, for how much the cord may change where
        one side alone is, and for how much it may bend between two.
    """
    sites = tumour_sites(stack)
    free = [one for one in stack.slices if is_whole_and_free(one)]
    ends = any(one.sac.any() and not one.cord.any() for one in stack.slices if not has_much_tumour(one))
    found: dict[int, SliceReference] = {}
    for number, site in enumerate(sites):
        lowest = sites[number - 1][-1].height_mm if number else -np.inf
        highest = sites[number + 1][0].height_mm if number + 1 < len(sites) else np.inf
        between = [one for one in free if lowest < one.height_mm < highest]
        away = [one for one in between if lowest + AWAY_MM <= one.height_mm <= highest - AWAY_MM]
        found |= _site_references(site, (between, away), stack, level, cord_ends=ends)
    return found


def worst_kind(references: Iterable[SliceReference]) -> ReferenceKind | None:
    """The kind that tells least among some references; None of none."""
    kinds = {one.kind for one in references}
    return next((kind for kind in get_args(ReferenceKind)[::-1] if kind in kinds), None)


def _site_references(
    site: list[CanalSlice],
    free: tuple[list[CanalSlice], list[CanalSlice]],
    stack: CanalStack,
    level: Level | None,
    *,
    cord_ends: bool,
) -> dict[int, SliceReference]:
    """References of the slices of one site, from those free of tumour, all and such as are far from other sites."""
    first, last = site[0].height_mm, site[-1].height_mm
    near = (
        [one for one in free[0] if first - AWAY_MM - OVER_MM <= one.height_mm < first],
        [one for one in free[0] if last < one.height_mm <= last + AWAY_MM + OVER_MM],
    )
    below = [one for one in near[0] if one.height_mm <= first - AWAY_MM and one in free[1]]
    above = [one for one in near[1] if one.height_mm >= last + AWAY_MM and one in free[1]]
    sides = [_side(part, stack.to_front) for part in (below, above) if part]
    if sides:
        curve = centre_curve((below, above), near)
        known = {"cord_ends": cord_ends, "followed": curve is not None}
        kind: ReferenceKind = "adjacent" if len(sides) == 2 else "one_sided"
        found = {one.index: _between(one, sides, curve, level, stack.to_head) for one in site}
        least = LOST_SHARE * min(side.areas_mm2[1] for side in sides)
        if all(reference.sac_area_mm2 >= least for reference in found.values()):
            spans = {one.index: _span(one, found[one.index], sides, level, **known) for one in site}
            return {index: replace(one, span=spans[index], kind=kind) for index, one in found.items()}
    if level in POPULATION:
        return {one.index: _of_population(one, level, stack.to_front) for one in site}
    return {}


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
        np.array([one.height_mm for one in slices]),
        np.mean(distances, axis=0),
        np.mean(centres, axis=0),
        np.mean(offsets, axis=0),
        np.array(numbers),
    )


def _span(
    one: CanalSlice,
    reference: SliceReference,
    sides: list[_Side],
    level: Level | None,
    *,
    cord_ends: bool,
    followed: bool,
) -> ReferenceSpan:
    if len(sides) == 1:
        away_mm = abs(one.height_mm - sides[0].height_mm)
        return beyond(away_mm, level, cord_ends=cord_ends, direction_is_seen=followed)
    own = reference.cord_area_mm2, reference.sac_area_mm2
    line = float(np.dot(_weights(one, sides), [side.numbers[0] for side in sides]))
    return between(own, sides[0].areas_mm2, sides[1].areas_mm2, line)


def _weights(one: CanalSlice, sides: list[_Side]) -> list[float]:
    """Shares of the sides in what a straight line between them makes of a slice."""
    if len(sides) == 1:
        return [1.0]
    span = sides[1].height_mm - sides[0].height_mm
    part = float(np.clip((one.height_mm - sides[0].height_mm) / span, 0.0, 1.0))
    return [1 - part, part]


def _between(
    one: CanalSlice, sides: list[_Side], curve: NDArray[np.float64] | None, level: Level | None, to_head: float
) -> SliceReference:
    weights = _weights(one, sides)

    def mixed(name: str) -> NDArray[np.float64]:
        return np.sum([weight * getattr(side, name) for weight, side in zip(weights, sides, strict=True)], axis=0)

    centre = mixed("sac_centre")
    cord_centre = centre + mixed("cord_offset")
    if curve is not None:
        centre, cord_centre = np.split(one.height_mm ** np.arange(len(curve))[::-1] @ curve, 2)
    middle = (np.array(one.sac.shape) - 1) / 2
    distance = ndimage.shift(mixed("sac_mm"), centre - middle, order=1, mode="nearest")
    numbers = mixed("numbers")
    if len(sides) == 2:
        offsets = [(side.heights_mm - one.height_mm) * to_head for side in sides]
        numbers[:3] *= bends(offsets, [side.by_slice[:, :3] for side in sides], numbers[:3], level)
    area, ap, rl, whole = (float(value) for value in numbers)
    return SliceReference(distance, float((distance < 0).sum() * FINE_MM**2), area, ap, rl, cord_centre, whole)


def _of_population(one: CanalSlice, level: Level, to_front: NDArray[np.float64]) -> SliceReference:
    """An ellipse of the population's diameters round the centre of what is there of sac and tumour."""
    cord_area, cord_ap, cord_rl, sac_area, sac_ap, sac_rl = POPULATION[level]
    sizes = sac_area, cord_area, cord_ap, cord_rl
    centre = centroid(one.sac | one.tumour)
    index = np.moveaxis(np.indices(one.sac.shape), 0, -1) - centre
    front = index @ to_front
    side = index @ np.array([-to_front[1], to_front[0]])
    radius = np.hypot(front / (sac_ap / 2 / FINE_MM), side / (sac_rl / 2 / FINE_MM))
    return SliceReference(signed_distance_mm(radius < 1), *sizes, centre, 1.0, kind="population")
